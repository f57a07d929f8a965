"""Report of a module's contents, for `stdb-codegen inspect` and as JSON."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from stdb_codegen.schema import ir
from stdb_codegen.schema.ir import Atom

__all__ = [
    "ColumnReport",
    "FieldReport",
    "IndexReport",
    "Key",
    "ModuleReport",
    "ProcedureReport",
    "ReducerReport",
    "TableReport",
    "TypeReport",
    "inspect",
    "rust",
]

Key: TypeAlias = Literal["primary key", "unique", "auto-inc", "btree", "hash", "direct"]

_RUST = {Atom.BYTES: "Vec<u8>", Atom.UNIT: "()", Atom.BOOL: "bool"}


class FieldReport(msgspec.Struct, frozen=True):
    """Parameter, field of a struct, or variant with its payload."""

    name: str
    type: str


class ColumnReport(FieldReport, frozen=True):
    """Column of a table.

    Attributes:
        keys: its own keys and indexes; those over several columns belong to the table.
    """

    keys: list[Key]


class IndexReport(msgspec.Struct, frozen=True):
    """Index, by the names of its columns."""

    columns: list[str]
    algorithm: str


class TableReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """Table or view.

    Attributes:
        row: name of its row type.
        unique: groups of columns with a unique constraint.
        schedule: function that the server calls at the times in its rows.
        source_name: name in the module's source, if different.
        parameters: parameters of a view.
    """

    name: str
    kind: Literal["table", "event table", "view"]
    public: bool
    row: str
    columns: list[ColumnReport]
    primary_key: str | None
    unique: list[list[str]]
    indexes: list[IndexReport]
    schedule: str | None
    source_name: str | None = None
    parameters: list[FieldReport] = []


class ReducerReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """Reducer.

    Attributes:
        lifecycle: event at which the server calls it.
        scheduled_by: table that schedules it.
        source_name: name in the module's source, if different.
    """

    name: str
    parameters: list[FieldReport]
    public: bool
    lifecycle: str | None
    scheduled_by: str | None
    source_name: str | None = None


class ProcedureReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """Procedure, with the type of its value; the other attributes are those of a reducer."""

    name: str
    parameters: list[FieldReport]
    returns: str
    public: bool
    scheduled_by: str | None
    source_name: str | None = None


class TypeReport(msgspec.Struct, frozen=True):
    """Type of the module: the fields of a struct, or the variants of an enum."""

    name: str
    kind: Literal["struct", "enum"]
    parts: list[FieldReport]


class ModuleReport(msgspec.Struct, frozen=True):
    """Contents of a module.

    Attributes:
        hash: schema hash, as in generated packages.
        warnings: parts of the module that are doubtful or cannot be declared.
    """

    hash: str
    tables: list[TableReport]
    reducers: list[ReducerReport]
    procedures: list[ProcedureReport]
    types: list[TypeReport]
    warnings: list[str]


def inspect(schema: ir.Schema) -> ModuleReport:
    """Return the report of a module, with its private parts."""
    rows = {type_.name: type_.fields for type_ in schema.types if isinstance(type_, ir.Product)}
    timers = {table.schedule: table.name for table in schema.tables if table.schedule is not None}
    return ModuleReport(
        hash=schema.hash,
        tables=[
            *(_table(table, rows[table.row]) for table in schema.tables),
            *(_view(view, rows[view.row]) for view in schema.views),
        ],
        reducers=[
            ReducerReport(
                one.name, _parts(one.parameters), one.public, one.lifecycle, timers.get(one.name), one.source_name
            )
            for one in schema.reducers
        ],
        procedures=[
            ProcedureReport(
                one.name, _parts(one.parameters), rust(one.returns), one.public, timers.get(one.name), one.source_name
            )
            for one in schema.procedures
        ],
        types=[_type(type_) for type_ in schema.types],
        warnings=list(schema.warnings),
    )


def rust(type_: ir.Type) -> str:
    """Return a type as in Rust source."""
    match type_:
        case ir.Named(name):
            return name
        case ir.Array(element):
            return f"Vec<{rust(element)}>"
        case ir.Option(some):
            return f"Option<{rust(some)}>"
        case ir.Result(ok, err):
            return f"Result<{rust(ok)}, {rust(err)}>"
        case Atom():
            return _RUST.get(type_) or (type_.value.lower() if type_.value[1:].isdigit() else type_.value)


def _table(table: ir.Table, fields: tuple[ir.Field, ...]) -> TableReport:
    names = [field.name for field in fields]

    def column(position: int, field: ir.Field) -> ColumnReport:
        keys: list[Key] = []
        if position == table.primary_key:
            keys.append("primary key")
        elif (position,) in table.unique:
            keys.append("unique")
        if position in table.auto_inc:
            keys.append("auto-inc")
        keys.extend(index.algorithm for index in table.indexes if index.columns == (position,))
        return ColumnReport(field.name, rust(field.type), keys)

    return TableReport(
        name=table.name,
        kind="event table" if table.event else "table",
        public=table.public,
        row=table.row,
        columns=[column(position, field) for position, field in enumerate(fields)],
        primary_key=None if table.primary_key is None else names[table.primary_key],
        unique=[[names[position] for position in group] for group in table.unique],
        indexes=[
            IndexReport([names[position] for position in index.columns], index.algorithm) for index in table.indexes
        ],
        schedule=table.schedule,
        source_name=table.source_name,
    )


def _view(view: ir.View, fields: tuple[ir.Field, ...]) -> TableReport:
    """Return the report of a view: that of a table without indexes."""
    return msgspec.structs.replace(
        _table(ir.Table(view.name, view.row, view.public, view.primary_key, source_name=view.source_name), fields),
        kind="view",
        parameters=_parts(view.parameters),
    )


def _type(type_: ir.Product | ir.Sum) -> TypeReport:
    if isinstance(type_, ir.Product):
        return TypeReport(type_.name, "struct", _parts(type_.fields))
    return TypeReport(type_.name, "enum", _parts(type_.variants))


def _parts(fields: tuple[ir.Field, ...]) -> list[FieldReport]:
    return [FieldReport(field.name, rust(field.type)) for field in fields]
