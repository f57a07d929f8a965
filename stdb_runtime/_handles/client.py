"""Client of one database: its tables, reducers, procedures and subscriptions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast, overload

from .._engine.cache_sink import CacheSink, TypedEngine
from .._engine.delta import Delta
from .._engine.dispatcher import ErrorCallback
from .._engine.result import PendingResult
from .._engine.stream import SlowConsumerPolicy, Stream
from .._sats.annotation import Product
from ..errors import ReducerError, StdbError
from .connection_info import ConnectionInfo, engine_of
from .procedure import ProcedureSet
from .query import Query, QueryLike, sql_of
from .reducer import ReducerSet
from .subscription import Subscription, sqls_of
from .table import Table, TableSet

__all__ = ["BaseClient"]

D = TypeVar("D", bound=TableSet)
S = TypeVar("S", bound=ReducerSet)
P = TypeVar("P", bound=ProcedureSet)
R = TypeVar("R", bound=Product)
T = TypeVar("T")


class BaseClient(ConnectionInfo[CacheSink], Generic[D, S, P]):
    """Client of one database: the part that does not depend on the driver.

    Attributes:
        db: the tables, with the cached rows of the active subscriptions.
        reducers: the reducers; calling one sends the call at once.
        procedures: the procedures; calling one sends the call at once.
    """

    def __init__(self, engine: TypedEngine, tables: type[D], reducers: type[S], procedures: type[P]) -> None:
        super().__init__(engine)
        self.db = tables(lambda: engine)
        self.reducers = reducers(lambda: engine)
        self.procedures = procedures(lambda: engine)
        engine.sink.client = self

    @property
    def is_active(self) -> bool:
        """True if requests can be made: the connection is open and, after a reconnection, the rows are up to date."""
        return engine_of(self).is_active

    # --- rows ---------------------------------------------------------------------------------------------------------

    def subscribe(self, *queries: QueryLike | Sequence[QueryLike]) -> Subscription:
        """Subscribe to queries: the client cache then holds their rows, kept up to date. Sends the request at once.

        Args:
            queries: tables, for all their rows, typed queries, and SQL as subscriptions support it; one by one, or in
                a list. If the server refuses one of them, the whole subscription fails.

        Returns:
            The subscription. Await it to wait for the rows.

        Raises:
            ArgumentError: no query is given, or something else than a query.
            NotConnectedError: there is no open connection.
        """
        return _subscribe(engine_of(self), sqls_of(queries))

    def subscribe_all(self) -> Subscription:
        """Subscribe to all public tables. Sends the request at once.

        Returns:
            The subscription. Await it to wait for the rows.

        Raises:
            NotConnectedError: there is no open connection.
        """
        return _subscribe(engine_of(self), ("SELECT * FROM *",))

    @overload
    def query(self, query: Table[R] | Query[R]) -> PendingResult[list[R]]: ...
    @overload
    def query(self, query: str) -> PendingResult[list[Product]]: ...
    def query(self, query: Table[R] | Query[R] | str) -> PendingResult[list[R]] | PendingResult[list[Product]]:
        """Run a query once (a one-off query). Its rows are not cached. Sends the request at once.

        Args:
            query: a table, for all its rows, a typed query, or SQL.

        Returns:
            The result. Awaiting it returns the rows, or raises:

            - `QueryError`: the server refused the query.
            - `ConnectionLost`: the connection ended first.

        Raises:
            ArgumentError: it is not a query.
            NotConnectedError: there is no open connection.
        """
        return cast("PendingResult[list[R]]", engine_of(self).query(sql_of(query)))

    def changes(self, *, limit: int = 10_000, policy: SlowConsumerPolicy = "raise") -> Stream[Delta]:
        """Iterate over future changes, one transaction at a time: `async for delta in client.changes()`.

        Args:
            limit: the size of the buffer, in transactions.
            policy: what to do when the buffer is full: "raise" makes the iterator raise SlowConsumerError,
                "drop_oldest" drops the oldest transaction and counts it in `dropped`.

        Returns:
            An async iterator of `Delta` for one consumer. It ends when the client is closed.
        """
        sink = engine_of(self).sink
        stream: Stream[Delta] = sink.stream(limit, policy)
        sink.deltas.add(stream)
        return stream

    # --- callbacks ----------------------------------------------------------------------------------------------------

    def on_connect(self, callback: Callable[[], T]) -> Callable[[], T]:
        """Call `callback()` for each connection: when the first one is open, and when each later one has its rows.

        Only the argument `on_connect` of `connect` is registered early enough for the first connection. What this
        method registers is called for each reconnection: once the rows are up to date, before `on_reconnect`. Works as
        a decorator, as all `on_` methods do.
        """
        engine_of(self).sink.on_connect.add(callback)
        return callback

    def remove_on_connect(self, callback: Callable[[], object]) -> None:
        """Remove a callback of `on_connect`. Raises ValueError if it is not registered."""
        engine_of(self).sink.on_connect.remove(callback)

    def on_reconnect(self, callback: Callable[[], T]) -> Callable[[], T]:
        """Call `callback()` after each reconnection, once requests can be made and the rows are up to date.

        It runs after the callbacks of what changed meanwhile (their cause is `Reconciled`), the `on_applied` callbacks
        of subscriptions whose rows had not arrived before, and the callbacks of `on_connect`.
        """
        engine_of(self).sink.on_reconnect.add(callback)
        return callback

    def remove_on_reconnect(self, callback: Callable[[], object]) -> None:
        """Remove a callback of `on_reconnect`. Raises ValueError if it is not registered."""
        engine_of(self).sink.on_reconnect.remove(callback)

    def on_disconnect(self, callback: Callable[[StdbError | None], T]) -> Callable[[StdbError | None], T]:
        """Call `callback(error)` whenever an open connection has ended; with None if this client closed it.

        `client.state` is RECONNECTING if the client tries to reconnect, else CLOSED.
        """
        engine_of(self).sink.on_disconnect.add(callback)
        return callback

    def remove_on_disconnect(self, callback: Callable[[StdbError | None], object]) -> None:
        """Remove a callback of `on_disconnect`. Raises ValueError if it is not registered."""
        engine_of(self).sink.on_disconnect.remove(callback)

    def on_close(self, callback: Callable[[StdbError | None], T]) -> Callable[[StdbError | None], T]:
        """Call `callback(error)` once, when the client has ended for good; after `on_disconnect`.

        The error is None if the client was closed, else the reason why it does not reconnect.
        """
        engine_of(self).sink.on_close.add(callback)
        return callback

    def remove_on_close(self, callback: Callable[[StdbError | None], object]) -> None:
        """Remove a callback of `on_close`. Raises ValueError if it is not registered."""
        engine_of(self).sink.on_close.remove(callback)

    def on_transaction(self, callback: Callable[[Delta], T]) -> Callable[[Delta], T]:
        """Call `callback(delta)` for each message that changed rows, after the row callbacks."""
        engine_of(self).sink.on_transaction.add(callback)
        return callback

    def remove_on_transaction(self, callback: Callable[[Delta], object]) -> None:
        """Remove a callback of `on_transaction`. Raises ValueError if it is not registered."""
        engine_of(self).sink.on_transaction.remove(callback)

    def on_unhandled_reducer_error(self, callback: Callable[[ReducerError], T]) -> Callable[[ReducerError], T]:
        """Call `callback(error)` for each failed call of this client that was not awaited and had no reducer callback.

        Without such a callback, the error is logged.
        """
        engine_of(self).sink.on_unhandled_error.add(callback)
        return callback

    def remove_on_unhandled_reducer_error(self, callback: Callable[[ReducerError], object]) -> None:
        """Remove a callback of `on_unhandled_reducer_error`. Raises ValueError if it is not registered."""
        engine_of(self).sink.on_unhandled_error.remove(callback)

    def on_error(self, callback: ErrorCallback) -> ErrorCallback:
        """Call `callback(error, culprit)` when another callback, `culprit`, raises. Without one, it is logged."""
        engine_of(self).dispatcher.on_error.add(callback)
        return callback

    def remove_on_error(self, callback: ErrorCallback) -> None:
        """Remove a callback of `on_error`. Raises ValueError if it is not registered."""
        engine_of(self).dispatcher.on_error.remove(callback)


def _subscribe(engine: TypedEngine, queries: tuple[str, ...]) -> Subscription:
    return Subscription(engine.sink.subscribe(queries), engine)
