"""Client cache: the rows of active subscriptions, table by table."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from .._protocol.encoding import Encoding
from .._protocol.rows import TableRows, TableUpdate
from .._sats.annotation import Product
from ..errors import BindingsError
from ..stats import Stats
from .resync import ResyncBuffer
from .table_cache import TablePlan
from .table_state import TableDeclaration, TableState

__all__ = ["Changes", "ClientCache"]

Changes = list[tuple[TableState[Product], TablePlan[Product]]]
"""Planned changes of one message: the tables, and the plan of each."""


class ClientCache:
    """Client cache: the rows of active subscriptions, in the tables that the generated code declares.

    It runs no callbacks: changes are planned and then committed, so that callbacks can run before the commit.

    Args:
        tables: the declarations of the tables.
        encoding: the encoding of the rows.
        stats: the counters of rows.
        logger: the logger for rows of unknown tables.
    """

    def __init__(
        self,
        tables: Iterable[TableDeclaration[Any]],  # Any: each table has a row class of its own
        encoding: Encoding,
        stats: Stats,
        logger: logging.Logger,
    ) -> None:
        self._tables: dict[str, TableState[Product]] = {
            table.name: TableState(table, encoding.row_reader(table.row, table.name)) for table in tables
        }
        self._stats = stats
        self._logger = logger
        self._unknown: set[str] = set()

    def table(self, name: str) -> TableState[Product]:
        """Return a table by its name in the module."""
        return self._tables[name]

    def plan(self, tables: Sequence[TableUpdate]) -> Changes:
        """Decode the rows of a message, and return the changes that they make.

        Raises:
            DecodeError: a row does not have the declared type.
            ProtocolError: the rows contradict the cached ones.
        """
        return [(self._tables[name], self._tables[name].rows.plan(part)) for name, part in self._by_table(tables)]

    def commit(self, changes: Changes) -> None:
        """Apply planned changes to all tables."""
        for table, plan in changes:
            table.rows.commit(plan)
        self._stats.rows_applied += sum(plan.diff.size for _, plan in changes)

    def resync(self) -> ResyncBuffer:
        """Return an empty buffer for the rows of a new connection."""
        return ResyncBuffer({name: table.rows for name, table in self._tables.items()})

    def gather(self, tables: Sequence[TableUpdate], buffer: ResyncBuffer) -> None:
        """Decode the rows of a message into the buffer. Raises as `plan` does."""
        for name, part in self._by_table(tables):
            buffer.gather(name, part)

    def plan_resync(self, buffer: ResyncBuffer) -> Changes:
        """Return the changes that make the cache equal to the buffer."""
        return [(self._tables[name], plan) for name, plan in buffer.plans()]

    def end(self) -> None:
        """End the streams of all tables: no changes follow."""
        for table in self._tables.values():
            for stream in list(table.streams):
                stream.end()

    def _by_table(self, tables: Sequence[TableUpdate]) -> Iterable[tuple[str, list[TableUpdate]]]:
        """Return the updates of the declared tables, by table. Rows of others are logged once and ignored."""
        updates: dict[str, list[TableUpdate]] = {}
        for update in tables:
            if update.table_name in self._tables:
                updates.setdefault(update.table_name, []).append(update)
                self._stats.rows_decoded += sum(len(part.deletes) + len(part.inserts) for part in update.updates)
            elif update.table_name not in self._unknown:
                self._unknown.add(update.table_name)
                self._logger.warning(
                    "rows of table %r are ignored, as the generated code has no such table: run stdb-codegen again",
                    update.table_name,
                )
        return updates.items()

    def read(self, table: TableRows) -> list[Product]:
        """Decode the rows of the answer to a one-off query.

        Raises:
            BindingsError: the generated code has no such table.
            DecodeError: a row does not have the declared type.
        """
        state = self._tables.get(table.table_name)
        if state is None:
            raise BindingsError(
                f"the generated code has no table {table.table_name!r}: "
                "run stdb-codegen again, or query a table that it has"
            )
        self._stats.rows_decoded += len(table.rows)
        return state.rows.read(table.rows)
