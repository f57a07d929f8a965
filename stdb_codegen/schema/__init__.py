"""A module's definition, of either version and encoding, and the schema that it is lowered to."""
