"""The client of one module: tables, reducers and subscriptions on one connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from contextvars import Context
from typing import Any, Generic, TypeVar

from .annotation import Product
from .connection import Connection, open_socket
from .dispatch import Dispatcher, TableChange
from .endpoint import Endpoint
from .errors import (
    ConnectionLost,
    ConnectionRejectedError,
    NotConnectedError,
    OutOfEnergyError,
    ProtocolError,
    ReducerError,
    ServerUnreachableError,
    SubscriptionError,
)
from .events import Cause, ReducerEvent, RowEvent, SubscriptionApplied, SubscriptionEnded, UnknownTransaction
from .outcome import Outcome
from .reducer import ReducerCall, ReducerSet
from .session import (
    CallRefused,
    Event,
    Opened,
    Session,
    SessionState,
    Subscribed,
    SubscriptionRefused,
    SubscriptionsDropped,
    Transaction,
    Unsubscribed,
)
from .state import TableState
from .subscription import Query, Subscription, SubscriptionState, sql_of
from .table import TableSet
from .types import ConnectionId, Identity
from .wire import TableUpdate

__all__ = ["Client"]

D = TypeVar("D", bound=TableSet)
S = TypeVar("S", bound=ReducerSet)

_log = logging.getLogger("stdb_runtime")


class Client(Generic[D, S]):
    """A client of one module, for the time of one `async with connect(...)`.

    Attributes:
        db: the tables, as far as subscriptions brought their rows.
        reducers: the reducers; a call sends at once.
    """

    def __init__(self, tables: type[D], reducers: type[S]) -> None:
        self._states = tables.__new_states__()
        self._session = Session()
        self._connection: Connection | None = None
        self._running: asyncio.Task[None] | None = None
        self._greeting: asyncio.Future[None] | None = None
        self._opened: Opened | None = None
        self._dispatcher = Dispatcher()
        self._calls: dict[int, ReducerCall] = {}
        self._subscriptions: dict[int, Subscription] = {}
        self._unknown_tables: set[str] = set()
        self.db = tables(self)
        self.reducers = reducers(self)

    # --- who and where ------------------------------------------------------------------------------------------------

    @property
    def identity(self) -> Identity:
        """Who this client is, the same wherever it connects with the same token."""
        return self._welcome.identity

    @property
    def connection_id(self) -> ConnectionId:
        """Which connection this is."""
        return self._welcome.connection_id

    @property
    def token(self) -> str:
        """The token that proves the identity. Keep it secret, and give it to the next `connect` to stay who you are."""
        return self._welcome.token

    @property
    def is_open(self) -> bool:
        """Whether requests can be sent."""
        return self._session.state is SessionState.OPEN

    @property
    def _welcome(self) -> Opened:
        if self._opened is None:
            raise NotConnectedError("the client is not connected yet")
        return self._opened

    # --- what the user asks for ---------------------------------------------------------------------------------------

    def subscribe(self, *queries: Query) -> Subscription:
        """Ask for the rows of queries, and for their changes from then on. Sends at once.

        Args:
            queries: tables, for all their rows, and SQL, of the subset that subscriptions take. One that
                the server refuses fails them all.

        Returns:
            The subscription. Await it for the rows.

        Raises:
            NotConnectedError: there is no open connection.
        """
        sql = tuple(map(sql_of, queries))
        query_id = self._session.subscribe(sql)
        subscription = Subscription(
            sql,
            Outcome(f"the subscription to {'; '.join(sql)}", self._promise()),
            Outcome("unsubscribing", self._promise()),
            lambda subscription: self._unsubscribe(query_id, subscription),
        )
        self._subscriptions[query_id] = subscription
        self._flush()
        return subscription

    def _unsubscribe(self, query_id: int, subscription: Subscription) -> None:
        if subscription.state is SubscriptionState.ACTIVE:
            self._session.unsubscribe(query_id)
            self._flush()
        if subscription.state in {SubscriptionState.PENDING, SubscriptionState.ACTIVE}:
            subscription.state = SubscriptionState.ENDING

    def call_reducer(self, reducer: str, args: str) -> ReducerCall:
        """Send a call of a reducer. The methods of `reducers` do this, with checked arguments.

        Args:
            reducer: its name, as the module declares it.
            args: the JSON text of an array of its arguments.

        Raises:
            NotConnectedError: there is no open connection.
        """
        request_id = self._session.call(reducer, args)
        call = self._calls[request_id] = ReducerCall(reducer, self._promise())
        self._flush()
        return call

    def table_state(self, name: str) -> TableState[Product]:
        """The state behind a table's handle."""
        return self._states[name]

    # --- life ---------------------------------------------------------------------------------------------------------

    async def open(self, endpoint: Endpoint, token: str | None, open_timeout: float, context: Context) -> None:
        """Connect, and wait for the server to say who we are.

        Args:
            endpoint: where.
            token: the token of an identity that the server issued before; None for a new identity.
            open_timeout: seconds that it may take in all.
            context: in which callbacks run.

        Raises:
            ConnectError: one of its kinds, by what went wrong.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(open_timeout):
                connection = Connection(await open_socket(endpoint, token), self._session, self._handle)
                self._greeting = loop.create_future()
                self._connection = connection
                self._running = loop.create_task(self._run(connection), name=f"stdb {endpoint}", context=context)
                await self._greeting
        except TimeoutError:
            await self.close(0)
            raise ServerUnreachableError(
                f"{endpoint.server} did not answer within {open_timeout:g} seconds (open_timeout)"
            ) from None
        except BaseException:
            await self.close(0)
            raise

    async def close(self, grace: float) -> None:
        """Close the connection. Calls and subscriptions that still wait fail; the rows stay readable.

        Args:
            grace: seconds that coroutine callbacks may still take before they are cancelled.
        """
        if self._connection is not None:
            await self._connection.close()
        if self._running is not None:
            await self._running
        await self._dispatcher.close(grace)

    async def _run(self, connection: Connection) -> None:
        loss = await connection.run() or ConnectionLost("the client was closed")
        for waiting in self._waiting():
            waiting.fail(loss)
        for subscription in self._subscriptions.values():
            subscription.state = SubscriptionState.ENDED
        self._calls.clear()
        self._subscriptions.clear()
        if self._greeting is not None and not self._greeting.done():
            self._greeting.set_exception(
                ConnectionRejectedError(
                    "the server accepted the connection and dropped it before it said who we are: "
                    "the module's client_connected reducer refused, or the server is stopping"
                )
                if isinstance(loss, ConnectionLost)
                else loss
            )

    def _waiting(self) -> Iterable[Outcome[Any]]:  # Any: outcomes of all kinds
        yield from self._calls.values()
        for subscription in self._subscriptions.values():
            yield subscription.applied
            if subscription.state is SubscriptionState.ENDING:
                yield subscription.ended

    def _promise(self) -> asyncio.Future[Any]:  # Any: whoever asks knows what for
        return asyncio.get_running_loop().create_future()

    def _flush(self) -> None:
        if self._connection is not None:
            self._connection.flush()

    # --- what arrives -------------------------------------------------------------------------------------------------

    def _handle(self, event: Event) -> None:
        """Act on one event of the session: the cache first, then callbacks, then whoever waits."""
        match event:
            case Transaction(tables=tables, call=call, request_id=request_id):
                self._change(tables, call or UnknownTransaction())
                if request_id is not None and call is not None:
                    self._answer(request_id, call)
            case CallRefused(request_id=request_id, call=call):
                self._answer(request_id, call)
            case Subscribed(query_id=query_id, tables=tables):
                self._subscribed(query_id, tables)
            case Unsubscribed(query_id=query_id, tables=tables):
                self._unsubscribed(query_id, tables)
            case SubscriptionRefused(query_id=query_id, message=message):
                self._refused(query_id, message)
            case SubscriptionsDropped(message=message):
                raise ProtocolError(f"the server dropped all subscriptions: {message}")
            case Opened():
                self._opened = event
                if self._greeting is not None:
                    self._greeting.set_result(None)

    def _change(self, tables: Sequence[TableUpdate], cause: Cause) -> None:
        """Take a message's rows into the cache, all tables of it, and then run the callbacks."""
        by_name: dict[str, list[TableUpdate]] = {}
        for update in tables:
            by_name.setdefault(update.table_name, []).append(update)
        for unknown in by_name.keys() - self._states.keys() - self._unknown_tables:
            self._unknown_tables.add(unknown)
            _log.warning("rows of table %r are ignored: the generated code has no such table", unknown)
        changes: list[TableChange] = [
            (self._states[name], self._states[name].rows.apply(updates))
            for name, updates in by_name.items()
            if name in self._states
        ]
        self._dispatcher.rows(RowEvent(cause), changes)

    def _answer(self, request_id: int, event: ReducerEvent) -> None:
        call = self._calls.pop(request_id)
        if event.status == "committed":
            call.resolve(event)
        elif event.status == "failed":
            call.fail(ReducerError(call.reducer, event.message))
        else:
            call.fail(OutOfEnergyError(call.reducer, "the call ran out of energy"))

    def _subscribed(self, query_id: int, tables: Sequence[TableUpdate]) -> None:
        subscription = self._subscriptions[query_id]
        ending = subscription.state is SubscriptionState.ENDING
        subscription.state = SubscriptionState.ACTIVE
        self._change(tables, SubscriptionApplied(subscription.queries))
        subscription.applied.resolve(None)
        if ending:
            self._unsubscribe(query_id, subscription)

    def _unsubscribed(self, query_id: int, tables: Sequence[TableUpdate]) -> None:
        subscription = self._subscriptions.pop(query_id)
        subscription.state = SubscriptionState.ENDED
        self._change(tables, SubscriptionEnded(subscription.queries))
        subscription.ended.resolve(None)

    def _refused(self, query_id: int, message: str) -> None:
        subscription = self._subscriptions.pop(query_id)
        error = SubscriptionError(subscription.queries, message)
        if subscription.state is SubscriptionState.PENDING:
            subscription.applied.fail(error)
        else:
            subscription.ended.fail(error)
        subscription.state = SubscriptionState.FAILED
