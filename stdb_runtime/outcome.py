"""Something that was asked for and can be awaited, and whose failure does not go unseen if nobody does."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Generic, Protocol, TypeVar

from .errors import StdbError

__all__ = ["Outcome", "Promise"]

T = TypeVar("T")


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
        promise: becomes done when the outcome is known.
        unseen: told of a failure that nobody awaited, once, when the outcome is dropped or `report` is called.
    """

    def __init__(self, promise: Promise[T], unseen: Callable[[StdbError], None]) -> None:
        self.promise = promise
        self._unseen = unseen
        self._error: StdbError | None = None
        self._awaited = False

    def __await__(self) -> Generator[Any, None, T]:  # Any: what the event loop passes through
        self._error = None
        self._awaited = True
        return self.promise.__await__()

    @property
    def is_awaited(self) -> bool:
        """Whether somebody awaits it, or did."""
        return self._awaited

    def resolve(self, result: T) -> None:
        """It went well. A waiter that gave up does not mind."""
        if not self.promise.done():
            self.promise.set_result(result)

    def fail(self, error: StdbError, *, seen: bool = False) -> None:
        """It did not. Waiters get the error; without any, and if no callback has `seen` it, it is reported."""
        if self.promise.done():
            return
        self.promise.set_exception(error)
        self.promise.exception()  # asked for, so that the event loop does not report it as well
        if not seen and not self._awaited:
            self._error = error

    def report(self) -> None:
        """Tell of a failure that nobody awaited; once."""
        error, self._error = self._error, None
        if error is not None:
            self._unseen(error)

    def __del__(self) -> None:
        self.report()
