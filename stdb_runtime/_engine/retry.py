"""Policy of reconnecting, and failed attempts in a row."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec

from ..errors import ReconnectError, StdbError
from .backoff import Backoff

__all__ = ["Attempts", "RetryPolicy"]


class RetryPolicy(msgspec.Struct, frozen=True):
    """Policy of reconnecting.

    Attributes:
        reconnect: True to reconnect whenever the connection is lost.
        backoff: the delays before attempts.
        subscribe_attempts: failed attempts in a row after which awaited subscriptions fail.
    """

    reconnect: bool = True
    backoff: Backoff = Backoff()
    subscribe_attempts: int = 5


# Enough for a clear error.
_MAX_ERRORS = 10


class Attempts:
    """Failed attempts in a row.

    An attempt succeeds once the rows of all subscriptions have arrived and the connection has lasted as long as the
    delay before it: a server that accepts connections and drops them is tried no more often than an unreachable one.

    Args:
        backoff: the delays before attempts.
        chance: returns a random number from 0 to 1.

    Attributes:
        count: the number of failed attempts.
    """

    def __init__(self, backoff: Backoff, chance: Callable[[], float]) -> None:
        self._backoff = backoff
        self._chance = chance
        self._restart()

    def _restart(self) -> None:
        self.count = 0
        self._delay = 0.0
        self._delays = self._backoff.delays(self._chance)
        self._errors: deque[StdbError] = deque(maxlen=_MAX_ERRORS)

    def lasted(self, seconds: float) -> None:
        """Record how long a connection with all rows lasted. If long enough, forget the failed attempts."""
        if seconds >= self._delay:
            self._restart()

    def failed(self, error: StdbError) -> float:
        """Record a failed attempt. Returns the seconds to wait before the next one."""
        self.count += 1
        # Without context and traceback, which would keep the old connection in memory.
        error.__context__ = None
        self._errors.append(error.with_traceback(None))
        self._delay = next(self._delays)
        return self._delay

    def error(self) -> ReconnectError:
        """Return the failed attempts as one error."""
        return ReconnectError(self.count, tuple(self._errors))
