"""Results of requests, which can be awaited. Errors that are never retrieved are reported."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Generic, TypeVar

from ..errors import ConnectionLost, StdbError
from ..events import ReducerEvent
from .driver import Future

__all__ = ["PendingResult", "ReducerCall"]

T = TypeVar("T")


class _Unretrieved:
    """Error of a failed result that nobody has awaited. It reports itself when it is dropped with the result.

    Attributes:
        error: the error; None once it is reported or retrieved.
    """

    __slots__ = ("_report", "_request", "error")

    def __init__(self, error: StdbError, request: str, report: Callable[[StdbError, str], object]) -> None:
        self.error: StdbError | None = error
        self._request = request
        self._report = report

    def report(self) -> None:
        error, self.error = self.error, None
        if error is not None:
            self._report(error, self._request)

    def __del__(self) -> None:
        self.report()


class PendingResult(Generic[T]):
    """Result of a request. Await it, any number of times, also from several tasks at once.

    Args:
        new_future: creates a future. Each waiter has its own, so that cancelling one does not affect the others.
        on_unretrieved: called once with the error and the request if it failed and was never awaited. Possibly called
            by a finalizer, on any thread.
        request: the request, for messages.
        origin: the line of the program that made the request; empty if it is not known.

    Attributes:
        done: True once it has a value or an error.
        is_awaited: True once it has been awaited.
        id: the request id or message id, once the request is sent.
    """

    def __init__(
        self,
        new_future: Callable[[], Future[T]],
        on_unretrieved: Callable[[StdbError, str], object],
        request: str,
        origin: str = "",
    ) -> None:
        self._new_future = new_future
        self._on_unretrieved = on_unretrieved
        self._request = request
        self._origin = origin
        self._waiters: tuple[Future[T], ...] = ()
        self._watchers: tuple[Future[T], ...] = ()
        self._value: Any = None  # Any: a T, once there is one
        self._error: StdbError | None = None
        self._unretrieved: _Unretrieved | None = None
        self.done = False
        self.is_awaited = False
        self.id: Any = None  # Any: each kind of request has its own

    def __await__(self) -> Generator[Any, None, T]:  # Any: passes through to the event loop
        future = self._new_future()  # first: it raises where the result cannot be awaited
        self.is_awaited = True
        self.handled()
        self._waiters = self._join(self._waiters, future)
        return future.__await__()

    @property
    def is_abandoned(self) -> bool:
        """True if it was awaited, and all waiters are done or cancelled."""
        return self.is_awaited and all(waiter.done() for waiter in self._waiters)

    def watch(self) -> Future[T]:
        """Return a future that is done when the result is. Unlike awaiting, this does not retrieve an error."""
        future = self._new_future()
        self._watchers = self._join(self._watchers, future)
        return future

    def _join(self, waiting: tuple[Future[T], ...], future: Future[T]) -> tuple[Future[T], ...]:
        """Return the futures that wait, with one more and without those that were cancelled; settle it if done."""
        if self.done:
            self._settle(future)
            return waiting
        return (*[other for other in waiting if not other.done()], future)

    def resolve(self, value: T) -> None:
        """Set the value."""
        if not self.done:
            self._value = value
            self._finish()

    def fail(self, error: StdbError, *, handled: bool = False) -> None:
        """Set the error.

        Args:
            error: the error that awaiting raises.
            handled: True if a callback got the error, which is then not reported.
        """
        if self.done:
            return
        self._error = error
        if not handled and not self.is_awaited:
            request = f"{self._request} ({self._origin})" if self._origin else self._request
            self._unretrieved = _Unretrieved(error, request, self._on_unretrieved)
            if self._origin and not isinstance(error, ConnectionLost):  # one such error is shared by many requests
                error.add_note(f"the request was made at {self._origin}")
        self._finish()

    def _finish(self) -> None:
        self.done = True
        for future in self._waiters + self._watchers:
            self._settle(future)
        self._waiters = self._watchers = ()

    def _settle(self, future: Future[T]) -> None:
        if future.done():
            return
        if self._error is not None:
            future.set_exception(self._error)
            future.exception()  # retrieved, so that the event loop does not report it too
        else:
            future.set_result(self._value)

    def handled(self) -> None:
        """Take the error as handled by a callback that was registered late: it is not reported any more."""
        if self._unretrieved is not None:
            self._unretrieved.error = None
            self._unretrieved = None

    def report(self) -> None:
        """Report the error once, if nobody has retrieved it."""
        if self._unretrieved is not None:
            self._unretrieved.report()


class ReducerCall(PendingResult[ReducerEvent]):
    """Reducer call that was sent. Await it to wait for its result.

    Awaiting returns the `ReducerEvent`, after the callbacks of the rows that the call changed, or raises:

    - `ReducerError`: the reducer returned an error, or could not run. Nothing was committed.
    - `ConnectionLost`: the connection ended first. Whether the reducer ran is unknown; the call is never sent again.

    The error of a call that is not awaited goes to `on_unhandled_reducer_error`, or is logged. In asyncio's debug mode
    (`python -X dev`) it names the line that made the call.

    Attributes:
        reducer: the name of the reducer, as the module declares it.
        started: the time at which it was sent, for measuring latency.
    """

    def __init__(
        self,
        reducer: str,
        new_future: Callable[[], Future[ReducerEvent]],
        on_unretrieved: Callable[[StdbError, str], object],
        started: float,
        origin: str = "",
    ) -> None:
        super().__init__(new_future, on_unretrieved, f"reducer {reducer}", origin)
        self.reducer = reducer
        self.started = started

    def __repr__(self) -> str:
        return f"<call of reducer {self.reducer}>"
