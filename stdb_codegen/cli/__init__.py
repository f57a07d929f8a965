"""Command `stdb-codegen`."""

from stdb_codegen.cli.cli import main

__all__ = ["main"]
