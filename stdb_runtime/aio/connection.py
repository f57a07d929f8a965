"""Connection of a client: the asyncio driver of its engine, over one socket after another."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextvars import Context
from functools import partial
from typing import Any, Generic, TypeVar

from .._engine.driver import ServerVersionRequest
from .._engine.engine import Engine
from .._engine.retry import RetryPolicy
from .._engine.sink import Sink
from .._protocol.encoding import ParameterSource
from .._protocol.endpoint import Endpoint
from .._protocol.rest import HEALTH_PATH, read_version
from .._protocol.v1_json.encoding import V1Json
from ..errors import (
    AuthError,
    ConnectError,
    CredentialsError,
    EventLoopError,
    NotConnectedError,
    ProtocolError,
    ServerUnreachableError,
    StdbError,
)
from .http import fetch
from .options import Options
from .tasks import CallbackTasks
from .tokens import Tokens
from .websocket import Socket, open_socket

__all__ = ["Connection"]

S = TypeVar("S", bound=Sink)
T = TypeVar("T")

# Close codes, and a limit for the reason of a close frame, which may have 123 bytes (RFC 6455, 5.5 and 7.4.1).
_NORMAL, _PROTOCOL_ERROR = 1000, 1002
_MAX_REASON_LENGTH = 120


class Connection(Generic[S]):
    """Connection of a client to one database. It owns the engine, and is the engine's driver.

    Args:
        endpoint: the database.
        options: the options of the connection.
        make_sink: creates the sink of the engine.
        parameters: the declared parameters of reducers; None if there is no generated code.
        logger: the logger to use instead of `stdb_runtime`.

    Attributes:
        endpoint: the database.
        options: the options of the connection.
        engine: the engine.
    """

    cancelled_error = asyncio.CancelledError
    chance = staticmethod(random.random)
    # Latencies are measured with it, and the clock of the event loop is coarse on some systems.
    now = staticmethod(time.perf_counter)

    def __init__(
        self,
        endpoint: Endpoint,
        options: Options,
        make_sink: Callable[[Engine[S]], S],
        parameters: ParameterSource | None = None,
        logger: logging.Logger | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.options = options
        self._tokens = Tokens(endpoint, options)
        self._loop: asyncio.AbstractEventLoop | None = None  # set by `open`
        self._context: Context | None = None  # of callbacks; set by `open`
        self._task: asyncio.Task[StdbError | None] | None = None
        self._socket: Socket | None = None
        self._timeout: asyncio.Timeout | None = None  # of the present attempt to connect
        self._handshake = asyncio.Event()
        self._wake = asyncio.Event()
        self._version_tasks: set[asyncio.Task[None]] = set()
        self.engine = Engine(
            self,
            make_sink,
            V1Json(),
            parameters,
            RetryPolicy(options.reconnect, options.backoff, options.subscribe_attempts),
            str(endpoint),
            logger or logging.getLogger("stdb_runtime"),
        )
        self._callbacks = CallbackTasks(self.engine.dispatcher.report_spawned)

    # --- for the engine: see `Driver` ---------------------------------------------------------------------------------

    @property
    def is_here(self) -> bool:
        """True if the caller runs in the event loop that the connection runs in."""
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return False

    @property
    def is_debugging(self) -> bool:
        """True in asyncio's debug mode, which `python -X dev` turns on."""
        return self._loop is not None and self._loop.get_debug()

    @property
    def latency(self) -> float | None:
        """Round-trip time of the last ping, in seconds; None before the first answer."""
        return (self._socket.latency or None) if self._socket is not None else None

    def check_here(self) -> None:
        """Raise EventLoopError if the caller runs in another event loop or thread."""
        if self._loop is not None and not self.is_here:
            raise EventLoopError(_WRONG_EVENT_LOOP)

    def new_future(self) -> asyncio.Future[Any]:  # Any: the caller's business
        """Create a future of the event loop. Raises EventLoopError in another one."""
        self.check_here()
        return asyncio.get_running_loop().create_future()

    def spawn(self, coroutine: Coroutine[Any, Any, object], callback: Callable[..., object]) -> None:
        """Run the coroutine that a callback returned as a task."""
        self._callbacks.start(coroutine, callback)

    def call_soon(self, function: Callable[[], None]) -> None:
        """Have a function called at the event loop's next turn. Raises RuntimeError if the loop is closed."""
        if self._loop is None or self.is_here:
            asyncio.get_running_loop().call_soon(function, context=self._context)
        else:
            self._loop.call_soon_threadsafe(function, context=self._context)

    async def within(self, seconds: float | None, awaitable: Awaitable[T]) -> T:
        """Await with a timeout. Raises TimeoutError when it expires."""
        async with asyncio.timeout(seconds):
            return await awaitable

    def handshake_done(self, token: str) -> None:
        """Save the token that the server issued. Raises CredentialsError and TokenSourceError."""
        self._tokens.issued(token)
        if self._timeout is not None:
            self._timeout.reschedule(None)
        self._handshake.set()

    def flush(self) -> None:
        """Send frames at once if the socket takes them.

        Sending in the next turn of the event loop would add that turn to each round trip.
        """
        if self._socket is None or not self._socket.try_write(self.engine.outgoing):
            self._wake.set()

    def request_version(self, request: ServerVersionRequest) -> None:
        """Start to fetch the version of the server."""
        task = asyncio.get_running_loop().create_task(self._fetch_version(request))
        self._version_tasks.add(task)
        task.add_done_callback(self._version_tasks.discard)

    async def _fetch_version(self, request: ServerVersionRequest) -> None:
        try:
            version = read_version(self.endpoint, await fetch(self.endpoint, HEALTH_PATH, self.options))
        except StdbError as error:
            self.engine.server_version(request, error)
        else:
            self.engine.server_version(request, version)

    # --- for clients --------------------------------------------------------------------------------------------------

    async def open(self, context: Context) -> None:
        """Connect, and wait for the handshake. The first attempt is not repeated if it fails.

        Args:
            context: the context in which callbacks run.

        Raises:
            ConnectError: one of its subclasses, by the cause.
            CredentialsError: the token cannot be read from its store, or not be saved in it.
            ProtocolError: the peer sent something that the protocol does not allow.
        """
        if self.engine.is_closed:
            raise NotConnectedError(_CLOSED)
        self._loop = loop = asyncio.get_running_loop()
        self._context = context
        self._task = loop.create_task(self._run(), name=f"stdb {self.endpoint}", context=context)
        handshake = loop.create_task(self._handshake.wait())
        try:
            await asyncio.wait({self._task, handshake}, return_when=asyncio.FIRST_COMPLETED)
            if not self._handshake.is_set():
                error = None if self._task.cancelled() else self._task.result()
                raise error or NotConnectedError(_CLOSED)
        except BaseException:
            await self.close()
            raise
        finally:
            handshake.cancel()

    async def settle(self) -> None:
        """Wait up to `close_timeout` seconds for the answers to requests, which never arrive after `close`."""
        unanswered = self._unanswered()
        if unanswered and self.engine.is_active:
            await asyncio.wait(unanswered, timeout=self.options.close_timeout)

    def detached(self) -> contextlib.AbstractContextManager[None]:
        """During the block, let nothing wait for the callback that the caller runs in."""
        return self._callbacks.detached()

    async def drain(self) -> None:
        """Wait until no request is unanswered and no coroutine callback is running."""
        with self._callbacks.waiting():
            while waiting := [*self._unanswered(), *self._callbacks.running()]:
                await asyncio.wait(waiting)

    def _unanswered(self) -> list[asyncio.Future[Any]]:
        return [asyncio.ensure_future(result.watch()) for result in self.engine.unanswered()]

    async def close(self) -> None:
        """Close the connection for good, and wait up to `close_timeout` seconds for coroutine callbacks.

        Raises:
            EventLoopError: the caller runs in another event loop or thread.
        """
        self.check_here()
        for task in self._version_tasks:
            task.cancel()
        try:
            await self._close_socket()
        finally:
            await self._callbacks.close(self.options.close_timeout)

    async def _close_socket(self) -> None:
        """Close the socket, and wait until the callbacks on that have run."""
        self.engine.close()
        if self._task is None:
            return
        if self._socket is not None:
            await self._say_goodbye(self._socket, _NORMAL)
        else:
            self._task.cancel()
        await self.ended()

    async def _say_goodbye(self, socket: Socket, code: int, reason: str = "") -> None:
        """Close a socket, also if the peer takes or answers nothing, or the caller is cancelled."""
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.options.close_timeout):
                    await socket.write(self.engine.outgoing)  # requests made just before
                    await socket.close(code, reason)
        finally:
            socket.transport.abort()  # has no effect on a closed one

    async def ended(self) -> StdbError | None:
        """Wait until the connection has ended for good. Returns the error that ended it, or None if it was closed.

        Raises:
            BaseException: it was ended by an exception of another kind, such as SystemExit in a callback.
            EventLoopError: the caller runs in another event loop or thread.
        """
        self.check_here()
        if self._task is None:
            return None
        await asyncio.wait({self._task})
        return None if self._task.cancelled() else self._task.result()

    # --- the task -----------------------------------------------------------------------------------------------------

    async def _run(self) -> StdbError | None:
        """Connect repeatedly. Whatever ends this also ends the engine."""
        try:
            error = await self._connect_repeatedly()
        except BaseException as cause:
            self.engine.end(None if self.engine.is_closed else cause)
            raise
        return self.engine.end(error)

    async def _connect_repeatedly(self) -> StdbError | None:
        """Open one socket after another. Returns the error that ended the last one, or None if it was closed."""
        while True:
            error = await self._serve()
            delay = self.engine.disconnected(error)
            if delay is None:
                return None if self.engine.is_closed else error
            await asyncio.sleep(delay)

    async def _serve(self) -> StdbError:
        """Open one socket, and read from it until it is closed. Returns the error that ended it."""
        self.engine.connecting()
        try:
            async with asyncio.timeout(self.options.open_timeout) as self._timeout:
                self._socket = await self._open_socket()
                async with self._writing(self._socket):
                    return await self._read(self._socket)
        except TimeoutError:
            seconds = f"{self.options.open_timeout:g} seconds (open_timeout)"
            return ServerUnreachableError(f"{self.endpoint.server} did not answer within {seconds}")
        except (ConnectError, CredentialsError) as error:
            return error
        finally:
            if self._socket is not None:
                self._socket.transport.abort()  # has no effect on a closed one
            self._socket = self._timeout = None

    async def _open_socket(self) -> Socket:
        connect = partial(
            open_socket,
            self.endpoint,
            self.options,
            self.engine.encoding.subprotocol,
            reconnecting=self.engine.was_open,
        )
        try:
            return await connect(self._tokens.current())
        except AuthError as error:
            self._tokens.refused(error)
            return await connect(None)

    async def _read(self, socket: Socket) -> StdbError:
        """Pass frames to the engine until the socket is closed. Returns the error that ended it."""
        try:
            await socket.receive(self.engine.receive)
        except ProtocolError as error:
            reason = str(error).encode()[:_MAX_REASON_LENGTH].decode(errors="ignore")
            await self._say_goodbye(socket, _PROTOCOL_ERROR, reason)
            return error
        lost = socket.to_connection_lost()
        return lost if socket.was_closed_here else self.engine.loss(lost)

    @contextlib.asynccontextmanager
    async def _writing(self, socket: Socket) -> AsyncGenerator[None]:
        """During the block, send the frames that the socket does not take at once."""
        writer = asyncio.get_running_loop().create_task(self._write(socket))
        try:
            yield
        finally:
            writer.cancel()
            await asyncio.wait({writer})

    async def _write(self, socket: Socket) -> None:
        while await self._wake.wait():
            self._wake.clear()
            await socket.write(self.engine.outgoing)


_CLOSED = "the client is closed: connect again"
_WRONG_EVENT_LOOP = (
    "the client was used from another event loop or thread than the one that it was connected in: "
    "hand the work over with loop.call_soon_threadsafe(...) or asyncio.run_coroutine_threadsafe(...)"
)
