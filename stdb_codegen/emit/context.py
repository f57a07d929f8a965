"""From a schema to what the templates are filled with: it is decided here what is declared, and under which name."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from stdb_codegen.emit import naming
from stdb_codegen.emit.classes import Classes, fields_of
from stdb_codegen.emit.declaration import (
    ColumnSet,
    IndexAccessor,
    Listener,
    Method,
    Package,
    QueryColumn,
    ReducerMembers,
    TableHandle,
)
from stdb_codegen.emit.indexes import accessors
from stdb_codegen.emit.naming import Identifier
from stdb_codegen.emit.pytypes import Annotation
from stdb_codegen.emit.rename import Renames, owners
from stdb_codegen.errors import check_distinct
from stdb_codegen.schema import ir
from stdb_codegen.schema.ir import Atom

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from stdb_codegen.emit.declaration import Member
    from stdb_codegen.emit.rename import Kind

# What SQL has literals for.
_COMPARABLE = {
    *(Atom.BOOL, Atom.STRING, Atom.BYTES, Atom.IDENTITY, Atom.CONNECTION_ID, Atom.TIMESTAMP),
    *(atom for atom in Atom if re.fullmatch(r"[UIF]\d+", atom.value)),
}


class _Declared(Protocol):
    @property
    def python_name(self) -> Identifier: ...

    @property
    def name(self) -> str: ...


D = TypeVar("D", bound=_Declared)


def build(schema: ir.Schema, *, include_private: bool = False, rename: Mapping[str, str] | None = None) -> Package:
    """Decide what a package declares.

    Args:
        schema: The module.
        include_private: Whether also what only the module's owner can read and call.
        rename: Python names that the user chose, by key; see `stdb_codegen.emit.rename`.

    Raises:
        NameCollisionError: Two names of one namespace become one Python name.
        SchemaError: A rename is not possible.
    """
    every: list[ir.Table | ir.View] = [*schema.tables, *schema.views]
    tables = [table for table in every if table.public or include_private]
    reducers = [
        reducer
        for reducer in schema.reducers
        # Nobody is there to listen when a module is initialised.
        if reducer.lifecycle != "init" and (reducer.public or reducer.lifecycle or include_private)
    ]
    procedures = [procedure for procedure in schema.procedures if procedure.public or include_private]
    rows_of: defaultdict[str, list[ir.Table | ir.View]] = defaultdict(list)
    for table in sorted(tables, key=lambda table: table.name):
        rows_of[table.row].append(table)
    renames = Renames(rename or {})
    reachable = _reachable(schema, tables, reducers, procedures)
    classes = Classes(reachable, rows_of, renames, digits_apart=schema.digits_apart)
    builder = _Builder(schema, classes, renames)
    package = Package(
        schema_hash=schema.hash,
        types=builder.classes.declarations(),
        columns=builder.column_sets(tables),
        tables=_by_name("tables", map(builder.table, tables)),
        reducers=_by_name("reducers", map(builder.reducer, reducers)),
        procedures=_by_name("procedures", map(builder.procedure, procedures)),
        warnings=(),
    )
    check_distinct("table classes", ((handle.name, handle.class_name) for handle in package.tables))
    check_distinct("reducers", _members(package.reducers))
    warnings = (warning for handle in package.tables for warning in handle.warnings)
    return replace(package, warnings=(*schema.warnings, *warnings, *renames.check()))


class _Builder:
    """Declares tables, reducers and procedures in terms of the classes of a module's types."""

    def __init__(self, schema: ir.Schema, classes: Classes, renames: Renames) -> None:
        self.classes = classes
        self._renames = renames
        self._variable = partial(naming.variable, digits_apart=schema.digits_apart)
        self._timers = {table.schedule: table.name for table in schema.tables if table.schedule is not None}

    def column_sets(self, tables: Iterable[ir.Table | ir.View]) -> tuple[ColumnSet, ...]:
        """The columns of each row class that is queried."""
        rows = {table.row for table in tables if not _is_event(table)}
        sets = [ColumnSet(self._columns_name(row), row, tuple(self._columns(row))) for row in rows]
        return _by_name("columns classes", sets)

    def table(self, table: ir.Table | ir.View) -> TableHandle:
        """A table's handle, with an accessor for each index that can have one."""
        row = self.classes.annotation(ir.Named(table.row))
        columns = self.classes.columns(table.row)
        key = None if table.primary_key is None else columns[table.primary_key]
        # There are never rows of an event table to find.
        found: tuple[IndexAccessor, ...] = ()
        warnings: tuple[str, ...] = ()
        if not _is_event(table):
            found, warnings = accessors(table, self.classes, self._renames, self._variable)
        kind = "EventTable" if _is_event(table) else "Table" if key is None else "KeyedTable"
        name = self._choose("table", table)
        return TableHandle(
            python_name=name,
            class_name=naming.type_name(name, "Table"),
            name=table.name,
            doc=" ".join(_table_doc(table, columns)),
            row=row,
            kind=Identifier(kind),
            columns=None if _is_event(table) else self._columns_name(table.row),
            primary_key=key,
            indexes=found,
            warnings=warnings,
        )

    def reducer(self, reducer: ir.Reducer) -> ReducerMembers:
        """A reducer's method and listener; one with a lifecycle has only the listener."""
        name = self._choose("reducer", reducer)
        method: Method | None = None
        if reducer.lifecycle is None:
            doc = [f"Call reducer `{reducer.name}`.", *self._function_doc(reducer)]
            method = self._method("reducer", name, reducer, doc, Annotation("None"))
        when = {"client_connected": "a client connected", "client_disconnected": "a client disconnected"}
        doc_of_listener = f"Listen to calls of reducer `{reducer.name}`."
        if reducer.lifecycle is not None:
            doc_of_listener += f" The server calls it when {when.get(reducer.lifecycle)}."
        listener = Listener(
            python_name=Identifier(f"on_{name}"),
            name=reducer.name,
            doc=doc_of_listener,
            arguments=tuple(self.classes.annotation(parameter.type) for parameter in reducer.parameters),
        )
        return ReducerMembers(reducer.name, method, listener)

    def procedure(self, procedure: ir.Procedure) -> Method:
        """The method that calls a procedure."""
        doc = [f"Call procedure `{procedure.name}`.", *self._function_doc(procedure)]
        returns = self.classes.annotation(procedure.returns)
        return self._method("procedure", self._choose("procedure", procedure), procedure, doc, returns)

    def _method(
        self, kind: Kind, name: Identifier, function: ir.Reducer | ir.Procedure, doc: list[str], returns: Annotation
    ) -> Method:
        place = f"parameters of {kind} {function.name!r}"
        parameters = self.classes.parameters(place, owners(kind, function), function.parameters)
        return Method(Identifier(kind), name, function.name, " ".join(doc), parameters, returns)

    def _function_doc(self, function: ir.Reducer | ir.Procedure) -> Iterator[str]:
        if function.name in self._timers:
            yield f"It is scheduled: the server calls it when rows of table `{self._timers[function.name]}` say."
        if not function.public:
            yield "It is private: only the owner of the database can call it."

    def _choose(self, kind: Kind, part: ir.Table | ir.View | ir.Reducer | ir.Procedure) -> Identifier:
        """The name of something in Python, after the module's own name of it."""
        made = self._variable(part.source_name or part.name)
        return self._renames.choose(made, self._variable, *owners(kind, part))

    def _columns_name(self, row: str) -> Identifier:
        return naming.type_name(self.classes.name(row), "Columns")

    def _columns(self, row: str) -> Iterator[QueryColumn]:
        for member, field in zip(self.classes.columns(row), fields_of(self.classes[row]), strict=True):
            yield QueryColumn(member.python_name, member.name, member.annotation if field.type in _COMPARABLE else None)


def _is_event(table: ir.Table | ir.View) -> bool:
    return isinstance(table, ir.Table) and table.event


def _table_doc(table: ir.Table | ir.View, columns: tuple[Member, ...]) -> Iterator[str]:
    key = "" if table.primary_key is None else f"with primary key `{columns[table.primary_key].name}`"
    if isinstance(table, ir.View):
        yield f"View `{table.name}`" + (f", {key}." if key else ".")
        yield "The module computes its rows; they are subscribed to and read like those of a table."
    elif table.event:
        yield f"Event table `{table.name}`."
        yield "The protocol of this client, version 1, cannot subscribe to it: trying raises SubscriptionError."
    else:
        yield f"Table `{table.name}`, {key or 'without a primary key'}."
    if isinstance(table, ir.Table):
        for column in table.auto_inc:
            yield f"The server counts up `{columns[column].name}`."
        if table.schedule is not None:
            yield f"The server calls `{table.schedule}` when its rows say."
    if not table.public:
        yield "It is private: only the owner of the database sees rows."


def _by_name(place: str, declared: Iterable[D]) -> tuple[D, ...]:
    found = sorted(declared, key=lambda declaration: declaration.python_name)
    check_distinct(place, ((declaration.name, declaration.python_name) for declaration in found))
    return tuple(found)


def _members(reducers: Iterable[ReducerMembers]) -> Iterator[tuple[str, str]]:
    for reducer in reducers:
        if reducer.method:
            yield reducer.name, reducer.method.python_name
        yield f"{reducer.name} (its listener)", reducer.listener.python_name


def _reachable(
    schema: ir.Schema,
    tables: Iterable[ir.Table | ir.View],
    reducers: Iterable[ir.Reducer],
    procedures: Iterable[ir.Procedure],
) -> dict[str, ir.Product | ir.Sum]:
    """The types that a client can meet: what tables, reducers and procedures mention, and what those mention."""
    defined = {definition.name: definition for definition in schema.types}
    found: dict[str, ir.Product | ir.Sum] = {}
    waiting: list[ir.Type] = [ir.Named(table.row) for table in tables]
    waiting += [parameter.type for reducer in reducers for parameter in reducer.parameters]
    waiting += [parameter.type for procedure in procedures for parameter in procedure.parameters]
    waiting += [procedure.returns for procedure in procedures]
    while waiting:
        match waiting.pop():
            case ir.Named(name) if name not in found:
                found[name] = defined[name]
                waiting += [field.type for field in fields_of(defined[name])]
            case ir.Array(inner) | ir.Option(inner):
                waiting.append(inner)
            case ir.Result(ok, err):
                waiting += [ok, err]
            case _:
                pass
    return found
