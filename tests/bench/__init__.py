"""How fast the runtime is, beside the least that a Python client has to do."""
