"""Opening the WebSocket, and what it means when that fails."""

from __future__ import annotations

import logging
from urllib.parse import urlencode

import websockets
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, NegotiationError

from .endpoint import Endpoint
from .errors import (
    AuthError,
    ConnectError,
    ConnectionLost,
    ServerUnreachableError,
    SubprotocolError,
    UnknownDatabaseError,
)
from .options import Options
from .wire import SUBPROTOCOL

__all__ = ["loss", "open_socket"]

# A server of 2.x sends fragments of 4096 bytes, and the limit counts fragments (protocol notes, 1.6).
_QUEUED_FRAMES = 4096


class _Discreet(logging.LoggerAdapter[logging.Logger]):
    """The library's logger without level DEBUG, at which it shows headers and frames, and so the token."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - as in logging
        return level > logging.DEBUG and super().isEnabledFor(level)


async def open_socket(endpoint: Endpoint, options: Options, token: str | None, *, again: bool) -> ClientConnection:
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
        socket = await websockets.connect(
            f"{endpoint.subscribe_url}{query and '?'}{query}",
            subprotocols=[websockets.Subprotocol(SUBPROTOCOL)],
            additional_headers={"Authorization": f"Bearer {token}"} if token else None,
            compression=None,
            max_size=None,
            max_queue=_QUEUED_FRAMES,
            open_timeout=None,
            close_timeout=options.close_timeout,
            ping_interval=options.ping_interval,
            ping_timeout=options.ping_timeout,
            logger=_Discreet(logging.getLogger("websockets.client")),
            ssl=(options.ssl or True) if endpoint.is_secure else None,
            proxy=options.proxy,
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


def loss(closed: ConnectionClosed) -> ConnectionLost:
    """What the end of a socket means."""
    if closed.rcvd is None:
        return ConnectionLost("the connection broke off without a word from the server")
    reason = closed.rcvd.reason or "no reason given"
    return ConnectionLost(f"the server closed the connection: {reason} ({closed.rcvd.code})")
