"""Resync buffer: the rows of a new connection, gathered until all have arrived, while the cache keeps the old ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .._protocol.rows import TableUpdate
from .._sats.annotation import Product
from .table_cache import TableCache, TablePlan

__all__ = ["ResyncBuffer"]


class ResyncBuffer:
    """Rows of a new connection, gathered until all have arrived.

    Args:
        tables: the cached rows of the old connection, by table.
    """

    def __init__(self, tables: Mapping[str, TableCache[Product]]) -> None:
        self._old = tables
        self._new = {name: rows.fresh() for name, rows in tables.items()}

    def gather(self, table: str, updates: Sequence[TableUpdate]) -> None:
        """Apply the updates of a table. Raises as `TableCache.apply` does."""
        self._new[table].apply(updates)

    def plans(self) -> list[tuple[str, TablePlan[Product]]]:
        """Return the plans that make the cached tables equal to the gathered ones, by table."""
        return [(name, rows.plan_replacing(self._new[name])) for name, rows in self._old.items()]
