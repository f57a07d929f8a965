"""Lifecycle of a client: connecting, reconnecting, closing."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from ..errors import (
    AuthError,
    CredentialsError,
    DecodeError,
    NotConnectedError,
    StdbError,
    SubprotocolError,
    UnknownDatabaseError,
)
from .retry import Attempts, RetryPolicy

__all__ = ["ConnectionState", "Lifecycle"]

# Errors that reconnecting cannot resolve.
_FINAL = (AuthError, CredentialsError, UnknownDatabaseError, SubprotocolError, DecodeError)


class ConnectionState(Enum):
    """Lifecycle state of a client's connection."""

    CONNECTING = "connecting"
    """Connecting for the first time."""
    OPEN = "open"
    """Open: the handshake is done."""
    RECONNECTING = "reconnecting"
    """Lost, and waiting for the next attempt to connect or attempting it."""
    CLOSED = "closed"
    """Closed for good."""


_NOT_OPEN = {
    ConnectionState.CONNECTING: "the client is not connected yet: use it inside `async with connect(...)`",
    ConnectionState.RECONNECTING: "the connection is lost, and the client is reconnecting: wait for `on_reconnect`",
    ConnectionState.CLOSED: "the client is closed: connect again",
}


class Lifecycle:
    """Lifecycle state, and the decision to reconnect.

    Args:
        policy: the policy of reconnecting.
        now: returns the time of a monotonic clock, in seconds.
        chance: returns a random number from 0 to 1.

    Attributes:
        state: the state.
        was_open: True once the first handshake is done.
        is_open: True from a handshake until the loss of its connection is handled.
        attempts: the failed attempts in a row.
    """

    def __init__(self, policy: RetryPolicy, now: Callable[[], float], chance: Callable[[], float]) -> None:
        self.state = ConnectionState.CONNECTING
        self.was_open = False
        self.is_open = False
        self.attempts = Attempts(policy.backoff, chance)
        self._policy = policy
        self._now = now
        self._opened_at: float | None = None

    def check_open(self, has_session: bool) -> None:
        """Raise NotConnectedError if the connection is not open, or its session has ended already."""
        if self.state is not ConnectionState.OPEN:
            raise NotConnectedError(_NOT_OPEN[self.state])
        if not has_session:
            raise NotConnectedError(_NOT_OPEN[ConnectionState.RECONNECTING])

    def open(self) -> None:
        """Record that a handshake is done."""
        self.state = ConnectionState.OPEN
        self.was_open = self.is_open = True
        self._opened_at = self._now()

    def stop_serving(self, *, settled: bool) -> None:
        """Record that a connection has ended.

        Args:
            settled: True if every request about a subscription was answered. If it also lasted long enough, it ends the
                series of failed attempts.
        """
        if settled and self._opened_at is not None:
            self.attempts.lasted(self._now() - self._opened_at)
        self._opened_at = None

    def retry_delay(self, error: StdbError) -> float | None:
        """Return the seconds to wait before the next attempt, or None if there must be none."""
        if self.state is ConnectionState.CLOSED:
            return None
        if not self.was_open or not self._policy.reconnect or isinstance(error, _FINAL):
            return None
        self.state = ConnectionState.RECONNECTING
        return self.attempts.failed(error)

    @property
    def is_failing(self) -> bool:
        """True if so many attempts in a row failed that awaited subscriptions are to fail."""
        return self.attempts.count >= self._policy.subscribe_attempts
