"""Requests that failed and that nobody awaited: logged, and together where the connection ended for all of them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable

from .errors import ConnectionLost, StdbError

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
        self._requests: Counter[str] = Counter()
        self._error: StdbError | None = None

    def add(self, error: StdbError, request: str) -> None:
        """Log one, or note it for the next line."""
        if not isinstance(error, ConnectionLost):
            self._logger.error("a request failed, and nobody awaited it: %s", error)
            return
        if error is not self._error:
            self.report()
            self._error = error
            try:
                self._soon(self.report)
            except RuntimeError:  # the event loop is gone, as when a program ends
                self._requests[request] += 1
                self.report()
                return
        self._requests[request] += 1

    def report(self) -> None:
        """Log what was gathered."""
        requests, self._requests = self._requests, Counter()
        error, self._error = self._error, None
        if error is None or not requests:
            return
        if requests.total() == 1:
            self._logger.error("a request failed, and nobody awaited it: %s: %s", next(iter(requests)), error)
            return
        kinds = [f"{request} ({count})" for request, count in requests.most_common(_KINDS_SHOWN)]
        more = ", ..." if len(requests) > _KINDS_SHOWN else ""
        self._logger.error(
            "%d requests failed, and nobody awaited them: %s%s: %s", requests.total(), ", ".join(kinds), more, error
        )
