"""WebSocket connection to a database: opening, receiving, sending, and translation of failures."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import websockets
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidHandshake, InvalidStatus, NegotiationError, ProxyError, WebSocketException
from websockets.frames import DATA_OPCODES, Frame
from websockets.http11 import Response
from websockets.protocol import Event, State

from .._protocol.endpoint import Endpoint
from ..errors import (
    AuthError,
    ConnectError,
    ConnectionLost,
    ServerUnreachableError,
    SubprotocolError,
    UnknownDatabaseError,
)
from ..text import printable
from .options import Options

__all__ = ["Socket", "open_socket"]

# The close reason and the close code of the websockets library.
_KEEPALIVE_TIMEOUT = "keepalive ping timeout"
_MESSAGE_TOO_BIG = 1009


class _NoDebugLogger(logging.LoggerAdapter[logging.Logger]):
    """Logger of the websockets library without level DEBUG, at which it logs headers and frames, and so the token."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - as in logging
        return level > logging.DEBUG and super().isEnabledFor(level)


class Socket(ClientConnection):
    """WebSocket connection that passes each message to a function as it arrives.

    The queue of frames of the websockets library costs two task switches per message, and closes the connection when a
    message has more than 4096 fragments: servers of 2.x send fragments of 4096 bytes (docs/protocol.md, 1.6).

    Attributes:
        token: the token that the socket was opened with, which is hidden in texts of the server.
    """

    def __init__(self, *args: Any, **options: Any) -> None:  # Any: the arguments of ClientConnection
        super().__init__(*args, **options)
        self._fragments: list[bytes | bytearray | memoryview] = []
        self._early: list[bytes] = []
        self._handle: Callable[[bytes], None] = self._early.append
        self._ended: asyncio.Future[None] = self.loop.create_future()
        self._error: BaseException | None = None
        self.token: str | None = None
        self._close_timer: asyncio.TimerHandle | None = None

    async def receive(self, handle: Callable[[bytes], None]) -> None:
        """Call a function with each message, until the connection is closed or the function raises.

        Args:
            handle: the function, also called with messages that arrived earlier; not called again once it has raised.

        Raises:
            BaseException: the exception that the function raised.
        """
        self._handle = handle
        early, self._early = self._early, []
        for message in early:
            self._deliver(message)
        await self._ended
        if self._error is not None:
            raise self._error

    def try_write(self, take: Callable[[], Iterable[bytes]]) -> bool:
        """Send messages without waiting, unless the peer is behind with what was sent before.

        Args:
            take: returns the messages to send, and removes them from its queue. Not called on a closed connection.

        Returns:
            False if the peer is behind: nothing was taken.
        """
        if self.protocol.state is State.OPEN:
            if self.paused:
                return False
            for message in take():
                self.protocol.send_text(message)
            self.send_data()
        return True

    async def write(self, take: Callable[[], Iterable[bytes]]) -> None:
        """Send messages, as soon as the peer takes them. `take` is as for `try_write`."""
        with contextlib.suppress(OSError):  # the connection is lost, which `receive` reports
            while not self.try_write(take):
                await self.drain()

    @property
    def was_closed_here(self) -> bool:
        """True if this client closed the connection, once it has ended."""
        closed = self.protocol.close_exc
        return closed.sent is not None and not closed.rcvd_then_sent

    def to_connection_lost(self) -> ConnectionLost:
        """Return the error for the end of the connection, once it has ended."""
        closed = self.protocol.close_exc
        if closed.sent is not None and self.was_closed_here:
            reason = printable(closed.sent.reason, self.token) or "no reason given"
            if reason == _KEEPALIVE_TIMEOUT:
                reason = "the server did not answer a ping in time (ping_timeout)"
            elif closed.sent.code == _MESSAGE_TOO_BIG:
                reason = "the server sent a message that is larger than max_message_size allows"
            return ConnectionLost(f"this client closed the connection: {reason} ({closed.sent.code})")
        if closed.rcvd is not None:
            reason = printable(closed.rcvd.reason, self.token) or "no reason given"
            return ConnectionLost(f"the server closed the connection: {reason} ({closed.rcvd.code})")
        return ConnectionLost("the connection broke off without a close frame")

    # --- overridden methods of ClientConnection -----------------------------------------------------------------------

    def process_event(self, event: Event) -> None:
        """Assemble messages from data frames, and leave other events to the base class."""
        if not isinstance(event, Frame) or event.opcode not in DATA_OPCODES:
            super().process_event(event)
        elif event.fin and not self._fragments:
            self._deliver(bytes(event.data))
        else:
            self._fragments.append(event.data)
            if event.fin:
                message = b"".join(self._fragments)
                self._fragments.clear()
                self._deliver(message)

    def data_received(self, data: bytes) -> None:
        """Abort a connection that is still closing after `close_timeout`, whichever side closes it."""
        super().data_received(data)
        if self.protocol.state is State.CLOSING and self._close_timer is None and self.close_timeout is not None:
            self._close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """End `receive`."""
        super().connection_lost(exc)
        if self._close_timer is not None:
            self._close_timer.cancel()
        if not self._ended.done():
            self._ended.set_result(None)

    def start_keepalive(self) -> None:
        """Start keepalive pings, unless the connection was lost while opening: nothing would stop them."""
        if not self._ended.done():
            super().start_keepalive()

    def _deliver(self, message: bytes) -> None:
        if self._error is not None:
            return
        try:
            self._handle(message)
        except BaseException as error:
            # It is raised by `receive`: the websockets library does not expect exceptions here.
            self._error = error
            if not self._ended.done():
                self._ended.set_result(None)


class _Connect(websockets.connect):
    """`websockets.connect` that does not follow redirects: the token must not be sent to another server."""

    def process_redirect(self, exc: Exception) -> Exception:
        """Return the exception, so that it is raised."""
        return exc


async def open_socket(
    endpoint: Endpoint, options: Options, subprotocol: str, token: str | None, *, reconnecting: bool
) -> Socket:
    """Open a WebSocket and negotiate the subprotocol, without a timeout: the caller sets it.

    Args:
        endpoint: the database.
        options: the options of the connection.
        subprotocol: the only subprotocol to offer.
        token: the token to authenticate with, or None.
        reconnecting: True if this is a reconnection.

    Raises:
        ConnectError: one of its subclasses, by the cause.
    """
    if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
        raise AuthError("the token is not a JSON Web Token: it contains characters that are not allowed in one")
    query = urlencode(options.query_parameters(reconnecting=reconnecting))
    try:
        socket = await _Connect(
            f"{endpoint.subscribe_url}{query and '?'}{query}",
            subprotocols=[websockets.Subprotocol(subprotocol)],
            additional_headers={"Authorization": f"Bearer {token}"} if token else None,
            compression=None,
            max_size=options.max_message_size,
            open_timeout=None,
            close_timeout=options.close_timeout,
            ping_interval=options.ping_interval,
            ping_timeout=options.ping_timeout,
            logger=_NoDebugLogger(logging.getLogger("websockets.client")),
            ssl=(options.ssl or True) if endpoint.is_secure else None,
            proxy=options.proxy,
            create_connection=Socket,
        )
    except InvalidStatus as error:
        raise _refusal(endpoint, error.response, token) from None
    except NegotiationError as error:
        raise _wrong_subprotocol(endpoint, subprotocol, printable(str(error), token)) from None
    except InvalidHandshake as error:
        raise _handshake_failure(endpoint, error, token) from None
    except OSError as error:
        text = printable(error.strerror or str(error), token)
        raise ServerUnreachableError(f"no server answers at {endpoint.server}: {text}") from None
    except (WebSocketException, ValueError):
        # The text of the websockets library contains the address of the proxy, with its password.
        what = "the address" if options.proxy is None else "the address, or that of the proxy,"
        raise ConnectError(f"{endpoint.server} cannot be connected to: {what} is invalid") from None
    except ImportError:
        problem = "a SOCKS proxy needs another package: pip install 'python-socks[asyncio]'"
        raise ConnectError(f"{endpoint.server} cannot be connected to: {problem}") from None
    assert isinstance(socket, Socket)
    socket.token = token
    if socket.subprotocol != subprotocol:
        await socket.close()
        raise _wrong_subprotocol(endpoint, subprotocol, "it selected none")
    return socket


def _wrong_subprotocol(endpoint: Endpoint, subprotocol: str, detail: str) -> SubprotocolError:
    return SubprotocolError(f"{endpoint.server} does not support {subprotocol}: {detail}")


def _handshake_failure(endpoint: Endpoint, error: InvalidHandshake, token: str | None) -> ConnectError:
    if isinstance(error, ProxyError):
        return ConnectError(
            f"{endpoint.server} cannot be connected to through the proxy: {printable(str(error), token)}"
        )
    if isinstance(error.__cause__, EOFError | ConnectionError):
        return ServerUnreachableError(
            f"no server answers at {endpoint.server}: it closed the connection during the handshake"
        )
    return ConnectError(f"{endpoint.server} is not a SpacetimeDB server: {printable(str(error), token)}")


def _refusal(endpoint: Endpoint, response: Response, token: str | None) -> ConnectError:
    """Return the error for an HTTP response that refuses the upgrade (docs/protocol.md, 0 and 1)."""
    status = response.status_code
    text = bytes(response.body or b"").decode(errors="replace").strip()
    if 300 <= status < 400:
        return _redirect(endpoint, response.headers.get("Location", ""), token)
    if status == 401:
        return AuthError(
            f"{endpoint.server} refuses the token: tokens are valid only for the server that issued them; "
            "connect without one for a new identity, or log in again"
        )
    # Servers of 2.x respond with 404 to an unknown name, and with 500 to an unknown identity.
    if status == 404 or (status == 500 and text.startswith("Unable to authorize") and text.endswith("not found")):
        return UnknownDatabaseError(f"there is no database {endpoint}: publish the module first, or check the name")
    return ConnectError(
        f"{endpoint.server} refuses the connection with HTTP status {status}{text and ': '}{printable(text, token)}"
    )


def _redirect(endpoint: Endpoint, location: str, token: str | None) -> ConnectError:
    """Return the error for a redirect."""
    problem = f"{endpoint.server} redirects to another address, which is not followed: the token is for this one alone"
    try:
        target = urljoin(endpoint.http_url, location)
        secure = urlsplit(target).scheme in {"https", "wss"}
    except ValueError:
        return ConnectError(problem)
    remedy = "connect with https" if secure and not endpoint.is_secure else "connect to that, if you trust it"
    return ConnectError(f"{problem}; {remedy}: {printable(target.partition('?')[0], token)}")
