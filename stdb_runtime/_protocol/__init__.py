"""The wire protocol v1.json: messages, the session that matches answers to requests, and where a database is."""
