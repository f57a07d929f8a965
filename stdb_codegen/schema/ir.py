"""The module as the generator sees it: resolved, sorted, and the same wherever the schema came from."""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass, fields, replace
from typing import Literal, TypeAlias

import msgspec


class Atom(enum.Enum):
    """A type without parts. The value is the name of its annotation, or of the type in SATS."""

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
    """A sequence; a sequence of bytes is `Atom.BYTES` instead."""

    element: Type


@dataclass(frozen=True, slots=True)
class Option:
    """A value or nothing."""

    some: Type


@dataclass(frozen=True, slots=True)
class Result:
    """One of two outcomes."""

    ok: Type
    err: Type


@dataclass(frozen=True, slots=True)
class Named:
    """A type of the module, by its name in `Schema.types`."""

    name: str


Type: TypeAlias = Atom | Array | Option | Result | Named


@dataclass(frozen=True, slots=True)
class Field:
    """A column, a field, a parameter, or a variant with its payload."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Product:
    """A struct of the module. `name` is the scoped name, its parts joined by dots."""

    name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """An enum of the module. `name` is the scoped name, its parts joined by dots."""

    name: str
    variants: tuple[Field, ...]

    @property
    def is_enumeration(self) -> bool:
        """Whether no variant carries anything."""
        return all(variant.type is Atom.UNIT for variant in self.variants)


@dataclass(frozen=True, slots=True)
class Index:
    """An index, by the positions of its columns.

    Attributes:
        accessor: What the module's source calls it; its name on the server is the server's own business.
    """

    columns: tuple[int, ...]
    algorithm: Literal["btree", "hash", "direct"]
    accessor: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table. Columns are positions in the fields of the product named `row`.

    Attributes:
        schedule: The function that runs at the times that its rows say.
        event: Whether its rows are events: seen in the transaction that inserts them, and gone after it.
        accessor: The module's own name of it, if the server calls it something else.
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
    accessor: str | None = None


@dataclass(frozen=True, slots=True)
class View:
    """A view: like a table, but the module computes its rows.

    Attributes:
        accessor: The module's own name of it, if the server calls it something else.
    """

    name: str
    row: str
    public: bool = True
    primary_key: int | None = None
    accessor: str | None = None


@dataclass(frozen=True, slots=True)
class Reducer:
    """A reducer. The server calls one with a lifecycle, clients call the others.

    Attributes:
        public: Whether clients other than the owner may call it, if it has no lifecycle.
        accessor: The module's own name of it, if the server calls it something else.
    """

    name: str
    parameters: tuple[Field, ...]
    lifecycle: Literal["init", "client_connected", "client_disconnected"] | None = None
    public: bool = True
    accessor: str | None = None


@dataclass(frozen=True, slots=True)
class Procedure:
    """A procedure: like a reducer, but with a value that it returns.

    Attributes:
        accessor: The module's own name of it, if the server calls it something else.
    """

    name: str
    parameters: tuple[Field, ...]
    returns: Type
    public: bool = True
    accessor: str | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """A module, each part sorted by name.

    Attributes:
        warnings: What of the module is doubtful, or has no place here; one line each.
        digits_apart: Whether digits are words of their own in its names; see `stdb_codegen.naming`.
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

        Version 9 says neither which tables are event tables, nor which functions are private, nor keys of views, nor
        the module's own names.
        """
        parts = (
            self.types,
            [_without(replace(table, event=False, indexes=_nameless(table.indexes))) for table in self.tables],
            [_without(replace(view, primary_key=None)) for view in self.views],
            [_without(replace(reducer, public=True)) for reducer in self.reducers],
            [_without(replace(procedure, public=True)) for procedure in self.procedures],
        )
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def _without(part: Table | View | Reducer | Procedure) -> dict[str, object]:
    """A part without the module's own name of it."""
    return {field.name: getattr(part, field.name) for field in fields(part) if field.name != "accessor"}


def _nameless(indexes: tuple[Index, ...]) -> tuple[Index, ...]:
    found = {replace(index, accessor=None) for index in indexes}
    return tuple(sorted(found, key=lambda index: (index.columns, index.algorithm)))
