"""What a module holds, in plain texts and lists: for `stdb-codegen inspect`, and for programs as JSON."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from stdb_codegen.schema import ir
from stdb_codegen.schema.ir import Atom

Key: TypeAlias = Literal["primary key", "unique", "auto-inc", "btree", "hash", "direct"]

_RUST = {Atom.BYTES: "Vec<u8>", Atom.UNIT: "()", Atom.BOOL: "bool"}


class Part(msgspec.Struct, frozen=True):
    """A parameter, a field of a type, or a variant with what it carries."""

    name: str
    type: str


class Column(Part, frozen=True):
    """A column.

    Attributes:
        keys: What it is by itself; what it is together with others is told by the table.
    """

    keys: list[Key]


class Index(msgspec.Struct, frozen=True):
    """An index, by the names of its columns."""

    columns: list[str]
    algorithm: str


class Table(msgspec.Struct, frozen=True, omit_defaults=True):
    """A table or a view.

    Attributes:
        row: The type of its rows.
        unique: The groups of columns of which no two rows have the same values.
        schedule: The function that runs at the times that its rows say.
        accessor: The module's own name of it, if the server calls it something else.
    """

    name: str
    kind: Literal["table", "event table", "view"]
    public: bool
    row: str
    columns: list[Column]
    primary_key: str | None
    unique: list[list[str]]
    indexes: list[Index]
    schedule: str | None
    accessor: str | None = None


class Reducer(msgspec.Struct, frozen=True, omit_defaults=True):
    """A reducer.

    Attributes:
        lifecycle: When the server calls it by itself.
        scheduled_by: The table at whose rows' times the server calls it.
        accessor: The module's own name of it, if the server calls it something else.
    """

    name: str
    parameters: list[Part]
    public: bool
    lifecycle: str | None
    scheduled_by: str | None
    accessor: str | None = None


class Procedure(msgspec.Struct, frozen=True, omit_defaults=True):
    """A procedure, with the type of what it returns. Attributes as of a reducer."""

    name: str
    parameters: list[Part]
    returns: str
    public: bool
    scheduled_by: str | None
    accessor: str | None = None


class Type(msgspec.Struct, frozen=True):
    """A type of the module: the fields of a struct, or the variants of an enum."""

    name: str
    kind: Literal["struct", "enum"]
    parts: list[Part]


class Inspection(msgspec.Struct, frozen=True):
    """A module.

    Attributes:
        hash: The hash that packages carry.
        warnings: What of the module is doubtful, or cannot be declared.
    """

    hash: str
    tables: list[Table]
    reducers: list[Reducer]
    procedures: list[Procedure]
    types: list[Type]
    warnings: list[str]


def inspect(schema: ir.Schema) -> Inspection:
    """Tell what a module holds, private parts too."""
    rows = {type_.name: type_.fields for type_ in schema.types if isinstance(type_, ir.Product)}
    timers = {table.schedule: table.name for table in schema.tables if table.schedule is not None}
    return Inspection(
        hash=schema.hash,
        tables=[
            *(_table(table, rows[table.row]) for table in schema.tables),
            *(_view(view, rows[view.row]) for view in schema.views),
        ],
        reducers=[
            Reducer(one.name, _parts(one.parameters), one.public, one.lifecycle, timers.get(one.name), one.accessor)
            for one in schema.reducers
        ],
        procedures=[
            Procedure(
                one.name, _parts(one.parameters), rust(one.returns), one.public, timers.get(one.name), one.accessor
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


def _table(table: ir.Table, fields: tuple[ir.Field, ...]) -> Table:
    names = [field.name for field in fields]

    def column(position: int, field: ir.Field) -> Column:
        keys: list[Key] = []
        if position == table.primary_key:
            keys.append("primary key")
        elif (position,) in table.unique:
            keys.append("unique")
        if position in table.auto_inc:
            keys.append("auto-inc")
        keys.extend(index.algorithm for index in table.indexes if index.columns == (position,))
        return Column(field.name, rust(field.type), keys)

    return Table(
        name=table.name,
        kind="event table" if table.event else "table",
        public=table.public,
        row=table.row,
        columns=[column(position, field) for position, field in enumerate(fields)],
        primary_key=None if table.primary_key is None else names[table.primary_key],
        unique=[[names[position] for position in group] for group in table.unique],
        indexes=[Index([names[position] for position in index.columns], index.algorithm) for index in table.indexes],
        schedule=table.schedule,
        accessor=table.accessor,
    )


def _view(view: ir.View, fields: tuple[ir.Field, ...]) -> Table:
    """A view, as a table that has a key at most."""
    return msgspec.structs.replace(
        _table(ir.Table(view.name, view.row, view.public, view.primary_key, accessor=view.accessor), fields),
        kind="view",
    )


def _type(type_: ir.Product | ir.Sum) -> Type:
    if isinstance(type_, ir.Product):
        return Type(type_.name, "struct", _parts(type_.fields))
    return Type(type_.name, "enum", _parts(type_.variants))


def _parts(fields: tuple[ir.Field, ...]) -> list[Part]:
    return [Part(field.name, rust(field.type)) for field in fields]
