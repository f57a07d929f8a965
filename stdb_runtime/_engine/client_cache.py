"""The client's copy of the tables, and who is told of its changes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakSet

from .._protocol.v1_json.messages import OneOffTable, TableUpdate
from .._sats.annotation import Product
from ..errors import BindingsError
from ..events import Cause, Reconciled, RowEvent
from ..stats import Stats
from .delta import Delta
from .dispatcher import Dispatcher, TableChange
from .resync import Renewal
from .stream import Stream
from .table_cache import TablePlan
from .table_state import CallbackList, TableState, changes_of

__all__ = ["Mirror"]


class Mirror:
    """The tables that the generated code has, as far as subscriptions brought their rows.

    Args:
        states: what is held of each table, by its name in the module.
        dispatcher: runs callbacks.
        stats: where rows are counted.
        logger: where rows of unknown tables are told of.

    Attributes:
        client: what `RowEvent.client` is.
        on_transaction: callbacks on whole messages.
        deltas: streams of whole messages.
    """

    def __init__(
        self,
        states: Mapping[str, TableState[Product]],
        dispatcher: Dispatcher,
        stats: Stats,
        logger: logging.Logger,
    ) -> None:
        self.client: Any = None  # Any: the generated package's client, which is set as soon as it exists
        self.on_transaction: CallbackList[Callable[[Delta], object]] = CallbackList()
        self.deltas: WeakSet[Stream[Delta]] = WeakSet()
        self._states = states
        self._dispatcher = dispatcher
        self._stats = stats
        self._logger = logger
        self._unknown: set[str] = set()

    def state(self, table: str) -> TableState[Product]:
        """What is held of a table."""
        return self._states[table]

    def change(self, tables: Sequence[TableUpdate], cause: Cause, renewal: Renewal | None) -> None:
        """Take in a message's rows; while a new connection's rows are gathered, there and with nobody told.

        Raises:
            DecodeError: a row is not what the generated code declares.
            ProtocolError: the server contradicts itself.
        """
        updates = self._by_table(tables)
        if renewal is not None:
            renewal.gather(updates)
        else:
            plans = [(self._states[name], self._states[name].rows.plan(part)) for name, part in updates.items()]
            self._commit(plans, cause)

    def renewal(self, unanswered: set[int]) -> Renewal:
        """Begin to gather the rows of a new connection, until the subscriptions of these query ids are answered."""
        return Renewal(unanswered, {name: state.rows for name, state in self._states.items()})

    def reconcile(self, renewal: Renewal) -> None:
        """Hold what was gathered from now on, and tell the difference."""
        self._commit([(self._states[name], plan) for name, plan in renewal.plans()], Reconciled())

    def end(self) -> None:
        """No changes come any more."""
        for deltas in list(self.deltas):
            deltas.end()
        for state in self._states.values():
            for stream in list(state.streams):
                stream.end()

    def _commit(self, plans: Sequence[tuple[TableState[Product], TablePlan[Product]]], cause: Cause) -> None:
        """Make planned changes, all tables in one step, with callbacks before and after."""
        event = RowEvent(cause, self.client)
        changes = [(state, plan.diff) for state, plan in plans]
        self._dispatcher.before(event, changes)
        for state, plan in plans:
            state.rows.commit(plan)
        self._stats.rows_applied += sum(diff.size for _, diff in changes)
        self._dispatcher.after(event, changes)
        self._tell(event, [(state, diff) for state, diff in changes if diff.size])

    def _tell(self, event: RowEvent, changes: Sequence[TableChange]) -> None:
        """Tell streams and whoever watches whole transactions."""
        for state, diff in changes:
            if state.streams:
                for change in changes_of(event, diff):
                    for stream in list(state.streams):
                        stream.put(change)
        if changes and (self.deltas or self.on_transaction.registered):
            delta = Delta(event, {state.name: diff for state, diff in changes})
            self._dispatcher.run_all(self.on_transaction, delta)
            for deltas in list(self.deltas):
                deltas.put(delta)

    def _by_table(self, tables: Sequence[TableUpdate]) -> dict[str, list[TableUpdate]]:
        """The updates of the tables that the generated code has."""
        updates: dict[str, list[TableUpdate]] = {}
        for update in tables:
            if update.table_name in self._states:
                updates.setdefault(update.table_name, []).append(update)
                self._stats.rows_decoded += sum(len(part.deletes) + len(part.inserts) for part in update.updates)
            elif update.table_name not in self._unknown:
                self._unknown.add(update.table_name)
                self._logger.warning(
                    "rows of table %r are ignored, as the generated code has no such table: run stdb-codegen again",
                    update.table_name,
                )
        return updates

    def read(self, table: OneOffTable) -> list[Product]:
        """The rows of a one-off query's answer.

        Raises:
            BindingsError: the generated code has no such table.
            DecodeError: a row is not what the generated code declares.
        """
        state = self._states.get(table.table_name)
        if state is None:
            raise BindingsError(
                f"the generated code has no table {table.table_name!r}: "
                "run stdb-codegen again, or query a table that it has"
            )
        self._stats.rows_decoded += len(table.rows)
        return state.rows.read(table.rows)
