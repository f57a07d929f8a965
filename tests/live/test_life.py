"""Options of a connection, its states, and a token that never shows, on the real server."""

from __future__ import annotations

import asyncio
import gc
import logging
import ssl
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from game_client import connect, tables
from stdb_runtime import (
    AuthError,
    ConnectionId,
    ConnectionRejectedError,
    ServerUnreachableError,
    StdbError,
    TokenSourceError,
    UnknownDatabaseError,
)
from stdb_runtime._handles.connection_info import engine_of
from stdb_runtime.aio.client import CONNECTION
from tests.support.clients import AT_ONCE, attempt, everything_logged
from tests.support.proxy import Proxy, self_signed
from tests.support.server import Server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.binary import Program
    from tests.support.server import Database


@pytest.mark.parametrize("scheme", ["http", "ws"])
@pytest.mark.parametrize("slash", ["", "/"])
async def test_addresses(game: Database, scheme: str, slash: str) -> None:
    uri = game.uri.replace("http", scheme) + slash
    async with connect(uri, game.name) as client:
        await client.reducers.create_player("Alice")


@pytest.mark.parametrize("scheme", ["https", "wss"])
async def test_tls(game: Database, tmp_path: Path, scheme: str) -> None:
    server, client_context = self_signed(tmp_path)
    async with Proxy(game.uri, server) as proxy:
        uri = proxy.uri.replace("https", scheme)
        async with connect(uri, game.name, ssl=client_context, backoff=AT_ONCE) as client:
            again = asyncio.Event()
            client.on_connect(again.set)
            await client.reducers.create_player("Alice")
            assert [row.name for row in await client.query(tables.player)] == ["Alice"]
            proxy.cut()
            await again.wait()
            await client.reducers.create_player("Bob")
        with pytest.raises(ServerUnreachableError, match="certificate"):
            async with connect(uri, game.name):
                raise AssertionError("nobody vouches for it")
        plain = ssl.create_default_context()
        with pytest.raises(ServerUnreachableError, match="certificate"):
            async with connect(uri, game.name, ssl=plain):
                raise AssertionError("nobody vouches for it")


async def test_the_connection_id_may_be_chosen(game: Database) -> None:
    wanted = ConnectionId(0x1234)
    async with connect(game.uri, game.name, connection_id=wanted) as client:
        assert client.connection_id == wanted
        event = await client.reducers.create_player("Alice")
        assert event.caller_connection_id == wanted


async def test_a_token_may_be_text_or_given_when_needed(game: Database) -> None:
    async with connect(game.uri, game.name) as client:
        token, identity = client.token, client.identity
    asked: list[None] = []

    def give() -> str:
        asked.append(None)
        return token

    async with Proxy(game.uri) as proxy, connect(proxy.uri, game.name, token=give, backoff=AT_ONCE) as client:
        again = asyncio.Event()
        client.on_connect(again.set)
        assert (client.identity, len(asked)) == (identity, 1)
        proxy.cut()
        await again.wait()
        assert (client.identity, len(asked)) == (identity, 2)

    def fail() -> str:
        raise LookupError("no token today")

    with pytest.raises(TokenSourceError, match="the token function raised LookupError") as caught:
        async with connect(game.uri, game.name, token=fail):
            raise AssertionError("there was no token")
    assert isinstance(caught.value.__cause__, LookupError)


async def test_states(game: Database) -> None:
    states: list[str] = []
    async with Proxy(game.uri) as proxy, connect(proxy.uri, game.name, backoff=AT_ONCE) as client:
        again = asyncio.Event()

        def note() -> None:
            states.append(f"{client.state.value} {client.is_active}")

        client.on_connect(note)
        client.on_connect(again.set)
        client.on_disconnect(lambda error: note())
        note()
        proxy.cut()
        await again.wait()
    assert states == ["open True", "reconnecting False", "open True", "closed False"]


async def test_a_module_that_rejects(publish: Any) -> None:
    database = publish("edge")
    database.call("close_house")
    import tests.golden.edge.client as edge

    with pytest.raises(ConnectionRejectedError, match="client_connected"):
        async with edge.connect(database.uri, database.name):
            raise AssertionError("it rejects")


async def test_drain_waits_for_everything_so_far(game: Database) -> None:
    async with connect(game.uri, game.name) as client:
        subscription = client.subscribe(tables.player)
        ended: list[str] = []

        @client.db.player.on_insert
        async def slow(event: object, row: object) -> None:
            await client.reducers.send_message("from a callback")
            ended.append("callback")

        call, query = client.reducers.create_player("Alice"), client.query(tables.message)
        await client.drain()
        assert subscription.state.value == "active"
        assert ended == ["callback"]
        assert all(outcome.done for outcome in (call, query))
        ending = subscription.unsubscribe()
        await client.drain()
        assert ending.done
        await client.drain()


async def test_leaving_the_block_leaves_no_task_behind(game: Database) -> None:
    before = asyncio.all_tasks()
    async with connect(game.uri, game.name) as client:
        await client.subscribe(tables.player)
    with pytest.raises(ZeroDivisionError):
        async with connect(game.uri, game.name):
            raise ZeroDivisionError
    for _ in range(3):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


# --- the token --------------------------------------------------------------------------------------------------------


async def test_the_token_never_shows(game: Database, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []
    caplog.set_level(logging.DEBUG)  # of the root logger: whoever logs anything
    asyncio.get_running_loop().set_debug(True)
    async with Proxy(game.uri) as proxy:
        async with connect(proxy.uri, game.name) as client:
            first = client.token
        async with connect(proxy.uri, game.name, token=first, backoff=AT_ONCE) as client:
            token = client.token
            again = asyncio.Event()
            client.on_connect(again.set)
            subscription = client.subscribe(tables.player)
            call = client.reducers.create_player("Alice")
            await subscription
            event = await call
            proxy.cut()
            await again.wait()
            engine, connection = engine_of(client), CONNECTION.of(client)
            seen += map(repr, (client, client.db, client.reducers, engine, engine.opened, connection, call))
            seen += map(repr, (connection.options, subscription, client.stats, event))
            with pytest.raises(StdbError) as caught:
                await client.subscribe("SELECT * FROM nowhere")
            seen += traceback.format_exception(caught.value)
        for bad in (first + "x", first[:-5] + "AAAAA", f"{first}\n", f" {first}", "not.a.token"):
            with pytest.raises(AuthError) as refused:
                async with connect(proxy.uri, game.name, token=bad):
                    raise AssertionError("a bad token must be refused")
            seen += traceback.format_exception(refused.value)
            seen.append(repr(refused.value))
    asyncio.get_running_loop().set_debug(False)
    gc.collect()
    shown = everything_logged(caplog.records) + "".join(seen)
    assert "CallReducer" in shown, "frames are logged"
    assert "SELECT * FROM nowhere" in shown
    for secret in (first, token):
        for part in secret.split("."):
            assert part not in shown, f"the token shows: {shown[max(0, shown.find(part) - 200) : shown.find(part)]}"
    assert any(record.name == "stdb_runtime" for record in caplog.records)


async def test_a_closed_server_is_told_from_a_missing_database(program: Program) -> None:
    with Server(program) as server:
        with pytest.raises(UnknownDatabaseError, match="there is no database nowhere"):
            await attempt(server.uri, "nowhere")
        await asyncio.to_thread(server.stop)
        with pytest.raises(ServerUnreachableError, match="no server answers"):
            await attempt(server.uri, "nowhere")
