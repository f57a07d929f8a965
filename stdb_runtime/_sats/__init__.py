"""SATS, the algebraic types of SpacetimeDB: annotations of generated code, and their values on the wire."""
