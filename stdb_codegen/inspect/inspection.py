"""What a module holds, in plain texts and lists: for `stdb-codegen inspect`, and for programs as JSON."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from stdb_codegen.schema import ir
from stdb_codegen.schema.ir import Atom

Key: TypeAlias = Literal["primary key", "unique", "auto-inc", "btree", "hash", "direct"]

_RUST = {Atom.BYTES: "Vec<u8>", Atom.UNIT: "()", Atom.BOOL: "bool"}


class FieldReport(msgspec.Struct, frozen=True):
    """A parameter, a field of a type, or a variant with what it carries."""

    name: str
    type: str


class ColumnReport(FieldReport, frozen=True):
    """A column.

    Attributes:
        keys: What it is by itself; what it is together with others is told by the table.
    """

    keys: list[Key]


class IndexReport(msgspec.Struct, frozen=True):
    """An index, by the names of its columns."""

    columns: list[str]
    algorithm: str


class TableReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """A table or a view.

    Attributes:
        row: The type of its rows.
        unique: The groups of columns of which no two rows have the same values.
        schedule: The function that runs at the times that its rows say.
        source_name: name in the module's source, if different
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


class ReducerReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """A reducer.

    Attributes:
        lifecycle: When the server calls it by itself.
        scheduled_by: The table at whose rows' times the server calls it.
        source_name: name in the module's source, if different
    """

    name: str
    parameters: list[FieldReport]
    public: bool
    lifecycle: str | None
    scheduled_by: str | None
    source_name: str | None = None


class ProcedureReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """A procedure, with the type of what it returns. Attributes as of a reducer."""

    name: str
    parameters: list[FieldReport]
    returns: str
    public: bool
    scheduled_by: str | None
    source_name: str | None = None


class TypeReport(msgspec.Struct, frozen=True):
    """A type of the module: the fields of a struct, or the variants of an enum."""

    name: str
    kind: Literal["struct", "enum"]
    parts: list[FieldReport]


class ModuleReport(msgspec.Struct, frozen=True):
    """A module.

    Attributes:
        hash: The hash that packages carry.
        warnings: What of the module is doubtful, or cannot be declared.
    """

    hash: str
    tables: list[TableReport]
    reducers: list[ReducerReport]
    procedures: list[ProcedureReport]
    types: list[TypeReport]
    warnings: list[str]


def inspect(schema: ir.Schema) -> ModuleReport:
    """Tell what a module holds, private parts too."""
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
    """A type as a module's author writes it."""
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
    """A view, as a table that has a key at most."""
    return msgspec.structs.replace(
        _table(ir.Table(view.name, view.row, view.public, view.primary_key, source_name=view.source_name), fields),
        kind="view",
    )


def _type(type_: ir.Product | ir.Sum) -> TypeReport:
    if isinstance(type_, ir.Product):
        return TypeReport(type_.name, "struct", _parts(type_.fields))
    return TypeReport(type_.name, "enum", _parts(type_.variants))


def _parts(fields: tuple[ir.Field, ...]) -> list[FieldReport]:
    return [FieldReport(field.name, rust(field.type)) for field in fields]
