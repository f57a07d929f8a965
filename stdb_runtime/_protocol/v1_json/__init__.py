"""The encoding `v1.json.spacetimedb`."""
