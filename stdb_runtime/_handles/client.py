"""Client of one module: tables, reducers, procedures and subscriptions on one connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar, cast, overload

from .._engine.cache_sink import CacheSink, TypedEngine
from .._engine.delta import Delta
from .._engine.dispatcher import ErrorCallback
from .._engine.result import PendingResult
from .._engine.stream import SlowConsumerPolicy, Stream
from .._sats.annotation import Product
from ..errors import ReducerError, StdbError
from .connection_info import ConnectionInfo
from .procedure import ProcedureSet
from .query import Query as Selected
from .reducer import ReducerSet
from .subscription import Query, Subscription, sql_of
from .table import Table, TableSet

__all__ = ["BaseClient"]

D = TypeVar("D", bound=TableSet)
S = TypeVar("S", bound=ReducerSet)
P = TypeVar("P", bound=ProcedureSet)
R = TypeVar("R", bound=Product)
T = TypeVar("T")


class BaseClient(ConnectionInfo[CacheSink], Generic[D, S, P]):
    """Client of one module: all of it but what depends on the driver.

    Attributes:
        db: the tables, as far as subscriptions brought their rows.
        reducers: the reducers; a call sends at once.
        procedures: the procedures; a call sends at once.
    """

    def __init__(self, engine: TypedEngine, tables: type[D], reducers: type[S], procedures: type[P]) -> None:
        super().__init__(engine)
        self.db = tables(lambda: engine)
        self.reducers = reducers(lambda: engine)
        self.procedures = procedures(lambda: engine)
        engine.sink.client = self

    @property
    def is_active(self) -> bool:
        """Whether requests can be made: the connection is open, and the rows of all subscriptions are up to date."""
        return self._engine.is_active

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
        return self._subscribe(tuple(map(sql_of, queries)))

    def subscribe_all(self) -> Subscription:
        """Ask for the rows of all public tables, and for their changes from then on. Sends at once.

        Raises:
            NotConnectedError: there is no open connection.
        """
        return self._subscribe(("SELECT * FROM *",))

    def _subscribe(self, queries: tuple[str, ...]) -> Subscription:
        return Subscription(self._engine.sink.subscribe(queries), self._engine)

    @overload
    def query(self, query: Table[R] | Selected[R]) -> PendingResult[list[R]]: ...
    @overload
    def query(self, query: str) -> PendingResult[list[Product]]: ...
    def query(self, query: Table[R] | Selected[R] | str) -> PendingResult[list[R]] | PendingResult[list[Product]]:
        """Ask a query once; await what comes back for the rows. They do not enter the cache.

        Args:
            query: a table, for all its rows, a typed query, or SQL.

        Raises:
            NotConnectedError: there is no open connection.

        Awaiting raises:
            QueryError: the server refuses the query.
            ConnectionLost: the connection ended first.
        """
        return cast("PendingResult[list[R]]", self._engine.query(sql_of(query)))

    def changes(self, *, limit: int = 10_000, policy: SlowConsumerPolicy = "raise") -> Stream[Delta]:
        """Whole transactions from now on: `async for delta in client.changes()`. Ends when the client is closed.

        Args:
            limit: how many transactions wait at most while the loop's body runs.
            policy: what happens beyond that: "raise" has the loop raise SlowConsumerError, "drop_oldest" drops, and
                counts in the stream's `dropped`.
        """
        stream: Stream[Delta] = self._engine.sink.stream(limit, policy)
        self._engine.sink.deltas.add(stream)
        return stream

    # --- callbacks ----------------------------------------------------------------------------------------------------

    def on_connect(self, callback: Callable[[], T]) -> Callable[[], T]:
        """Call `callback()` whenever the connection has been made again and the rows are up to date.

        Works as a decorator, as all `on_` methods do.
        """
        self._engine.sink.on_connect.add(callback)
        return callback

    def remove_on_connect(self, callback: Callable[[], object]) -> None:
        """End what `on_connect` began. Raises ValueError if the callback is not registered."""
        self._engine.sink.on_connect.remove(callback)

    def on_disconnect(self, callback: Callable[[StdbError | None], T]) -> Callable[[StdbError | None], T]:
        """Call `callback(error)` whenever an open connection has ended; with None if we closed it.

        `client.state` tells whether another attempt follows (RECONNECTING) or not (CLOSED).
        """
        self._engine.sink.on_disconnect.add(callback)
        return callback

    def remove_on_disconnect(self, callback: Callable[[StdbError | None], object]) -> None:
        """End what `on_disconnect` began. Raises ValueError if the callback is not registered."""
        self._engine.sink.on_disconnect.remove(callback)

    def on_close(self, callback: Callable[[StdbError | None], T]) -> Callable[[StdbError | None], T]:
        """Call `callback(error)` once, when the client has ended for good, after `on_disconnect`.

        With None if we closed it, else with what no further attempt to connect could mend.
        """
        self._engine.sink.on_close.add(callback)
        return callback

    def remove_on_close(self, callback: Callable[[StdbError | None], object]) -> None:
        """End what `on_close` began. Raises ValueError if the callback is not registered."""
        self._engine.sink.on_close.remove(callback)

    def on_transaction(self, callback: Callable[[Delta], T]) -> Callable[[Delta], T]:
        """Call `callback(delta)` for each message that changed rows, after the callbacks of the rows."""
        self._engine.sink.on_transaction.add(callback)
        return callback

    def remove_on_transaction(self, callback: Callable[[Delta], object]) -> None:
        """End what `on_transaction` began. Raises ValueError if the callback is not registered."""
        self._engine.sink.on_transaction.remove(callback)

    def on_unhandled_reducer_error(self, callback: Callable[[ReducerError], T]) -> Callable[[ReducerError], T]:
        """Call `callback(error)` for each failed call of this client that was neither awaited nor told to a callback.

        Without such a callback, it is logged.
        """
        self._engine.sink.on_unhandled_error.add(callback)
        return callback

    def remove_on_unhandled_reducer_error(self, callback: Callable[[ReducerError], object]) -> None:
        """End what `on_unhandled_reducer_error` began. Raises ValueError if the callback is not registered."""
        self._engine.sink.on_unhandled_error.remove(callback)

    def on_error(self, callback: ErrorCallback) -> ErrorCallback:
        """Call `callback(error, culprit)` for what other callbacks raise. Without one, it is logged."""
        self._engine.dispatcher.on_error.add(callback)
        return callback

    def remove_on_error(self, callback: ErrorCallback) -> None:
        """End what `on_error` began. Raises ValueError if the callback is not registered."""
        self._engine.dispatcher.on_error.remove(callback)
