"""Connecting to a real server, and how that fails: each failure has an error of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from game_client import connect, reducers
from stdb_runtime import (
    AuthError,
    ConnectionLost,
    ConnectionRejectedError,
    DatabaseNameError,
    NotConnectedError,
    UnknownDatabaseError,
)
from tests.support.clients import attempt
from tests.support.modules import module_wasm
from tests.support.server import Server

if TYPE_CHECKING:
    from tests.conftest import Publish
    from tests.support.binary import Program
    from tests.support.server import Database


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


@pytest.mark.parametrize("scheme", ["http", "ws"])
async def test_both_schemes(game: Database, scheme: str) -> None:
    async with connect(game.uri.replace("http", scheme) + "/", game.name) as client:
        assert client.is_active


async def test_a_module_that_rejects_connections(publish: Publish) -> None:
    edge = publish("edge")
    edge.call("close_house")
    with pytest.raises(ConnectionRejectedError, match="client_connected"):
        await attempt(edge.uri, edge.name)


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
