"""What a client asks the server over HTTP, beside the connection.

On the event loop and not in a thread, so that a deadline holds for all of it, a cancellation ends it, and a program
that ends does not wait for it. What arrives is bounded before the standard library's parser sees it. A library for HTTP
would be one more dependency for two requests in the life of a client.
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
from ..text import shown
from .options import Options

__all__ = ["fetch", "fetch_schema"]

_LARGEST = 64 * 1024 * 1024  # bytes of an answer; the schema of a module with 500 tables has 2 million
_CHUNK = 64 * 1024


async def fetch(endpoint: Endpoint, path: str, options: Options, token: str | None = None) -> bytes:
    """The body of a GET of the server (docs/protocol.md, 6), within `open_timeout`. Redirects are not followed.

    Args:
        endpoint: the server.
        path: what to get, from the first slash on.
        options: how to connect.
        token: the token to show, if there is one.

    Raises:
        ConnectError: the server does not answer, or not with success.
    """
    try:
        async with asyncio.timeout(options.open_timeout):
            answer = await _exchange(endpoint, path, options, token)
    except TimeoutError:
        problem = f"did not answer {path} within {options.open_timeout:g} seconds (open_timeout)"
        raise ServerUnreachableError(f"{endpoint.server} {problem}") from None
    except (OSError, EOFError, asyncio.LimitOverrunError) as error:
        text = shown(getattr(error, "strerror", None) or str(error) or type(error).__name__, token)
        raise ServerUnreachableError(f"no server answers {path} at {endpoint.server}: {text}") from None
    status, body = _parsed(endpoint, path, answer)
    if status != http.client.OK:
        text = shown(body.decode(errors="replace").strip(), token)
        raise ConnectError(f"{endpoint.server} answers {path} with HTTP status {status}{text and ': '}{text}")
    return body


async def fetch_schema(endpoint: Endpoint, options: Options, token: str | None = None) -> bytes:
    """The JSON text of the schema, in version 9, which servers of 1.x and 2.x serve. Arguments as of `fetch`.

    Raises:
        ConnectError: the server does not answer, or not with success.
    """
    return await fetch(endpoint, f"/v1/database/{endpoint.database}/schema?version=9", options, token)


async def _exchange(endpoint: Endpoint, path: str, options: Options, token: str | None) -> bytes:
    """Ask, and read until the server closes the connection."""
    parts = urlsplit(endpoint.http_url)
    lines = [f"GET {parts.path}{path} HTTP/1.1", f"Host: {parts.netloc}", "Accept: application/json"]
    lines.append("Connection: close")
    if token is not None and token.isascii() and token.isprintable():
        lines.append(f"Authorization: Bearer {token}")
    reader, writer = await _connected(parts, options)
    try:
        writer.write("\r\n".join([*lines, "", ""]).encode())
        answer = bytearray()
        while chunk := await reader.read(_CHUNK):
            answer += chunk
            if len(answer) > _LARGEST:
                raise OSError(f"its answer is larger than {_LARGEST} bytes")
        return bytes(answer)
    finally:
        writer.transport.abort()


async def _connected(parts: SplitResult, options: Options) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the server, through the proxy if there is one, encrypted if it is to be."""
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    context = (options.ssl or ssl.create_default_context()) if parts.scheme == "https" else None
    if options.proxy is None:
        return await asyncio.open_connection(host, port, ssl=context)
    reader, writer = await _tunnelled(options.proxy, host, port)
    if context is not None:
        await writer.start_tls(context, server_hostname=host)
    return reader, writer


async def _tunnelled(proxy: str, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection through an HTTP proxy, as the WebSocket makes its own."""
    try:
        via = urlsplit(proxy)
        known = via.scheme == "http" and via.hostname is not None
        via_port = via.port or 80
    except ValueError:
        known, via, via_port = False, urlsplit(""), 0
    if not known:
        raise OSError("the proxy is no HTTP proxy, and only the WebSocket can go through others")
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


class _Answer:
    """What the standard library's parser reads from in place of a socket."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._answer)


def _parsed(endpoint: Endpoint, path: str, answer: bytes) -> tuple[int, bytes]:
    """The status and the body of an answer."""
    response = http.client.HTTPResponse(cast("socket.socket", _Answer(answer)))
    try:
        response.begin()
        return response.status, response.read()
    except (http.client.HTTPException, ValueError, OSError) as error:
        problem = shown(str(error) or type(error).__name__)
        raise ConnectError(f"{endpoint.server} answers {path} with what is no HTTP: {problem}") from None
