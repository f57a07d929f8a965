"""Attempts to connect that fail in a row, and the delays between them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec

from ..errors import ReconnectError, StdbError
from .backoff import Backoff

__all__ = ["Attempts", "RetryPolicy"]


class RetryPolicy(msgspec.Struct, frozen=True):
    """Policy of connecting again.

    Attributes:
        reconnect: connect again whenever the connection is lost.
        backoff: the delays before attempts.
        subscribe_attempts: failed attempts in a row after which whoever awaits rows gets an error.
    """

    reconnect: bool = True
    backoff: Backoff = Backoff()
    subscribe_attempts: int = 5


# More would not make the error clearer.
_ERRORS_KEPT = 10


class Attempts:
    """Attempts that failed in a row.

    An attempt succeeds once it has brought the rows of all subscriptions, and has lasted longer than the delay before
    it: a server that accepts connections and drops them is not called more often than one that cannot be reached.

    Args:
        backoff: the delays.
        chance: gives a random number from 0 to 1.

    Attributes:
        count: number of failed attempts.
    """

    def __init__(self, backoff: Backoff, chance: Callable[[], float]) -> None:
        self._backoff = backoff
        self._chance = chance
        self._restart()

    def _restart(self) -> None:
        self.count = 0
        self._delay = 0.0
        self._delays = self._backoff.delays(self._chance)
        self._errors: deque[StdbError] = deque(maxlen=_ERRORS_KEPT)

    def lasted(self, seconds: float) -> None:
        """Note how long a connection lasted that brought all rows. If it is long enough, forget the failed attempts."""
        if seconds >= self._delay:
            self._restart()

    def failed(self, error: StdbError) -> float:
        """Note that one more failed. Returns the seconds to wait before the next."""
        self.count += 1
        # Without what it was raised in the course of, which holds the connection that is gone.
        error.__context__ = None
        self._errors.append(error.with_traceback(None))
        self._delay = next(self._delays)
        return self._delay

    def error(self) -> ReconnectError:
        """Return all of them as one error."""
        return ReconnectError(self.count, tuple(self._errors))
