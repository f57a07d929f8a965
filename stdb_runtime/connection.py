"""The asyncio driver of a session: one socket, one reader, one writer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import websockets
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, NegotiationError

from .endpoint import Endpoint
from .errors import (
    AuthError,
    ConnectError,
    ConnectionLost,
    ProtocolError,
    ServerUnreachableError,
    StdbError,
    SubprotocolError,
    UnknownDatabaseError,
)
from .session import Event, Session
from .wire import SUBPROTOCOL

__all__ = ["Connection", "open_socket"]

# A server that flushes much does not read meanwhile, so a ping may wait long for its answer (protocol notes, 1.7).
_PING_INTERVAL = 30.0
_PING_TIMEOUT = 60.0
_PROTOCOL_ERROR = 1002
_LONGEST_REASON = 120


async def open_socket(endpoint: Endpoint, token: str | None) -> ClientConnection:
    """Connect and negotiate the subprotocol. Takes as long as it takes: the caller sets the limit.

    Raises:
        ConnectError: one of its kinds, by what went wrong.
    """
    if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
        raise AuthError("the token is no JSON Web Token: it has characters that none can have")
    try:
        socket = await websockets.connect(
            endpoint.subscribe_url,
            subprotocols=[websockets.Subprotocol(SUBPROTOCOL)],
            additional_headers={"Authorization": f"Bearer {token}"} if token else None,
            compression=None,
            max_size=None,
            open_timeout=None,
            ping_interval=_PING_INTERVAL,
            ping_timeout=_PING_TIMEOUT,
            proxy=None,
        )
    except InvalidStatus as error:
        raise _refusal(endpoint, error.response.status_code, error.response.body) from None
    except NegotiationError as error:
        raise _other_protocol(endpoint, str(error)) from None
    except InvalidHandshake as error:
        raise ConnectError(f"{endpoint.server} is no SpacetimeDB server: {error}") from None
    except OSError as error:
        raise ServerUnreachableError(f"no server answers at {endpoint.server}: {error.strerror or error}") from None
    if socket.subprotocol != SUBPROTOCOL:
        await socket.close()
        raise _other_protocol(endpoint, "it agreed to none")
    return socket


def _other_protocol(endpoint: Endpoint, detail: str) -> SubprotocolError:
    return SubprotocolError(f"{endpoint.server} does not speak {SUBPROTOCOL}: {detail}")


def _refusal(endpoint: Endpoint, status: int, body: bytes | bytearray | None) -> ConnectError:
    """What an HTTP status in place of the upgrade means (protocol notes, 0 and 1)."""
    text = bytes(body or b"").decode(errors="replace").strip()[:200]
    if status == 401:
        return AuthError(
            f"{endpoint.server} refuses the token: tokens are valid only for the server that issued them; "
            "connect without one for a new identity, or log in again"
        )
    if status == 404:
        return UnknownDatabaseError(f"there is no database {endpoint}: publish the module first, or check the name")
    return ConnectError(f"{endpoint.server} refuses the connection with HTTP status {status}{text and ': '}{text}")


class Connection:
    """A socket and the session that it serves.

    Args:
        socket: the open socket.
        session: a fresh session.
        deliver: called with each event of the session, in order. A ProtocolError that it raises ends the connection.
    """

    def __init__(self, socket: ClientConnection, session: Session, deliver: Callable[[Event], None]) -> None:
        self._socket = socket
        self._session = session
        self._deliver = deliver
        self._wake = asyncio.Event()

    def flush(self) -> None:
        """Have the writer send what the session has to say."""
        self._wake.set()

    async def run(self) -> StdbError | None:
        """Read and write until the connection ends.

        Returns:
            Why it ended, or None if we closed it.
        """
        writer = asyncio.get_running_loop().create_task(self._write())
        try:
            while True:
                for event in self._session.receive(await self._socket.recv(decode=False)):
                    self._deliver(event)
        except ConnectionClosed as closed:
            return _loss(closed)
        except ProtocolError as error:
            await self._socket.close(_PROTOCOL_ERROR, str(error)[:_LONGEST_REASON])
            return error
        finally:
            self._session.end()
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    async def close(self) -> None:
        """Close the socket; `run` then returns."""
        await self._socket.close()

    async def _write(self) -> None:
        try:
            while await self._wake.wait():
                self._wake.clear()
                for frame in self._session.outgoing():
                    await self._socket.send(frame, text=True)
        except ConnectionClosed:
            pass  # the reader sees it too, and tells


def _loss(closed: ConnectionClosed) -> StdbError | None:
    """What the end of a socket means; None if it was we who closed it."""
    if closed.sent is not None and not closed.rcvd_then_sent:
        return None
    if closed.rcvd is None:
        return ConnectionLost("the connection broke off without a word from the server")
    return ConnectionLost(
        f"the server closed the connection: {closed.rcvd.reason or 'no reason given'} ({closed.rcvd.code})"
    )
