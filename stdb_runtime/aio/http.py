"""HTTP requests of a client, in addition to its WebSocket.

They run on the event loop rather than in a thread, so that one timeout covers the whole request, it can be cancelled,
and a program that exits does not wait for it. The size of a response is limited before the parser of the standard
library reads it. An HTTP library would be one more dependency for two requests per client.
"""

from __future__ import annotations

import asyncio
import base64
import http.client
import io
import socket
import ssl
from typing import cast
from urllib.parse import SplitResult, unquote, urlsplit

from .._protocol.endpoint import Endpoint
from ..errors import ConnectError, ServerUnreachableError
from ..text import printable
from .options import Options

__all__ = ["fetch"]

_MAX_RESPONSE_BYTES = 64 * 1024 * 1024  # the schema of a module with 500 tables has 2 million bytes
_CHUNK = 64 * 1024


async def fetch(endpoint: Endpoint, path: str, options: Options, token: str | None = None) -> bytes:
    """Send a GET request and return the body of the response (docs/protocol.md, 6). Redirects are not followed.

    Args:
        endpoint: the server.
        path: the path of the request, with a leading slash.
        options: the options of the connection; `open_timeout` limits the whole request.
        token: the token to authenticate with, or None.

    Raises:
        ConnectError: the server does not respond, or not with status 200.
    """
    try:
        async with asyncio.timeout(options.open_timeout):
            response = await _exchange(endpoint, path, options, token)
    except TimeoutError:
        problem = f"did not respond to GET {path} within {options.open_timeout:g} seconds (open_timeout)"
        raise ServerUnreachableError(f"{endpoint.server} {problem}") from None
    except (OSError, EOFError, asyncio.LimitOverrunError) as error:
        text = printable(getattr(error, "strerror", None) or str(error) or type(error).__name__, token)
        raise ServerUnreachableError(f"{endpoint.server} does not respond to GET {path}: {text}") from None
    status, body = _parse(endpoint, path, response)
    if status != http.client.OK:
        text = printable(body.decode(errors="replace").strip(), token)
        raise ConnectError(f"{endpoint.server} responds to GET {path} with HTTP status {status}{text and ': '}{text}")
    return body


async def _exchange(endpoint: Endpoint, path: str, options: Options, token: str | None) -> bytes:
    """Send the request, and read the response until the server closes the connection."""
    parts = urlsplit(endpoint.http_url)
    lines = [f"GET {parts.path}{path} HTTP/1.1", f"Host: {parts.netloc}", "Accept: application/json"]
    lines.append("Connection: close")
    if token is not None and token.isascii() and token.isprintable():
        lines.append(f"Authorization: Bearer {token}")
    reader, writer = await _open_connection(parts, options)
    try:
        writer.write("\r\n".join([*lines, "", ""]).encode())
        response = bytearray()
        while chunk := await reader.read(_CHUNK):
            response += chunk
            if len(response) > _MAX_RESPONSE_BYTES:
                raise OSError(f"the response is larger than {_MAX_RESPONSE_BYTES} bytes")
        return bytes(response)
    finally:
        writer.transport.abort()


async def _open_connection(parts: SplitResult, options: Options) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection to the server, through the proxy if there is one, and with TLS for https."""
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    context = (options.ssl or ssl.create_default_context()) if parts.scheme == "https" else None
    if options.proxy is None:
        return await asyncio.open_connection(host, port, ssl=context)
    reader, writer = await _open_tunnel(options.proxy, host, port)
    if context is not None:
        await writer.start_tls(context, server_hostname=host)
    return reader, writer


async def _open_tunnel(proxy: str, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection through an HTTP proxy with CONNECT, as the WebSocket does."""
    try:
        via = urlsplit(proxy)
        known = via.scheme == "http" and via.hostname is not None
        via_port = via.port or 80
    except ValueError:
        known, via, via_port = False, urlsplit(""), 0
    if not known:
        raise OSError(
            "HTTP requests need an HTTP proxy, such as http://localhost:8080; only the WebSocket supports others"
        )
    target = f"{f'[{host}]' if ':' in host else host}:{port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if via.username is not None:
        pair = f"{unquote(via.username)}:{unquote(via.password or '')}"
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}")
    reader, writer = await asyncio.open_connection(via.hostname, via_port)
    try:
        writer.write("\r\n".join([*lines, "", ""]).encode())
        status = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)
        if len(status) < 2 or status[1] != b"200":
            raise OSError("the proxy refuses the connection")
    except BaseException:
        writer.transport.abort()
        raise
    return reader, writer


class _ResponseSocket:
    """Substitute for a socket, from which the parser of the standard library reads a response."""

    def __init__(self, response: bytes) -> None:
        self._response = response

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._response)


def _parse(endpoint: Endpoint, path: str, content: bytes) -> tuple[int, bytes]:
    """Return the status and the body of a response."""
    response = http.client.HTTPResponse(cast("socket.socket", _ResponseSocket(content)))
    try:
        response.begin()
        return response.status, response.read()
    except (http.client.HTTPException, ValueError, OSError) as error:
        problem = printable(str(error) or type(error).__name__)
        raise ConnectError(f"the response of {endpoint.server} to GET {path} is not HTTP: {problem}") from None
