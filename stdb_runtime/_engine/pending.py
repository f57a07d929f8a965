"""Requests that wait for their answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakSet

from .._handles.reducer import ReducerCall
from .._protocol.events import ProcedureReturned, QueryAnswered
from .._protocol.v1_json.messages import OneOffTable
from ..errors import (
    ConnectionLost,
    OutOfEnergyError,
    ProcedureError,
    ProtocolError,
    QueryError,
    ReducerError,
    StdbError,
)
from ..events import ReducerEvent
from ..stats import Stats
from .result import Outcome, Promise

__all__ = ["Ledger", "ValueReader", "as_loss"]

ValueReader = Callable[[str], Any]  # Any: what a procedure returns, by its declaration
"""Reads what a procedure returned from its JSON text."""


def as_loss(error: StdbError | None, ours: str) -> ConnectionLost:
    """Why what is in flight is lost, given why the connection ended; `ours` says it where we closed it."""
    return error if isinstance(error, ConnectionLost) else ConnectionLost(str(error or ours))


class Ledger:
    """Calls, one-off queries and procedure calls in flight, and how each is settled.

    Args:
        new_promise: makes a future.
        unseen: told of failures that nobody awaits.
        clock: seconds, from whenever.
        stats: where latencies are noted.
    """

    def __init__(
        self,
        new_promise: Callable[[], Promise[Any]],
        unseen: Callable[[StdbError, str], None],
        clock: Callable[[], float],
        stats: Stats,
    ) -> None:
        self._new_promise = new_promise
        self._unseen = unseen
        self._clock = clock
        self._stats = stats
        self._calls: dict[int, tuple[ReducerCall, float]] = {}
        self._queries: dict[str, tuple[str, Outcome[list[Any]]]] = {}
        self._procedures: dict[int, tuple[str, ValueReader, Outcome[Any]]] = {}
        # Failures that somebody may still await; those that are dropped meanwhile report themselves.
        self._failed: WeakSet[Outcome[Any]] = WeakSet()

    @property
    def waiting(self) -> list[Outcome[Any]]:
        """All that is in flight."""
        outcomes: list[Outcome[Any]] = [call for call, _ in self._calls.values()]
        outcomes += [outcome for _, outcome in self._queries.values()]
        outcomes += [outcome for _, _, outcome in self._procedures.values()]
        return outcomes

    def call(self, request_id: int, reducer: str) -> ReducerCall:
        """A call was sent."""
        call = ReducerCall(reducer, self._new_promise, self._unseen)
        self._calls[request_id] = (call, self._clock())
        return call

    def query(self, message_id: str, sql: str) -> Outcome[list[Any]]:
        """A one-off query was sent."""
        outcome: Outcome[list[Any]] = Outcome(self._new_promise, self._unseen, "a query")
        self._queries[message_id] = (sql, outcome)
        return outcome

    def procedure(
        self, request_id: int, procedure: str, read: ValueReader, outcome: Outcome[Any] | None = None
    ) -> Outcome[Any]:
        """A procedure call was sent, whose value `read` reads; `outcome` is what was handed out for it, if anything."""
        outcome = outcome or Outcome(self._new_promise, self._unseen, f"procedure {procedure}")
        self._procedures[request_id] = (procedure, read, outcome)
        return outcome

    def answer(self, request_id: int, event: ReducerEvent, *, seen: bool) -> None:
        """A call was answered; `seen` tells that a callback has heard of it."""
        call, started = self._calls.pop(request_id)
        self._stats.answered(call.reducer, self._clock() - started)
        if event.status == "committed":
            call.resolve(event)
        elif event.status == "failed":
            self.fail(call, ReducerError(call.reducer, event.message), seen=seen)
        else:
            self.fail(call, OutOfEnergyError(call.reducer, "it ran out of energy"), seen=seen)

    def answer_query(self, answer: QueryAnswered, read: Callable[[OneOffTable], Sequence[Any]]) -> None:
        """A one-off query was answered; `read` reads the rows of a table."""
        if answer.message_id not in self._queries:
            raise ProtocolError(f"the server answers query {answer.message_id}, which was not asked")
        sql, outcome = self._queries.pop(answer.message_id)
        try:
            if answer.error is not None:
                raise QueryError(sql, answer.error)
            outcome.resolve([row for table in answer.tables for row in read(table)])
        except StdbError as error:
            self.fail(outcome, error)

    def answer_procedure(self, answer: ProcedureReturned) -> None:
        """A procedure ended."""
        if answer.request_id not in self._procedures:
            raise ProtocolError(f"the server answers procedure call {answer.request_id}, which was not made")
        procedure, read, outcome = self._procedures.pop(answer.request_id)
        try:
            if answer.value is None:
                raise ProcedureError(procedure, answer.error)
            outcome.resolve(read(answer.value))
        except StdbError as error:
            self.fail(outcome, error)

    def lose(self, error: StdbError) -> None:
        """Nothing that waits will be answered any more."""
        waiting = self.waiting
        self._calls.clear()
        self._queries.clear()
        self._procedures.clear()
        for outcome in waiting:
            self.fail(outcome, error)

    def report(self) -> None:
        """Tell now of the failures that nobody awaited so far."""
        for outcome in list(self._failed):
            outcome.report()

    def fail(self, outcome: Outcome[Any], error: StdbError, *, seen: bool = False) -> None:
        """Fail an outcome, and remember to tell of it if nobody awaits it."""
        outcome.fail(error, seen=seen)
        self._failed.add(outcome)
