"""Tests against a real SpacetimeDB server."""
