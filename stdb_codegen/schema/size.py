"""Size of a package, which is counted while its schema is built, and limited.

Many names, and names in many places, make a large package of a small schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stdb_codegen.errors import SchemaError
from stdb_codegen.schema.ir import Named
from stdb_codegen.schema.nesting import inner_types

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stdb_codegen.schema import ir

__all__ = ["LARGEST", "PackageSize"]

# Approximate characters of a package. The largest modules take some hundred thousand.
LARGEST = 5_000_000
# Characters of a line beside the name in it, and of a type without a name.
_LINE = 40
_WORD = 8
# Characters of a table, a view, a reducer or a procedure, beside its name and its columns or parameters.
_DECLARATION = 200


class PackageSize:
    """Approximate size of a package in characters.

    Each method adds a part, and raises a SchemaError if the package is too large.
    """

    def __init__(self) -> None:
        self._characters = 0
        self._columns: dict[int, list[int]] = {}

    def add(self, characters: int) -> None:
        """Add text."""
        self._characters += characters
        if self._characters > LARGEST:
            problem = f"its package would have more than {LARGEST:,} characters"
            raise SchemaError("the schema", problem, "divide the module, or shorten its names")

    def add_field(self, name: str, type_: ir.Type) -> None:
        """Add a field, a variant or a parameter."""
        self.add(_field(name, type_))

    def add_function(self, name: str) -> None:
        """Add a reducer or a procedure, without its parameters."""
        self.add(_DECLARATION + len(name))

    def add_table(self, row: int) -> None:
        """Add a table or a view with rows of a type."""
        self.add(_DECLARATION + sum(self._columns.get(row, ())))

    def add_key(self, row: int, columns: tuple[int, ...], *, prefixes: bool) -> None:
        """Add an index or a constraint.

        Args:
            row: reference to the row type of the table.
            columns: positions of the columns.
            prefixes: whether each prefix of the columns is a key too.
        """
        sizes = self._columns[row]
        times = range(len(columns), 0, -1) if prefixes else [1] * len(columns)
        self.add(_LINE + sum(sizes[column] * time for column, time in zip(columns, times, strict=True)))

    def keep_row(self, row: int, fields: Iterable[ir.Field]) -> None:
        """Keep the sizes of the columns of a row type, for its tables and their keys."""
        self._columns[row] = [_field(field.name, field.type) for field in fields]


def _field(name: str, type_: ir.Type) -> int:
    return _LINE + len(name) + _type(type_)


def _type(type_: ir.Type) -> int:
    own = len(type_.name) if isinstance(type_, Named) else 0
    return own + _WORD + sum(map(_type, inner_types(type_)))
