"""HTTP GET with a deadline and a limit of size for the whole exchange.

The standard library limits each step only, so a server that sends one byte at a time could hold it forever.
"""

from __future__ import annotations

import io
import socket
import ssl
import string
import threading
import time
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import TYPE_CHECKING, TypeAlias, cast
from urllib.parse import quote, urljoin, urlsplit

if TYPE_CHECKING:
    from collections.abc import Generator
    from urllib.parse import SplitResult

    from _typeshed import WriteableBuffer

__all__ = ["HEADERS", "REDIRECTS", "Limits", "StatusError", "get"]

# Redirects in a row, and bytes of headers.
REDIRECTS = 5
HEADERS = 64 * 1024

_PORTS = {"http": 80, "https": 443}
_MOVED = {301, 302, 303, 307, 308}

Origin: TypeAlias = tuple[str, str | None, int | None]
_Addresses: TypeAlias = list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str | int, ...]]]


class StatusError(Exception):
    """Response with another status than 200.

    Args:
        code: status code.
        reason: reason phrase of the server.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a response.

    Attributes:
        step: seconds for each step.
        end: deadline of the whole response, by the monotonic clock.
        largest: limit of the body in bytes.
    """

    step: float
    end: float
    largest: int

    def wait(self) -> float:
        """Return the timeout of the next step in seconds.

        Raises:
            TimeoutError: the deadline has passed.
        """
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(self.step, left)


def get(url: str, token: str | None, limits: Limits) -> bytes:
    """Get the body at an address, and follow redirects.

    No proxy is used: the address alone decides which server answers.

    Args:
        url: http or https address.
        token: auth token, sent only to the origin of the address.
        limits: limits of all responses together.

    Raises:
        StatusError: the response has another status than 200.
        OSError: the server cannot be reached, has no TLS, or does not answer in time.
        HTTPException: the response is not HTTP.
        ValueError: the response is too long, cut off, or a redirect that is not allowed.
    """
    origin = _origin(url)
    for _ in range(REDIRECTS + 1):
        body, location = _get(urlsplit(url), token if _origin(url) == origin else None, limits)
        if location is None:
            return body
        url = _redirected(url, location)
    raise ValueError(f"it redirects more than {REDIRECTS} times")


def _get(url: SplitResult, token: str | None, limits: Limits) -> tuple[bytes, str | None]:
    """Return the body, and the address of a redirect, if there is one."""
    with _connected(url, limits) as sock:
        sock.settimeout(limits.wait())
        sock.sendall(_request(url, token))
        response = HTTPResponse(cast("socket.socket", _LimitedStream(sock, limits)))
        response.begin()
        location = response.headers.get("Location")
        if response.status in _MOVED and location is not None:
            return b"", location
        if response.status != 200:
            raise StatusError(response.status, response.reason)
        body = response.read(limits.largest + 1)
        if len(body) > limits.largest:
            raise ValueError("it is too long")
        if response.length:
            raise ValueError("it is cut off")
        return body, None


class _LimitedStream(io.RawIOBase):
    """Stream of a response, within its limits."""

    def __init__(self, sock: socket.socket, limits: Limits) -> None:
        self._sock = sock
        self._limits = limits
        self._left = limits.largest + HEADERS

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return a reader, as a socket does."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read available bytes."""
        self._sock.settimeout(self._limits.wait())
        count = self._sock.recv_into(buffer)
        self._left -= count
        if self._left < 0:
            raise ValueError("it is too long")
        return count


def _request(url: SplitResult, token: str | None) -> bytes:
    host = _host(url)
    host = f"[{host}]" if ":" in host else host
    port = "" if url.port in (None, _PORTS[url.scheme]) else f":{url.port}"
    target = quote(url.path or "/", safe=string.punctuation) + (f"?{url.query}" if url.query else "")
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: {host}{port}",
        "User-Agent: stdb-codegen",
        "Accept: application/json",
        "Accept-Encoding: identity",
        "Connection: close",
    ]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("ascii")


@contextmanager
def _connected(url: SplitResult, limits: Limits) -> Generator[socket.socket]:
    host = _host(url)
    with _connect(_resolve(host, url.port or _PORTS[url.scheme], limits), limits) as plain:
        if url.scheme == "http":
            yield plain
            return
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        plain.settimeout(limits.wait())
        with context.wrap_socket(plain, server_hostname=host) as sock:
            yield sock


def _connect(addresses: _Addresses, limits: Limits) -> socket.socket:
    """Connect to the first address that accepts."""
    failure = OSError("it has no address")
    for family, kind, protocol, _, address in addresses:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(limits.wait())
            sock.connect(address)
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failure


def _resolve(host: str, port: int, limits: Limits) -> _Addresses:
    """Resolve a host, in a thread: a lookup cannot be cancelled, so after the timeout it is abandoned."""
    found: Future[_Addresses] = Future()
    threading.Thread(target=_look_up, args=(host, port, found), daemon=True).start()
    return found.result(limits.wait())


def _look_up(host: str, port: int, found: Future[_Addresses]) -> None:
    try:
        found.set_result(cast("_Addresses", socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    except Exception as error:  # raised by the waiting thread
        found.set_exception(error)


def _host(url: SplitResult) -> str:
    try:
        return (url.hostname or "").encode("idna").decode()
    except UnicodeError as error:
        raise OSError("no server can have that name") from error


def _origin(url: str) -> Origin:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _redirected(url: str, location: str) -> str:
    """Return the address of a redirect.

    Raises:
        ValueError: the redirect is not allowed.
    """
    # The standard library decodes headers as Latin-1.
    found = urljoin(url, quote(location, safe=string.punctuation, encoding="latin-1"))
    parts = urlsplit(found)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(f"it redirects to {found!r}, which is not an http or https address")
    if parts.scheme == "http" and urlsplit(url).scheme == "https":
        raise ValueError(f"it redirects to {found!r}, which has no TLS")
    return found
