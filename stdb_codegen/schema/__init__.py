"""Module definitions of either version and encoding, and the schema that they are lowered to."""
