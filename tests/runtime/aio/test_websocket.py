"""Addresses and servers that nobody can connect to: each failure has an error of its own."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest
import websockets

import stdb_runtime
from game_client import connect
from stdb_runtime import ConnectError, ProtocolError, ServerUnreachableError, SubprotocolError
from tests.support.answering import answering
from tests.support.clients import TOKEN, attempt
from tests.support.server import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from pathlib import Path


SUBPROTOCOL = websockets.Subprotocol("v1.json.spacetimedb")


@contextlib.asynccontextmanager
async def scripted(
    act: Callable[[websockets.ServerConnection], Awaitable[None]],
    subprotocol: websockets.Subprotocol | None = SUBPROTOCOL,
) -> AsyncGenerator[str]:
    """A server that does what a real one will not do on demand; gives its address."""
    async with websockets.serve(act, "127.0.0.1", 0, subprotocols=[subprotocol] if subprotocol else None) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@contextlib.asynccontextmanager
async def saying(reply: bytes) -> AsyncGenerator[str]:
    """A server that speaks no HTTP: it says one thing to its one client, and waits for it to leave."""
    left = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)
        while await reader.read(4096):
            pass
        writer.close()
        await writer.wait_closed()
        left.set()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await left.wait()


async def test_nobody_answers() -> None:
    with pytest.raises(ServerUnreachableError, match="no server answers at ws://127"):
        await attempt(f"http://127.0.0.1:{free_port()}")


async def test_an_unknown_host() -> None:
    with pytest.raises(ServerUnreachableError, match="no server answers"):
        await attempt("http://host.invalid")


@pytest.mark.parametrize("uri", ["localhost:3000", "ftp://localhost", "http://", "http://h:99999", "http://h?x=1", ""])
async def test_what_is_no_address(uri: str) -> None:
    with pytest.raises(ConnectError, match="is not the address of a server"):
        await attempt(uri)


async def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConnectError, match="token=") as caught:
        await attempt("http://me:hunter2@localhost:3000")
    assert "hunter2" not in str(caught.value)


async def test_a_server_that_says_nothing() -> None:
    async def silence(socket: websockets.ServerConnection) -> None:
        await socket.wait_closed()

    async with scripted(silence) as uri:
        with pytest.raises(ServerUnreachableError, match=r"within 0\.2 seconds"):
            await attempt(uri, open_timeout=0.2)


async def test_a_server_that_does_not_even_shake_hands() -> None:
    async with saying(b"") as uri:
        with pytest.raises(ServerUnreachableError, match=r"within 0\.2 seconds"):
            await attempt(uri, open_timeout=0.2)


async def test_a_server_that_hangs_up_during_the_handshake() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.transport.abort()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        with pytest.raises(ServerUnreachableError, match="it closed the connection during the handshake"):
            await attempt(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")


async def test_another_websocket_server() -> None:
    async def silence(socket: websockets.ServerConnection) -> None:
        await socket.wait_closed()

    async with scripted(silence, subprotocol=None) as uri:
        with pytest.raises(SubprotocolError, match=r"v1\.json\.spacetimedb"):
            await attempt(uri)


async def test_something_that_is_no_websocket_server() -> None:
    async with saying(b"SSH-2.0-OpenSSH_9.2\r\n") as uri:
        with pytest.raises(ConnectError, match="is not a SpacetimeDB server"):
            await attempt(uri)


@pytest.mark.parametrize("text", ["garbage", '{"Unknown":{}}', '{"IdentityToken":{}}', '{"TransactionUpdate":{}}'])
async def test_a_server_that_begins_with_garbage(text: str) -> None:
    async def babble(socket: websockets.ServerConnection) -> None:
        await socket.send(text)
        await socket.wait_closed()

    async with scripted(babble) as uri:
        with pytest.raises(ProtocolError):
            await attempt(uri)


# --- redirects --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_names_its_target(status: int, tmp_path: Path) -> None:
    class Store:
        saved: list[str] = []  # noqa: RUF012

        def at(self, server: str, database: str) -> Store:
            return self

        def load(self) -> str | None:
            return TOKEN

        def save(self, token: str) -> None:
            self.saved.append(token)

        def refused(self, error: stdb_runtime.AuthError) -> None: ...

    async with (
        answering(lambda _: b"HTTP/1.1 200 OK\r\n\r\n") as (target, stolen),
        answering(
            lambda _: (
                f"HTTP/1.1 {status} Go\r\nLocation: {target}/v1/x?token=secret\r\nContent-Length: 0\r\n\r\n".encode()
            )
        ) as (uri, heads),
    ):
        with pytest.raises(
            ConnectError, match=f"redirects to another address.*connect to that.*{target}/v1/x$"
        ) as caught:
            async with connect(uri, "game", token_store=Store()):
                raise AssertionError("it was redirected")
        assert "secret" not in str(caught.value)
        assert TOKEN in heads[0], "the token was for this server"
    assert stolen == []
    assert Store.saved == []


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("https://example.com/", "connect with https: https://example.com/"),
        ("wss://user:hunter2@example.com/", r"connect with https: wss://\(user\)@example.com/"),
        ("http://[", "the token is for this one alone$"),
        ("http://h:99999999/\u202e", r"http://h:99999999/[^\u202e]+$"),
        ("", "the token is for this one alone"),
    ],
)
async def test_odd_redirects(location: str, told: str) -> None:
    reply = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    async with answering(lambda _: reply) as (uri, _):
        with pytest.raises(ConnectError, match=told) as caught:
            async with connect(uri, "game", token=TOKEN):
                raise AssertionError("it was redirected")
        assert "hunter2" not in str(caught.value)
        assert str(caught.value).isprintable()
