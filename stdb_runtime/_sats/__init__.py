"""Types of SATS, the algebraic type system of SpacetimeDB: from annotations, and their values on the wire."""
