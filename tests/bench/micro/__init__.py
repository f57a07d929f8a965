"""How much processor time the engine takes for a message, without a server."""
