"""Subscriptions: sets of queries whose rows the client keeps."""

from __future__ import annotations

from collections.abc import Callable, Generator
from enum import Enum
from typing import Any, Protocol, Self, TypeAlias, TypeVar

from ..errors import StdbError, SubscriptionError
from .result import Outcome, Promise
from .table_state import CallbackList

__all__ = [
    "Query",
    "Queryable",
    "Subscription",
    "SubscriptionOwner",
    "SubscriptionRecord",
    "SubscriptionState",
    "sql_of",
]

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


class SubscriptionState(Enum):
    """Where in its life a subscription is."""

    PENDING = "pending"
    ACTIVE = "active"
    ENDING = "ending"
    ENDED = "ended"
    FAILED = "failed"


class SubscriptionRecord:
    """What the client knows of one subscription, for as long as it is wanted.

    Args:
        queries: its SQL.
        new_promise: makes a future.
        unseen: told of a refusal that nobody awaits.

    Attributes:
        applied: known when its rows are here.
        ended: known when its rows are gone.
    """

    def __init__(
        self,
        queries: tuple[str, ...],
        new_promise: Callable[[], Promise[None]],
        unseen: Callable[[StdbError, str], None],
    ) -> None:
        self.queries = queries
        self.state = SubscriptionState.PENDING
        self._new_outcome: Callable[[], Outcome[None]] = lambda: Outcome(new_promise, unseen, "a subscription")
        self.applied = self._new_outcome()
        self.ended = self._new_outcome()
        self.on_applied: CallbackList[Callable[[Subscription], object]] = CallbackList()
        self.on_error: CallbackList[Callable[[SubscriptionError], object]] = CallbackList()

    def give_up_waiting(self, error: StdbError) -> None:
        """Have whoever waits for its rows get an error, though they may still come: they can be awaited anew."""
        if self.state is SubscriptionState.PENDING and self.applied.is_awaited:
            self.applied.fail(error)
            self.applied = self._new_outcome()


class SubscriptionOwner(Protocol):
    """What a subscription knows of its client."""

    def end_subscription(self, record: SubscriptionRecord) -> None:
        """See to it that a subscription ends."""
        ...


class Subscription:
    """A subscription that was sent. Await it for its rows.

    Awaiting gives the subscription itself once its rows are in the cache and their callbacks have run, or raises:

    - `SubscriptionError`: the server refused it, or it was ended before its rows came.
    - `ReconnectError`: the connection was lost, and `subscribe_attempts` attempts in a row failed to bring the rows.
      The client goes on trying: await it again to go on waiting.
    - `ConnectionLost`: the client was closed first.

    A refusal that nobody awaits or listens for is logged.
    """

    def __init__(self, record: SubscriptionRecord, owner: SubscriptionOwner) -> None:
        self._record = record
        self._owner = owner

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

    def unsubscribe(self) -> Outcome[None]:
        """Ask for the subscription to end; await what comes back for its rows to be gone.

        Before its rows have come, the request waits for them, and `on_applied` does not run. Ending twice is the same
        as ending once.
        """
        self._owner.end_subscription(self._record)
        return self._record.ended

    def __repr__(self) -> str:
        return f"<subscription {self.state.value}: {'; '.join(self.queries)}>"
