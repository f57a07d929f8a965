"""Subscriptions: sets of queries whose rows the client caches."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, Self, TypeVar

from .._engine.cache_sink import TypedEngine
from .._engine.hidden import Hidden
from .._engine.result import PendingResult
from .._engine.subscription import SubscriptionRecord, SubscriptionState
from ..errors import ArgumentError, SubscriptionError
from ..text import printable_queries
from .query import QueryLike, sql_of

__all__ = ["Subscription", "sqls_of"]

T = TypeVar("T")

_RECORD: Hidden[SubscriptionRecord] = Hidden("_record")
_ENGINE: Hidden[TypedEngine] = Hidden("_engine")


def sqls_of(queries: Sequence[QueryLike | Sequence[QueryLike]]) -> tuple[str, ...]:
    """Return the SQL of queries, and of those in sequences among them.

    Raises:
        ArgumentError: one is not a query, or there is none.
    """
    found: list[str] = []
    for query in queries:
        if isinstance(query, Sequence) and not isinstance(query, str | bytes | bytearray):
            found += map(sql_of, query)
        else:
            found.append(sql_of(query))
    if not found:
        raise ArgumentError("queries", "subscribe to at least one query; subscribe_all() is for all tables")
    return tuple(found)


class Subscription:
    """Subscription to a set of queries. Await it to wait for its rows.

    Awaiting returns the subscription itself once its rows are in the cache and their callbacks have run, or raises:

    - `SubscriptionError`: the server refused it, or it was unsubscribed before its rows arrived.
    - `ReconnectError`: the connection was lost, and `subscribe_attempts` attempts in a row to reconnect failed. The
      client keeps trying: await the subscription again to continue waiting.
    - `ConnectionLost`: the client was closed first.

    A refusal is logged if the subscription is not awaited and has no `on_error` callback.
    """

    def __init__(self, record: SubscriptionRecord, engine: TypedEngine) -> None:
        _RECORD.set(self, record)
        _ENGINE.set(self, engine)
        record.handle = self

    @property
    def queries(self) -> tuple[str, ...]:
        """SQL of its queries."""
        return _RECORD.of(self).queries

    @property
    def state(self) -> SubscriptionState:
        """Lifecycle state of the subscription."""
        return _RECORD.of(self).state

    @property
    def is_active(self) -> bool:
        """True if its rows are in the cache: also while the connection is lost."""
        return _RECORD.of(self).state is SubscriptionState.ACTIVE

    @property
    def is_ended(self) -> bool:
        """True if it is over for good: unsubscribed and its rows deleted, refused, or the client closed."""
        return _RECORD.of(self).state in {SubscriptionState.ENDED, SubscriptionState.FAILED}

    def __await__(self) -> Generator[Any, None, Self]:  # Any: passes through to the event loop
        yield from _RECORD.of(self).applied.__await__()
        return self

    async def applied(self) -> None:
        """Wait until the rows are in the cache. Raises as awaiting the subscription does."""
        await _RECORD.of(self).applied

    def on_applied(self, callback: Callable[[Subscription], T]) -> Callable[[Subscription], T]:
        """Call `callback(subscription)` once the rows are in the cache, after the row callbacks. Works as a decorator.

        If they are in the cache already, it is called at once. It is called once, and not again after a reconnection.

        Args:
            callback: a function, or a coroutine function, which is then run as a task.

        Returns:
            The callback itself.
        """
        _ENGINE.of(self).sink.on_applied(_RECORD.of(self), callback)
        return callback

    def on_error(self, callback: Callable[[SubscriptionError], T]) -> Callable[[SubscriptionError], T]:
        """Call `callback(error)` if the server refuses the subscription, also after a reconnection.

        If it has refused it already, the callback is called at once. Works as a decorator.

        Args:
            callback: a function, or a coroutine function, which is then run as a task.

        Returns:
            The callback itself.
        """
        _ENGINE.of(self).sink.on_refused(_RECORD.of(self), callback)
        return callback

    def unsubscribe(self) -> PendingResult[None]:
        """End the subscription. Its rows are deleted from the cache, unless another subscription has them too.

        If the rows have not arrived yet, the request is sent when they have, and `on_applied` callbacks do not run.
        Calling it again has no effect.

        Returns:
            The result. Await it to wait until the rows are deleted.
        """
        _ENGINE.of(self).sink.unsubscribe(_RECORD.of(self))
        return _RECORD.of(self).ended

    def __repr__(self) -> str:
        return f"<subscription {self.state.value}: {printable_queries(self.queries)}>"
