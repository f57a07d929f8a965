"""Attempts to connect that failed in a row, and how long to wait before the next one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from ..errors import ReconnectError, StdbError
from .backoff import Backoff

__all__ = ["Attempts"]

# More would not make the error clearer.
_ERRORS_KEPT = 10


class Attempts:
    """Attempts that failed in a row.

    An attempt is good once it has brought what was asked for, and has lasted longer than the delay before it: a server
    that takes connections and drops them again is not asked more often than one that cannot be reached.

    Args:
        backoff: the delays.
        chance: gives a number from 0 to 1, a new one each time.

    Attributes:
        count: how many failed.
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
        """Note how long a connection lasted that brought what was asked for; the row ends with it if that is enough."""
        if seconds >= self._delay:
            self._restart()

    def failed(self, error: StdbError) -> float:
        """Note that one more failed. Gives the seconds to wait before the next."""
        self.count += 1
        # Without what it was raised in the course of, which holds the connection that is gone.
        error.__context__ = None
        self._errors.append(error.with_traceback(None))
        self._delay = next(self._delays)
        return self._delay

    def error(self) -> ReconnectError:
        """The whole row as one error."""
        return ReconnectError(self.count, tuple(self._errors))
