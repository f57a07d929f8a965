"""Exponential backoff between attempts to reconnect."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

__all__ = ["Backoff"]


class Backoff(msgspec.Struct, frozen=True):
    """Exponential backoff: the delay before an attempt to reconnect doubles with each failure in a row, up to a limit.

    Attributes:
        initial_delay: the delay before the first attempt, in seconds.
        max_delay: the maximum delay, in seconds.
        jitter: the random share of each delay, from 0 (none) to 1 (all of it), so that not all clients of a restarted
            server reconnect at the same time.

    Raises:
        ValueError: a value is out of range, or `initial_delay` is larger than `max_delay`.
    """

    initial_delay: float = 0.5
    max_delay: float = 30.0
    jitter: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.initial_delay <= self.max_delay and 0 <= self.jitter <= 1):
            raise ValueError("a backoff needs 0 <= initial_delay <= max_delay and 0 <= jitter <= 1")

    def delays(self, chance: Callable[[], float]) -> Iterator[float]:
        """Yield the delays of a series of attempts, endlessly.

        Args:
            chance: returns a random number from 0 to 1 at each call.
        """
        delay = self.initial_delay
        while True:
            yield delay * (1 - self.jitter * chance())
            delay = min(delay * 2, self.max_delay)
