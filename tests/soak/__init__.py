"""The fault run: clients under load on a real server, and one fault after the other; `make soak`."""
