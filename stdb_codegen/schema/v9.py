"""`RawModuleDefV9`: the definition of a module that was built for servers of version 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from stdb_codegen.schema import shape
from stdb_codegen.schema.shape import (
    AlgebraicType,
    Lifecycle,
    Maybe,
    Name,
    Part,
    Position,
    ProductType,
    Storage,
    Typespace,
    View,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Schedule(Part, frozen=True):
    """What runs at the times that a table's rows say."""

    reducer_name: Name


class Table(Storage, frozen=True):
    """A table."""

    name: Name
    schedule: Maybe[Schedule]


class Reducer(Part, frozen=True):
    """A reducer."""

    name: Name
    params: ProductType
    lifecycle: Maybe[Lifecycle]


class ScopedName(Part, frozen=True):
    """A type's name, in its namespaces."""

    scope: tuple[Name, ...]
    name: Name


class TypeName(Part, frozen=True):
    """A name for a type of the typespace."""

    name: ScopedName
    ty: Position


class Procedure(Part, frozen=True):
    """A procedure."""

    name: Name
    params: ProductType
    return_type: AlgebraicType


class NamedView(View, frozen=True):
    """A view."""

    name: Name


class ModuleV9(Part, frozen=True):
    """A module's definition, version 9. What came to the format later is in `misc_exports`, by kind."""

    typespace: Typespace
    tables: tuple[Table, ...]
    reducers: tuple[Reducer, ...]
    types: tuple[TypeName, ...]
    misc_exports: tuple[dict[str, Any], ...] = ()  # Any: what is exported depends on its kind


# Defaults are for rows of the time before the column; clients get rows with all columns.
_NOT_FOR_CLIENTS = {"ColumnDefaultValue"}


def unify(module: ModuleV9) -> shape.Module:
    """Bring a definition into the shape that both versions share.

    Raises:
        msgspec.ValidationError: A procedure or a view is damaged.
    """
    exports = [(kind, content) for export in module.misc_exports for kind, content in export.items()]
    procedures = [msgspec.convert(content, Procedure) for kind, content in exports if kind == "Procedure"]
    views = [msgspec.convert(content, NamedView) for kind, content in exports if kind == "View"]
    return shape.Module(
        typespace=module.typespace.types,
        types=tuple(shape.TypeName((*entry.name.scope, entry.name.name), entry.ty) for entry in module.types),
        tables=tuple(_table(table) for table in module.tables),
        reducers=tuple(_reducer(reducer) for reducer in module.reducers),
        procedures=tuple(
            shape.Function(procedure.name, procedure.params.elements, returns=procedure.return_type)
            for procedure in procedures
        ),
        views=tuple(shape.NamedView(view.name, view) for view in views),
        warnings=tuple(_warnings(kind for kind, _ in exports)),
    )


def _table(table: Table) -> shape.Table:
    schedule = table.schedule.value
    return shape.Table(table.name, table, schedule.reducer_name if schedule else None, event=False)


def _reducer(reducer: Reducer) -> shape.Function:
    lifecycle = reducer.lifecycle.value
    return shape.Function(reducer.name, reducer.params.elements, lifecycle=lifecycle.name if lifecycle else None)


def _warnings(kinds: Iterable[str]) -> Iterator[str]:
    found = set(kinds)
    for kind in sorted(found - _NOT_FOR_CLIENTS - {"Procedure", "View"}):
        yield f"the schema's part {kind!r} is skipped: it is not known"
    if found & {"Procedure", "View"}:
        # Only servers of version 2 have these, and such a server knows more of its modules than version 9 can say.
        yield (
            "schema version 9 does not say which tables are event tables and which reducers are private; "
            "version 10 does: take the schema from the server or from the .wasm"
        )
