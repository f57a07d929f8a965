"""Subscriptions: sets of queries whose rows the client keeps."""

from __future__ import annotations

from collections.abc import Callable, Generator
from enum import Enum
from typing import Any, Self, TypeAlias

from .outcome import Outcome
from .table import Table

__all__ = ["Query", "Subscription", "SubscriptionState", "sql_of"]

Query: TypeAlias = "Table[Any] | str"  # Any: a table of whatever row class
"""All rows of a table, or SQL."""


def sql_of(query: Query) -> str:
    """The SQL of a query."""
    if isinstance(query, str):
        return query
    return query.__sql__()


class SubscriptionState(Enum):
    """Where in its life a subscription is."""

    PENDING = "pending"
    ACTIVE = "active"
    ENDING = "ending"
    ENDED = "ended"
    FAILED = "failed"


class Subscription:
    """A subscription that was sent. Await it for its rows.

    Awaiting gives the subscription itself once its rows are in the cache and their callbacks have run, or raises:

    - `SubscriptionError`: the server refused it.
    - `ConnectionLost`: the connection ended first.
    """

    def __init__(
        self,
        queries: tuple[str, ...],
        applied: Outcome[None],
        ended: Outcome[None],
        unsubscribe: Callable[[Subscription], None],
    ) -> None:
        self.queries = queries
        self.state = SubscriptionState.PENDING
        self.applied = applied
        self.ended = ended
        self._unsubscribe = unsubscribe

    def __await__(self) -> Generator[Any, None, Self]:  # Any: what the event loop passes through
        yield from self.applied.__await__()
        return self

    def unsubscribe(self) -> Outcome[None]:
        """Ask for the subscription to end; await what comes back for its rows to be gone.

        Before its rows have come, the request waits for them. Ending twice is the same as ending once.

        Raises:
            NotConnectedError: there is no open connection.
        """
        self._unsubscribe(self)
        return self.ended

    def __repr__(self) -> str:
        return f"<subscription {self.state.value}: {'; '.join(self.queries)}>"
