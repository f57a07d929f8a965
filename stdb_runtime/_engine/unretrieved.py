"""Errors of requests that nobody awaited: put in line wherever they are found, reported at the next turn."""

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

_KINDS_SHOWN = 5
_PACKAGE = __name__.partition(".")[0]


class UnretrievedErrors:
    """Reports errors that nobody retrieved; those that one lost connection caused as one line, for there may be
    thousands in flight.

    Args:
        logger: where they are logged.
        call_soon: has a function called at the next turn, from whatever thread.
        on_error: gets each error first; True if a callback took it.
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
        # Appended to by finalizers, on whatever thread, and so a deque.
        self._errors: deque[tuple[StdbError, str]] = deque()
        self._scheduled = False
        # Failed results that somebody may still await; those that are dropped meanwhile report themselves.
        self._failed: WeakSet[PendingResult[Any]] = WeakSet()

    def fail(self, result: PendingResult[Any], error: StdbError, *, handled: bool = False) -> None:
        """Fail a result, and remember to report it if nobody ever awaits it."""
        result.fail(error, handled=handled)
        self._failed.add(result)

    def add(self, error: StdbError, request: str) -> None:
        """Put an error in line. Runs no callback: it may be called by a finalizer, on any thread."""
        self._errors.append((error, request))
        if not self._scheduled:
            self._scheduled = True
            try:
                self._call_soon(self.report)
            except RuntimeError:  # the event loop is gone, as when a program ends: no callback can run any more
                self._log(self._taken())

    def report(self) -> None:
        """Report what stands in line."""
        self._scheduled = False  # before the line is emptied: what is added meanwhile gets a turn of its own
        self._log([(error, request) for error, request in self._taken() if not self._on_error(error)])

    def report_all(self) -> None:
        """Report also the errors of results that are still held by somebody: nothing will happen any more."""
        for result in list(self._failed):
            result.report()
        self.report()

    def _taken(self) -> list[tuple[StdbError, str]]:
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
            kinds = [f"{request} ({count})" for request, count in requests.most_common(_KINDS_SHOWN)]
            more = ", ..." if len(requests) > _KINDS_SHOWN else ""
            listed = ", ".join(kinds) + more
            self._logger.error("%d requests failed, and nobody awaited them: %s: %s", requests.total(), listed, error)


def calling_line() -> str:
    """Return the line of the program that called into this package, as `/path/main.py:12`."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        frame = frame.f_back
    return "" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"
