"""The WebSocket: opening it, what arrives and leaves by it, and what its failure means."""

from __future__ import annotations

import asyncio
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
from .._protocol.v1_json.messages import SUBPROTOCOL
from ..errors import (
    AuthError,
    ConnectError,
    ConnectionLost,
    ServerUnreachableError,
    SubprotocolError,
    UnknownDatabaseError,
)
from ..text import shown
from .options import Options

__all__ = ["Socket", "open_socket"]

# The reason and the code with which the library closes.
_KEEPALIVE_TIMEOUT = "keepalive ping timeout"
_TOO_BIG = 1009


class _Discreet(logging.LoggerAdapter[logging.Logger]):
    """The library's logger without level DEBUG, at which it shows headers and frames, and so the token."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - as in logging
        return level > logging.DEBUG and super().isEnabledFor(level)


class Socket(ClientConnection):
    """The library's connection, which hands on each message as it arrives.

    The library's own way, a queue of frames from which a task takes messages, costs two task switches a message, and
    ends a connection at 4096 fragments: servers of 2.x send fragments of 4096 bytes (docs/protocol.md, 1.6).
    """

    def __init__(self, *args: Any, **options: Any) -> None:  # Any: the library's own arguments
        super().__init__(*args, **options)
        self._fragments: list[bytes | bytearray | memoryview] = []
        self._early: list[bytes] = []
        self._handle: Callable[[bytes], None] = self._early.append
        self._ended: asyncio.Future[None] = self.loop.create_future()
        self._error: BaseException | None = None
        self.token: str | None = None
        self._patience: asyncio.TimerHandle | None = None

    async def receive(self, handle: Callable[[bytes], None]) -> None:
        """Hand each message to a function, until the connection is closed or the function raises.

        Args:
            handle: is given each message, also those that have arrived before. After it has raised, it is given none.

        Raises:
            BaseException: what the function raised.
        """
        self._handle = handle
        early, self._early = self._early, []
        for message in early:
            self._hand_on(message)
        await self._ended
        if self._error is not None:
            raise self._error

    @property
    def takes_at_once(self) -> bool:
        """Whether what is sent now leaves at once: nothing waits before it."""
        return self.state is State.OPEN and not self.transport.get_write_buffer_size()

    def send_at_once(self, messages: Iterable[bytes]) -> None:
        """Send texts without waiting, which needs `takes_at_once`."""
        for message in messages:
            self.protocol.send_text(message)
        self.send_data()

    def loss(self) -> ConnectionLost:
        """What its end means, once it has ended."""
        closed = self.protocol.close_exc
        if closed.sent is not None and not closed.rcvd_then_sent:
            reason = shown(closed.sent.reason, self.token) or "no reason given"
            if reason == _KEEPALIVE_TIMEOUT:
                reason = "the server did not answer a ping in time (ping_timeout)"
            elif closed.sent.code == _TOO_BIG:
                reason = "the server sent a message that is larger than max_message_size allows"
            return ConnectionLost(f"this client closed the connection: {reason} ({closed.sent.code})")
        if closed.rcvd is not None:
            reason = shown(closed.rcvd.reason, self.token) or "no reason given"
            return ConnectionLost(f"the server closed the connection: {reason} ({closed.rcvd.code})")
        return ConnectionLost("the connection broke off without a word from the server")

    # --- what the library calls ---------------------------------------------------------------------------------------

    def process_event(self, event: Event) -> None:
        """Take frames of data; the library does the rest."""
        if not isinstance(event, Frame) or event.opcode not in DATA_OPCODES:
            super().process_event(event)
        elif event.fin and not self._fragments:
            self._hand_on(bytes(event.data))
        else:
            self._fragments.append(event.data)
            if event.fin:
                message = b"".join(self._fragments)
                self._fragments.clear()
                self._hand_on(message)

    def data_received(self, data: bytes) -> None:
        """Wait no longer than `close_timeout` for the end of a connection that is being closed, by whichever side."""
        super().data_received(data)
        if self._patience is None and self.close_timeout is not None and self.protocol.close_expected():
            self._patience = self.loop.call_later(self.close_timeout, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Have `receive` return."""
        super().connection_lost(exc)
        if self._patience is not None:
            self._patience.cancel()
        if not self._ended.done():
            self._ended.set_result(None)

    def start_keepalive(self) -> None:
        """Ping, unless the connection was lost while it was being opened: nothing would end that."""
        if not self._ended.done():
            super().start_keepalive()

    def _hand_on(self, message: bytes) -> None:
        if self._error is not None:
            return
        try:
            self._handle(message)
        except BaseException as error:
            # Whatever it is, it is for whoever called `receive`: the library expects nothing to be raised here.
            self._error = error
            if not self._ended.done():
                self._ended.set_result(None)


class _Connecting(websockets.connect):
    """The library's opening of a connection, which does not follow redirects: the token is for one server alone."""

    def process_redirect(self, exc: Exception) -> Exception:
        """Leave a redirect the refusal that it is."""
        return exc


async def open_socket(endpoint: Endpoint, options: Options, token: str | None, *, again: bool) -> Socket:
    """Connect and negotiate the subprotocol. Takes as long as it takes: the caller sets the limit.

    Args:
        endpoint: where.
        options: how.
        token: the token to show, if there is one.
        again: whether this is a reconnection.

    Raises:
        ConnectError: one of its kinds, by what went wrong.
    """
    if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
        raise AuthError("the token is no JSON Web Token: it has characters that none can have")
    query = urlencode(options.query(again=again))
    try:
        socket = await _Connecting(
            f"{endpoint.subscribe_url}{query and '?'}{query}",
            subprotocols=[websockets.Subprotocol(SUBPROTOCOL)],
            additional_headers={"Authorization": f"Bearer {token}"} if token else None,
            compression=None,
            max_size=options.max_message_size,
            open_timeout=None,
            close_timeout=options.close_timeout,
            ping_interval=options.ping_interval,
            ping_timeout=options.ping_timeout,
            logger=_Discreet(logging.getLogger("websockets.client")),
            ssl=(options.ssl or True) if endpoint.is_secure else None,
            proxy=options.proxy,
            create_connection=Socket,
        )
    except InvalidStatus as error:
        raise _refusal(endpoint, error.response, token) from None
    except NegotiationError as error:
        raise _other_protocol(endpoint, shown(str(error), token)) from None
    except InvalidHandshake as error:
        raise _no_handshake(endpoint, error, token) from None
    except OSError as error:
        text = shown(error.strerror or str(error), token)
        raise ServerUnreachableError(f"no server answers at {endpoint.server}: {text}") from None
    except (WebSocketException, ValueError):
        # The library's text repeats the address of the proxy, with its password.
        what = "the address" if options.proxy is None else "the address, or that of the proxy,"
        raise ConnectError(f"{endpoint.server} cannot be connected to: {what} is not valid") from None
    except ImportError:
        problem = "a SOCKS proxy needs a package more: pip install 'python-socks[asyncio]'"
        raise ConnectError(f"{endpoint.server} cannot be connected to: {problem}") from None
    assert isinstance(socket, Socket)
    socket.token = token
    if socket.subprotocol != SUBPROTOCOL:
        await socket.close()
        raise _other_protocol(endpoint, "it agreed to none")
    return socket


def _other_protocol(endpoint: Endpoint, detail: str) -> SubprotocolError:
    return SubprotocolError(f"{endpoint.server} does not speak {SUBPROTOCOL}: {detail}")


def _no_handshake(endpoint: Endpoint, error: InvalidHandshake, token: str | None) -> ConnectError:
    if isinstance(error, ProxyError):
        return ConnectError(f"{endpoint.server} cannot be connected to through the proxy: {shown(str(error), token)}")
    if isinstance(error.__cause__, EOFError | ConnectionError):
        return ServerUnreachableError(f"no server answers at {endpoint.server}: it hung up during the handshake")
    return ConnectError(f"{endpoint.server} is no SpacetimeDB server: {shown(str(error), token)}")


def _refusal(endpoint: Endpoint, response: Response, token: str | None) -> ConnectError:
    """What an HTTP answer in place of the upgrade means (docs/protocol.md, 0 and 1)."""
    status = response.status_code
    text = bytes(response.body or b"").decode(errors="replace").strip()
    if 300 <= status < 400:
        return _redirect(endpoint, response.headers.get("Location", ""), token)
    if status == 401:
        return AuthError(
            f"{endpoint.server} refuses the token: tokens are valid only for the server that issued them; "
            "connect without one for a new identity, or log in again"
        )
    # Servers of 2.x say so of a name; of an identity they say that nobody could be authorized for it.
    if status == 404 or (status == 500 and text.startswith("Unable to authorize") and text.endswith("not found")):
        return UnknownDatabaseError(f"there is no database {endpoint}: publish the module first, or check the name")
    return ConnectError(
        f"{endpoint.server} refuses the connection with HTTP status {status}{text and ': '}{shown(text, token)}"
    )


def _redirect(endpoint: Endpoint, location: str, token: str | None) -> ConnectError:
    """The server answers with another address."""
    problem = f"{endpoint.server} redirects to another address, which is not followed: the token is for this one alone"
    try:
        target = urljoin(endpoint.http_url, location)
        secure = urlsplit(target).scheme in {"https", "wss"}
    except ValueError:
        return ConnectError(problem)
    remedy = "connect with https" if secure and not endpoint.is_secure else "connect to that, if you trust it"
    return ConnectError(f"{problem}; {remedy}: {shown(target.partition('?')[0], token)}")
