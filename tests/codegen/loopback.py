"""A server on loopback that answers what a real one will not answer on demand."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from tests.codegen.schemas import GOLDEN

if TYPE_CHECKING:
    import ssl
    from collections.abc import Generator

SCHEMA = (GOLDEN / "probe" / "schema.json").read_bytes()

# What begins an answer, and what then comes again and again.
ENDLESS = {
    "drips": (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b" "),
    "drips-status": (b"HTTP/1.1 200 ", b"O"),
    "drips-headers": (b"HTTP/1.1 200 OK\r\nServer: ", b"x"),
    "continues": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "continues-long": (b"", b"HTTP/1.1 100 Continue\r\nServer: " + b"x" * 60_000 + b"\r\n\r\n"),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"ea60\r\n" + b"x" * 60_000 + b"\r\n"),
}
# Answers that are no schema, and most of them no HTTP.
RAW = {
    "hangs-up": b"nonsense\r\n",
    "page": b"HTTP/1.1 200 OK\r\n\r\n<!DOCTYPE html><title>It works!</title>",
    "cut": b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + SCHEMA[:500],
    "no-status": b"HTTP/1.1\r\n\r\n",
    "odd-status": b"HTTP/1.1 99999 \x1b[2J\r\n\r\n",
    "long-status": b"HTTP/1.1 200 " + b"x" * 70_000,
    "long-header": b"HTTP/1.1 200 OK\r\nServer: " + b"x" * 70_000,
    "many-headers": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n",
    "odd-length": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
    "odd-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
    "negative-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-9\r\n{}",
    "cut-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n99\r\n{}",
    "brackets": b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000,
    "nested": b'HTTP/1.1 200 OK\r\n\r\n{"V10": {"sections": ' + b"[" * 100_000,
}


class Handler(BaseHTTPRequestHandler):
    """Answers as the database's name asks for, and remembers who asked."""

    def do_GET(self) -> None:
        assert isinstance(self.server, Loopback)
        self.server.asked.append((self.path, self.headers.get("Authorization")))
        name = self.path.split("/")[3]
        if name.startswith("status-"):
            self.answer(int(name.removeprefix("status-")), b"\x1b[2J no", self.server.reason)
        elif name == "elsewhere":
            self.answer(302, b"", Location=f"http://localhost:{self.server.server_port}/v1/database/other")
        elif name == "held":
            self.server.released.wait()
            self.answer(200, self.server.schema)
        elif name in ENDLESS:
            beginning, again = ENDLESS[name]
            self.wfile.write(beginning)
            while not self.server.released.wait(0.01):
                self.wfile.write(again)
        elif name in RAW:
            self.wfile.write(RAW[name])
        elif name == "redirected":
            self.answer(307, b"", Location=self.server.location)
        elif name == "old" and "version=9" not in self.path:
            self.answer(400, b"Failed to deserialize query string: unknown variant `10`, expected `9`")
        else:
            self.answer(200, self.server.schema)

    def answer(self, status: int, body: bytes, reason: str | None = None, **headers: str) -> None:
        self.send_response(status, reason)
        for header, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Loopback(ThreadingHTTPServer):
    """The server; with a TLS context, by https."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.tls = tls
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.asked: list[tuple[str, str | None]] = []
        self.schema = SCHEMA
        self.location = ""
        self.reason: str | None = None
        self.released = threading.Event()

    @property
    def uri(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that breaks off is what some tests are about."""


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Generator[Loopback]:
    with Loopback(tls) as loopback:
        thread = threading.Thread(target=loopback.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield loopback
        finally:
            loopback.released.set()
            loopback.shutdown()
            thread.join()
