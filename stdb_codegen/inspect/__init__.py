"""Inspection of a module: its contents as text, JSON or a diagram."""
