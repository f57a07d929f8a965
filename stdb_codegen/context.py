"""From a schema to what the templates are filled with: it is decided here what is declared, and under which name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol, TypeVar

from stdb_codegen import ir, naming
from stdb_codegen.declaration import (
    IndexAccessor,
    Member,
    Package,
    ReducerMethod,
    TableHandle,
    TypeDeclaration,
)
from stdb_codegen.ir import Atom
from stdb_codegen.naming import Identifier, check_distinct
from stdb_codegen.pytypes import Annotation, annotation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_ORDERABLE = {
    *(Atom.BOOL, Atom.STRING, Atom.BYTES, Atom.IDENTITY, Atom.CONNECTION_ID, Atom.TIMESTAMP, Atom.UUID),
    *(atom for atom in Atom if re.fullmatch(r"[UI]\d+", atom.value)),
}


class _Declared(Protocol):
    @property
    def name(self) -> Identifier: ...

    @property
    def wire_name(self) -> str: ...


D = TypeVar("D", bound=_Declared)


def build(schema: ir.Schema) -> Package:
    """Decide what a package declares.

    Args:
        schema: The module.

    Raises:
        NameCollisionError: Two names of one namespace become one Python name.
    """
    tables = [table for table in schema.tables if table.public]
    reducers = [reducer for reducer in schema.reducers if reducer.lifecycle is None]
    builder = _Builder(_reachable(schema, tables, reducers))
    handles = _by_name("tables", map(builder.table, tables))
    check_distinct("table classes", ((handle.wire_name, handle.class_name) for handle in handles))
    return Package(
        schema_hash=schema.hash,
        types=builder.types(tables),
        tables=handles,
        reducers=_by_name("reducers", map(builder.reducer, reducers)),
        warnings=(
            *(warning for handle in handles for warning in handle.warnings),
            *(f"{part} gets no declaration: not supported" for part in schema.left_out),
        ),
    )


class _Builder:
    """Declares tables, reducers and types in terms of the names of a module's types."""

    def __init__(self, types: dict[str, ir.Product | ir.Sum]) -> None:
        self._types = types
        self._names = {name: naming.type_name(*name.split(".")) for name in types}

    def types(self, tables: Iterable[ir.Table]) -> tuple[TypeDeclaration, ...]:
        """What `types.py` declares, the variants of a sum before the sum."""
        declared: list[TypeDeclaration] = []
        for name in sorted(self._types, key=lambda name: self._names[name]):
            definition = self._types[name]
            if isinstance(definition, ir.Product):
                rows_of = [table.name for table in tables if table.row == name]
                declared.append(self._product(definition, rows_of))
            elif definition.is_enumeration:
                declared.append(self._enumeration(definition))
            else:
                declared += self._sum(definition)
        check_distinct("types", ((declaration.path, declaration.name) for declaration in declared))
        return tuple(declared)

    def table(self, table: ir.Table) -> TableHandle:
        """A table's handle, with an accessor for each index that can have one."""
        row = self._types[table.row]
        columns = self._columns(row, prefix="types.")
        accessors: list[IndexAccessor] = []
        warnings: list[str] = []
        for positions, unique in _keys(table):
            if len(positions) == 1 and self._can_index(_fields(row)[positions[0]].type, unique=unique):
                accessors.append(self._accessor(columns[positions[0]], table, unique=unique))
            else:
                listed = ", ".join(columns[position].wire_name for position in positions)
                why = "several columns" if len(positions) > 1 else "a column of this type"
                warnings.append(f"table {table.name!r}: its index on {listed} gets no accessor: {why}, not supported")
        return TableHandle(
            name=naming.variable(table.name),
            class_name=naming.type_name(table.name, "Table"),
            wire_name=table.name,
            row=self._annotation(ir.Named(table.row), "types."),
            primary_key=None if table.primary_key is None else columns[table.primary_key],
            indexes=tuple(accessors),
            warnings=tuple(warnings),
        )

    def reducer(self, reducer: ir.Reducer) -> ReducerMethod:
        """The method that calls a reducer."""
        place = f"parameters of reducer {reducer.name!r}"
        return ReducerMethod(
            name=naming.variable(reducer.name),
            wire_name=reducer.name,
            parameters=self._members(place, reducer.parameters, naming.parameter, "types."),
        )

    def _product(self, product: ir.Product, rows_of: list[str]) -> TypeDeclaration:
        listed = " and ".join(f"`{table}`" for table in rows_of)
        plural = "s" if len(rows_of) > 1 else ""
        return TypeDeclaration(
            kind="product",
            name=self._names[product.name],
            path=product.name,
            wire_name=product.name,
            doc=f"Row of table{plural} {listed}." if rows_of else f"Product type `{product.name}`.",
            parts=self._columns(product),
        )

    def _enumeration(self, enumeration: ir.Sum) -> TypeDeclaration:
        return TypeDeclaration(
            kind="enumeration",
            name=self._names[enumeration.name],
            path=enumeration.name,
            wire_name=enumeration.name,
            doc=f"Sum type `{enumeration.name}`, whose variants carry nothing.",
            parts=self._members(f"variants of type {enumeration.name!r}", enumeration.variants, naming.member),
        )

    def _sum(self, sum_: ir.Sum) -> Iterator[TypeDeclaration]:
        classes: list[Member] = []
        for tag, variant in enumerate(sum_.variants):
            name = naming.type_name(*sum_.name.split("."), variant.name)
            classes.append(Member(name, variant.name, Annotation(name)))
            value = Member(Identifier("value"), "value", self._annotation(variant.type))
            yield TypeDeclaration(
                kind="variant",
                name=name,
                path=f"{sum_.name}.{variant.name}",
                wire_name=variant.name,
                doc=f"Variant `{variant.name}` of `{sum_.name}`.",
                parts=() if variant.type is Atom.UNIT else (value,),
                tag=tag,
            )
        yield TypeDeclaration(
            kind="alias",
            name=self._names[sum_.name],
            path=sum_.name,
            wire_name=sum_.name,
            doc=f"Sum type `{sum_.name}`.",
            parts=tuple(classes),
        )

    def _columns(self, row: ir.Product | ir.Sum, prefix: str = "") -> tuple[Member, ...]:
        return self._members(f"fields of type {row.name!r}", _fields(row), naming.variable, prefix)

    def _members(
        self, place: str, fields: Iterable[ir.Field], rule: Callable[[str], Identifier], prefix: str = ""
    ) -> tuple[Member, ...]:
        members = [Member(rule(field.name), field.name, self._annotation(field.type, prefix)) for field in fields]
        check_distinct(place, ((member.wire_name, member.name) for member in members))
        return tuple(members)

    def _annotation(self, type_: ir.Type, prefix: str = "") -> Annotation:
        return annotation(type_, self._names, prefix)

    def _accessor(self, column: Member, table: ir.Table, *, unique: bool) -> IndexAccessor:
        return IndexAccessor(
            name=naming.accessor(column.name),
            unique=unique,
            column=column,
            row=self._annotation(ir.Named(table.row), "types."),
        )

    def _can_index(self, type_: ir.Type, *, unique: bool) -> bool:
        if isinstance(type_, ir.Named) and unique:
            definition = self._types[type_.name]
            return isinstance(definition, ir.Sum) and definition.is_enumeration
        return type_ in _ORDERABLE


def _keys(table: ir.Table) -> list[tuple[tuple[int, ...], bool]]:
    """The column groups that the server keeps an index on, by position, and whether the index is unique."""
    unique = {*table.unique, *(() if table.primary_key is None else ((table.primary_key,),))}
    plain = {index.columns for index in table.indexes if tuple(sorted(index.columns)) not in unique}
    return sorted([(columns, True) for columns in unique] + [(columns, False) for columns in plain])


def _fields(type_: ir.Product | ir.Sum) -> tuple[ir.Field, ...]:
    return type_.fields if isinstance(type_, ir.Product) else type_.variants


def _by_name(place: str, declared: Iterable[D]) -> tuple[D, ...]:
    found = sorted(declared, key=lambda declaration: declaration.name)
    check_distinct(place, ((declaration.wire_name, declaration.name) for declaration in found))
    return tuple(found)


def _reachable(
    schema: ir.Schema, tables: Iterable[ir.Table], reducers: Iterable[ir.Reducer]
) -> dict[str, ir.Product | ir.Sum]:
    """The types that a client can meet: what tables and reducers mention, and what those mention."""
    defined = {definition.name: definition for definition in schema.types}
    found: dict[str, ir.Product | ir.Sum] = {}
    waiting: list[ir.Type] = [ir.Named(table.row) for table in tables]
    waiting += [parameter.type for reducer in reducers for parameter in reducer.parameters]
    while waiting:
        match waiting.pop():
            case ir.Named(name) if name not in found:
                found[name] = defined[name]
                waiting += [field.type for field in _fields(defined[name])]
            case ir.Array(inner) | ir.Option(inner):
                waiting.append(inner)
            case ir.Result(ok, err):
                waiting += [ok, err]
            case _:
                pass
    return found
