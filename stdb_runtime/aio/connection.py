"""Connection of a client: the asyncio driver of its engine, over one socket after the other."""

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

_NORMAL, _PROTOCOL_ERROR = 1000, 1002
_LONGEST_REASON = 120


class Connection(Generic[S]):
    """Connection of a client to one database. It owns the engine, and is the engine's driver.

    Args:
        endpoint: the database.
        options: how to connect.
        make_sink: creates the sink of the engine.
        parameters: the declared parameters of reducers; None if there is no generated code.
        logger: where to log instead of `stdb_runtime`.
    """

    cancelled_error = asyncio.CancelledError
    chance = staticmethod(random.random)
    # Answers are measured with it, and the event loop's own clock is a coarse one on some systems.
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
        self._loop: asyncio.AbstractEventLoop | None = None  # where it is open
        self._task: asyncio.Task[StdbError | None] | None = None
        self._socket: Socket | None = None
        self._limit: asyncio.Timeout | None = None  # of the attempt to connect that is under way
        self._handshake = asyncio.Event()
        self._wake = asyncio.Event()
        self._inquiries: set[asyncio.Task[None]] = set()
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
        """Seconds that the last ping took to be answered, if one was."""
        return (self._socket.latency or None) if self._socket is not None else None

    def check_here(self) -> None:
        """Raise EventLoopError if the caller runs in another event loop or thread."""
        if self._loop is not None and not self.is_here:
            raise EventLoopError(_ELSEWHERE)

    def new_future(self) -> asyncio.Future[Any]:  # Any: the caller's business
        """Create a future of the event loop. Raises EventLoopError in another one."""
        if self._loop is None or not self.is_here:
            self.check_here()
            return asyncio.get_running_loop().create_future()
        return self._loop.create_future()

    def spawn(self, coroutine: Coroutine[Any, Any, object], callback: Callable[..., object]) -> None:
        """Run the coroutine that a callback returned as a task."""
        self._callbacks.start(coroutine, callback)

    def call_soon(self, function: Callable[[], None]) -> None:
        """Have a function called at the event loop's next turn. Raises RuntimeError if the loop is closed."""
        if self._loop is None or self.is_here:
            asyncio.get_running_loop().call_soon(function)
        else:
            self._loop.call_soon_threadsafe(function)

    async def within(self, seconds: float | None, awaitable: Awaitable[T]) -> T:
        """Await with a time limit. Raises TimeoutError after it."""
        async with asyncio.timeout(seconds):
            return await awaitable

    def handshake_done(self, token: str) -> None:
        """Keep the token that the server issued. Raises CredentialsError and TokenSourceError."""
        self._tokens.issued(token)
        if self._limit is not None:
            self._limit.reschedule(None)
        self._handshake.set()

    def flush(self) -> None:
        """Send frames at once if the socket takes them, and begin other I/O.

        A request that waited for the event loop's next turn would pay for that turn in each of its round trips.
        """
        if self._socket is None or not self._socket.try_write(self.engine.outgoing):
            self._wake.set()
        for request in self.engine.io_requests():
            task = asyncio.get_running_loop().create_task(self._ask_version(request))
            self._inquiries.add(task)
            task.add_done_callback(self._inquiries.discard)

    async def _ask_version(self, request: ServerVersionRequest) -> None:
        try:
            version = read_version(self.endpoint, await fetch(self.endpoint, HEALTH_PATH, self.options))
        except StdbError as error:
            self.engine.server_version(request, error)
        else:
            self.engine.server_version(request, version)

    # --- for clients --------------------------------------------------------------------------------------------------

    async def open(self, context: Context) -> None:
        """Connect, and wait for the handshake. A first attempt that fails is not repeated.

        Args:
            context: in which callbacks run.

        Raises:
            ConnectError: one of its kinds, by what went wrong.
            CredentialsError: the token cannot be read from where it is kept, or not be kept there.
            ProtocolError: what answered does not keep to the protocol.
        """
        self._loop = loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._run(), name=f"stdb {self.endpoint}", context=context)
        handshake = loop.create_task(self._handshake.wait())
        try:
            await asyncio.wait({self._task, handshake}, return_when=asyncio.FIRST_COMPLETED)
            if not self._handshake.is_set():
                raise self._task.result() or NotConnectedError("the client is closed: connect again")
        except BaseException:
            await self.close()
            raise
        finally:
            handshake.cancel()

    async def settle(self) -> None:
        """Wait for answers to requests so far, `close_timeout` seconds at most: after a close there are none."""
        unanswered = self._unanswered()
        if unanswered and self.engine.is_active:
            await asyncio.wait(unanswered, timeout=self.options.close_timeout)

    async def drain(self) -> None:
        """Wait until every request so far is answered, and every coroutine callback is done."""
        with self._callbacks.waiting():
            while waiting := [*self._unanswered(), *self._callbacks.running()]:
                await asyncio.wait(waiting)

    def _unanswered(self) -> list[asyncio.Future[Any]]:
        return [asyncio.ensure_future(result.watch()) for result in self.engine.unanswered()]

    async def close(self) -> None:
        """Close it for good, and give coroutine callbacks `close_timeout` seconds to end.

        Raises:
            EventLoopError: the caller runs in another event loop or thread.
        """
        self.check_here()
        for inquiry in self._inquiries:
            inquiry.cancel()
        try:
            await self._close_socket()
        finally:
            await self._callbacks.close(self.options.close_timeout)

    async def _close_socket(self) -> None:
        """Close the socket. Returns when callbacks on it have run."""
        if self._task is None:
            return
        self.engine.close()
        socket = self._socket
        if socket is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.options.close_timeout):
                    await socket.write(self.engine.outgoing)  # requests of the last moment
                    await socket.close(_NORMAL)
            socket.transport.abort()  # no more patience with a peer that takes nothing
        else:
            self._task.cancel()
        await self.ended()

    async def ended(self) -> StdbError | None:
        """Wait until it is over. Returns why the client gave up, or None if it was closed.

        Raises:
            BaseException: it ended by an error of another kind, such as a SystemExit in a callback.
            EventLoopError: the caller runs in another event loop or thread.
        """
        self.check_here()
        if self._task is None:
            return None
        await asyncio.wait({self._task})
        return None if self._task.cancelled() else self._task.result()

    # --- the task -----------------------------------------------------------------------------------------------------

    async def _run(self) -> StdbError | None:
        """Connect again and again until it is over. Whatever ends it, the engine is told."""
        try:
            error = await self._connect_repeatedly()
        except BaseException as cause:
            self.engine.end(None if self.engine.is_closed else cause)
            raise
        return self.engine.end(error)

    async def _connect_repeatedly(self) -> StdbError | None:
        """Serve one socket after the other. Returns why the client gives up, or None if it was closed."""
        while True:
            error = await self._serve()
            delay = self.engine.disconnected(error)
            if delay is None:
                return None if self.engine.is_closed else error
            await asyncio.sleep(delay)

    async def _serve(self) -> StdbError:
        """Serve one socket, from beginning to end. Returns why it ended."""
        self.engine.connecting()
        try:
            async with asyncio.timeout(self.options.open_timeout) as self._limit:
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
                self._socket.transport.abort()  # no more than a formality, unless it was left in the middle
            self._socket = self._limit = None

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
        """Feed the engine what arrives, until nothing does any more. Returns why."""
        try:
            await socket.receive(self.engine.receive)
        except ProtocolError as error:
            await socket.close(_PROTOCOL_ERROR, str(error).encode()[:_LONGEST_REASON].decode(errors="ignore"))
            return error
        return self.engine.loss(socket.to_connection_lost())

    @contextlib.asynccontextmanager
    async def _writing(self, socket: Socket) -> AsyncGenerator[None]:
        """For the time of the block, send what the socket did not take at once."""
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


_ELSEWHERE = (
    "the client was used from another event loop or thread than the one that it was connected in: "
    "hand the work over with loop.call_soon_threadsafe(...) or asyncio.run_coroutine_threadsafe(...)"
)
