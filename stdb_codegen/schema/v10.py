"""`RawModuleDefV10`: module definition of servers of version 2, in sections."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from stdb_codegen.schema.parts import (
    AlgebraicType,
    Lifecycle,
    Name,
    Nothing,
    OneOf,
    Part,
    Position,
    ProductType,
    TableDef,
    Typespace,
    ViewDef,
)

__all__ = [
    "CanonicalNames",
    "ModuleDefV10",
    "NameMapping",
    "ProcedureDefV10",
    "ReducerDefV10",
    "ScopedNameV10",
    "Submodule",
    "TableDefV10",
    "TypeDefV10",
    "ViewDefV10",
    "Visibility",
    "from_values",
]

P = TypeVar("P")


class TableDefV10(TableDef, frozen=True):
    """Table."""

    source_name: Name
    is_event: bool = False


class Visibility(OneOf, frozen=True, rename="pascal"):
    """Visibility of a function: who may call it."""

    private: Nothing | UnsetType = UNSET
    client_callable: Nothing | UnsetType = UNSET


class ReducerDefV10(Part, frozen=True):
    """Reducer."""

    source_name: Name
    params: ProductType
    visibility: Visibility

    @property
    def is_public(self) -> bool:
        """Whether every client may call the reducer."""
        return self.visibility.private is UNSET


class ProcedureDefV10(Part, frozen=True):
    """Procedure."""

    source_name: Name
    params: ProductType
    return_type: AlgebraicType
    visibility: Visibility

    @property
    def is_public(self) -> bool:
        """Whether every client may call the procedure."""
        return self.visibility.private is UNSET


class ViewDefV10(ViewDef, frozen=True):
    """View."""

    source_name: Name


class ViewPrimaryKey(Part, frozen=True):
    """Primary key of a view."""

    view_source_name: Name
    columns: tuple[Name, ...]


class ScopedNameV10(Part, frozen=True):
    """Name of a type, with its namespaces."""

    scope: tuple[Name, ...]
    source_name: Name


class TypeDefV10(Part, frozen=True):
    """Name for a type of the typespace."""

    source_name: ScopedNameV10
    ty: Position


class ScheduleDefV10(Part, frozen=True):
    """Schedule: the function that the server calls at the times in a table's rows."""

    table_name: Name
    function_name: Name


class LifecycleReducer(Part, frozen=True):
    """Reducer that the server calls at an event."""

    lifecycle_spec: Lifecycle
    function_name: Name


class CasePolicy(OneOf, frozen=True, rename="pascal"):
    """Rule by which the server derives canonical names from source names."""

    none: Nothing | UnsetType = UNSET
    snake_case: Nothing | UnsetType = UNSET


class NameMapping(Part, frozen=True):
    """Canonical name of a table or a function: set by the module, or derived by the server."""

    source_name: Name
    canonical_name: Name


class ExplicitNames(Part, frozen=True):
    """Canonical names by kind: in a `.wasm` those that the module sets, from a server all of them."""

    entries: tuple[dict[str, NameMapping], ...]


@dataclass(frozen=True, slots=True)
class Submodule:
    """Module within the module, with its namespace there."""

    namespace: str
    module: ModuleDefV10


@dataclass(frozen=True, slots=True)
class ModuleDefV10:
    """Module definition, version 10: the content of its sections.

    Tables, functions and views have their source names, and `explicit_names` their canonical names. Columns and types
    have source names in a `.wasm`, and canonical names in the definition that a server sends.

    Attributes:
        converts_case: whether the server derives canonical names by its own rules.
        unknown: kinds of sections that are not known.
        doubtful: source names for which the server may have derived another canonical name.
    """

    typespace: tuple[AlgebraicType, ...] = ()
    types: tuple[TypeDefV10, ...] = ()
    tables: tuple[TableDefV10, ...] = ()
    reducers: tuple[ReducerDefV10, ...] = ()
    procedures: tuple[ProcedureDefV10, ...] = ()
    views: tuple[ViewDefV10, ...] = ()
    view_primary_keys: tuple[ViewPrimaryKey, ...] = ()
    schedules: tuple[ScheduleDefV10, ...] = ()
    lifecycle_reducers: tuple[LifecycleReducer, ...] = ()
    submodules: tuple[Submodule, ...] = ()
    explicit_names: tuple[dict[str, NameMapping], ...] = ()
    converts_case: bool = True
    unknown: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()


# Concerns of the server alone.
_NOT_FOR_CLIENTS = {"RowLevelSecurity", "HttpHandlers", "HttpRoutes", "Environment", "Outboxes"}
_KNOWN: set[str] = {
    *("Typespace", "Types", "Tables", "Reducers", "Procedures", "Views", "ViewPrimaryKeys", "Schedules"),
    *("LifeCycleReducers", "Submodules", "ExplicitNames", "CaseConversionPolicy"),
}


class _Sections(Part, frozen=True):
    sections: tuple[dict[str, Any], ...]  # Any: the content of a section depends on its kind


class _RawSubmodule(Part, frozen=True):
    namespace: Name
    module: dict[str, Any]  # Any: see above


def from_values(values: object) -> ModuleDefV10:
    """Decode a definition from plain values in the shape of the server's JSON.

    Raises:
        msgspec.ValidationError: the values have another shape.
    """
    held: defaultdict[str, list[object]] = defaultdict(list)
    for section in msgspec.convert(values, _Sections).sections:
        for kind, content in section.items():
            held[kind].append(content)
    names = _parts(held, "ExplicitNames", ExplicitNames)
    return ModuleDefV10(
        typespace=tuple(entry for space in _parts(held, "Typespace", Typespace) for entry in space.types),
        types=_items(held, "Types", TypeDefV10),
        tables=_items(held, "Tables", TableDefV10),
        reducers=_items(held, "Reducers", ReducerDefV10),
        procedures=_items(held, "Procedures", ProcedureDefV10),
        views=_items(held, "Views", ViewDefV10),
        view_primary_keys=_items(held, "ViewPrimaryKeys", ViewPrimaryKey),
        schedules=_items(held, "Schedules", ScheduleDefV10),
        lifecycle_reducers=_items(held, "LifeCycleReducers", LifecycleReducer),
        submodules=tuple(
            Submodule(part.namespace, from_values(part.module)) for part in _items(held, "Submodules", _RawSubmodule)
        ),
        explicit_names=tuple(entry for part in names for entry in part.entries),
        converts_case=all(policy.none is UNSET for policy in _parts(held, "CaseConversionPolicy", CasePolicy)),
        unknown=tuple(sorted(held.keys() - _KNOWN - _NOT_FOR_CLIENTS)),
    )


def _parts(held: dict[str, list[object]], kind: str, type_: type[P]) -> list[P]:
    """Sections of one kind; servers write at most one."""
    try:
        return [msgspec.convert(content, type_) for content in held.get(kind, ())]
    except msgspec.ValidationError as error:
        raise msgspec.ValidationError(f"{error} (in section {kind})") from None


def _items(held: dict[str, list[object]], kind: str, type_: type[P]) -> tuple[P, ...]:
    listed: type[tuple[P, ...]] = tuple[type_, ...]  # type: ignore[valid-type]  # built at run time, for msgspec
    return tuple(item for section in _parts(held, kind, listed) for item in section)


class CanonicalNames:
    """Canonical names of tables, functions and views, by their source names."""

    def __init__(self, module: ModuleDefV10) -> None:
        self._canonical = {
            (kind, mapping.source_name): mapping.canonical_name
            for entry in module.explicit_names
            for kind, mapping in entry.items()
        }

    def table(self, name: str) -> str:
        """Return the canonical name of a table."""
        return self._canonical.get(("Table", name), name)

    def function(self, name: str) -> str:
        """Return the canonical name of a reducer, a procedure or a view."""
        return self._canonical.get(("Function", name), name)
