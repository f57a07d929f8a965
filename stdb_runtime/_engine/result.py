"""Something that was asked for and can be awaited, and whose failure does not go unseen if nobody does."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Generic, Protocol, TypeVar, cast

from ..errors import StdbError

__all__ = ["Outcome", "Promise"]

T = TypeVar("T")


class Promise(Protocol[T]):
    """What an outcome asks of a future; the client makes them, so that nothing here depends on an event loop."""

    def done(self) -> bool: ...
    def exception(self) -> BaseException | None: ...
    def set_exception(self, exception: BaseException, /) -> None: ...
    def set_result(self, result: T, /) -> None: ...
    def __await__(self) -> Generator[Any, None, T]: ...  # Any: what the event loop passes through


class Outcome(Generic[T]):
    """The outcome of a request. It can be awaited any number of times, and by several at once.

    Args:
        new_promise: makes a future. Each waiter gets one of its own: one who gives up takes it from nobody else.
        unseen: told of a failure that nobody awaited and of the request, once, when the outcome is dropped or `report`
            is called.
        request: what was asked for, for whoever reads of that.
    """

    def __init__(
        self, new_promise: Callable[[], Promise[T]], unseen: Callable[[StdbError, str], None], request: str
    ) -> None:
        self._new_promise = new_promise
        self._unseen = unseen
        self._request = request
        self._waiters: list[Promise[T]] = []
        self._watchers: list[Promise[T]] = []
        self._result: T | None = None
        self._error: StdbError | None = None
        self._unreported: StdbError | None = None
        self.done = False
        """Whether the outcome is known."""
        self.is_awaited = False
        """Whether somebody awaits it, or did."""

    def __await__(self) -> Generator[Any, None, T]:  # Any: what the event loop passes through
        self._unreported = None
        self.is_awaited = True
        return self._join(self._waiters).__await__()

    @property
    def is_abandoned(self) -> bool:
        """Whether everybody who awaited it has given up."""
        return self.is_awaited and all(waiter.done() for waiter in self._waiters)

    def watch(self) -> Promise[T]:
        """A future that becomes done with it. Waiting for that is not awaiting the outcome: a failure is reported."""
        return self._join(self._watchers)

    def _join(self, others: list[Promise[T]]) -> Promise[T]:
        promise = self._new_promise()
        if self.done:
            self._settle(promise)
        else:
            others[:] = [other for other in others if not other.done()]  # without those who gave up
            others.append(promise)
        return promise

    def resolve(self, result: T) -> None:
        """It went well."""
        if not self.done:
            self._result = result
            self._end()

    def fail(self, error: StdbError, *, seen: bool = False) -> None:
        """It did not. Waiters get the error; without any, and if no callback has `seen` it, it is reported."""
        if self.done:
            return
        self._error = error
        if not seen and not self.is_awaited:
            self._unreported = error
        self._end()

    def _end(self) -> None:
        self.done = True
        for waiter in (*self._waiters, *self._watchers):
            self._settle(waiter)
        self._waiters.clear()
        self._watchers.clear()

    def _settle(self, waiter: Promise[T]) -> None:
        if waiter.done():
            return
        if self._error is not None:
            waiter.set_exception(self._error)
            waiter.exception()  # asked for, so that the event loop does not report it as well
        else:
            waiter.set_result(cast("T", self._result))

    def report(self) -> None:
        """Tell of a failure that nobody awaited; once."""
        error, self._unreported = self._unreported, None
        if error is not None:
            self._unseen(error, self._request)

    def __del__(self) -> None:
        self.report()
