"""Template context: decides what a package declares, and under which Python names."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from stdb_codegen.emit import naming
from stdb_codegen.emit.choice import Choice
from stdb_codegen.emit.classes import Classes, fields_of
from stdb_codegen.emit.declaration import (
    IndexAccessor,
    Listener,
    Method,
    Package,
    ReducerMembers,
    TableHandle,
)
from stdb_codegen.emit.indexes import accessors
from stdb_codegen.emit.naming import Identifier
from stdb_codegen.emit.pytypes import Annotation
from stdb_codegen.emit.rename import Renames, owners
from stdb_codegen.errors import check_distinct
from stdb_codegen.schema import ir

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from stdb_codegen.emit.declaration import Member
    from stdb_codegen.emit.rename import Kind

__all__ = ["build"]


class _Declared(Protocol):
    @property
    def python_name(self) -> Identifier: ...

    @property
    def name(self) -> str: ...


D = TypeVar("D", bound=_Declared)


def build(
    schema: ir.Schema,
    *,
    include_private: bool = False,
    exclude: Collection[str] = (),
    rename: Mapping[str, str] | None = None,
) -> Package:
    """Build the declarations of a package.

    Args:
        schema: schema of the module.
        include_private: whether to declare private tables and functions, which only the owner can use.
        exclude: names of parts that are not declared; see `stdb_codegen.emit.choice`.
        rename: Python names that the user chose, by key; see `stdb_codegen.emit.rename`.

    Raises:
        NameCollisionError: two names of one namespace become one Python name.
        SchemaError: a rename is not possible, or a view has parameters and is not excluded.
    """
    choice = Choice(exclude, include_private=include_private)
    tables, reducers, procedures = choice.tables(schema), choice.reducers(schema), choice.procedures(schema)
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
        tables=_by_name("tables", map(builder.table, tables)),
        reducers=_by_name("reducers", map(builder.reducer, reducers)),
        procedures=_by_name("procedures", map(builder.procedure, procedures)),
        warnings=(),
    )
    check_distinct("table classes", ((handle.name, handle.class_name) for handle in package.tables))
    check_distinct("reducers", _members(package.reducers))
    warnings = (warning for handle in package.tables for warning in handle.warnings)
    return replace(package, warnings=(*schema.warnings, *warnings, *choice.check(), *renames.check()))


class _Builder:
    """Builder of the declarations of tables, reducers and procedures."""

    def __init__(self, schema: ir.Schema, classes: Classes, renames: Renames) -> None:
        self.classes = classes
        self._renames = renames
        self._variable = partial(naming.variable, digits_apart=schema.digits_apart)
        self._timers = {table.schedule: table.name for table in schema.tables if table.schedule is not None}

    def table(self, table: ir.Table | ir.View) -> TableHandle:
        """Return the handle of a table, with an accessor for each index that can have one."""
        row = self.classes.annotation(ir.Named(table.row))
        columns = self.classes.columns(table.row)
        key = None if table.primary_key is None else columns[table.primary_key]
        # The cache never holds rows of an event table.
        found: tuple[IndexAccessor, ...] = ()
        warnings: tuple[str, ...] = ()
        if not _is_event(table):
            found, warnings = accessors(table, self.classes, self._renames, self._variable)
        kind = "EventTable" if _is_event(table) else "Table" if key is None else "KeyedTable"
        name = self._choose("table", table)
        return TableHandle(
            python_name=name,
            class_name=naming.table_class(name),
            name=table.name,
            doc=" ".join(_table_doc(table, columns)),
            row=row,
            kind=Identifier(kind),
            primary_key=key,
            indexes=found,
            warnings=warnings,
        )

    def reducer(self, reducer: ir.Reducer) -> ReducerMembers:
        """Return the method and the listener of a reducer; a lifecycle reducer has only the listener."""
        name = self._choose("reducer", reducer)
        method: Method | None = None
        if reducer.lifecycle is None:
            doc = [f"Call reducer `{reducer.name}`.", *self._function_doc(reducer)]
            method = self._method("reducer", name, reducer, doc, None)
        when = {"client_connected": "connects", "client_disconnected": "disconnects"}
        listener_doc = f"Callbacks on calls of reducer `{reducer.name}`"
        if method is not None:
            arguments = "".join(f", {member.python_name}" for member in method.parameters)
            listener_doc += f": `callback(event{arguments})`"
        listener_doc += "."
        if reducer.lifecycle is not None:
            listener_doc += f" The server calls it when a client {when.get(reducer.lifecycle)}."
        listener = Listener(
            python_name=Identifier(f"on_{name}"),
            name=reducer.name,
            doc=listener_doc,
            arguments=tuple(self.classes.annotation(parameter.type) for parameter in reducer.parameters),
        )
        return ReducerMembers(reducer.name, method, listener)

    def procedure(self, procedure: ir.Procedure) -> Method:
        """Return the method of a procedure."""
        doc = [f"Call procedure `{procedure.name}`.", *self._function_doc(procedure)]
        returns = self.classes.annotation(procedure.returns)
        return self._method("procedure", self._choose("procedure", procedure), procedure, doc, returns)

    def _method(
        self,
        kind: Kind,
        name: Identifier,
        function: ir.Reducer | ir.Procedure,
        doc: list[str],
        returns: Annotation | None,
    ) -> Method:
        place = f"parameters of {kind} {function.name!r}"
        parameters = self.classes.parameters(place, owners(kind, function), function.parameters)
        return Method(Identifier(kind), name, function.name, " ".join(doc), parameters, returns)

    def _function_doc(self, function: ir.Reducer | ir.Procedure) -> Iterator[str]:
        if function.name in self._timers:
            yield f"Scheduled: the server calls it at the times in the rows of table `{self._timers[function.name]}`."
        if not function.public:
            yield "Private: only the owner of the database can call it."

    def _choose(self, kind: Kind, part: ir.Table | ir.View | ir.Reducer | ir.Procedure) -> Identifier:
        """Return the Python name of a part: derived from its source name, or chosen by the user."""
        made = self._variable(part.source_name or part.name)
        return self._renames.choose(made, self._variable, *owners(kind, part))


def _is_event(table: ir.Table | ir.View) -> bool:
    return isinstance(table, ir.Table) and table.event


def _table_doc(table: ir.Table | ir.View, columns: tuple[Member, ...]) -> Iterator[str]:
    key = "" if table.primary_key is None else f"with primary key `{columns[table.primary_key].name}`"
    if isinstance(table, ir.View):
        yield f"View `{table.name}`" + (f", {key}." if key else ".")
        yield "The module computes its rows; subscribe to it and read it like a table."
    elif table.event:
        yield f"Event table `{table.name}`."
        yield "Protocol version 1, which this client speaks, cannot subscribe to it: SubscriptionError is raised."
    else:
        yield f"Table `{table.name}`, {key or 'without a primary key'}."
    if isinstance(table, ir.Table):
        for column in table.auto_inc:
            yield f"Column `{columns[column].name}` is auto-inc."
        if table.schedule is not None:
            yield f"The server calls `{table.schedule}` at the times in its rows."
    if not table.public:
        yield "Private: only the owner of the database can read it."


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
    """Return the types that tables, reducers and procedures refer to, directly or through other types."""
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
