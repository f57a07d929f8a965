"""Schema of a module: resolved, sorted, and equal for equal modules, whatever the source of the definition.

Two names of a part matter:

- `name` is the name on the server and on the wire. SpacetimeDB calls it the canonical name.
- `source_name` is the name in the module's source, from which the Python name is derived. It is None where it equals
  `name`, and in schemas of version 9, which do not have it.

The Python name, `python_name`, is decided in `stdb_codegen.emit`.
"""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass, fields, replace
from typing import Literal, TypeAlias

import msgspec

__all__ = [
    "Array",
    "Atom",
    "Field",
    "Index",
    "Named",
    "Option",
    "Procedure",
    "Product",
    "Reducer",
    "Result",
    "Schema",
    "Sum",
    "Table",
    "Type",
    "View",
]


class Atom(enum.Enum):
    """Type without parts. The value is the name of its annotation, or of the type in SATS."""

    BOOL = "Bool"
    STRING = "String"
    BYTES = "Bytes"
    UNIT = "Unit"
    U8 = "U8"
    U16 = "U16"
    U32 = "U32"
    U64 = "U64"
    U128 = "U128"
    U256 = "U256"
    I8 = "I8"
    I16 = "I16"
    I32 = "I32"
    I64 = "I64"
    I128 = "I128"
    I256 = "I256"
    F32 = "F32"
    F64 = "F64"
    IDENTITY = "Identity"
    CONNECTION_ID = "ConnectionId"
    TIMESTAMP = "Timestamp"
    TIME_DURATION = "TimeDuration"
    SCHEDULE_AT = "ScheduleAt"
    UUID = "Uuid"


@dataclass(frozen=True, slots=True)
class Array:
    """Array; an array of bytes is `Atom.BYTES`."""

    element: Type


@dataclass(frozen=True, slots=True)
class Option:
    """Optional value."""

    some: Type


@dataclass(frozen=True, slots=True)
class Result:
    """Result: a value or an error."""

    ok: Type
    err: Type


@dataclass(frozen=True, slots=True)
class Named:
    """Type of the module, by its name in `Schema.types`."""

    name: str


Type: TypeAlias = Atom | Array | Option | Result | Named


@dataclass(frozen=True, slots=True)
class Field:
    """Column, field of a struct, parameter, or variant with its payload."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Product:
    """Struct of the module. `name` is the scoped name, its parts joined by dots."""

    name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """Enum of the module. `name` is the scoped name, its parts joined by dots."""

    name: str
    variants: tuple[Field, ...]

    @property
    def is_enumeration(self) -> bool:
        """Whether no variant has a payload."""
        return all(variant.type is Atom.UNIT for variant in self.variants)


@dataclass(frozen=True, slots=True)
class Index:
    """Index, by the positions of its columns.

    Attributes:
        accessor: name of its accessor, in the module's source; its name on the server is not used.
    """

    columns: tuple[int, ...]
    algorithm: Literal["btree", "hash", "direct"]
    accessor: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Table. Columns are positions in the fields of the product named `row`.

    Attributes:
        schedule: function that the server calls at the times in its rows.
        event: whether its rows are events, which exist only in the transaction that inserts them.
        source_name: name in the module's source, if different.
    """

    name: str
    row: str
    public: bool = True
    primary_key: int | None = None
    unique: tuple[tuple[int, ...], ...] = ()
    indexes: tuple[Index, ...] = ()
    auto_inc: tuple[int, ...] = ()
    schedule: str | None = None
    event: bool = False
    source_name: str | None = None


@dataclass(frozen=True, slots=True)
class View:
    """View: like a table, but the module computes its rows.

    Attributes:
        parameters: parameters, which no query and no message can carry: a view that has some is not declared.
        source_name: name in the module's source, if different.
    """

    name: str
    row: str
    public: bool = True
    primary_key: int | None = None
    parameters: tuple[Field, ...] = ()
    source_name: str | None = None


@dataclass(frozen=True, slots=True)
class Reducer:
    """Reducer. The server calls one with a lifecycle, clients call the others.

    Attributes:
        public: whether clients other than the owner may call it, if it has no lifecycle.
        source_name: name in the module's source, if different.
    """

    name: str
    parameters: tuple[Field, ...]
    lifecycle: Literal["init", "client_connected", "client_disconnected"] | None = None
    public: bool = True
    source_name: str | None = None


@dataclass(frozen=True, slots=True)
class Procedure:
    """Procedure: like a reducer, but it returns a value.

    Attributes:
        source_name: name in the module's source, if different.
    """

    name: str
    parameters: tuple[Field, ...]
    returns: Type
    public: bool = True
    source_name: str | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """Schema of a module, each kind of part sorted by name.

    Attributes:
        warnings: doubtful or unsupported parts of the module, one line each.
        digits_apart: whether digits are separate words in its names; see `stdb_codegen.emit.naming`.
    """

    types: tuple[Product | Sum, ...]
    tables: tuple[Table, ...]
    views: tuple[View, ...]
    reducers: tuple[Reducer, ...]
    procedures: tuple[Procedure, ...]
    warnings: tuple[str, ...]
    digits_apart: bool = False

    @property
    def hash(self) -> str:
        """SHA-256 over the canonical JSON of what both versions of a definition say, without names of indexes.

        Version 9 has neither event tables, nor private functions, nor primary keys of views, nor source names. Views
        with parameters do not count, because no package has them.
        """
        parts = (
            self.types,
            [_without(replace(table, event=False, indexes=_nameless(table.indexes))) for table in self.tables],
            [_without(replace(view, primary_key=None)) for view in self.views if not view.parameters],
            [_without(replace(reducer, public=True)) for reducer in self.reducers],
            [_without(replace(procedure, public=True)) for procedure in self.procedures],
        )
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def _without(part: Table | View | Reducer | Procedure) -> dict[str, object]:
    """Return a part without its source name, and a view without parameters."""
    left_out = {"source_name", "parameters"} if isinstance(part, View) else {"source_name"}
    return {field.name: getattr(part, field.name) for field in fields(part) if field.name not in left_out}


def _nameless(indexes: tuple[Index, ...]) -> tuple[Index, ...]:
    found = {replace(index, accessor=None) for index in indexes}
    return tuple(sorted(found, key=lambda index: (index.columns, index.algorithm)))
