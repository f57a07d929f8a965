"""Emission of a Python package: from a schema to declarations, text, and files in a folder."""
