"""How long to wait before connecting again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

__all__ = ["Backoff"]


class Backoff(msgspec.Struct, frozen=True):
    """Delays that double with each attempt in a row, up to a limit.

    Attributes:
        first: seconds before the first attempt.
        most: seconds that no delay exceeds.
        jitter: how much of each delay is left to chance, from 0 (none) to 1 (all), so that the clients of a server that
            comes back do not all come at once.
    """

    first: float = 0.5
    most: float = 30.0
    jitter: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.first <= self.most and 0 <= self.jitter <= 1):
            raise ValueError("a backoff needs 0 <= first <= most and 0 <= jitter <= 1")

    def delays(self, chance: Callable[[], float]) -> Iterator[float]:
        """The delays of one row of attempts, without an end.

        Args:
            chance: gives a number from 0 to 1, a new one each time.
        """
        delay = self.first
        while True:
            yield delay * (1 - self.jitter * chance())
            delay = min(delay * 2, self.most)
