"""`RawModuleDefV10`: the definition of a module as servers of version 2 have it, in sections."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from stdb_codegen.schema import shape
from stdb_codegen.schema.shape import (
    AlgebraicType,
    Lifecycle,
    LifecycleName,
    Name,
    Nothing,
    OneOf,
    Part,
    Position,
    ProductType,
    Storage,
    Typespace,
    View,
)

P = TypeVar("P")


class Table(Storage, frozen=True):
    """A table."""

    source_name: Name
    is_event: bool = False


class Visibility(OneOf, frozen=True, rename="pascal"):
    """Who may call a function."""

    private: Nothing | UnsetType = UNSET
    client_callable: Nothing | UnsetType = UNSET


class Reducer(Part, frozen=True):
    """A reducer."""

    source_name: Name
    params: ProductType
    visibility: Visibility


class Procedure(Part, frozen=True):
    """A procedure."""

    source_name: Name
    params: ProductType
    return_type: AlgebraicType
    visibility: Visibility


class NamedView(View, frozen=True):
    """A view."""

    source_name: Name


class ViewPrimaryKey(Part, frozen=True):
    """Which columns of a view are its key."""

    view_source_name: Name
    columns: tuple[Name, ...]


class ScopedName(Part, frozen=True):
    """A type's name, in its namespaces."""

    scope: tuple[Name, ...]
    source_name: Name


class TypeName(Part, frozen=True):
    """A name for a type of the typespace."""

    source_name: ScopedName
    ty: Position


class Schedule(Part, frozen=True):
    """What runs at the times that a table's rows say."""

    table_name: Name
    function_name: Name


class LifecycleReducer(Part, frozen=True):
    """Which reducer the server calls by itself, and when."""

    lifecycle_spec: Lifecycle
    function_name: Name


class Policy(OneOf, frozen=True, rename="pascal"):
    """How the server makes canonical names out of the module's."""

    none: Nothing | UnsetType = UNSET
    snake_case: Nothing | UnsetType = UNSET


class NameMapping(Part, frozen=True):
    """A canonical name: one that the module sets itself, or what the server made of the module's own name."""

    source_name: Name
    canonical_name: Name


class ExplicitNames(Part, frozen=True):
    """Canonical names by kind: in a `.wasm` those that the module sets itself, from a server all."""

    entries: tuple[dict[str, NameMapping], ...]


class Submodule(Part, frozen=True):
    """A module within the module."""

    namespace: Name


@dataclass(frozen=True, slots=True)
class ModuleV10:
    """A module's definition, version 10: what its sections hold.

    Tables, functions and views stand under the module's own names, and `explicit_names` says what the server calls
    them. Columns and types stand under the server's names, once the server has made them.

    Attributes:
        converts_case: Whether the server makes canonical names by its own rules.
        unknown: The kinds of sections that are not known.
        doubtful: Names that the server may have made something else of.
    """

    typespace: tuple[AlgebraicType, ...] = ()
    types: tuple[TypeName, ...] = ()
    tables: tuple[Table, ...] = ()
    reducers: tuple[Reducer, ...] = ()
    procedures: tuple[Procedure, ...] = ()
    views: tuple[NamedView, ...] = ()
    view_primary_keys: tuple[ViewPrimaryKey, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    lifecycle_reducers: tuple[LifecycleReducer, ...] = ()
    submodules: tuple[Submodule, ...] = ()
    explicit_names: tuple[dict[str, NameMapping], ...] = ()
    converts_case: bool = True
    unknown: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()


# What the server does by itself: clients meet none of it.
_NOT_FOR_CLIENTS = {"RowLevelSecurity", "HttpHandlers", "HttpRoutes", "Environment", "Outboxes"}
_KNOWN: set[str] = {
    *("Typespace", "Types", "Tables", "Reducers", "Procedures", "Views", "ViewPrimaryKeys", "Schedules"),
    *("LifeCycleReducers", "Submodules", "ExplicitNames", "CaseConversionPolicy"),
}


class _Sections(Part, frozen=True):
    sections: tuple[dict[str, Any], ...]  # Any: what a section holds depends on its kind


def decode(content: object) -> ModuleV10:
    """Decode a definition.

    Args:
        content: The definition in the server's JSON shape.

    Raises:
        msgspec.ValidationError: It has another shape.
    """
    held: defaultdict[str, list[object]] = defaultdict(list)
    for section in msgspec.convert(content, _Sections).sections:
        for kind, content_of in section.items():
            held[kind].append(content_of)
    names = _parts(held, "ExplicitNames", ExplicitNames)
    return ModuleV10(
        typespace=tuple(entry for space in _parts(held, "Typespace", Typespace) for entry in space.types),
        types=_items(held, "Types", TypeName),
        tables=_items(held, "Tables", Table),
        reducers=_items(held, "Reducers", Reducer),
        procedures=_items(held, "Procedures", Procedure),
        views=_items(held, "Views", NamedView),
        view_primary_keys=_items(held, "ViewPrimaryKeys", ViewPrimaryKey),
        schedules=_items(held, "Schedules", Schedule),
        lifecycle_reducers=_items(held, "LifeCycleReducers", LifecycleReducer),
        submodules=_items(held, "Submodules", Submodule),
        explicit_names=tuple(entry for part in names for entry in part.entries),
        converts_case=all(policy.none is UNSET for policy in _parts(held, "CaseConversionPolicy", Policy)),
        unknown=tuple(sorted(held.keys() - _KNOWN - _NOT_FOR_CLIENTS)),
    )


def _parts(held: dict[str, list[object]], kind: str, type_: type[P]) -> list[P]:
    """The sections of one kind; there is at most one, as servers write them."""
    try:
        return [msgspec.convert(content, type_) for content in held.get(kind, ())]
    except msgspec.ValidationError as error:
        raise msgspec.ValidationError(f"{error} (in section {kind})") from None


def _items(held: dict[str, list[object]], kind: str, type_: type[P]) -> tuple[P, ...]:
    listed: type[tuple[P, ...]] = tuple[type_, ...]  # type: ignore[valid-type]  # made for msgspec, at run time
    return tuple(item for section in _parts(held, kind, listed) for item in section)


class Names:
    """What the server calls tables, functions and views, by the module's own names."""

    def __init__(self, module: ModuleV10) -> None:
        self._canonical = {
            (kind, mapping.source_name): mapping.canonical_name
            for entry in module.explicit_names
            for kind, mapping in entry.items()
        }

    def table(self, name: str) -> str:
        """What the server calls a table."""
        return self._canonical.get(("Table", name), name)

    def function(self, name: str) -> str:
        """What the server calls a reducer, a procedure or a view."""
        return self._canonical.get(("Function", name), name)


def unify(module: ModuleV10) -> shape.Module:
    """Bring a definition into the shape that both versions share."""
    names = Names(module)
    # These two refer to canonical names, the keys of views to the module's own.
    schedules = {schedule.table_name: schedule.function_name for schedule in module.schedules}
    lifecycles: dict[str, LifecycleName] = {
        entry.function_name: entry.lifecycle_spec.name for entry in module.lifecycle_reducers
    }
    keys = {names.function(key.view_source_name): key.columns for key in module.view_primary_keys}
    return shape.Module(
        typespace=module.typespace,
        types=tuple(
            shape.TypeName((*entry.source_name.scope, entry.source_name.source_name), entry.ty)
            for entry in module.types
        ),
        tables=tuple(
            shape.Table(
                name=(name := names.table(table.source_name)),
                storage=table,
                schedule=schedules.get(name),
                event=table.is_event,
                accessor=table.source_name,
            )
            for table in module.tables
        ),
        reducers=tuple(
            shape.Function(
                name=(name := names.function(reducer.source_name)),
                parameters=reducer.params.elements,
                public=reducer.visibility.private is UNSET,
                lifecycle=lifecycles.get(name),
                accessor=reducer.source_name,
            )
            for reducer in module.reducers
        ),
        procedures=tuple(
            shape.Function(
                name=names.function(procedure.source_name),
                parameters=procedure.params.elements,
                public=procedure.visibility.private is UNSET,
                returns=procedure.return_type,
                accessor=procedure.source_name,
            )
            for procedure in module.procedures
        ),
        views=tuple(
            shape.NamedView(
                name=(name := names.function(view.source_name)),
                view=view,
                primary_key=_single(keys.get(name, ())),
                accessor=view.source_name,
            )
            for view in module.views
        ),
        warnings=(
            *(f"the schema's section {kind!r} is skipped: it is not known" for kind in module.unknown),
            *(
                f"the server may call {name!r} something else: take the schema from the server, if it does"
                for name in module.doubtful
            ),
            *(
                f"submodule {submodule.namespace!r} gets no declarations: not supported"
                for submodule in sorted(module.submodules, key=lambda submodule: submodule.namespace)
            ),
        ),
    )


def _single(columns: tuple[str, ...]) -> str | None:
    """A key of one column; servers have no others so far."""
    return columns[0] if len(columns) == 1 else None
