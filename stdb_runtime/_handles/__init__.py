"""Handles, the objects that users hold: clients, tables, reducers, procedures, subscriptions, queries."""
