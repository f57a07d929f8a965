"""Something that was asked for and can be awaited, and whose failure does not go unseen if nobody does."""

from __future__ import annotations

import logging
from collections.abc import Generator
from typing import Any, Generic, Protocol, TypeVar

from .errors import StdbError

__all__ = ["Outcome", "Promise"]

T = TypeVar("T")

_log = logging.getLogger("stdb_runtime")


class Promise(Protocol[T]):
    """What an outcome asks of a future; the client makes them, so that nothing here depends on an event loop."""

    def done(self) -> bool: ...  # noqa: D102 - as asyncio.Future
    def exception(self) -> BaseException | None: ...  # noqa: D102
    def set_exception(self, exception: BaseException, /) -> None: ...  # noqa: D102
    def set_result(self, result: T, /) -> None: ...  # noqa: D102
    def __await__(self) -> Generator[Any, None, T]: ...  # Any: what the event loop passes through


class Outcome(Generic[T]):
    """The outcome of a request.

    Args:
        what: names the request in the log.
        promise: becomes done when the outcome is known.
    """

    def __init__(self, what: str, promise: Promise[T]) -> None:
        self._what = what
        self._promise = promise
        self._unseen: StdbError | None = None
        self._awaited = False

    def __await__(self) -> Generator[Any, None, T]:  # Any: what the event loop passes through
        self._awaited = True
        return self._promise.__await__()

    def resolve(self, result: T) -> None:
        """It went well. A waiter that gave up does not mind."""
        if not self._promise.done():
            self._promise.set_result(result)

    def fail(self, error: StdbError) -> None:
        """It did not. Waiters get the error; without any, it is logged when the outcome is dropped."""
        if self._promise.done():
            return
        self._promise.set_exception(error)
        self._promise.exception()  # asked for, so that the event loop does not report it as well
        self._unseen = error

    def report(self) -> None:
        """Log a failure that nobody awaited; once."""
        if self._unseen is not None and not self._awaited:
            _log.error("%s failed, and nobody awaited it: %s", self._what, self._unseen)
        self._unseen = None

    def __del__(self) -> None:
        self.report()
