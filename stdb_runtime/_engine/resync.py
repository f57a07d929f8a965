"""Resync buffer: the rows of a new connection, gathered beside those of the old one until all are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .._protocol.rows import TableUpdate
from .._sats.annotation import Product
from .table_cache import TableCache, TablePlan

__all__ = ["ResyncBuffer"]


class ResyncBuffer:
    """Tables that are filled anew, while users still see the old ones.

    Args:
        tables: the rows of the old connection, by table.
    """

    def __init__(self, tables: Mapping[str, TableCache[Product]]) -> None:
        self._old = tables
        self._new = {name: rows.fresh() for name, rows in tables.items()}

    def gather(self, table: str, updates: Sequence[TableUpdate]) -> None:
        """Apply what a message has of a table. Raises DecodeError and ProtocolError, as the table does."""
        self._new[table].apply(updates)

    def plans(self) -> list[tuple[str, TablePlan[Product]]]:
        """Return what has to change in each old table to be as the new one."""
        return [(name, rows.plan_replacing(self._new[name])) for name, rows in self._old.items()]
