"""A connection that lasts: one session at a time over one socket at a time, and a new one when that is lost."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import random
from collections.abc import AsyncGenerator, Callable
from contextvars import Context
from enum import Enum
from functools import partial
from typing import Any, Protocol

from websockets.exceptions import ConnectionClosed

from .._engine.retry import Attempts
from .._protocol.endpoint import Endpoint
from .._protocol.events import Event, Opened
from .._protocol.v1_json.session import Session, SessionState
from ..errors import (
    AuthError,
    ConnectError,
    ConnectionLost,
    ConnectionRejectedError,
    CredentialsError,
    DecodeError,
    EventLoopError,
    NotConnectedError,
    ProtocolError,
    ServerUnreachableError,
    StdbError,
    SubprotocolError,
    UnknownDatabaseError,
)
from ..events import ArgumentReader
from ..stats import Stats
from .options import Options
from .tokens import Tokens
from .websocket import Socket, open_socket

__all__ = ["Connection", "ConnectionState", "Listener"]

_NORMAL, _PROTOCOL_ERROR = 1000, 1002
_LONGEST_REASON = 120

# What no later attempt can mend.
_FINAL = (AuthError, CredentialsError, UnknownDatabaseError, SubprotocolError, DecodeError)


class ConnectionState(Enum):
    """Where in its life a connection is."""

    CONNECTING = "connecting"
    OPEN = "open"
    RECONNECTING = "reconnecting"
    CLOSED = "closed"


class Listener(Protocol):
    """Who is told what happens. All of it comes one after the other, from the event loop."""

    def opened(self, opened: Opened, *, again: bool) -> None:
        """The server said who we are, for the first time or again after a loss. The session is new."""
        ...

    def received(self, event: Event) -> None:
        """Something else arrived. A ProtocolError that this raises ends the socket, as one of the session does."""
        ...

    def lost(self, error: StdbError | None) -> None:
        """An open socket is gone, and with it what was in flight. Another attempt follows, unless `ended` does."""
        ...

    def failing(self, error: StdbError) -> None:
        """Attempt after attempt fails. Another follows, but whoever waits for rows is to know."""
        ...

    def ended(self, error: StdbError | None) -> None:
        """It is over: we closed it (None), or gave up."""
        ...


class Connection:
    """A connection to one database.

    Args:
        endpoint: where.
        options: how.
        listener: who is told what happens.
        read_arguments: reads the arguments of reducers.
        stats: where messages are counted.
        logger: where frames go, at level DEBUG.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        options: Options,
        listener: Listener,
        read_arguments: ArgumentReader,
        stats: Stats,
        logger: logging.Logger,
    ) -> None:
        self.endpoint = endpoint
        self.options = options
        self.state = ConnectionState.CONNECTING
        self._listener = listener
        self._read_arguments = read_arguments
        self._stats = stats
        self._logger = logger
        self._ids = itertools.count(1)
        self._session = Session(read_arguments, self._ids)
        self._attempts = Attempts(options.backoff, random.random)
        self._is_open = False  # from the greeting on, until the listener is told of the loss
        self._opened_at = 0.0
        self._socket: Socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None  # where it is open
        self._task: asyncio.Task[StdbError | None] | None = None
        self._greeted = asyncio.Event()
        self._wake = asyncio.Event()
        self._sending = asyncio.Lock()
        self._tokens = Tokens(endpoint, options)

    def new_future(self) -> asyncio.Future[Any]:  # Any: whoever asks knows what for
        """A future of the event loop that the connection lives in.

        Raises:
            EventLoopError: the caller runs in another one, or in none.
        """
        self._check_loop()
        return asyncio.get_running_loop().create_future()

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Have a function called at the event loop's next turn. Raises RuntimeError if none is running here."""
        asyncio.get_running_loop().call_soon(callback)

    def _check_loop(self) -> None:
        if self._loop is None:
            return
        try:
            here = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        if here is not self._loop:
            raise EventLoopError(_ELSEWHERE)

    @property
    def session(self) -> Session:
        """The session to make requests of.

        Raises:
            NotConnectedError: there is none at the moment.
            EventLoopError: the caller runs in another event loop or thread.
        """
        self._check_loop()
        if self.state is ConnectionState.OPEN:
            return self._session
        raise NotConnectedError(_NOT_OPEN[self.state])

    @property
    def latency(self) -> float | None:
        """Seconds that the last ping took to be answered, if one was."""
        return (self._socket.latency or None) if self._socket is not None else None

    def flush(self) -> None:
        """Have what the session has to say sent.

        At once, if the socket takes it at once: a request that waits for the event loop's next turn pays for that turn
        in each of its round trips. Else the task that writes is woken, which waits until the socket takes more.
        """
        socket = self._socket
        if socket is None or self._sending.locked() or not socket.takes_at_once:
            self._wake.set()
            return
        frames = self._session.outgoing()
        for frame in frames:
            self._note_sent(frame)
        socket.send_at_once(frames)

    def _note_sent(self, frame: bytes) -> None:
        """Count and log a frame."""
        self._stats.messages_sent += 1
        self._stats.bytes_sent += len(frame)
        if self._logger.isEnabledFor(logging.DEBUG):
            self._logger.debug("> %s", frame)

    async def open(self, context: Context) -> None:
        """Connect, and wait for the server to say who we are. A first attempt that fails is not repeated.

        Args:
            context: in which the listener is told.

        Raises:
            ConnectError: one of its kinds, by what went wrong.
            CredentialsError: the token cannot be read from where it is kept, or not be kept there.
            ProtocolError: what answered does not keep to the protocol.
        """
        self._loop = loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._live(), name=f"stdb {self.endpoint}", context=context)
        greeted = loop.create_task(self._greeted.wait())
        try:
            await asyncio.wait({self._task, greeted}, return_when=asyncio.FIRST_COMPLETED)
            if not self._greeted.is_set():
                raise self._task.result() or NotConnectedError(_NOT_OPEN[ConnectionState.CLOSED])
        except BaseException:
            await self.close()
            raise
        finally:
            greeted.cancel()

    async def close(self) -> None:
        """Close it for good. Returns when the listener has been told. Raises EventLoopError in another event loop."""
        self._check_loop()
        if self._task is None:
            return
        session, self.state = self._session, ConnectionState.CLOSED
        socket = self._socket
        if socket is not None:
            with contextlib.suppress(ConnectionClosed, TimeoutError):
                async with asyncio.timeout(self.options.close_timeout):
                    await self._send(socket, session)  # what was asked for at the last moment
                    await socket.close(_NORMAL)
            socket.transport.abort()  # no more patience with a peer that takes nothing
        else:
            self._task.cancel()
        await self.ended()

    async def ended(self) -> StdbError | None:
        """Wait until it is over. Gives why it gave up, or None if we closed it.

        Raises:
            BaseException: what ended it was not for it to take, such as a SystemExit in a callback.
            EventLoopError: the caller runs in another event loop or thread.
        """
        self._check_loop()
        if self._task is None:
            return None
        await asyncio.wait({self._task})
        return None if self._task.cancelled() else self._task.result()

    async def _live(self) -> StdbError | None:
        """Connect, serve, and start over, until it is over. Whatever ends it, the listener is told."""
        error: StdbError | None = None
        try:
            error = await self._serve_on()
        except BaseException as cause:
            if self.state is not ConnectionState.CLOSED:
                error = _ended_by(cause)
            raise
        finally:
            self.state = ConnectionState.CLOSED
            if error is not None and self._greeted.is_set():  # else it is raised to whoever connects
                self._logger.error("%s: the client has ended: %s", self.endpoint, error)
            try:
                self._lose(error)
            finally:
                self._listener.ended(error)
        return error

    async def _serve_on(self) -> StdbError | None:
        """Serve one socket after the other. Gives why it gave up, or None if we closed it."""
        while True:
            error = await self._serve()
            if self.state is ConnectionState.CLOSED:
                return None
            if not self._greeted.is_set() or not self.options.reconnect or isinstance(error, _FINAL):
                return error
            self.state = ConnectionState.RECONNECTING
            delay = self._attempts.failed(error)
            # A loss is news, one more attempt that failed is less.
            level = logging.WARNING if self._is_open else logging.INFO
            self._logger.log(level, "%s: %s; connecting again in %.1f s", self.endpoint, error, delay)
            self._lose(error)
            if self._attempts.count >= self.options.subscribe_attempts:
                self._listener.failing(self._attempts.error())
            await asyncio.sleep(delay)

    def _lose(self, error: StdbError | None) -> None:
        """Tell the listener that an open socket is gone, once."""
        if self._is_open:
            self._is_open = False
            self._listener.lost(error)

    async def _serve(self) -> StdbError:
        """One socket and its session, from beginning to end. Gives why it ended."""
        self._session = session = Session(self._read_arguments, self._ids)
        try:
            async with asyncio.timeout(self.options.open_timeout) as limit:
                again = self._greeted.is_set()
                self._socket = await self._open_socket(again=again)
                async with self._writing(self._socket, session):
                    return await self._read(self._socket, session, limit)
        except TimeoutError:
            seconds = f"{self.options.open_timeout:g} seconds (open_timeout)"
            return ServerUnreachableError(f"{self.endpoint.server} did not answer within {seconds}")
        except (ConnectError, CredentialsError) as error:
            return error
        finally:
            session.end()
            if self._socket is not None:
                self._socket.transport.abort()  # no more than a formality, unless it was left in the middle
            self._socket = None

    async def _open_socket(self, *, again: bool) -> Socket:
        try:
            return await open_socket(self.endpoint, self.options, self._tokens.to_show(), again=again)
        except AuthError as error:
            self._tokens.refused(error)
            return await open_socket(self.endpoint, self.options, None, again=again)

    async def _read(self, socket: Socket, session: Session, limit: asyncio.Timeout) -> StdbError:
        """Hand on what arrives, until nothing does any more. Gives why."""
        try:
            await socket.receive(partial(self._receive, session, limit))
        except ProtocolError as error:
            self._note_lasted(session)
            await socket.close(_PROTOCOL_ERROR, str(error).encode()[:_LONGEST_REASON].decode(errors="ignore"))
            return error
        if session.state is SessionState.OPENING:
            return ConnectionRejectedError(_REJECTED)
        self._note_lasted(session)
        return socket.loss()

    def _receive(self, session: Session, limit: asyncio.Timeout, frame: bytes) -> None:
        self._stats.messages_received += 1
        self._stats.bytes_received += len(frame)
        is_first = session.state is SessionState.OPENING
        events = session.receive(frame)
        # Only what was understood is logged: there may be a token in what was not.
        if self._logger.isEnabledFor(logging.DEBUG):
            self._logger.debug("< %s", "(the identity token)" if is_first else frame)
        for event in events:
            if isinstance(event, Opened):
                limit.reschedule(None)
                self._open(event)
            else:
                self._listener.received(event)

    def _open(self, opened: Opened) -> None:
        if self.state is ConnectionState.CLOSED:
            return  # it was closed while the message was on its way
        again = self._greeted.is_set()
        self._tokens.issued(opened.token)
        self._opened_at = asyncio.get_running_loop().time()
        self._is_open = True
        self.state = ConnectionState.OPEN
        self._greeted.set()
        self._listener.opened(opened, again=again)

    def _note_lasted(self, session: Session) -> None:
        """A connection that brought all rows that were asked for is no failed attempt, if it lasted."""
        if self._is_open and session.is_settled:
            self._attempts.lasted(asyncio.get_running_loop().time() - self._opened_at)

    @contextlib.asynccontextmanager
    async def _writing(self, socket: Socket, session: Session) -> AsyncGenerator[None]:
        """For the time of the block, what the session has to say is sent."""
        writer = asyncio.get_running_loop().create_task(self._write(socket, session))
        try:
            yield
        finally:
            writer.cancel()
            await asyncio.wait({writer})

    async def _write(self, socket: Socket, session: Session) -> None:
        with contextlib.suppress(ConnectionClosed):  # the reader sees it too, and tells
            while await self._wake.wait():
                self._wake.clear()
                await self._send(socket, session)

    async def _send(self, socket: Socket, session: Session) -> None:
        """Send what the session has to say; one at a time, so that the order is kept."""
        async with self._sending:
            for frame in session.outgoing():
                self._note_sent(frame)
                await socket.send(frame, text=True)


_NOT_OPEN = {
    ConnectionState.CONNECTING: "the client is not connected yet: use it inside `async with connect(...)`",
    ConnectionState.RECONNECTING: "the connection is lost and being made again: try again when `on_connect` tells so",
    ConnectionState.CLOSED: "the client is closed: connect again",
}
_ELSEWHERE = (
    "the client was used from another event loop or thread than the one that it was connected in: "
    "hand the work over with loop.call_soon_threadsafe(...) or asyncio.run_coroutine_threadsafe(...)"
)
_REJECTED = (
    "the server accepted the connection and dropped it before it said who we are: "
    "the module's client_connected reducer refused, or the server is stopping"
)


def _ended_by(cause: BaseException) -> ConnectionLost:
    """What ended the client in place of the connection's own reasons, for whoever waits."""
    what = "its task was cancelled" if isinstance(cause, asyncio.CancelledError) else f"{type(cause).__name__}: {cause}"
    error = ConnectionLost(f"the client ended, for something was raised in it: {what}")
    error.__cause__ = cause
    return error
