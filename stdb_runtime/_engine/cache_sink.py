"""What stands behind a client: it keeps the cache, runs callbacks, and settles requests, as messages come."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Generator, Hashable, Mapping, Sequence
from typing import Any, TypeVar

from .._handles.reducer import ReducerCall
from .._protocol.endpoint import Endpoint
from .._protocol.events import (
    CallRefused,
    Event,
    Opened,
    ProcedureReturned,
    QueryAnswered,
    SetSubscribed,
    Subscribed,
    SubscriptionRefused,
    SubscriptionsDropped,
    Transaction,
    Unsubscribed,
)
from .._protocol.v1_json.messages import TableUpdate
from .._protocol.v1_json.session import Session
from .._sats.annotation import Product
from ..aio.connection import Connection, ConnectionState
from ..aio.health import PROCEDURES_SINCE, server_version
from ..aio.options import Options
from ..errors import (
    ConnectionLost,
    NotConnectedError,
    ProcedureError,
    ProtocolError,
    ReducerError,
    StdbError,
    SubscriptionError,
)
from ..events import (
    ArgumentReader,
    ReducerEvent,
    SubscriptionApplied,
    SubscriptionEnded,
    UnknownTransaction,
)
from ..stats import Stats
from ..text import shown
from .client_cache import Mirror
from .dispatcher import Dispatcher
from .pending import Ledger, ValueReader, as_loss
from .result import Outcome
from .resync import Renewal
from .stream import SlowConsumerPolicy, Stream
from .subscription import Subscription, SubscriptionRecord, SubscriptionState
from .table_state import CallbackList, TableState
from .unretrieved import Unawaited

__all__ = ["Core"]

T = TypeVar("T")


class Core:
    """The working part of a client.

    Args:
        endpoint: where to connect.
        options: how to connect.
        states: what is held of each table, by its name in the module.
        read_arguments: reads the arguments of reducers.
        logger: where errors that nobody takes go.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        options: Options,
        states: Mapping[str, TableState[Product]],
        read_arguments: ArgumentReader,
        logger: logging.Logger,
    ) -> None:
        self.stats = Stats()
        self.connection = Connection(endpoint, options, self, read_arguments, self.stats, logger)
        self.dispatcher = Dispatcher(logger, self.stats)
        self.mirror = Mirror(states, self.dispatcher, self.stats, logger)
        self.opened_as: Opened | None = None
        self.on_connect: CallbackList[Callable[[], object]] = CallbackList()
        self.on_disconnect: CallbackList[Callable[[StdbError | None], object]] = CallbackList()
        self.on_unhandled_error: CallbackList[Callable[[ReducerError], object]] = CallbackList()
        self.on_reducer: dict[str, CallbackList[Callable[..., object]]] = {}
        self.logger = logger
        self.on_close: CallbackList[Callable[[StdbError | None], object]] = CallbackList()
        self._unawaited = Unawaited(logger, self.connection.call_soon)
        self._ledger = Ledger(self.connection.new_future, self._unseen, time.perf_counter, self.stats)
        self._subscriptions: dict[int, SubscriptionRecord] = {}
        self._renewal: Renewal | None = None
        self._has_procedures = False
        self._inquiries: set[asyncio.Task[None]] = set()

    # --- what handles ask for -----------------------------------------------------------------------------------------

    def table_state(self, name: str) -> TableState[Product]:
        """What is held of a table."""
        return self.mirror.state(name)

    def stream(
        self,
        limit: int,
        policy: SlowConsumerPolicy,
        *,
        key: Callable[[T], Hashable] | None = None,
        join: Callable[[T, T], T | None] | None = None,
        view: Callable[[T], T | None] | None = None,
    ) -> Stream[T]:
        """A stream that ends with this client."""
        made = Stream(
            self.connection.new_future, limit, policy, self.stats.count_dropped, key=key, join=join, view=view
        )
        self.stats.watch(made)
        if self.is_closed:
            made.end()
        return made

    async def within(self, seconds: float | None, awaitable: Awaitable[T]) -> T:
        """Await something for so long at most."""
        async with asyncio.timeout(seconds):
            return await awaitable

    def reducer_callbacks(self, reducer: str) -> CallbackList[Callable[..., object]]:
        """The callbacks on calls of a reducer."""
        return self.on_reducer.setdefault(reducer, CallbackList())

    def call_reducer(self, reducer: str, args: str) -> ReducerCall:
        """Send a call."""
        with self._asking() as session:
            return self._ledger.call(session.call(reducer, args), reducer)

    def call_reducer_unheard(self, reducer: str, args: str) -> None:
        """Send a call whose outcome nobody hears."""
        with self._asking() as session:
            session.call_unheard(reducer, args)

    def call_procedure(self, procedure: str, args: str, read: ValueReader) -> Outcome[Any]:
        """Send a procedure call, once it is known that the server has procedures; others would end the connection."""
        outcome: Outcome[Any] = Outcome(self.connection.new_future, self._unseen, f"procedure {procedure}")
        with self._asking() as session:
            if self._has_procedures:
                self._ledger.procedure(session.call_procedure(procedure, args), procedure, read, outcome)
            else:
                task = asyncio.get_running_loop().create_task(self._call_later(session, procedure, args, read, outcome))
                self._inquiries.add(task)
                task.add_done_callback(self._inquiries.discard)
        return outcome

    async def _call_later(
        self, session: Session, procedure: str, args: str, read: ValueReader, outcome: Outcome[Any]
    ) -> None:
        """Ask for the server's version, then send a procedure call or fail it."""
        try:
            version = await server_version(self.connection.endpoint, self.connection.options)
            if version[0] < PROCEDURES_SINCE:
                numbers = ".".join(map(str, version))
                raise ProcedureError(procedure, f"servers of version {numbers} have no procedures: 2.0 brought them")
            with self._asking() as now:
                if now is not session:
                    raise ConnectionLost("the connection was lost before the call was sent")
                self._has_procedures = True
                self._ledger.procedure(session.call_procedure(procedure, args), procedure, read, outcome)
        except StdbError as error:
            self._ledger.fail(outcome, error)
        except asyncio.CancelledError:
            self._ledger.fail(outcome, ConnectionLost("the client was closed before the call was sent"))
            raise

    def query(self, sql: str) -> Outcome[list[Product]]:
        """Send a one-off query."""
        with self._asking() as session:
            return self._ledger.query(session.query(sql), sql)

    def subscribe(self, queries: tuple[str, ...]) -> Subscription:
        """Send a subscription."""
        with self._asking() as session:
            record = SubscriptionRecord(queries, self.connection.new_future, self._unseen)
            self._subscriptions[session.subscribe(queries)] = record
        return Subscription(record, self)

    def end_subscription(self, record: SubscriptionRecord) -> None:
        """See to it that a subscription ends: at once if it can be, else as soon as it can."""
        if record.state is SubscriptionState.PENDING:
            # Whoever ended it knows; whoever waits for its rows is told.
            record.applied.fail(SubscriptionError(record.queries, "it was ended before its rows came"), seen=True)
        if record.state in {SubscriptionState.PENDING, SubscriptionState.ACTIVE}:
            was_active, record.state = record.state is SubscriptionState.ACTIVE, SubscriptionState.ENDING
            if self.connection.state is not ConnectionState.OPEN:
                self._forget(self._number(record))  # it is not asked for again; its rows go with the reconnection
            elif was_active and self.is_active:
                self._request_end(record)

    def _request_end(self, record: SubscriptionRecord) -> None:
        with self._asking() as session:
            session.unsubscribe(self._number(record))

    def _number(self, record: SubscriptionRecord) -> int:
        return next(number for number, other in self._subscriptions.items() if other is record)

    @contextlib.contextmanager
    def _asking(self) -> Generator[Session]:
        """The session to make requests of, which are sent at the end of the block.

        Raises:
            NotConnectedError: there is none at the moment.
        """
        if self._renewal is not None:
            raise NotConnectedError("the connection was made again, and its rows are still coming: wait for on_connect")
        yield self.connection.session
        self.connection.flush()

    # --- life ---------------------------------------------------------------------------------------------------------

    @property
    def is_active(self) -> bool:
        """Whether requests can be made."""
        return self.connection.state is ConnectionState.OPEN and self._renewal is None

    @property
    def token(self) -> str | None:
        """The token that the server issued, once it has."""
        return None if self.opened_as is None else self.opened_as.token

    @property
    def is_closed(self) -> bool:
        """Whether it is over."""
        return self.connection.state is ConnectionState.CLOSED

    async def settle(self) -> None:
        """Wait for answers to requests so far, `close_timeout` seconds at most: after a close there are none."""
        unanswered = self._unanswered()
        if unanswered and self.is_active:
            await asyncio.wait(unanswered, timeout=self.connection.options.close_timeout)

    async def close(self) -> None:
        """Close the connection, and give coroutine callbacks `close_timeout` seconds to end."""
        for inquiry in self._inquiries:
            inquiry.cancel()
        try:
            await self.connection.close()
        finally:
            await self.dispatcher.close(self.connection.options.close_timeout)

    async def drain(self) -> None:
        """Wait until every request so far is answered, and every coroutine callback done."""
        with self.dispatcher.waiting():
            while waiting := [*self._inquiries, *self._unanswered(), *self.dispatcher.running()]:
                await asyncio.wait(waiting)

    def _unanswered(self) -> list[asyncio.Future[Any]]:  # Any: whatever was asked for
        """Futures of what has no answer yet, without what somebody gave up on."""
        outcomes: list[Outcome[Any]] = self._ledger.waiting
        for record in self._subscriptions.values():
            if record.state is SubscriptionState.PENDING:
                outcomes.append(record.applied)
            elif record.state is SubscriptionState.ENDING:
                outcomes.append(record.ended)
        return [asyncio.ensure_future(outcome.watch()) for outcome in outcomes if not outcome.is_abandoned]

    def opened(self, opened: Opened, *, again: bool) -> None:
        """The connection is there, for the first time or again."""
        self.opened_as = opened
        self._has_procedures = False
        self.stats.connections += 1
        if again:
            self._renew()
        else:
            self.dispatcher.run_all(self.on_connect)

    def lost(self, error: StdbError | None) -> None:
        """The connection is gone, and with it what was in flight. The rows stay, and so does what is wanted."""
        self._renewal = None
        self._ledger.lose(as_loss(error, "the client was closed"))
        for number, record in list(self._subscriptions.items()):
            if record.state is SubscriptionState.ENDING:
                self._forget(number)
        self.dispatcher.run_all(self.on_disconnect, error)

    def failing(self, error: StdbError) -> None:
        """Attempt after attempt to have the rows of all subscriptions failed: whoever waits for some is told."""
        for record in self._subscriptions.values():
            record.give_up_waiting(error)

    def ended(self, error: StdbError | None) -> None:
        """There will be no connection any more."""
        loss = as_loss(error, "the client was closed")
        for number, record in list(self._subscriptions.items()):
            self._ledger.fail(record.applied, loss)
            self._forget(number)
        self.mirror.end()
        self._ledger.report()
        self._unawaited.report()
        self.dispatcher.run_all(self.on_close, error)

    def _forget(self, number: int) -> SubscriptionRecord:
        """A subscription is over."""
        record = self._subscriptions.pop(number)
        record.state = SubscriptionState.ENDED
        record.ended.resolve(None)
        return record

    # --- what arrives -------------------------------------------------------------------------------------------------

    def received(self, event: Event) -> None:
        """Act on one event of the session: the cache first, then callbacks, then whoever waits."""
        match event:
            case Transaction(tables=tables, call=call, request_id=request_id):
                if tables:
                    self.mirror.change(tables, call or UnknownTransaction(), self._renewal)
                if call is not None:
                    self._called(call, request_id)
            case CallRefused(request_id=request_id, call=call):
                self._called(call, request_id)
            case QueryAnswered():
                self._ledger.answer_query(event, self.mirror.read)
            case ProcedureReturned():
                self._ledger.answer_procedure(event)
            case Opened() | SetSubscribed():
                raise ProtocolError(f"the server sent {type(event).__name__}, which was not asked for")
            case _:
                self._received_for_subscription(event)

    def _received_for_subscription(
        self, event: Subscribed | Unsubscribed | SubscriptionRefused | SubscriptionsDropped
    ) -> None:
        match event:
            case Subscribed(query_id=number, tables=tables):
                self._subscribed(number, tables)
            case Unsubscribed(query_id=number, tables=tables):
                self._unsubscribed(number, tables)
            case SubscriptionRefused(query_id=number, message=message):
                if number is None:
                    raise ProtocolError(f"the server refused a subscription that was not asked for: {shown(message)}")
                self._refused(number, message)
            case SubscriptionsDropped(message=message):
                raise ProtocolError(f"the server dropped all subscriptions of this connection: {shown(message)}")

    def _called(self, call: ReducerEvent, request_id: int | None) -> None:
        """A reducer ran, or was refused: tell callbacks, then whoever waits."""
        callbacks = self.on_reducer.get(call.reducer)
        told = callbacks is not None and bool(callbacks.registered)
        if callbacks is not None and told:
            try:
                arguments = call.arguments
            except StdbError:
                told = False
                self.logger.exception("a call of reducer %s cannot be told to its callbacks", call.reducer)
            else:
                self.dispatcher.run_all(callbacks, call, *arguments)
        if request_id is not None:
            self._ledger.answer(request_id, call, seen=told)

    def _unseen(self, error: StdbError, request: str) -> None:
        """A request failed, and nobody awaited it."""
        if isinstance(error, ReducerError) and self.on_unhandled_error.registered:
            self.dispatcher.run_all(self.on_unhandled_error, error)
        else:
            self._unawaited.add(error, request)

    # --- subscriptions ------------------------------------------------------------------------------------------------

    def _subscribed(self, number: int, tables: Sequence[TableUpdate]) -> None:
        record = self._record(number)
        self.mirror.change(tables, SubscriptionApplied(record.queries), self._renewal)
        if self._renewal is not None:
            self._answered(number)
        else:
            self._activate(record)

    def _unsubscribed(self, number: int, tables: Sequence[TableUpdate]) -> None:
        record = self._record(number)
        if record.state is not SubscriptionState.ENDING:
            raise ProtocolError(f"the server ended subscription {number}, which was not to end")
        self.mirror.change(tables, SubscriptionEnded(record.queries), self._renewal)
        self._forget(number)

    def _record(self, number: int) -> SubscriptionRecord:
        """The subscription that the server means.

        Raises:
            ProtocolError: there is none of that number.
        """
        if number not in self._subscriptions:
            raise ProtocolError(f"the server speaks of subscription {number}, which there is not")
        return self._subscriptions[number]

    def _activate(self, record: SubscriptionRecord) -> None:
        """The rows of a subscription are here."""
        if record.state is SubscriptionState.PENDING:
            record.state = SubscriptionState.ACTIVE
            record.applied.resolve(None)
            self.dispatcher.run_all(record.on_applied, Subscription(record, self))
        elif record.state is SubscriptionState.ENDING:
            self._request_end(record)

    def _refused(self, number: int, message: str) -> None:
        record = self._record(number)
        del self._subscriptions[number]
        error = SubscriptionError(record.queries, message)
        heard = bool(record.on_error.registered)
        if record.state is SubscriptionState.ENDING:
            self._ledger.fail(record.ended, error, seen=heard)
        elif record.state is SubscriptionState.PENDING:
            self._ledger.fail(record.applied, error, seen=heard)
        elif not heard:
            self.logger.error("a subscription was refused when the connection was made again: %s", error)
        record.ended.resolve(None)  # unless that has failed
        record.state = SubscriptionState.FAILED
        self.dispatcher.run_all(record.on_error, error)
        if self._renewal is not None:
            self._answered(number)

    # --- after a reconnection -----------------------------------------------------------------------------------------

    def _renew(self) -> None:
        """Ask for everything that is wanted on the new connection, and gather what comes."""
        session = self.connection.session
        wanted = list(self._subscriptions.values())
        self._subscriptions = {session.subscribe(record.queries): record for record in wanted}
        self._renewal = self.mirror.renewal(set(self._subscriptions))
        self.connection.flush()
        self._reconcile()

    def _answered(self, number: int) -> None:
        if self._renewal is not None:
            self._renewal.unanswered.discard(number)
            self._reconcile()

    def _reconcile(self) -> None:
        """Once all is here: what changed while we were away becomes one difference."""
        renewal = self._renewal
        if renewal is None or renewal.unanswered:
            return
        self._renewal = None
        self.mirror.reconcile(renewal)
        for record in list(self._subscriptions.values()):
            self._activate(record)
        self.dispatcher.run_all(self.on_connect)
