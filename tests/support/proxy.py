"""A TCP proxy before a server, which cuts connections, falls silent, or speaks TLS when a test wants it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import subprocess
from typing import TYPE_CHECKING, Literal, Self, TypeAlias
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

Direction: TypeAlias = Literal["to the server", "to the client"]
DIRECTIONS: tuple[Direction, ...] = ("to the server", "to the client")

DRIP_PAUSE = 0.001
LINGER_NOT = struct.pack("ii", 1, 0)  # SO_LINGER with no time: closing sends RST


class Gate:
    """What a proxy does with the bytes of one direction, on all its connections.

    Attributes:
        flowing: whether bytes are handed on.
        drips: whether they are handed on one by one.
        left: how many bytes pass before the connections are reset; None for any number.
        spent: whether the last such number has passed.
    """

    def __init__(self) -> None:
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.drips = False
        self.left: int | None = None
        self.spent = asyncio.Event()

    def portions(self, chunk: bytes) -> Iterator[bytes]:
        """A chunk in the portions that may pass now; of one that may not pass, what may."""
        while chunk and self.left != 0:
            size = 1 if self.drips else len(chunk)
            portion = chunk[: size if self.left is None else min(size, self.left)]
            if self.left is not None:
                self.left -= len(portion)
            chunk = chunk[len(portion) :]
            yield portion


class Proxy:
    """Hands bytes on between clients and one server, for use in an `async with` statement.

    Args:
        uri: the server's address.
        tls: if given, clients must speak TLS.

    Attributes:
        allowance: how many bytes each connection may bring a client before it is cut; None for any number.
        refusing: whether new connections are reset at once.
    """

    def __init__(self, uri: str, tls: ssl.SSLContext | None = None) -> None:
        self._target = urlsplit(uri)
        self._tls = tls
        self.allowance: int | None = None
        self.refusing = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._gates: dict[Direction, Gate] = {direction: Gate() for direction in DIRECTIONS}
        self._port = 0

    @property
    def uri(self) -> str:
        """The address, as a client wants it."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    def cut(self) -> None:
        """End all connections without a word."""
        for writer in self._writers:
            writer.transport.abort()

    def reset(self) -> None:
        """End all connections with RST: what is under way is lost."""
        for writer in self._writers:
            reset(writer)

    async def reset_after(self, count: int, direction: Direction, patience: float) -> bool:
        """End all connections with RST when so many more bytes have passed in a direction, or after some seconds.

        Returns:
            Whether so many passed in time.
        """
        gate = self._gates[direction]
        gate.spent.clear()
        gate.left = count
        try:
            async with asyncio.timeout(patience):
                await gate.spent.wait()
        except TimeoutError:
            self.reset()
            return False
        finally:
            gate.left = None
        return True

    def freeze(self, *directions: Direction) -> None:
        """Hand nothing on any more in these directions, or in both; connections stay."""
        for direction in directions or DIRECTIONS:
            self._gates[direction].flowing.clear()

    def thaw(self) -> None:
        """Hand bytes on again."""
        for gate in self._gates.values():
            gate.flowing.set()

    @contextlib.contextmanager
    def dripping(self, *directions: Direction) -> Generator[None]:
        """For the time of the block, bytes are handed on one by one in these directions, or in both."""
        gates = [self._gates[direction] for direction in directions or DIRECTIONS]
        for gate in gates:
            gate.drips = True
        try:
            yield
        finally:
            for gate in gates:
                gate.drips = False

    def shut(self) -> None:
        """Listen no more; connections stay."""
        self._server.close()

    async def reopen(self) -> None:
        """Listen again, at the same address."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, ssl=self._tls)

    async def __aenter__(self) -> Self:
        await self.reopen()
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.thaw()
        self.cut()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            reset(writer)
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(self._target.hostname, self._target.port)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, far_writer}
        self._writers |= pair
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, far_writer, self._gates["to the server"]))
                both.create_task(self._pump(far_reader, writer, self._gates["to the client"], limited=True))
        finally:
            self._writers -= pair
            for each in pair:
                each.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: Gate, *, limited: bool = False
    ) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while chunk := await reader.read(65536):
                await gate.flowing.wait()
                passed += len(chunk)
                if limited and self.allowance is not None and passed > self.allowance:
                    break
                await self._hand_on(chunk, writer, gate)
        writer.transport.close()

    async def _hand_on(self, chunk: bytes, writer: asyncio.StreamWriter, gate: Gate) -> None:
        for portion in gate.portions(chunk):
            writer.write(portion)
            await writer.drain()
            if gate.drips:
                await asyncio.sleep(DRIP_PAUSE)
        if gate.left == 0:
            self.reset()
            gate.spent.set()


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST, if it has not ended."""
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
    writer.transport.abort()


def self_signed(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A TLS context for a server on 127.0.0.1, and one for clients that trust it alone."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=stdb-test"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    return server, ssl.create_default_context(cafile=str(certificate))
