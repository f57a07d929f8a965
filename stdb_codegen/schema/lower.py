"""From the server's shape to the generator's: references resolved, special types recognised, everything sorted.

A definition out of a `.wasm` and the one that a server gives for the same module differ in order and in the names
of indexes and constraints; here they become equal.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Protocol, TypeVar

from msgspec import UNSET, UnsetType

from stdb_codegen.errors import SchemaError
from stdb_codegen.schema import ir, shape
from stdb_codegen.schema.casing import snake
from stdb_codegen.schema.ir import Atom
from stdb_codegen.schema.recursion import check_finite
from stdb_codegen.schema.typespace import DECLARED, Types

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class _Named(Protocol):
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=_Named)

# `u_8`, `player_1_id`, and `u8`, `player1Id`.
_APART = re.compile(r"(?:^|_)[0-9]+(?:_|$)")
_JOINED = re.compile(r"[^\W\d_][0-9]|[0-9][^\W\d_]")


def lower(module: shape.Module) -> ir.Schema:
    """Lower a definition.

    Args:
        module: The definition in the server's shape.

    Returns:
        The schema; equal for equal modules, wherever their definitions came from.

    Raises:
        SchemaError: A reference leads nowhere, a type cannot be generated, or two types have one name.
    """
    raw_tables = [table for table in module.tables if table.storage.table_type.user is not UNSET]
    types = Types(module, raw_tables)
    definitions = types.definitions()
    check_finite(definitions)
    tables = _sorted(_table(raw, types) for raw in raw_tables)
    views, warnings = _views(module, types, tables)
    reducers = _sorted(_reducer(raw, types) for raw in module.reducers)
    procedures = _sorted(_procedure(raw, types) for raw in module.procedures)
    return ir.Schema(
        types=definitions,
        tables=tables,
        views=views,
        reducers=reducers,
        procedures=procedures,
        warnings=(*module.warnings, *warnings),
        digits_apart=_digits_apart(definitions, [*tables, *views, *reducers, *procedures]),
    )


def _digits_apart(
    types: Iterable[ir.Product | ir.Sum], parts: Iterable[ir.Table | ir.View | ir.Reducer | ir.Procedure]
) -> bool:
    """Tell whether digits are words of their own in a module's names, as in `one_u_8`, and not as in `one_u8`.

    A server of 2.x splits digits off in the names of tables, functions and columns, and leaves parameters and the
    module's own names alone. For all names of a package to be alike, those are split too, where the server has split.
    No schema says whether it has, so it is read off the names that it makes.
    """
    names = [field.name for type_ in types if isinstance(type_, ir.Product) for field in type_.fields]
    # A canonical name that the module sets itself follows no rule, and tells nothing.
    names += [part.name for part in parts if part.accessor is None or snake(part.accessor) == part.name]
    return any(_APART.search(name) for name in names) and not any(_JOINED.search(name) for name in names)


def _table(raw: shape.Table, types: Types) -> ir.Table:
    place = f"table {raw.name!r}"
    storage = raw.storage
    table = ir.Table(
        name=raw.name,
        row=types.row(storage.product_type_ref, place).name,
        public=storage.table_access.public is not UNSET,
        primary_key=storage.primary_key[0] if storage.primary_key else None,
        unique=tuple(sorted({_unique_columns(constraint) for constraint in storage.constraints})),
        indexes=tuple(sorted({_index(index) for index in storage.indexes}, key=_order)),
        auto_inc=tuple(sorted({sequence.column for sequence in storage.sequences})),
        schedule=raw.schedule,
        event=raw.event,
        accessor=_accessor(raw),
    )
    _check_columns(table, types.width(storage.product_type_ref, place), place)
    for group in table.unique:
        types.spend_group(storage.product_type_ref, group, prefixes=False)
    for index in table.indexes:
        types.spend_group(storage.product_type_ref, index.columns, prefixes=index.algorithm == "btree")
    return table


def _order(index: ir.Index) -> tuple[object, ...]:
    return (index.columns, index.algorithm, index.accessor or "")


def _unique_columns(raw: shape.Constraint) -> tuple[int, ...]:
    unique = raw.data.unique
    # There is one kind of constraint, so it is set; a set of columns has no order.
    return () if isinstance(unique, UnsetType) else tuple(sorted(unique.columns))


def _index(raw: shape.Index) -> ir.Index:
    algorithm, accessor = raw.algorithm, raw.accessor_name.value
    if not isinstance(algorithm.direct, UnsetType):
        return ir.Index((algorithm.direct,), "direct", accessor)
    if not isinstance(algorithm.hash, UnsetType):
        return ir.Index(algorithm.hash, "hash", accessor)
    return ir.Index(() if isinstance(algorithm.btree, UnsetType) else algorithm.btree, "btree", accessor)


def _check_columns(table: ir.Table, width: int, place: str) -> None:
    groups = [*table.unique, *(index.columns for index in table.indexes), table.auto_inc]
    if table.primary_key is not None:
        groups.append((table.primary_key,))
    for column in (column for group in groups for column in group):
        if column >= width:
            raise SchemaError(place, f"refers to its column {column}, of {width}", "build the module again")


def _reducer(raw: shape.Function, types: Types) -> ir.Reducer:
    types.spend(DECLARED + len(raw.name))
    return ir.Reducer(
        name=raw.name,
        parameters=types.fields(raw.parameters, f"reducer {raw.name!r}"),
        lifecycle=raw.lifecycle,
        public=raw.public,
        accessor=_accessor(raw),
    )


def _procedure(raw: shape.Function, types: Types) -> ir.Procedure:
    place = f"procedure {raw.name!r}"
    types.spend(DECLARED + len(raw.name))
    return ir.Procedure(
        name=raw.name,
        parameters=types.fields(raw.parameters, place),
        returns=Atom.UNIT if raw.returns is None else types.type(raw.returns, f"{place}: its value"),
        public=raw.public,
        accessor=_accessor(raw),
    )


def _accessor(raw: shape.Table | shape.Function | shape.NamedView) -> str | None:
    return None if raw.accessor == raw.name else raw.accessor


def _views(module: shape.Module, types: Types, tables: Iterable[ir.Table]) -> tuple[tuple[ir.View, ...], list[str]]:
    views: list[ir.View] = []
    warnings: list[str] = []
    keys: defaultdict[str, set[int | None]] = defaultdict(set)
    for table in tables:
        keys[table.row].add(table.primary_key)
    for raw in sorted(module.views, key=lambda view: view.name):
        if raw.view.params.elements:
            warnings.append(f"view {raw.name!r} gets no declaration: it has parameters, not supported")
        else:
            views.append(_view(raw, types, keys))
    return tuple(views), warnings


def _view(raw: shape.NamedView, types: Types, keys_of: Mapping[str, set[int | None]]) -> ir.View:
    place = f"view {raw.name!r}"
    ref, is_query = _rows_of(raw.view.return_type)
    if ref is None:
        raise SchemaError(place, "does not return rows of a struct that has a name", "return a Vec or an Option of one")
    row = types.row(ref, place).name
    key: int | None = None
    if raw.primary_key is not None:
        key = types.column(ref, raw.primary_key, place)
    elif is_query:
        # What selects rows of a table has the table's key.
        keys = keys_of.get(row, set())
        key = next(iter(keys)) if len(keys) == 1 else None
    return ir.View(raw.name, row, public=raw.view.is_public, primary_key=key, accessor=_accessor(raw))


def _rows_of(raw: shape.AlgebraicType) -> tuple[int | None, bool]:
    """The type of a view's rows, and whether the view is a query."""
    found: int | UnsetType = UNSET
    if not isinstance(raw.array, UnsetType):
        found = raw.array.ref
    elif not isinstance(raw.sum, UnsetType) and _names(raw.sum.variants) == ["some", "none"]:
        found = raw.sum.variants[0].algebraic_type.ref
    elif not isinstance(raw.product, UnsetType) and _names(raw.product.elements) == ["__query__"]:
        found = raw.product.elements[0].algebraic_type.ref
    return None if isinstance(found, UnsetType) else found, raw.product is not UNSET


def _names(elements: Iterable[shape.Element]) -> list[str | None]:
    return [element.name.value for element in elements]


def _sorted(parts: Iterable[N]) -> tuple[N, ...]:
    return tuple(sorted(parts, key=lambda part: part.name))
