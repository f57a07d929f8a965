"""One GET over HTTP, of which time and bytes are limited whatever the server does.

The standard library limits each step only: a server that sends a byte now and then holds it for ever.
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

# Redirects in a row, as many as people need to move a server; and bytes beside those of the body.
REDIRECTS = 5
HEADERS = 64 * 1024

_PORTS = {"http": 80, "https": 443}
_MOVED = {301, 302, 303, 307, 308}

Origin: TypeAlias = tuple[str, str | None, int | None]
_Addresses: TypeAlias = list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str | int, ...]]]


class StatusError(Exception):
    """The server answered with another status than 200.

    Args:
        code: The status.
        reason: What the server calls it.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Limits:
    """What an answer may take.

    Attributes:
        step: How many seconds the server may be silent.
        end: When all of it must be there, by the monotonic clock.
        largest: How many bytes of body there may be.
    """

    step: float
    end: float
    largest: int

    def wait(self) -> float:
        """How many seconds the next step may take.

        Raises:
            TimeoutError: None are left.
        """
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(self.step, left)


def get(url: str, token: str | None, limits: Limits) -> bytes:
    """What is at an address, or where it redirects to.

    No proxy is asked: which server answers depends on the address alone.

    Args:
        url: The address, of http or https.
        token: Whom to ask as; only the origin of the address learns of it.
        limits: What all of it may take.

    Raises:
        StatusError: The server answered with another status than 200.
        OSError: There is no server, no TLS, or no answer in time.
        HTTPException: The answer is no HTTP.
        ValueError: The answer is too long, cut off, or redirects to where nobody shall be led.
    """
    origin = _origin(url)
    for _ in range(REDIRECTS + 1):
        body, location = _get(urlsplit(url), token if _origin(url) == origin else None, limits)
        if location is None:
            return body
        url = _redirected(url, location)
    raise ValueError(f"it redirects more than {REDIRECTS} times")


def _get(url: SplitResult, token: str | None, limits: Limits) -> tuple[bytes, str | None]:
    """The body, and the address that the server redirects to, if it does."""
    with _connected(url, limits) as sock:
        sock.settimeout(limits.wait())
        sock.sendall(_request(url, token))
        response = HTTPResponse(cast("socket.socket", _Wire(sock, limits)))
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


class _Wire(io.RawIOBase):
    """What a server sends, as far as its limits go."""

    def __init__(self, sock: socket.socket, limits: Limits) -> None:
        self._sock = sock
        self._limits = limits
        self._left = limits.largest + HEADERS

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What reads it, as of a socket."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read what there is."""
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
    """A connection to the first address that takes one."""
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
    """The addresses of a host; nothing ends a search for them, so it is left alone when its time is over."""
    found: Future[_Addresses] = Future()
    threading.Thread(target=_look_up, args=(host, port, found), daemon=True).start()
    return found.result(limits.wait())


def _look_up(host: str, port: int, found: Future[_Addresses]) -> None:
    try:
        found.set_result(cast("_Addresses", socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    except Exception as error:  # whoever waits for the addresses learns of it
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
    """Where a redirect leads.

    Raises:
        ValueError: To where nobody shall be led.
    """
    # The header's bytes are Latin-1 to the standard library.
    found = urljoin(url, quote(location, safe=string.punctuation, encoding="latin-1"))
    parts = urlsplit(found)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(f"it redirects to {found!r}, which is no address of http or https")
    if parts.scheme == "http" and urlsplit(url).scheme == "https":
        raise ValueError(f"it redirects to {found!r}, which is without TLS")
    return found
