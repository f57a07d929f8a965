"""Subscriptions of the client cache: their lifecycle, as a table of transitions."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from ..errors import ProtocolError, StdbError, SubscriptionError
from .callbacks import CallbackList
from .result import PendingResult

__all__ = ["SubscriptionRecord", "SubscriptionState", "Transition"]


class SubscriptionState(Enum):
    """Lifecycle state of a subscription."""

    PENDING = "pending"
    ACTIVE = "active"
    ENDING = "ending"
    ENDED = "ended"
    FAILED = "failed"


class Transition(Enum):
    """Occurrence in the life of a subscription; its value is the verb of an error about it."""

    APPLIED = "begin"
    """Its rows are in the cache."""
    UNSUBSCRIBED = "be unsubscribed"
    """The user has ended it."""
    REMOVED = "end"
    """The server has removed its rows."""
    REFUSED = "fail"
    """The server has refused it."""
    DISCONNECTED = "be disconnected"
    """The connection is lost, and with it what was requested on it."""
    CLOSED = "be closed"
    """The client is closed."""


_PENDING, _ACTIVE, _ENDING = SubscriptionState.PENDING, SubscriptionState.ACTIVE, SubscriptionState.ENDING
_ENDED, _FAILED = SubscriptionState.ENDED, SubscriptionState.FAILED

# What is not here, the server must not do: `unsubscribe` alone makes a server remove rows (docs/protocol.md, 5.2).
_TRANSITIONS = {
    (_PENDING, Transition.APPLIED): _ACTIVE,
    (_PENDING, Transition.UNSUBSCRIBED): _ENDING,
    (_PENDING, Transition.REFUSED): _FAILED,
    (_PENDING, Transition.DISCONNECTED): _PENDING,  # requested again on the next connection
    (_PENDING, Transition.CLOSED): _ENDED,
    (_ACTIVE, Transition.APPLIED): _ACTIVE,  # again, on the next connection
    (_ACTIVE, Transition.UNSUBSCRIBED): _ENDING,
    (_ACTIVE, Transition.REFUSED): _FAILED,  # on the next connection
    (_ACTIVE, Transition.DISCONNECTED): _ACTIVE,
    (_ACTIVE, Transition.CLOSED): _ENDED,
    (_ENDING, Transition.APPLIED): _ENDING,  # ended before its rows came: unsubscribed from now on
    (_ENDING, Transition.UNSUBSCRIBED): _ENDING,
    (_ENDING, Transition.REMOVED): _ENDED,
    (_ENDING, Transition.REFUSED): _FAILED,
    (_ENDING, Transition.DISCONNECTED): _ENDED,
    (_ENDING, Transition.CLOSED): _ENDED,
    (_ENDED, Transition.UNSUBSCRIBED): _ENDED,
    (_FAILED, Transition.UNSUBSCRIBED): _FAILED,
}


class SubscriptionRecord:
    """Subscription as the engine keeps it, for as long as it is wanted.

    Args:
        queries: its SQL.
        new_result: creates a result.

    Attributes:
        query_id: its id on every connection.
        applied: done when its rows are in the cache.
        ended: done when its rows are gone.
        handle: the argument of `on_applied` callbacks.
    """

    def __init__(self, queries: tuple[str, ...], new_result: Callable[[], PendingResult[None]]) -> None:
        self.queries = queries
        self.query_id = 0
        self.state = SubscriptionState.PENDING
        self._new_result = new_result
        self.applied = new_result()
        self.ended = new_result()
        self.handle: Any = None  # Any: the object that users hold, which is set as soon as it exists
        self.on_applied: CallbackList[Callable[..., object]] = CallbackList()
        self.on_error: CallbackList[Callable[[SubscriptionError], object]] = CallbackList()

    def move(self, transition: Transition) -> SubscriptionState:
        """Move on to the next state, and return the one before. Raises as `check` does."""
        before, self.state = self.state, self.check(transition)
        return before

    def check(self, transition: Transition) -> SubscriptionState:
        """Return the state that follows.

        Raises:
            ProtocolError: none does.
        """
        after = _TRANSITIONS.get((self.state, transition))
        if after is None:
            raise ProtocolError(f"subscription {self.query_id} is {self.state.value} and was not to {transition.value}")
        return after

    @property
    def is_live(self) -> bool:
        """True if its rows are in the cache, or to come."""
        return self.state in {SubscriptionState.PENDING, SubscriptionState.ACTIVE}

    @property
    def unanswered(self) -> PendingResult[Any] | None:
        """The result that it waits for, if it waits for one."""
        if self.state is SubscriptionState.PENDING:
            return self.applied
        return self.ended if self.state is SubscriptionState.ENDING else None

    def give_up_waiting(self, error: StdbError) -> None:
        """Fail whoever awaits its rows, though they may still come: it can be awaited anew."""
        if self.state is SubscriptionState.PENDING and self.applied.is_awaited:
            self.applied.fail(error)
            self.applied = self._new_result()
