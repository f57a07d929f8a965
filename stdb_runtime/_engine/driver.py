"""The seam between the engine and its driver: what a driver gives to the engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, Protocol, TypeVar

import msgspec

__all__ = ["Driver", "Future", "ServerVersionRequest"]

T = TypeVar("T")


class Future(Protocol[T]):
    """Future of a driver, such as `asyncio.Future`: the part that the engine uses."""

    def done(self) -> bool: ...
    def exception(self) -> BaseException | None: ...
    def set_exception(self, exception: BaseException, /) -> None: ...
    def set_result(self, result: T, /) -> None: ...
    def __await__(self) -> Generator[Any, None, T]: ...  # Any: passes through to whatever runs the coroutine


class ServerVersionRequest(msgspec.Struct, frozen=True):
    """Request for the server's version, which only HTTP tells. `Engine.server_version` takes the answer.

    Attributes:
        connection: the number of the connection that it is about.
    """

    connection: int


class Driver(Protocol):
    """Whatever runs an engine: it owns sockets, timers and tasks.

    It feeds the engine frames and the loss of connections, and sends what `outgoing` returns.
    """

    @property
    def cancelled_error(self) -> type[BaseException]:
        """The exception that cancels coroutines."""
        ...

    @property
    def is_here(self) -> bool:
        """True if the caller runs where the client runs, such as in the same event loop."""
        ...

    @property
    def is_debugging(self) -> bool:
        """True in development mode: costly help for finding errors is worth its price."""
        ...

    @property
    def latency(self) -> float | None:
        """Seconds that the last ping took to be answered, if one was."""
        ...

    def check_here(self) -> None:
        """Raise EventLoopError if the caller does not run where the client runs."""
        ...

    def new_future(self) -> Future[Any]:  # Any: the caller's business
        """Create a future. Raises EventLoopError as `check_here` does."""
        ...

    def now(self) -> float:
        """Seconds of a clock that never goes back."""
        ...

    def chance(self) -> float:
        """A random number from 0 to 1."""
        ...

    def spawn(self, coroutine: Coroutine[Any, Any, object], callback: Callable[..., object]) -> None:
        """Run the coroutine that a callback returned. What it raises goes to `Dispatcher.report`."""
        ...

    def call_soon(self, function: Callable[[], None]) -> None:
        """Have a function called at the next turn, from whatever thread. Raises RuntimeError if there is none."""
        ...

    def within(self, seconds: float | None, awaitable: Awaitable[T]) -> Awaitable[T]:
        """Await with a time limit. Awaiting the result raises TimeoutError after it."""
        ...

    def handshake_done(self, token: str) -> None:
        """Keep the token that the server issued, before anything else happens on the connection.

        Raises:
            CredentialsError: it cannot be kept, which ends the client.
        """
        ...

    def flush(self) -> None:
        """Send what `Engine.outgoing` returns and fulfil what `Engine.io_requests` returns, as soon as possible."""
        ...
