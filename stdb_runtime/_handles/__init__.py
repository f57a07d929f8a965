"""The objects that users hold: tables, reducers, procedures, queries."""
