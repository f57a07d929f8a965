"""Sink of typed clients: client cache, subscriptions, and callbacks on their changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar
from weakref import WeakSet

from .._protocol.events import (
    CallRefused,
    Opened,
    ProcedureReturned,
    QueryAnswered,
    SetSubscribed,
    Subscribed,
    SubscriptionEvent,
    SubscriptionRefused,
    Transaction,
    Unsubscribed,
)
from .._protocol.rows import TableUpdate
from ..errors import ConnectionLost, ProtocolError, ReducerError, StdbError, SubscriptionError
from ..events import (
    Cause,
    Reconciled,
    ReducerEvent,
    RowEvent,
    SubscriptionApplied,
    SubscriptionEnded,
    UnknownTransaction,
)
from ..text import printable
from .callbacks import CallbackList
from .client_cache import Changes, ClientCache
from .delta import Delta
from .engine import Engine
from .hidden import Hidden
from .result import PendingResult
from .resync import ResyncBuffer
from .stream import SlowConsumerPolicy, Stream
from .subscription import SubscriptionRecord, SubscriptionState, Transition
from .table_state import TableDeclaration, changes_of

__all__ = ["ENGINE", "CacheSink", "EngineSource", "TypedEngine"]


T = TypeVar("T")


class CacheSink:
    """Sink of typed clients.

    Args:
        engine: the engine of the client.
        tables: the tables that the generated code declares.

    Attributes:
        client: the client handle, which callbacks get as `RowEvent.client`.
        cache: the client cache.
        on_connect: callbacks on connections that are open and, after a reconnection, have their rows.
        on_reconnect: callbacks on reconnections, after those of `on_connect`.
        on_disconnect: callbacks on the loss of an open connection.
        on_close: callbacks on the end of the client.
        on_unhandled_error: callbacks on failed reducer calls that nobody awaited.
        on_transaction: callbacks on messages that changed rows.
        deltas: streams of the changes of each message.
    """

    def __init__(self, engine: Engine[CacheSink], tables: Iterable[TableDeclaration[Any]]) -> None:
        self.client: Any = None  # Any: the generated package's client, which is set as soon as it exists
        self.cache = ClientCache(tables, engine.encoding, engine.stats, engine.logger)
        self.on_connect: CallbackList[Callable[[], object]] = CallbackList()
        self.on_reconnect: CallbackList[Callable[[], object]] = CallbackList()
        self.on_disconnect: CallbackList[Callable[[StdbError | None], object]] = CallbackList()
        self.on_close: CallbackList[Callable[[StdbError | None], object]] = CallbackList()
        self.on_unhandled_error: CallbackList[Callable[[ReducerError], object]] = CallbackList()
        self.on_transaction: CallbackList[Callable[[Delta], object]] = CallbackList()
        self.deltas: WeakSet[Stream[Delta]] = WeakSet()
        self._on_reducer: dict[str, CallbackList[Callable[..., object]]] = {}
        self._engine = engine
        self._dispatcher = engine.dispatcher
        self._subscriptions: dict[int, SubscriptionRecord] = {}
        # After a reconnection: the rows so far, and the ids of the subscriptions whose rows have not arrived yet.
        self._resync: ResyncBuffer | None = None
        self._outstanding: set[int] = set()
        # Callbacks that have to find the rows that are being gathered.
        self._postponed: list[Callable[[], object]] = []

    # --- for handles --------------------------------------------------------------------------------------------------

    def reducer_callbacks(self, reducer: str) -> CallbackList[Callable[..., object]]:
        """Return the callbacks on calls of a reducer."""
        return self._on_reducer.setdefault(reducer, CallbackList())

    def stream(
        self,
        limit: int,
        policy: SlowConsumerPolicy,
        *,
        key: Callable[[T], Hashable] | None = None,
        join: Callable[[T, T], T | None] | None = None,
        view: Callable[[T], T | None] | None = None,
    ) -> Stream[T]:
        """Create a stream that ends with this client. See `Stream` for the arguments."""
        stream = Stream(
            self._engine.driver.new_future,
            limit,
            policy,
            self._engine.stats.count_dropped,
            key=key,
            join=join,
            view=view,
        )
        self._engine.stats.track_stream(stream)
        if self._engine.is_closed:
            stream.end()
        return stream

    def subscribe(self, queries: tuple[str, ...]) -> SubscriptionRecord:
        """Send a subscription. Raises NotConnectedError if there is no open connection."""
        session = self._engine.session
        record = SubscriptionRecord(queries, self._engine.result_maker("a subscription"))
        record.query_id = session.subscribe(queries)
        self._subscriptions[record.query_id] = record
        self._engine.driver.flush()
        return record

    def unsubscribe(self, record: SubscriptionRecord) -> None:
        """Request the end of a subscription, or note it until it can be requested."""
        if record.is_live:
            self._engine.driver.check_here()
        before = record.move(Transition.UNSUBSCRIBED)
        if before is SubscriptionState.PENDING:
            # Raised where the rows are awaited, but not reported: the caller has ended it on purpose.
            error = SubscriptionError(record.queries, "it was unsubscribed before its rows arrived")
            record.applied.fail(error, handled=True)
        if record.state is before:
            return
        if self._engine.is_active:
            if before is SubscriptionState.ACTIVE:
                self._request_end(record)
        elif self._resync is None:  # no connection: it is not requested again, and the next resync deletes its rows
            record.move(Transition.DISCONNECTED)
            self._forget(record)

    def on_applied(self, record: SubscriptionRecord, callback: Callable[..., object]) -> None:
        """Run a callback when the rows of a subscription are in the cache; at once if they are."""
        if record.state is SubscriptionState.ACTIVE:
            self._engine.driver.check_here()
            self._dispatcher.run(callback, record.handle)
        else:
            record.on_applied.add(callback)

    def on_refused(self, record: SubscriptionRecord, callback: Callable[[SubscriptionError], object]) -> None:
        """Run a callback when the server refuses a subscription; at once if it has."""
        if record.refusal is None:
            record.on_error.add(callback)
            return
        self._engine.driver.check_here()
        error, failed = record.refusal
        if failed is not None:
            failed.handled()
        self._dispatcher.run(callback, error)

    def _request_end(self, record: SubscriptionRecord) -> None:
        self._engine.session.unsubscribe(record.query_id)
        self._engine.driver.flush()

    # --- lifecycle ----------------------------------------------------------------------------------------------------

    @property
    def is_ready(self) -> bool:
        """False during a resync, while the rows of a new connection are gathered."""
        return self._resync is None

    def opened(self, opened: Opened, *, again: bool) -> None:
        """Run callbacks; after a reconnection, first subscribe again and gather the rows."""
        if not again:
            self._dispatcher.run_all(self.on_connect)
            return
        session = self._engine.session
        for record in self._subscriptions.values():
            session.subscribe(record.queries, record.query_id)
        self._outstanding = set(self._subscriptions)
        self._resync = self.cache.resync()
        self._engine.driver.flush()
        self._finish_resync()

    def disconnected(self, error: StdbError | None) -> None:
        """Drop the subscriptions that were ending, and run callbacks. The rows stay."""
        self._resync = None
        self._run_postponed()
        for record in list(self._subscriptions.values()):
            if record.move(Transition.DISCONNECTED) is SubscriptionState.ENDING:
                self._forget(record)
        self._dispatcher.run_all(self.on_disconnect, error)

    def retries_failing(self, error: StdbError, attempts: int) -> None:
        """Fail the awaited results of subscriptions, whose rows may still arrive."""
        for record in self._subscriptions.values():
            record.give_up_waiting(error)

    def ending(self, loss: ConnectionLost) -> None:
        """Fail the results of subscriptions, and end all streams."""
        for record in list(self._subscriptions.values()):
            self._engine.errors.fail(record.applied, loss)
            record.move(Transition.CLOSED)
            self._forget(record)
        for deltas in list(self.deltas):
            deltas.end()
        self.cache.end()

    def ended(self, error: StdbError | None) -> None:
        """Run callbacks."""
        self._dispatcher.run_all(self.on_close, error)

    def unretrieved(self, error: StdbError) -> bool:
        """Run the callbacks on failed reducer calls that nobody awaited. Returns True if there are any."""
        if not isinstance(error, ReducerError) or not self.on_unhandled_error.registered:
            return False
        self._dispatcher.run_all(self.on_unhandled_error, error)
        return True

    def unanswered(self) -> list[PendingResult[Any]]:  # Any: results of any kind
        """Return the results of subscriptions that are starting or ending."""
        results = [record.unanswered for record in self._subscriptions.values()]
        return [result for result in results if result is not None]

    # --- transactions and answers -------------------------------------------------------------------------------------

    def transaction(self, event: Transaction | CallRefused) -> bool:
        """Apply changes, then run the callbacks on the reducer call. Returns True if there are any."""
        if isinstance(event, Transaction) and event.tables:
            self._apply(event.tables, event.call or UnknownTransaction())
        if event.call is None:
            return False
        if self._resync is None:
            return self._run_reducer_callbacks(event.call)
        self._postponed.append(partial(self._run_reducer_callbacks, event.call))
        return bool(self.reducer_callbacks(event.call.reducer).registered)

    def _run_reducer_callbacks(self, call: ReducerEvent) -> bool:
        """Run the callbacks on a reducer call. Returns True if there are any."""
        callbacks = self._on_reducer.get(call.reducer)
        if callbacks is None or not callbacks.registered:
            return False
        try:
            arguments = call.arguments
        except StdbError:
            self._engine.logger.exception("a call of reducer %s cannot be passed to its callbacks", call.reducer)
            return False
        self._dispatcher.run_all(callbacks, call, *arguments)
        return True

    def query_answered(self, event: QueryAnswered, result: PendingResult[Any]) -> None:
        """Decode the rows of a one-off query. Rows that cannot be decoded fail this query alone."""
        try:
            if event.error is not None:
                raise event.error
            result.resolve([row for table in event.tables for row in self.cache.read(table)])
        except StdbError as error:
            self._engine.errors.fail(result, error)

    def procedure_returned(self, event: ProcedureReturned, result: PendingResult[Any]) -> None:
        """Settle the result of a procedure call."""
        if event.error is None:
            result.resolve(event.value)
        else:
            self._engine.errors.fail(result, event.error)

    # --- subscriptions ------------------------------------------------------------------------------------------------

    def subscription_event(self, event: SubscriptionEvent) -> None:
        """Insert the rows of a new subscription or delete those of an ended one, and update its state."""
        match event:
            case Subscribed(query_id=query_id, tables=tables):
                record = self._record(query_id)
                self._check_awaited(record)
                self._apply(tables, SubscriptionApplied(record.queries))
                self._applied(record)
            case Unsubscribed(query_id=query_id, tables=tables):
                record = self._record(query_id)
                record.check(Transition.REMOVED)
                self._apply(tables, SubscriptionEnded(record.queries))
                record.move(Transition.REMOVED)
                self._forget(record)
            case SubscriptionRefused(query_id=query_id, message=message):
                if query_id is None:
                    raise ProtocolError(
                        f"the server refused a subscription that was not requested: {printable(message)}"
                    )
                self._refused(self._record(query_id), message)
            case SetSubscribed():
                raise ProtocolError("the server sent the rows of a legacy Subscribe, which was not requested")
            case _:  # SubscriptionsDropped
                raise ProtocolError(
                    f"the server dropped all subscriptions of this connection: {printable(event.message)}"
                )

    def _record(self, query_id: int) -> SubscriptionRecord:
        """Return a subscription. Raises ProtocolError if there is none of that id."""
        if query_id not in self._subscriptions:
            raise ProtocolError(f"the server sent unknown subscription id {query_id}")
        return self._subscriptions[query_id]

    def _check_awaited(self, record: SubscriptionRecord) -> None:
        """Raise ProtocolError if the rows of a subscription have arrived already: each would count twice."""
        if self._resync is None:
            record.check(Transition.APPLIED)
        elif record.query_id not in self._outstanding:
            raise ProtocolError(f"the server sent the rows of subscription {record.query_id} twice")

    def _applied(self, record: SubscriptionRecord) -> None:
        """Update the state of a subscription whose rows have arrived; in a resync, once those of all have."""
        if self._resync is not None:
            self._outstanding.discard(record.query_id)
            self._finish_resync()
            return
        before = record.move(Transition.APPLIED)
        if before is SubscriptionState.PENDING:
            record.applied.resolve(None)
            self._dispatcher.run_all(record.on_applied, record.handle)
        elif self._engine.is_active:  # False while the client is being closed
            self._request_end(record)

    def _refused(self, record: SubscriptionRecord, message: str) -> None:
        waiting = record.unanswered
        record.move(Transition.REFUSED)
        error = SubscriptionError(record.queries, message)
        record.refusal = error, waiting
        handled = bool(record.on_error.registered)
        if waiting is not None:
            self._engine.errors.fail(waiting, error, handled=handled)
        else:
            record.revoke(error)
            if not handled:
                self._engine.logger.error("a subscription was refused after a reconnection: %s", error)
        self._forget(record)
        if self._resync is None:
            self._dispatcher.run_all(record.on_error, error)
        else:
            self._postponed.append(partial(self._dispatcher.run_all, record.on_error, error))
            self._outstanding.discard(record.query_id)
            self._finish_resync()

    def _forget(self, record: SubscriptionRecord) -> None:
        """Drop a subscription that is over."""
        del self._subscriptions[record.query_id]
        record.ended.resolve(None)  # no effect if it has failed

    # --- rows ---------------------------------------------------------------------------------------------------------

    def _apply(self, tables: Sequence[TableUpdate], cause: Cause) -> None:
        """Apply the rows of a message to the cache and run callbacks; in a resync, only gather them.

        Raises:
            DecodeError: a row does not have the declared type.
            ProtocolError: the rows contradict the cached ones.
        """
        if self._resync is not None:
            self.cache.gather(tables, self._resync)
        else:
            self._change(self.cache.plan(tables), cause)

    def _change(self, changes: Changes, cause: Cause) -> None:
        """Make planned changes, and run the callbacks before and after."""
        event = RowEvent(cause, self.client)
        differences = [(table, plan.diff) for table, plan in changes]
        self._dispatcher.before(event, differences)
        self.cache.commit(changes)
        self._dispatcher.after(event, differences)
        differences = [(table, diff) for table, diff in differences if diff.size]
        for table, diff in differences:
            if table.streams:
                for change in changes_of(event, diff):
                    for stream in list(table.streams):
                        stream.put(change)
        if differences and (self.deltas or self.on_transaction.registered):
            delta = Delta(event, {table.name: diff for table, diff in differences})
            self._dispatcher.run_all(self.on_transaction, delta)
            for deltas in list(self.deltas):
                deltas.put(delta)

    def _finish_resync(self) -> None:
        """Apply the gathered rows as one difference, once all have arrived, and run callbacks."""
        if self._resync is None or self._outstanding:
            return
        buffer, self._resync = self._resync, None
        # Listed before callbacks run, which may subscribe and unsubscribe.
        waiting = [record for record in self._subscriptions.values() if record.unanswered is not None]
        self._change(self.cache.plan_resync(buffer), Reconciled())
        self._run_postponed()
        for record in waiting:
            self._applied(record)
        self._dispatcher.run_all(self.on_connect)
        self._dispatcher.run_all(self.on_reconnect)

    def _run_postponed(self) -> None:
        postponed, self._postponed = self._postponed, []
        for callback in postponed:
            callback()


TypedEngine: TypeAlias = Engine[CacheSink]
"""Engine of a typed client."""

EngineSource: TypeAlias = Callable[[], TypedEngine]
"""Function that returns the engine of a handle's client, or of the current client. Raises NotConnectedError."""

ENGINE: Hidden[EngineSource] = Hidden("_engine")
"""Function that returns the engine of a table, or of a set of reducers or procedures."""
