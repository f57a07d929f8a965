"""The connection without generated code, on the real server: options, calls, callbacks, rows, beginning and end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import game_client
import stdb_runtime
from stdb_runtime import (
    ArgumentError,
    AuthError,
    Backoff,
    ConnectionId,
    ConnectionLost,
    ConnectionState,
    Handler,
    Identity,
    IdentityToken,
    NotConnectedError,
    QueryError,
    ReconnectError,
    ReducerError,
    ServerUnreachableError,
    StdbError,
    Timestamp,
    UnknownDatabaseError,
    connect,
)
from stdb_runtime.aio.raw import RawConnection
from tests.support.clients import Log
from tests.support.modules import module_wasm
from tests.support.proxy import Proxy
from tests.support.server import Server, free_port

if TYPE_CHECKING:
    from tests.conftest import Publish
    from tests.support.binary import Program
    from tests.support.server import Database

ROOT = Path(__file__).resolve().parents[2]
NEVER = Backoff(60.0, 60.0)


def to(database: Database, log: Log, **options: Any) -> RawConnection:
    return connect(uri=database.uri, database=database.name, handler=log.mapping(), **options)


# --- options ----------------------------------------------------------------------------------------------------------


async def test_option_host_and_port(game: Database) -> None:
    port = int(game.uri.rpartition(":")[2])
    async with connect(host="127.0.0.1", port=port, database=game.name, handler=Log().mapping()) as connection:
        assert connection.identity.to_hex() != connection.connection_id.to_hex()


async def test_option_tls_asks_for_wss(game: Database) -> None:
    port = int(game.uri.rpartition(":")[2])
    with pytest.raises(StdbError, match="wss://"):
        async with connect(host="127.0.0.1", port=port, tls=True, database=game.name, handler=Log().mapping()):
            pytest.fail("the server speaks no TLS")


async def test_option_database_by_identity(game: Database) -> None:
    database = game.server.identity_of(game.name)
    async with connect(uri=game.uri, database=database, handler=Log().mapping()) as connection:
        assert await connection.one_off_query("SELECT * FROM player") == []


async def test_option_token_keeps_the_identity(game: Database) -> None:
    async with to(game, Log()) as connection:
        token, identity = connection.token, connection.identity
    async with to(game, Log(), token=token) as connection:
        assert connection.identity == identity
        assert token not in repr(connection)


async def test_option_connection_id_is_that_of_the_first_connection(game: Database) -> None:
    wanted = ConnectionId.from_bytes(bytes(range(16)))
    async with to(game, Log(), connection_id=wanted) as connection:
        assert connection.connection_id == wanted


async def test_option_ping_timeout_ends_a_silent_connection(game: Database) -> None:
    log = Log()
    options: dict[str, Any] = {"ping_interval": 0.05, "ping_timeout": 0.2, "close_timeout": 0.2}
    async with (
        Proxy(game.uri) as proxy,
        connect(uri=proxy.uri, database=game.name, handler=log.mapping(), backoff=NEVER, **options) as connection,
    ):
        proxy.freeze()
        assert "ping" in str(await log.next("on_disconnect"))
        assert connection.state is ConnectionState.RECONNECTING
        proxy.thaw()


async def test_option_name_finds_the_live_connection(game: Database) -> None:
    async with to(game, Log(), name="game") as connection:
        assert stdb_runtime.get("game") is connection
        with pytest.raises(ArgumentError, match="'game' already"):
            async with to(game, Log(), name="game"):
                pytest.fail("two of one name")
        assert stdb_runtime.get("game") is connection
    with pytest.raises(NotConnectedError, match="'game'"):
        stdb_runtime.get("game")


async def test_the_environment_fills_what_is_not_given(game: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async with to(game, Log()) as first:
        token, identity = first.token, first.identity
    monkeypatch.setenv("SPACETIMEDB_URI", game.uri)
    monkeypatch.setenv("SPACETIMEDB_DATABASE", game.name)
    monkeypatch.setenv("SPACETIMEDB_TOKEN", token)
    async with connect(handler=Log().mapping()) as connection:
        assert connection.identity == identity


# --- calls and what the handler is told -------------------------------------------------------------------------------


async def test_callback_on_identity_token(game: Database) -> None:
    log = Log()
    async with to(game, log) as connection:
        token = await log.next("on_identity_token")
        assert token == IdentityToken(connection.identity, connection.token, connection.connection_id)
        assert connection.token not in repr(token)


async def test_call_subscribe_replaces_the_former_set(game: Database) -> None:
    log = Log()
    async with to(game, log) as connection:
        game.call("send_message", "before")
        request_id = connection.subscribe(["SELECT * FROM message"])
        initial = await log.next("on_initial_subscription")
        assert initial.request_id == request_id
        assert [(table.table_name, len(table.inserts), table.deletes) for table in initial.tables] == [
            ("message", 1, ())
        ]
        connection.subscribe(["SELECT * FROM player"])
        assert (await log.next("on_initial_subscription")).tables == ()
        game.call("send_message", "not subscribed to")
        await connection.call_reducer("create_player", ["Alice"])
        update = await log.next("on_transaction_update")
        assert [table.table_name for table in update.tables] == ["player"]


async def test_calls_subscribe_single_and_multi_and_unsubscribe(game: Database) -> None:
    log = Log()
    async with to(game, log) as connection:
        await connection.call_reducer("create_player", ["Alice"])
        await log.next("on_transaction_update")
        single = connection.subscribe_single("SELECT * FROM player")
        multi = connection.subscribe_multi(["SELECT * FROM player WHERE level = 1", "SELECT * FROM message"])
        applied = [await log.next("on_subscribe_applied") for _ in range(2)]
        assert [message.query_id for message in applied] == [single, multi]
        assert [len(table.inserts) for message in applied for table in message.tables] == [1, 1]
        for query_id in (single, multi):
            request_id = connection.unsubscribe(query_id)
            ended = await log.next("on_unsubscribe_applied")
            assert (ended.request_id, ended.query_id) == (request_id, query_id)
            assert [len(table.deletes) for table in ended.tables] == [1]


async def test_callback_on_subscription_error(game: Database) -> None:
    log = Log()
    async with to(game, log) as connection:
        query_id = connection.subscribe_multi(["SELECT * FROM nowhere"])
        error = await log.next("on_subscription_error")
        assert error.query_id == query_id
        assert "nowhere" in error.error


async def test_call_call_reducer_by_position_and_by_name(game: Database) -> None:
    log = Log()
    async with to(game, log) as connection:
        request_id = connection.call_reducer("create_player", ["Alice"])
        update = await log.next("on_transaction_update")
        assert (update.status, update.message, update.caller_identity) == ("committed", "", connection.identity)
        assert update.caller_connection_id == connection.connection_id
        assert update.reducer_call.reducer_name == "create_player"
        assert update.reducer_call.request_id == request_id
        assert update.timestamp.to_datetime().year >= 2025
        assert update.energy > 0
        assert update.duration.micros >= 0
        event = await connection.call_reducer("create_player", {"name": "Bob"})
        assert (event.reducer, event.arguments) == ("create_player", ({"name": "Bob"},))
        with pytest.raises(ReducerError, match="name taken"):
            await connection.call_reducer("create_player", ["Bob"])


async def test_call_call_reducer_sends_what_json_cannot_say(game: Database) -> None:
    async with to(game, Log(), schema="fetch") as connection:
        await connection.call_reducer("create_player", ["Alice"])
        ((player),) = await connection.one_off_query("SELECT * FROM player")
        await connection.call_reducer("move_to", {"id": player["id"], "position": {"x": 0.1, "y": -0.0}})
        ((player),) = await connection.one_off_query("SELECT * FROM player")
        assert str(player["position"]) == "{'x': 0.1, 'y': -0.0}"
        with pytest.raises(ArgumentError, match=r"^args\[1\]\.x: nan cannot be sent"):
            connection.call_reducer("move_to", [1, {"x": float("nan"), "y": 0}])
        with pytest.raises(ArgumentError, match=r"^args\[0\]: object is not a JSON value"):
            connection.call_reducer("create_player", [object()])


async def test_call_one_off_query(game: Database) -> None:
    log = Log()
    game.call("send_message", "hello")
    async with to(game, log) as connection:
        message_id = connection.one_off_query("SELECT * FROM message")
        answer = await log.next("on_one_off_query_response")
        assert (answer.message_id, answer.error) == (message_id, None)
        assert [table.table_name for table in answer.tables] == ["message"]
        (row,) = await message_id
        assert row["text"] == "hello"
        with pytest.raises(QueryError, match=r"nowhere.*SELECT \* FROM nowhere"):
            await connection.one_off_query("SELECT * FROM nowhere")
        assert "nowhere" in (await log.next("on_one_off_query_response")).error


async def test_each_call_needs_a_connection(game: Database) -> None:
    connection = to(game, Log())
    async with connection:
        pass
    for call in (
        lambda: connection.subscribe([]),
        lambda: connection.subscribe_single("x"),
        lambda: connection.subscribe_multi(["x"]),
        lambda: connection.unsubscribe(1),
        lambda: connection.call_reducer("x"),
        lambda: connection.call_procedure("x"),
        lambda: connection.one_off_query("x"),
    ):
        with pytest.raises(NotConnectedError):
            call()
    with pytest.raises(ArgumentError, match="list of SQL texts"):
        connection.subscribe("SELECT * FROM message")


async def test_light_updates_have_no_reducer_call(game: Database) -> None:
    log = Log()
    async with to(game, log, light=True) as connection:
        connection.subscribe_multi(["SELECT * FROM message"])
        await log.next("on_subscribe_applied")
        game.call("send_message", "hello")
        update = await log.next("on_transaction_update")
        assert (update.status, update.reducer_call, update.timestamp) == ("committed", None, None)
        assert [len(table.inserts) for table in update.tables] == [1]


# --- handlers ---------------------------------------------------------------------------------------------------------


async def test_handler_as_an_object_a_class_a_pair_and_a_mapping(game: Database) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()

    class Plain:
        async def on_identity_token(self, message: IdentityToken) -> None:
            heard.put_nowait(f"{type(self).__name__} {message.identity}")

    class Checked(Handler):
        def on_identity_token(self, message: IdentityToken, /) -> None:
            heard.put_nowait(f"{type(self).__name__} {message.identity}")

    def paired(message: IdentityToken, extra: str) -> None:
        heard.put_nowait(f"{extra} {message.identity}")

    def mapped(message: IdentityToken) -> None:
        heard.put_nowait(f"mapped {message.identity}")

    forms: dict[str, object] = {
        "Plain": Plain(),
        "Checked": Checked,
        "extra": ({"on_identity_token": paired}, "extra"),
        "mapped": {"on_identity_token": mapped},
    }
    for expected, form in forms.items():
        async with connect(uri=game.uri, database=game.name, handler=form) as connection:
            assert await heard.get() == f"{expected} {connection.identity}"


async def test_what_a_callback_raises_goes_to_on_error(game: Database) -> None:
    log = Log()

    def broken(_: object) -> None:
        raise RuntimeError("broken")

    handler = log.mapping() | {"on_identity_token": broken}
    async with connect(uri=game.uri, database=game.name, handler=handler) as connection:
        assert str(await log.next("on_error")) == "broken"
        await connection.call_reducer("create_player", ["Alice"])


# --- rows -------------------------------------------------------------------------------------------------------------


async def test_rows_are_json_values_in_the_dialect_they_came_in(game: Database) -> None:
    log = Log()
    async with to(game, log) as connection:
        connection.subscribe_multi(["SELECT * FROM message"])
        await log.next("on_subscribe_applied")
        await connection.call_reducer("send_message", ["hello"])
        ((table),) = (await log.next("on_transaction_update")).tables
        ((row),) = table.inserts
        assert isinstance(row, list)
        assert row[2] == "hello"
        ((row),) = await connection.one_off_query("SELECT * FROM message")
        assert isinstance(row, dict)
        assert row["text"] == "hello"


@pytest.mark.parametrize("given", ["fetch", "text", "mapping"])
async def test_rows_with_a_schema_have_one_shape(game: Database, given: str) -> None:
    log = Log()
    schema: object = given
    if given != "fetch":
        text = game.server.schema(game.name)
        schema = text if given == "text" else {"V9": json.loads(text)}
    async with to(game, log, schema=schema) as connection:
        connection.subscribe_multi(["SELECT * FROM player"])
        await log.next("on_subscribe_applied")
        await connection.call_reducer("create_player", ["Alice"])
        ((table),) = (await log.next("on_transaction_update")).tables
        ((positional),) = table.inserts
        ((named),) = await connection.one_off_query("SELECT * FROM player")
        assert positional == named
        assert positional["owner"] == connection.identity
        assert isinstance(positional["joined_at"], Timestamp)
        expected = {"level": 1, "status": None, "position": {"x": 0.0, "y": 0.0}, "activity": {"Idle": None}}
        assert expected.items() <= positional.items()
        assert positional["team"] == {"Red": None}


async def test_rows_with_a_generated_package_are_its_classes(game: Database) -> None:
    async with to(game, Log(), schema=game_client.tables) as connection:
        await connection.call_reducer("create_player", ["Alice"])
        ((player),) = await connection.one_off_query("SELECT * FROM player")
        assert isinstance(player, game_client.Player)
        assert isinstance(player.owner, Identity)


# --- life -------------------------------------------------------------------------------------------------------------


async def test_life_run_in_a_task_group(game: Database) -> None:
    log = Log()
    connection = to(game, log)
    async with asyncio.TaskGroup() as supervisor:
        running = supervisor.create_task(connection.run())
        await log.next("on_identity_token")
        await connection.call_reducer("create_player", ["Alice"])
        await connection.close()
    assert running.done()
    assert await log.next("on_disconnect") is None


async def test_life_run_raises_when_it_cannot_connect(server: Server) -> None:
    with pytest.raises(UnknownDatabaseError):
        await connect(uri=server.uri, database="nowhere", handler=Handler()).run()
    with pytest.raises(ServerUnreachableError):
        await connect(host="127.0.0.1", port=free_port(), database="nowhere", handler=Handler()).run()


async def test_life_run_ends_with_its_task(game: Database) -> None:
    log = Log()
    task = asyncio.create_task(to(game, log).run())
    await log.next("on_identity_token")
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert await log.next("on_disconnect") is None


async def test_life_start_and_close(game: Database) -> None:
    log = Log()
    connection = to(game, log)
    connection.start()
    await log.next("on_identity_token")
    await connection.close()
    assert connection.state is stdb_runtime.ConnectionState.CLOSED
    with pytest.raises(NotConnectedError, match="used once only"):
        await connection.run()


async def test_life_start_tells_on_error_when_it_cannot_connect(server: Server) -> None:
    log = Log()
    connection = connect(uri=server.uri, database="nowhere", handler=log.mapping())
    connection.start()
    assert isinstance(await log.next("on_error"), UnknownDatabaseError)
    await connection.close()


async def test_life_a_lost_connection_is_made_again_with_its_subscriptions(program: Program) -> None:
    log = Log()
    with Server(program, in_memory=False) as server:
        database = server.publish(module_wasm("game"), "game")
        async with to(database, log, reconnect_delay_ms=20) as connection:
            first = await log.next("on_identity_token")
            single = connection.subscribe_single("SELECT * FROM player")
            multi = connection.subscribe_multi(["SELECT * FROM message"])
            connection.subscribe(["SELECT * FROM message WHERE text = 'x'"])
            assert [(await log.next("on_subscribe_applied")).query_id for _ in range(2)] == [single, multi]
            await log.next("on_initial_subscription")
            server.restart(fresh_data=False)
            assert isinstance(await log.next("on_disconnect"), ConnectionLost)
            again = await log.next("on_identity_token")
            assert await log.next("on_reconnect") == ()
            assert again.identity == first.identity
            assert again.connection_id != first.connection_id
            assert {(await log.next("on_subscribe_applied")).query_id for _ in range(2)} == {single, multi}
            await log.next("on_initial_subscription")


async def test_life_rows_that_never_come_are_an_error_once(publish: Publish) -> None:
    database = publish("probe")
    database.call("fill", 0, 10_000)
    log = Log()
    options: dict[str, Any] = {"reconnect_delay_ms": 1, "max_reconnect_delay_ms": 1, "subscribe_attempts": 3}
    async with (
        Proxy(database.uri) as proxy,
        connect(uri=proxy.uri, database=database.name, handler=log.mapping(), **options) as connection,
    ):
        proxy.allowance = 200_000
        connection.subscribe_multi(["SELECT * FROM bulk"])
        error = await log.next("on_error")
        assert isinstance(error, ReconnectError)
        assert error.attempts == 3
        for _ in range(5):
            await log.next("on_disconnect")
        proxy.allowance = None
        applied = await log.next("on_subscribe_applied")
        assert len(applied.tables[0].inserts) == 10_000
    assert log.heard.count("on_error") == 1


async def test_life_without_resubscribe_nothing_is_asked_for_again(program: Program) -> None:
    log = Log()
    with Server(program, in_memory=False) as server:
        database = server.publish(module_wasm("game"), "game")
        async with to(database, log, reconnect_delay_ms=20, resubscribe=False) as connection:
            connection.subscribe_multi(["SELECT * FROM message"])
            await log.next("on_subscribe_applied")
            server.restart(fresh_data=False)
            await log.next("on_reconnect")
            await connection.call_reducer("send_message", ["hello"])
            assert (await log.next("on_transaction_update")).tables == ()
    assert log.heard.count("on_subscribe_applied") == 1


async def test_life_a_refusal_that_no_retry_mends_ends_it(program: Program) -> None:
    log = Log()
    with Server(program) as server:
        database = server.publish(module_wasm("game"), "game")
        connection = to(database, log, reconnect_delay_ms=20)
        running = asyncio.create_task(connection.run())
        await log.next("on_identity_token")
        server.restart()  # in memory: its databases are gone
        with pytest.raises((UnknownDatabaseError, AuthError)) as caught:
            await running
        assert await log.next("on_error") is caught.value


async def test_a_set_that_is_refused_leaves_the_connection(game: Database) -> None:
    log = Log()
    async with to(game, log) as connection:
        connection.subscribe(["SELECT * FROM nowhere"])
        refusal = await log.next(game.server.behaviour.refusal_of_a_set)
        assert "nowhere" in repr(refusal)
        await connection.call_reducer("create_player", ["Alice"])
        assert connection.stats.connections == 1


# --- the example ------------------------------------------------------------------------------------------------------


async def test_the_example_runs(game: Database) -> None:
    environment = os.environ | {"SPACETIMEDB_URI": game.uri, "SPACETIMEDB_DATABASE": game.name, "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        str(ROOT / "examples" / "handler" / "main.py"),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert (process.returncode, errors.decode()) == (0, "")
    first, *two, last = output.decode().splitlines()
    assert (first, last) == ("watcher: 0 messages so far", "reader: 1 table")
    assert sorted(two) == ["speaker: committed", "watcher: ['hello from a handler']"]
