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
"""Changes of one message: the tables and what is to change in each."""


class ClientCache:
    """Tables that the generated code declares, with the rows that subscriptions brought.

    It runs no callbacks: a message is planned, and committed once callbacks that must run before it have run.

    Args:
        tables: the declarations.
        encoding: makes the readers of rows.
        stats: where rows are counted.
        logger: where rows of unknown tables are reported.
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
        """Decode a message's rows, and return what they change.

        Raises:
            DecodeError: a row is not what the generated code declares.
            ProtocolError: the server contradicts itself.
        """
        return [(self._tables[name], self._tables[name].rows.plan(part)) for name, part in self._by_table(tables)]

    def commit(self, changes: Changes) -> None:
        """Make planned changes, of all tables in one step."""
        for table, plan in changes:
            table.rows.commit(plan)
        self._stats.rows_applied += sum(plan.diff.size for _, plan in changes)

    def resync(self) -> ResyncBuffer:
        """Return an empty copy of the tables, for the rows of a new connection."""
        return ResyncBuffer({name: table.rows for name, table in self._tables.items()})

    def gather(self, tables: Sequence[TableUpdate], buffer: ResyncBuffer) -> None:
        """Decode a message's rows into the copy. Raises as `plan` does."""
        for name, part in self._by_table(tables):
            buffer.gather(name, part)

    def plan_resync(self, buffer: ResyncBuffer) -> Changes:
        """Return what has to change to hold the rows of the copy."""
        return [(self._tables[name], plan) for name, plan in buffer.plans()]

    def end(self) -> None:
        """End the streams of all tables: no changes follow."""
        for table in self._tables.values():
            for stream in list(table.streams):
                stream.end()

    def _by_table(self, tables: Sequence[TableUpdate]) -> Iterable[tuple[str, list[TableUpdate]]]:
        """The updates of the tables that the generated code declares."""
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
        """Decode the rows of a one-off query's answer.

        Raises:
            BindingsError: the generated code has no such table.
            DecodeError: a row is not what the generated code declares.
        """
        state = self._tables.get(table.table_name)
        if state is None:
            raise BindingsError(
                f"the generated code has no table {table.table_name!r}: "
                "run stdb-codegen again, or query a table that it has"
            )
        self._stats.rows_decoded += len(table.rows)
        return state.rows.read(table.rows)
