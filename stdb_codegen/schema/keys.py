"""Lowering of the indexes and constraints of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UnsetType

from stdb_codegen.errors import SchemaError
from stdb_codegen.schema import ir

if TYPE_CHECKING:
    from stdb_codegen.schema import parts

__all__ = ["check_columns", "indexes", "unique"]


def indexes(raw: parts.TableDef) -> tuple[ir.Index, ...]:
    """Return the indexes of a table, sorted."""
    return tuple(sorted({_index(index) for index in raw.indexes}, key=_order))


def unique(raw: parts.TableDef) -> tuple[tuple[int, ...], ...]:
    """Return the columns of each unique constraint of a table, sorted."""
    return tuple(sorted({_columns(constraint) for constraint in raw.constraints}))


def check_columns(table: ir.Table, width: int, place: str) -> None:
    """Check that the columns of all keys exist.

    Args:
        table: table with its keys.
        width: number of its columns.
        place: description of the table, for errors.

    Raises:
        SchemaError: a column does not exist.
    """
    groups = [*table.unique, *(index.columns for index in table.indexes), table.auto_inc]
    if table.primary_key is not None:
        groups.append((table.primary_key,))
    for column in (column for group in groups for column in group):
        if column >= width:
            raise SchemaError(place, f"refers to its column {column}, of {width}", "build the module again")


def _index(raw: parts.IndexDef) -> ir.Index:
    algorithm, accessor = raw.algorithm, raw.accessor_name.value
    if not isinstance(algorithm.direct, UnsetType):
        return ir.Index((algorithm.direct,), "direct", accessor)
    if not isinstance(algorithm.hash, UnsetType):
        return ir.Index(algorithm.hash, "hash", accessor)
    return ir.Index(() if isinstance(algorithm.btree, UnsetType) else algorithm.btree, "btree", accessor)


def _order(index: ir.Index) -> tuple[object, ...]:
    return (index.columns, index.algorithm, index.accessor or "")


def _columns(raw: parts.ConstraintDef) -> tuple[int, ...]:
    columns = raw.data.unique
    # Only one kind of constraint exists, so it is set; a set of columns has no order.
    return () if isinstance(columns, UnsetType) else tuple(sorted(columns.columns))
