"""Declarations of a generated package: with final names and annotations, so that templates decide nothing.

In a declaration, `python_name` is the name in generated code, and `name` the name on the server, as in the schema.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stdb_codegen.emit.naming import Identifier
from stdb_codegen.emit.order import all_order, import_order
from stdb_codegen.emit.pytypes import Annotation

if TYPE_CHECKING:
    from collections.abc import Iterable

_INTEGER = re.compile(r"stdb\.(?P<sign>[UI])(?P<bits>\d+)")
# Larger limits are too many digits to read.
_MAX_WRITTEN_BITS = 64
_INDEX_KINDS = {"Unique": "Unique", "BTree": "B-tree", "Hash": "Hash"}


@dataclass(frozen=True, slots=True)
class Member:
    """Field, parameter or enumeration member.

    Attributes:
        column: for a column of a table, the class that stands for it in queries.
    """

    python_name: Identifier
    name: str
    annotation: Annotation
    column: Identifier | None = None

    @property
    def declared(self) -> Annotation:
        """Annotation of a field in its class."""
        return Annotation(f"stdb.{self.column}[{self.annotation}]") if self.column else self.annotation

    @property
    def range(self) -> str:
        """Range of an integer in words, which a hover does not show; empty for other types."""
        match = _INTEGER.fullmatch(self.annotation)
        if match is None:
            return ""
        bits, signed = int(match["bits"]), match["sign"] == "I"
        if bits > _MAX_WRITTEN_BITS:
            return f"{'Signed' if signed else 'Unsigned'} integer of {bits} bits."
        least, most = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
        return f"Integer from {least:,} to {most:,}."


@dataclass(frozen=True, slots=True)
class TypeDeclaration:
    """Class, or alias of a sum, in `types.py`.

    Attributes:
        kind: kind of declaration; an alias follows the variants of its sum.
        path: name in the schema; that of a variant is prefixed with the name of its sum.
        doc: docstring.
        parts: fields, enumeration members, or classes of the variants.
        tag: position of a variant in its sum.
    """

    kind: Literal["product", "enumeration", "variant", "alias"]
    python_name: Identifier
    path: str
    name: str
    doc: str
    parts: tuple[Member, ...]
    tag: int = 0

    @property
    def renamed(self) -> tuple[Member, ...]:
        """Fields whose Python name differs from the name on the server."""
        return _renamed(self.parts)


@dataclass(frozen=True, slots=True)
class IndexAccessor:
    """Accessor of an index, in the handle of its table.

    Attributes:
        kind: class of the accessor: `Unique`, `BTree` or `Hash`.
        key: annotation of the key.
        row: annotation of the rows.
    """

    python_name: Identifier
    kind: Identifier
    columns: tuple[Member, ...]
    key: Annotation
    row: Annotation

    @property
    def doc(self) -> str:
        """Docstring."""
        listed = ", ".join(f"`{column.name}`" for column in self.columns)
        return f"{_INDEX_KINDS[self.kind]} index on {listed}."


@dataclass(frozen=True, slots=True)
class TableHandle:
    """Handle of a table: its class in `_tables.py`, and its attribute in `Tables`.

    Attributes:
        kind: base class.
        warnings: indexes without an accessor, with the reason; one line each.
    """

    python_name: Identifier
    class_name: Identifier
    name: str
    doc: str
    row: Annotation
    kind: Identifier
    primary_key: Member | None
    indexes: tuple[IndexAccessor, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Method:
    """Method that calls a reducer or a procedure.

    Attributes:
        decorator: decorator of the method.
        returns: annotation of the value that a procedure returns; None for a reducer.
    """

    decorator: Identifier
    python_name: Identifier
    name: str
    doc: str
    parameters: tuple[Member, ...]
    returns: Annotation | None

    @property
    def renamed(self) -> tuple[Member, ...]:
        """Parameters whose Python name differs from the name on the server."""
        return _renamed(self.parameters)


@dataclass(frozen=True, slots=True)
class Listener:
    """Attribute at which callbacks on calls of a reducer are registered."""

    python_name: Identifier
    name: str
    doc: str
    arguments: tuple[Annotation, ...]


@dataclass(frozen=True, slots=True)
class ReducerMembers:
    """Members of `Reducers` for a reducer: a method, unless only the server calls it, and a listener."""

    name: str
    method: Method | None
    listener: Listener

    @property
    def python_name(self) -> Identifier:
        """Python name by which reducers are sorted."""
        return self.method.python_name if self.method else self.listener.python_name


@dataclass(frozen=True, slots=True)
class Package:
    """Declarations of a package, each kind sorted by Python name.

    Attributes:
        warnings: parts of the schema that have no declaration or are doubtful, one line each.
    """

    schema_hash: str
    types: tuple[TypeDeclaration, ...]
    tables: tuple[TableHandle, ...]
    reducers: tuple[ReducerMembers, ...]
    procedures: tuple[Method, ...]
    warnings: tuple[str, ...]

    @property
    def has_aliases(self) -> bool:
        """Whether `types.py` declares an alias."""
        return any(declared.kind == "alias" for declared in self.types)

    @property
    def reducers_use_types(self) -> bool:
        """Whether a reducer takes a type of the module."""
        return any("types." in argument for reducer in self.reducers for argument in reducer.listener.arguments)

    @property
    def procedures_use_types(self) -> bool:
        """Whether a procedure takes or returns a type of the module."""
        return any(
            "types." in annotation
            for procedure in self.procedures
            for annotation in (procedure.returns or "", *(parameter.annotation for parameter in procedure.parameters))
        )

    @property
    def procedure_set(self) -> Annotation:
        """Class of the procedures: that of `_procedures.py`, or without procedures the runtime's, which has none."""
        return Annotation("Procedures" if self.procedures else "stdb.ProcedureSet")

    @property
    def type_names(self) -> tuple[Identifier, ...]:
        """Names in `types.py`, in the order of an import."""
        return import_order(declared.python_name for declared in self.types)

    @property
    def all_types(self) -> tuple[Identifier, ...]:
        """`__all__` of `types.py`."""
        return all_order(declared.python_name for declared in self.types)

    @property
    def all_tables(self) -> tuple[Identifier, ...]:
        """`__all__` of `_tables.py`."""
        return all_order([Identifier("Tables"), *(table.class_name for table in self.tables)])

    @property
    def all_names(self) -> tuple[Identifier, ...]:
        """`__all__` of the package."""
        own = ["Client", "Reducers", "Tables", "connect", "reducers", "tables"]
        if self.procedures:
            own += ["Procedures", "procedures"]
        return all_order([*map(Identifier, own), *self.all_types])


def _renamed(members: Iterable[Member]) -> tuple[Member, ...]:
    return tuple(member for member in members if member.python_name != member.name)
