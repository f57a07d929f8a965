"""The client of one module: tables, reducers, procedures and subscriptions on one connection."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Generic, TypeVar, cast, overload

from .._engine.cache_sink import Core
from .._engine.delta import Delta
from .._engine.dispatcher import ErrorCallback
from .._engine.result import Outcome
from .._engine.stream import SlowConsumerPolicy, Stream
from .._engine.subscription import Query, Subscription, sql_of
from .._sats.annotation import Product
from ..errors import ReducerError, StdbError
from .connection_info import Presence
from .procedure import ProcedureSet
from .query import Query as Selected
from .reducer import ReducerSet
from .table import Table, TableSet

__all__ = ["Client"]

D = TypeVar("D", bound=TableSet)
S = TypeVar("S", bound=ReducerSet)
P = TypeVar("P", bound=ProcedureSet)
R = TypeVar("R", bound=Product)
T = TypeVar("T")


class Client(Presence, Generic[D, S, P]):
    """A client of one module, for the time of one `async with connect(...)`.

    Attributes:
        db: the tables, as far as subscriptions brought their rows.
        reducers: the reducers; a call sends at once.
        procedures: the procedures; a call sends at once.
    """

    def __init__(self, core: Core, tables: type[D], reducers: type[S], procedures: type[P]) -> None:
        super().__init__(core)
        self._core = core
        self.db = tables(core)
        self.reducers = reducers(core)
        self.procedures = procedures(core)

    @property
    def is_active(self) -> bool:
        """Whether requests can be made: the connection is open, and the rows of all subscriptions are up to date."""
        return self._core.is_active

    # --- rows ---------------------------------------------------------------------------------------------------------

    def subscribe(self, *queries: Query) -> Subscription:
        """Ask for the rows of queries, and for their changes from then on. Sends at once.

        Args:
            queries: tables, for all their rows, typed queries, and SQL of the subset that subscriptions take. One that
                the server refuses fails them all.

        Returns:
            The subscription. Await it for the rows.

        Raises:
            NotConnectedError: there is no open connection.
            ValueError: no query is given.
        """
        if not queries:
            raise ValueError("subscribe to at least one query; subscribe_all() is for all tables")
        return self._core.subscribe(tuple(map(sql_of, queries)))

    def subscribe_all(self) -> Subscription:
        """Ask for the rows of all public tables, and for their changes from then on. Sends at once.

        Raises:
            NotConnectedError: there is no open connection.
        """
        return self._core.subscribe(("SELECT * FROM *",))

    @contextlib.asynccontextmanager
    async def subscription(self, *queries: Query) -> AsyncGenerator[Subscription]:
        """A subscription for the time of a block: its rows are here when the block begins, and gone when it has ended.

        Args:
            queries: as for `subscribe`.

        Raises:
            SubscriptionError: the server refuses it.
            NotConnectedError: there is no open connection.
        """
        subscription = await self.subscribe(*queries)
        try:
            yield subscription
        finally:
            ended = subscription.unsubscribe()
            if self.is_active:
                await ended

    @overload
    def query(self, query: Table[R] | Selected[R]) -> Outcome[list[R]]: ...
    @overload
    def query(self, query: str) -> Outcome[list[Product]]: ...
    def query(self, query: Table[R] | Selected[R] | str) -> Outcome[list[R]] | Outcome[list[Product]]:
        """Ask a query once; await what comes back for the rows. They do not enter the cache.

        Args:
            query: a table, for all its rows, a typed query, or SQL.

        Raises:
            NotConnectedError: there is no open connection.

        Awaiting raises:
            QueryError: the server refuses the query.
            ConnectionLost: the connection ended first.
        """
        return cast("Outcome[list[R]]", self._core.query(sql_of(query)))

    def changes(self, *, limit: int = 10_000, policy: SlowConsumerPolicy = "raise") -> Stream[Delta]:
        """Whole transactions from now on: `async for delta in client.changes()`. Ends when the client is closed.

        Args:
            limit: how many transactions wait at most while the loop's body runs.
            policy: what happens beyond that: "raise" has the loop raise SlowConsumerError, "drop_oldest" drops, and
                counts in the stream's `dropped`.
        """
        stream: Stream[Delta] = self._core.stream(limit, policy)
        self._core.mirror.deltas.add(stream)
        return stream

    # --- callbacks ----------------------------------------------------------------------------------------------------

    def on_connect(self, callback: Callable[[], T]) -> Callable[[], T]:
        """Call `callback()` whenever the connection has been made again and the rows are up to date.

        Works as a decorator, as all `on_` methods do.
        """
        self._core.on_connect.add(callback)
        return callback

    def remove_on_connect(self, callback: Callable[[], object]) -> None:
        """End what `on_connect` began. Raises ValueError if the callback is not registered."""
        self._core.on_connect.remove(callback)

    def on_disconnect(self, callback: Callable[[StdbError | None], T]) -> Callable[[StdbError | None], T]:
        """Call `callback(error)` whenever an open connection has ended; with None if we closed it.

        `client.state` tells whether another attempt follows (RECONNECTING) or not (CLOSED).
        """
        self._core.on_disconnect.add(callback)
        return callback

    def remove_on_disconnect(self, callback: Callable[[StdbError | None], object]) -> None:
        """End what `on_disconnect` began. Raises ValueError if the callback is not registered."""
        self._core.on_disconnect.remove(callback)

    def on_close(self, callback: Callable[[StdbError | None], T]) -> Callable[[StdbError | None], T]:
        """Call `callback(error)` once, when the client has ended for good, after `on_disconnect`.

        With None if we closed it, else with what no further attempt to connect could mend.
        """
        self._core.on_close.add(callback)
        return callback

    def remove_on_close(self, callback: Callable[[StdbError | None], object]) -> None:
        """End what `on_close` began. Raises ValueError if the callback is not registered."""
        self._core.on_close.remove(callback)

    def on_transaction(self, callback: Callable[[Delta], T]) -> Callable[[Delta], T]:
        """Call `callback(delta)` for each message that changed rows, after the callbacks of the rows."""
        self._core.mirror.on_transaction.add(callback)
        return callback

    def remove_on_transaction(self, callback: Callable[[Delta], object]) -> None:
        """End what `on_transaction` began. Raises ValueError if the callback is not registered."""
        self._core.mirror.on_transaction.remove(callback)

    def on_unhandled_reducer_error(self, callback: Callable[[ReducerError], T]) -> Callable[[ReducerError], T]:
        """Call `callback(error)` for each failed call of this client that was neither awaited nor told to a callback.

        Without such a callback, it is logged.
        """
        self._core.on_unhandled_error.add(callback)
        return callback

    def remove_on_unhandled_reducer_error(self, callback: Callable[[ReducerError], object]) -> None:
        """End what `on_unhandled_reducer_error` began. Raises ValueError if the callback is not registered."""
        self._core.on_unhandled_error.remove(callback)

    def on_error(self, callback: ErrorCallback) -> ErrorCallback:
        """Call `callback(error, culprit)` for what other callbacks raise. Without one, it is logged."""
        self._core.dispatcher.on_error.add(callback)
        return callback

    def remove_on_error(self, callback: ErrorCallback) -> None:
        """End what `on_error` began. Raises ValueError if the callback is not registered."""
        self._core.dispatcher.on_error.remove(callback)

    # --- life ---------------------------------------------------------------------------------------------------------

    async def closed(self) -> None:
        """Wait until the client is closed.

        Raises:
            StdbError: it was not closed but gave up, because no further attempt to connect could succeed.
        """
        error = await self._core.connection.ended()
        if error is not None:
            raise error

    async def run_forever(self) -> None:
        """Do nothing but run callbacks, until the client is closed or gives up; for bots. Raises as `closed` does."""
        await self.closed()

    async def drain(self) -> None:
        """Wait until every request so far is answered, and every coroutine callback is done."""
        await self._core.drain()

    async def close(self) -> None:
        """Close the connection. What still waits fails with ConnectionLost; the rows stay readable.

        Coroutine callbacks may take `close_timeout` more before they are cancelled; the one that calls this, if one
        does, is not waited for.
        """
        await self._core.close()

    def __repr__(self) -> str:
        return f"<client of {self._core.connection.endpoint}: {self.state.value}>"
