"""Generator of a small typed package from the schema of a SpacetimeDB module."""
