"""Lowering of a definition to the schema: references resolved, special types recognised, everything sorted.

A definition from a `.wasm` and the one that a server sends for the same module differ in order and in the names of
indexes and constraints; their schemas are equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stdb_codegen.schema.builder import SchemaBuilder
from stdb_codegen.schema.v9 import ModuleDefV9
from stdb_codegen.schema.v10 import CanonicalNames

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stdb_codegen.schema import ir
    from stdb_codegen.schema.parts import LifecycleName
    from stdb_codegen.schema.v9 import ReducerDefV9, TableDefV9
    from stdb_codegen.schema.v10 import ModuleDefV10

__all__ = ["lower"]


def lower(module: ModuleDefV9 | ModuleDefV10) -> ir.Schema:
    """Lower a definition.

    Args:
        module: definition of either version.

    Returns:
        The schema; equal for equal modules, whatever the source of the definition.

    Raises:
        SchemaError: a reference leads nowhere, a type cannot be generated, or two types have one name.
    """
    return _lower_v9(module) if isinstance(module, ModuleDefV9) else _lower_v10(module)


def _lower_v9(module: ModuleDefV9) -> ir.Schema:
    """Lower a definition of version 9, which has one name for each part."""
    tables = [table for table in module.tables if table.is_user_table]
    build = SchemaBuilder(
        module.typespace,
        [(".".join((*entry.name.scope, entry.name.name)), entry.ty) for entry in module.types],
        [(table.name, table.product_type_ref) for table in tables],
    )
    return build.schema(
        [build.table(raw, raw.name, raw.name, _schedule(raw)) for raw in tables],
        [build.view(raw, raw.name, raw.name) for raw in module.views],
        [build.reducer(raw.params, raw.name, raw.name, _lifecycle(raw)) for raw in module.reducers],
        [build.procedure(raw.params, raw.return_type, raw.name, raw.name) for raw in module.procedures],
        _warnings_v9(module),
    )


def _schedule(raw: TableDefV9) -> str | None:
    return None if raw.schedule.value is None else raw.schedule.value.reducer_name


def _lifecycle(raw: ReducerDefV9) -> LifecycleName | None:
    return None if raw.lifecycle.value is None else raw.lifecycle.value.name


def _warnings_v9(module: ModuleDefV9) -> Iterator[str]:
    for kind in module.unknown:
        yield f"the schema's part {kind!r} is unknown, and skipped"
    if module.procedures or module.views:
        # Only servers of version 2 have these, and such a server knows more of its modules than version 9 can say.
        yield (
            "schema version 9 does not say which tables are event tables and which reducers are private; "
            "version 10 does: take the schema from the server or from the .wasm"
        )


def _lower_v10(module: ModuleDefV10) -> ir.Schema:
    """Lower a definition of version 10, whose tables and functions have a source name and a canonical name."""
    names = CanonicalNames(module)
    table, function = names.table, names.function
    # Schedules and lifecycles refer to canonical names, keys of views to source names.
    schedules = {schedule.table_name: schedule.function_name for schedule in module.schedules}
    lifecycles: dict[str, LifecycleName] = {
        entry.function_name: entry.lifecycle_spec.name for entry in module.lifecycle_reducers
    }
    # Servers have no primary keys of several columns.
    keys = {function(key.view_source_name): key.columns[0] for key in module.view_primary_keys if len(key.columns) == 1}
    tables = [(raw, table(raw.source_name)) for raw in module.tables if raw.is_user_table]
    reducers = [(raw, function(raw.source_name)) for raw in module.reducers]
    views = [(raw, function(raw.source_name)) for raw in module.views]
    build = SchemaBuilder(
        module.typespace,
        [(".".join((*entry.source_name.scope, entry.source_name.source_name)), entry.ty) for entry in module.types],
        [(name, raw.product_type_ref) for raw, name in tables],
    )
    return build.schema(
        [build.table(raw, name, raw.source_name, schedules.get(name), event=raw.is_event) for raw, name in tables],
        [build.view(raw, name, raw.source_name, keys.get(name)) for raw, name in views],
        [
            build.reducer(raw.params, name, raw.source_name, lifecycles.get(name), public=raw.is_public)
            for raw, name in reducers
        ],
        [
            build.procedure(
                raw.params, raw.return_type, function(raw.source_name), raw.source_name, public=raw.is_public
            )
            for raw in module.procedures
        ],
        _warnings_v10(module),
    )


def _warnings_v10(module: ModuleDefV10) -> Iterator[str]:
    for kind in module.unknown:
        yield f"the schema's section {kind!r} is unknown, and skipped"
    for name in module.doubtful:
        yield f"the server may derive another name for {name!r}: if it does, take the schema from the server"
