"""Interface between the engine and its driver: all that the engine needs of a driver."""

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
    def __await__(self) -> Generator[Any, None, T]: ...  # Any: passes through to the event loop


class ServerVersionRequest(msgspec.Struct, frozen=True):
    """Request for the version of the server, by HTTP. The driver passes the answer to `Engine.server_version`.

    Attributes:
        connection: the number of the connection, which tells a late answer from one about the present connection.
    """

    connection: int


class Driver(Protocol):
    """Driver of an engine: it owns sockets, timers and tasks.

    It passes frames and lost connections to the engine, and sends the frames that `Engine.outgoing` returns.

    Its methods must not call `Engine.receive` or `Engine.disconnected` before they return: the engine calls them in the
    middle of a step.
    """

    @property
    def cancelled_error(self) -> type[BaseException]:
        """Class of the exception that cancels coroutines."""
        ...

    @property
    def is_here(self) -> bool:
        """True if the caller runs in the event loop or thread of the client."""
        ...

    @property
    def is_debugging(self) -> bool:
        """True in debug mode, in which errors name the line of the request, although finding it is slow."""
        ...

    @property
    def latency(self) -> float | None:
        """Round-trip time of the last ping, in seconds; None before the first answer."""
        ...

    def check_here(self) -> None:
        """Raise EventLoopError if the caller runs in another event loop or thread than the client."""
        ...

    def new_future(self) -> Future[Any]:  # Any: the caller's business
        """Create a future. Raises EventLoopError as `check_here` does."""
        ...

    def now(self) -> float:
        """Return the time of a monotonic clock, in seconds."""
        ...

    def chance(self) -> float:
        """Return a random number from 0 to 1."""
        ...

    def spawn(self, coroutine: Coroutine[Any, Any, object], callback: Callable[..., object]) -> None:
        """Run the coroutine that a callback returned. Its exceptions go to `Dispatcher.report_spawned`."""
        ...

    def call_soon(self, function: Callable[[], None]) -> None:
        """Schedule a function, from any thread, for the event loop's next turn. Raises RuntimeError if it has ended."""
        ...

    def within(self, seconds: float | None, awaitable: Awaitable[T]) -> Awaitable[T]:
        """Return an awaitable with a timeout. Awaiting it raises TimeoutError when the timeout expires."""
        ...

    def handshake_done(self, token: str) -> None:
        """Save the token that the server issued, before anything else happens on the connection.

        Raises:
            CredentialsError: the token cannot be saved, which ends the client.
        """
        ...

    def flush(self) -> None:
        """Send the frames of `Engine.outgoing`, soon."""
        ...

    def request_version(self, request: ServerVersionRequest) -> None:
        """Ask the server for its version, by HTTP. The answer goes to `Engine.server_version`, later."""
        ...
