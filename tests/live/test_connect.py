"""Connecting, and every way in which it fails, each with an error of its own."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest
import websockets

from game_client import connect, reducers
from stdb_runtime import (
    AuthError,
    ConnectError,
    ConnectionLost,
    ConnectionRejectedError,
    DatabaseNameError,
    NotConnectedError,
    ProtocolError,
    ServerUnreachableError,
    SubprotocolError,
    UnknownDatabaseError,
)
from tests.support.modules import module_wasm
from tests.support.server import Server, free_port

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from tests.conftest import Publish
    from tests.support.binary import Program
    from tests.support.server import Database

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
async def answering(reply: bytes) -> AsyncGenerator[str]:
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


async def attempt(uri: str, database: str = "game", *, token: str | None = None, open_timeout: float = 10.0) -> None:
    async with connect(uri, database, token=token, open_timeout=open_timeout):
        pytest.fail("it connected")


async def test_nobody_answers() -> None:
    with pytest.raises(ServerUnreachableError, match="no server answers at ws://127"):
        await attempt(f"http://127.0.0.1:{free_port()}")


async def test_an_unknown_host() -> None:
    with pytest.raises(ServerUnreachableError, match="no server answers"):
        await attempt("http://host.invalid")


async def test_a_refused_token(game: Database) -> None:
    with pytest.raises(AuthError, match="refuses the token") as caught:
        await attempt(game.uri, game.name, token="no.real.token")
    assert "no.real.token" not in str(caught.value)


@pytest.mark.parametrize("token", ["two\r\nlines", "ünïcode", "with space"])
async def test_a_token_that_no_header_can_hold(game: Database, token: str) -> None:
    with pytest.raises(AuthError, match="is not a JSON Web Token") as caught:
        await attempt(game.uri, game.name, token=token)
    assert token not in str(caught.value)


async def test_an_unknown_database(server: Server) -> None:
    with pytest.raises(UnknownDatabaseError, match="no database nowhere"):
        await attempt(server.uri, "nowhere")
    with pytest.raises(UnknownDatabaseError):
        await attempt(server.uri, "c200" + "0" * 60)


@pytest.mark.parametrize(
    ("name", "hint"), [("my_module", "my-module"), ("My Game!", "my-game"), ("", ""), ("a/../b", "a-b"), ("--", "")]
)
async def test_what_cannot_be_a_name(server: Server, name: str, hint: str) -> None:
    with pytest.raises(DatabaseNameError) as caught:
        await attempt(server.uri, name)
    assert ("did you mean" in str(caught.value)) == bool(hint)
    assert hint in str(caught.value)


@pytest.mark.parametrize("uri", ["localhost:3000", "ftp://localhost", "http://", "http://h:99999", "http://h?x=1", ""])
async def test_what_is_no_address(uri: str) -> None:
    with pytest.raises(ConnectError, match="is not the address of a server"):
        await attempt(uri)


async def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConnectError, match="token=") as caught:
        await attempt("http://me:hunter2@localhost:3000")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["http", "ws"])
async def test_both_schemes(game: Database, scheme: str) -> None:
    async with connect(game.uri.replace("http", scheme) + "/", game.name) as client:
        assert client.is_active


async def test_a_module_that_rejects_connections(publish: Publish) -> None:
    edge = publish("edge")
    edge.call("close_house")
    with pytest.raises(ConnectionRejectedError, match="client_connected"):
        await attempt(edge.uri, edge.name)


async def test_a_server_that_says_nothing() -> None:
    async def silence(socket: websockets.ServerConnection) -> None:
        await socket.wait_closed()

    async with scripted(silence) as uri:
        with pytest.raises(ServerUnreachableError, match=r"within 0\.2 seconds"):
            await attempt(uri, open_timeout=0.2)


async def test_a_server_that_does_not_even_shake_hands() -> None:
    async with answering(b"") as uri:
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
    async with answering(b"SSH-2.0-OpenSSH_9.2\r\n") as uri:
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


async def test_a_server_that_stops_takes_calls_with_it(program: Program) -> None:
    with Server(program) as server:
        database = server.publish(module_wasm("game"), "game")
        async with connect(database.uri, database.name, reconnect=False) as client:
            await reducers.create_player("Alice")
            server.stop()
            with pytest.raises(ConnectionLost, match="server|connection"):
                await reducers.create_player("Bob")
            assert not client.is_active
            with pytest.raises(NotConnectedError):
                client.reducers.create_player("Carol")
