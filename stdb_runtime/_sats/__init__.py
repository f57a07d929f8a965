"""The algebraic types of SpacetimeDB: annotations of generated code, and the values they stand for on the wire."""
