"""Subscriptions of the client cache: records, and their lifecycle as a table of transitions."""

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
    """Requested; the rows have not arrived yet."""
    ACTIVE = "active"
    """Applied: the rows are in the cache."""
    ENDING = "ending"
    """Unsubscribed; the rows are not deleted yet."""
    ENDED = "ended"
    """Ended: the rows are deleted, or the client is closed."""
    FAILED = "failed"
    """Refused by the server."""


class Transition(Enum):
    """Cause of a change of the lifecycle state; its value is used in error messages."""

    APPLIED = "be applied"
    """The server sent its rows."""
    UNSUBSCRIBED = "be unsubscribed"
    """The user ended it."""
    REMOVED = "be ended by the server"
    """The server deleted its rows."""
    REFUSED = "be refused"
    """The server refused it."""
    DISCONNECTED = "be disconnected"
    """The connection was lost, and the requests with it."""
    CLOSED = "be closed"
    """The client was closed."""


_PENDING, _ACTIVE, _ENDING = SubscriptionState.PENDING, SubscriptionState.ACTIVE, SubscriptionState.ENDING
_ENDED, _FAILED = SubscriptionState.ENDED, SubscriptionState.FAILED

# Other transitions are violations of the protocol: a server removes rows only after `unsubscribe` (docs/protocol.md,
# 5.2).
_TRANSITIONS = {
    (_PENDING, Transition.APPLIED): _ACTIVE,
    (_PENDING, Transition.UNSUBSCRIBED): _ENDING,
    (_PENDING, Transition.REFUSED): _FAILED,
    (_PENDING, Transition.DISCONNECTED): _PENDING,  # requested again on the next connection
    (_PENDING, Transition.CLOSED): _ENDED,
    (_ACTIVE, Transition.UNSUBSCRIBED): _ENDING,
    (_ACTIVE, Transition.REFUSED): _FAILED,  # after a reconnection
    (_ACTIVE, Transition.DISCONNECTED): _ACTIVE,
    (_ACTIVE, Transition.CLOSED): _ENDED,
    (_ENDING, Transition.APPLIED): _ENDING,  # ended before its rows arrived: the unsubscription is requested now
    (_ENDING, Transition.UNSUBSCRIBED): _ENDING,
    (_ENDING, Transition.REMOVED): _ENDED,
    (_ENDING, Transition.REFUSED): _FAILED,
    (_ENDING, Transition.DISCONNECTED): _ENDED,
    (_ENDING, Transition.CLOSED): _ENDED,
    (_ENDED, Transition.UNSUBSCRIBED): _ENDED,
    (_FAILED, Transition.UNSUBSCRIBED): _FAILED,
}


class SubscriptionRecord:
    """Record of a subscription, from the request to its end.

    Args:
        queries: the SQL of its queries.
        new_result: creates a result.

    Attributes:
        queries: the SQL of its queries.
        query_id: its id, the same on every connection.
        state: its lifecycle state.
        refusal: the server's refusal of it, and the result that failed by it, if there was one; None if it was not
            refused.
        applied: the result that is done when its rows are in the cache.
        ended: the result that is done when its rows are deleted.
        handle: the argument of `on_applied` callbacks.
        on_applied: callbacks that run when its rows are in the cache.
        on_error: callbacks that run when the server refuses it.
    """

    def __init__(self, queries: tuple[str, ...], new_result: Callable[[], PendingResult[None]]) -> None:
        self.queries = queries
        self.query_id = 0
        self.state = SubscriptionState.PENDING
        self.refusal: tuple[SubscriptionError, PendingResult[Any] | None] | None = None
        self._new_result = new_result
        self.applied = new_result()
        self.ended = new_result()
        self.handle: Any = None  # Any: the object that users hold, which is set as soon as it exists
        self.on_applied: CallbackList[Callable[..., object]] = CallbackList()
        self.on_error: CallbackList[Callable[[SubscriptionError], object]] = CallbackList()

    def move(self, transition: Transition) -> SubscriptionState:
        """Change to the state that follows a transition, and return the one before. Raises as `check` does."""
        before, self.state = self.state, self.check(transition)
        return before

    def check(self, transition: Transition) -> SubscriptionState:
        """Return the state that follows a transition.

        Raises:
            ProtocolError: the transition is not allowed in the present state.
        """
        after = _TRANSITIONS.get((self.state, transition))
        if after is None:
            raise ProtocolError(f"subscription {self.query_id} is {self.state.value} and must not {transition.value}")
        return after

    @property
    def is_live(self) -> bool:
        """True if it is pending or active."""
        return self.state in {SubscriptionState.PENDING, SubscriptionState.ACTIVE}

    @property
    def unanswered(self) -> PendingResult[Any] | None:
        """Result of its request that has no answer yet; None if there is none."""
        if self.state is SubscriptionState.PENDING:
            return self.applied
        return self.ended if self.state is SubscriptionState.ENDING else None

    def revoke(self, error: StdbError) -> None:
        """Make awaiting its rows raise an error from now on: they are gone."""
        self.applied = self._new_result()
        self.applied.fail(error, handled=True)

    def give_up_waiting(self, error: StdbError) -> None:
        """Fail `applied` if it is awaited, and replace it by a new result, as the rows may still arrive."""
        if self.state is SubscriptionState.PENDING and self.applied.is_awaited:
            self.applied.fail(error)
            self.applied = self._new_result()
