"""Encoding `v1.json.spacetimedb`."""
