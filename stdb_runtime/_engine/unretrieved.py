"""Requests that failed and that nobody awaited: logged, and together where the connection ended for all of them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable

from ..errors import ConnectionLost, StdbError

__all__ = ["Unawaited"]

_KINDS_SHOWN = 5


class Unawaited:
    """Logs failures; those that the end of a connection caused as one line, for there may be thousands in flight.

    Args:
        logger: where they go.
        soon: has a function called a little later, when the others are known.
    """

    def __init__(self, logger: logging.Logger, soon: Callable[[Callable[[], None]], object]) -> None:
        self._logger = logger
        self._soon = soon
        self._failures: dict[StdbError, Counter[str]] = {}

    def add(self, error: StdbError, request: str) -> None:
        """Log one, or note it for the next line: the end of a connection fails many requests with one error."""
        if not isinstance(error, ConnectionLost):
            self._logger.error("a request failed, and nobody awaited it: %s", error)
            return
        first = not self._failures
        self._failures.setdefault(error, Counter())[request] += 1
        if first:
            try:
                self._soon(self.report)
            except RuntimeError:  # the event loop is gone, as when a program ends
                self.report()

    def report(self) -> None:
        """Log what was gathered, one line an error."""
        failures, self._failures = self._failures, {}
        for error, requests in failures.items():
            if requests.total() == 1:
                self._logger.error("a request failed, and nobody awaited it: %s: %s", next(iter(requests)), error)
                continue
            kinds = [f"{request} ({count})" for request, count in requests.most_common(_KINDS_SHOWN)]
            more = ", ..." if len(requests) > _KINDS_SHOWN else ""
            listed = ", ".join(kinds) + more
            self._logger.error("%d requests failed, and nobody awaited them: %s: %s", requests.total(), listed, error)
