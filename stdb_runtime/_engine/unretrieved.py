"""Errors of requests that nobody awaited: queued wherever they are found, reported in the event loop's next turn."""

from __future__ import annotations

import inspect
import logging
from collections import Counter, deque
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from ..errors import ConnectionLost, StdbError
from .result import PendingResult

__all__ = ["UnretrievedErrors", "calling_line"]

_MAX_KINDS = 5
_PACKAGE = __name__.partition(".")[0]


class UnretrievedErrors:
    """Errors that nobody retrieved, to be reported.

    Those that one lost connection caused are logged as one line, because thousands of requests may be in flight.

    Args:
        logger: the logger.
        call_soon: schedules a function for the event loop's next turn, from any thread.
        on_error: called with each error first; returns True if a callback got it, which is then not logged.
    """

    def __init__(
        self,
        logger: logging.Logger,
        call_soon: Callable[[Callable[[], None]], object],
        on_error: Callable[[StdbError], bool],
    ) -> None:
        self._logger = logger
        self._call_soon = call_soon
        self._on_error = on_error
        # A deque, because finalizers append to it on any thread.
        self._errors: deque[tuple[StdbError, str]] = deque()
        self._scheduled = False
        # Failed results that may still be awaited. Those that are dropped report themselves.
        self._failed: WeakSet[PendingResult[Any]] = WeakSet()

    def fail(self, result: PendingResult[Any], error: StdbError, *, handled: bool = False) -> None:
        """Fail a result. Its error is reported if it is never awaited."""
        result.fail(error, handled=handled)
        self._failed.add(result)

    def add(self, error: StdbError, request: str) -> None:
        """Queue an error. Runs no callbacks, because a finalizer may call it, on any thread."""
        self._errors.append((error, request))
        if not self._scheduled:
            self._scheduled = True
            try:
                self._call_soon(self.report)
            except RuntimeError:
                # No event loop is running, as at the end of a program: no callback can run.
                self._scheduled = False
                self._log(self._take_all())

    def report(self) -> None:
        """Report the queued errors."""
        self._scheduled = False  # before the queue is emptied: errors that are added meanwhile are scheduled again
        self._log([(error, request) for error, request in self._take_all() if not self._on_error(error)])

    def report_all(self) -> None:
        """Report all errors, also those of results that could still be awaited: the client has ended."""
        for result in list(self._failed):
            result.report()
        self.report()

    def _take_all(self) -> list[tuple[StdbError, str]]:
        taken: list[tuple[StdbError, str]] = []
        while self._errors:
            taken.append(self._errors.popleft())
        return taken

    def _log(self, errors: list[tuple[StdbError, str]]) -> None:
        lost: dict[StdbError, Counter[str]] = {}
        for error, request in errors:
            if isinstance(error, ConnectionLost):
                lost.setdefault(error, Counter())[request] += 1
            else:
                notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
                self._logger.error("a request failed, and nobody awaited it: %s%s", error, notes)
        for error, requests in lost.items():
            if requests.total() == 1:
                self._logger.error("a request failed, and nobody awaited it: %s: %s", next(iter(requests)), error)
                continue
            kinds = [f"{request} ({count})" for request, count in requests.most_common(_MAX_KINDS)]
            more = ", ..." if len(requests) > _MAX_KINDS else ""
            listed = ", ".join(kinds) + more
            self._logger.error("%d requests failed, and nobody awaited them: %s: %s", requests.total(), listed, error)


def calling_line() -> str:
    """Return the line of the program that called into this package, as `/path/main.py:12`."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        frame = frame.f_back
    return "" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"
