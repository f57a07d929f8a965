"""`RawModuleDefV9`: module definition of servers of version 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from stdb_codegen.schema.parts import (
    AlgebraicType,
    Lifecycle,
    Maybe,
    Name,
    Part,
    Position,
    ProductType,
    TableDef,
    Typespace,
    ViewDef,
)

__all__ = ["ModuleDefV9", "from_json", "from_values"]


class ScheduleDefV9(Part, frozen=True):
    """Schedule: the reducer that the server calls at the times in a table's rows."""

    reducer_name: Name


class TableDefV9(TableDef, frozen=True):
    """Table."""

    name: Name
    schedule: Maybe[ScheduleDefV9]


class ReducerDefV9(Part, frozen=True):
    """Reducer."""

    name: Name
    params: ProductType
    lifecycle: Maybe[Lifecycle]


class ScopedNameV9(Part, frozen=True):
    """Name of a type, with its namespaces."""

    scope: tuple[Name, ...]
    name: Name


class TypeDefV9(Part, frozen=True):
    """Name for a type of the typespace."""

    name: ScopedNameV9
    ty: Position


class ProcedureDefV9(Part, frozen=True):
    """Procedure."""

    name: Name
    params: ProductType
    return_type: AlgebraicType


class ViewDefV9(ViewDef, frozen=True):
    """View."""

    name: Name


class _Content(Part, frozen=True):
    typespace: Typespace
    tables: tuple[TableDefV9, ...]
    reducers: tuple[ReducerDefV9, ...]
    types: tuple[TypeDefV9, ...]
    misc_exports: tuple[dict[str, Any], ...] = ()  # Any: the content of an export depends on its kind


@dataclass(frozen=True, slots=True)
class ModuleDefV9:
    """Module definition, version 9.

    Attributes:
        unknown: kinds of exports that are not known.
    """

    typespace: tuple[AlgebraicType, ...]
    types: tuple[TypeDefV9, ...]
    tables: tuple[TableDefV9, ...]
    reducers: tuple[ReducerDefV9, ...]
    procedures: tuple[ProcedureDefV9, ...]
    views: tuple[ViewDefV9, ...]
    unknown: tuple[str, ...]


# Defaults are for rows that are older than the column; clients receive rows with all columns.
_KNOWN = {"ColumnDefaultValue", "Procedure", "View"}


def from_json(data: bytes | msgspec.Raw) -> ModuleDefV9:
    """Decode a definition from JSON.

    Raises:
        msgspec.MsgspecError: the text is not JSON, or has another shape.
    """
    return _module(msgspec.json.decode(data, type=_Content))


def from_values(values: object) -> ModuleDefV9:
    """Decode a definition from plain values in the shape of the server's JSON.

    Raises:
        msgspec.ValidationError: the values have another shape.
    """
    return _module(msgspec.convert(values, _Content))


def _module(content: _Content) -> ModuleDefV9:
    exports = [(kind, export) for entry in content.misc_exports for kind, export in entry.items()]
    return ModuleDefV9(
        typespace=content.typespace.types,
        types=content.types,
        tables=content.tables,
        reducers=content.reducers,
        procedures=tuple(msgspec.convert(export, ProcedureDefV9) for kind, export in exports if kind == "Procedure"),
        views=tuple(msgspec.convert(export, ViewDefV9) for kind, export in exports if kind == "View"),
        unknown=tuple(sorted({kind for kind, _ in exports} - _KNOWN)),
    )
