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


class Handler(BaseHTTPRequestHandler):
    """Answers as the database's name asks for, and remembers who asked."""

    def do_GET(self) -> None:
        assert isinstance(self.server, Loopback)
        self.server.asked.append((self.path, self.headers.get("Authorization")))
        name = self.path.split("/")[3]
        if name.startswith("status-"):
            self.answer(int(name.removeprefix("status-")), b"\x1b[2J no")
        elif name == "elsewhere":
            self.answer(302, b"", Location=f"http://localhost:{self.server.server_port}/v1/database/other")
        elif name == "held":
            self.server.released.wait()
            self.answer(200, self.server.schema)
        elif name == "hangs-up":
            self.wfile.write(b"nonsense\r\n")
        elif name == "cut":
            self.answer(200, SCHEMA[:500], **{"Content-Length": "9999"})
        elif name == "page":
            self.answer(200, b"<!DOCTYPE html><title>It works!</title>")
        elif name == "drips":
            self.answer(200, b"", **{"Content-Length": "9999"})
            while not self.server.released.wait(0.01):
                self.wfile.write(b" ")
        elif name == "old" and "version=9" not in self.path:
            self.answer(400, b"Failed to deserialize query string: unknown variant `10`, expected `9`")
        else:
            self.answer(200, self.server.schema)

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
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
