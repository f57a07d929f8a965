"""Subscriptions: sets of queries whose rows the client keeps."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Protocol, Self, TypeAlias, TypeVar

from .._engine.cache_sink import TypedEngine
from .._engine.result import PendingResult
from .._engine.subscription import SubscriptionRecord, SubscriptionState
from ..errors import SubscriptionError

__all__ = ["Query", "Queryable", "Subscription", "sql_of"]

T = TypeVar("T")


class Queryable(Protocol):
    """What stands for a query: a table, for all its rows, or a typed query."""

    def __sql__(self) -> str:
        """Its SQL."""
        ...


Query: TypeAlias = Queryable | str
"""A table, for all its rows, a typed query, or SQL."""


def sql_of(query: Query) -> str:
    """The SQL of a query."""
    return query if isinstance(query, str) else query.__sql__()


class Subscription:
    """A subscription that was sent. Await it for its rows.

    Awaiting gives the subscription itself once its rows are in the cache and their callbacks have run, or raises:

    - `SubscriptionError`: the server refused it, or it was ended before its rows came.
    - `ReconnectError`: the connection was lost, and `subscribe_attempts` attempts in a row failed to bring the rows.
      The client goes on trying: await it again to go on waiting.
    - `ConnectionLost`: the client was closed first.

    A refusal that nobody awaits or listens for is logged.
    """

    def __init__(self, record: SubscriptionRecord, engine: TypedEngine) -> None:
        self._record = record
        self._engine = engine
        record.handle = self

    @property
    def queries(self) -> tuple[str, ...]:
        """Its SQL."""
        return self._record.queries

    @property
    def state(self) -> SubscriptionState:
        """Where in its life it is."""
        return self._record.state

    def __await__(self) -> Generator[Any, None, Self]:  # Any: what the event loop passes through
        yield from self._record.applied.__await__()
        return self

    async def applied(self) -> None:
        """Wait until its rows are here; raises as awaiting the subscription does."""
        await self._record.applied

    def on_applied(self, callback: Callable[[Subscription], T]) -> Callable[[Subscription], T]:
        """Call `callback(subscription)` once its rows are here, after their own callbacks. Works as a decorator.

        Args:
            callback: a function, or a coroutine function. If the rows are here already, it is never called.

        Returns:
            The callback itself.
        """
        self._record.on_applied.add(callback)
        return callback

    def on_error(self, callback: Callable[[SubscriptionError], T]) -> Callable[[SubscriptionError], T]:
        """Call `callback(error)` if the server refuses it, now or when the connection is made again.

        Works as a decorator.

        Args:
            callback: a function, or a coroutine function.

        Returns:
            The callback itself.
        """
        self._record.on_error.add(callback)
        return callback

    def unsubscribe(self) -> PendingResult[None]:
        """Ask for the subscription to end; await what comes back for its rows to be gone.

        Before its rows have come, the request waits for them, and `on_applied` does not run. Ending twice is the same
        as ending once.
        """
        self._engine.sink.unsubscribe(self._record)
        return self._record.ended

    def __repr__(self) -> str:
        return f"<subscription {self.state.value}: {'; '.join(self.queries)}>"
