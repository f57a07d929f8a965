"""Wire protocol: encodings, events, SQL, and the address of a database."""
