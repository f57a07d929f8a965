"""Reducers, one-off queries and procedures: who hears what, and what is left behind."""

from __future__ import annotations

import asyncio
import gc
import logging
from typing import TYPE_CHECKING, Any

import pytest

import tests.golden.arena.client as arena
import tests.golden.edge.client as edge
import tests.golden.probe.client as probe
from game_client import Client, connect, tables
from stdb_runtime import (
    BindingsError,
    ConnectionLost,
    ProcedureError,
    QueryError,
    ReducerError,
    ReducerEvent,
    UnknownTransaction,
    fire_and_forget,
)
from stdb_runtime._handles.connection_info import engine_of
from tests.support.clients import left_behind
from tests.support.proxy import Proxy

if TYPE_CHECKING:
    from tests.conftest import Publish
    from tests.support.server import Database


async def test_an_event_says_everything_of_a_call(game: Database) -> None:
    async with connect(game.uri, game.name) as client:
        event = await client.reducers.create_player("Alice")
        assert (event.reducer, event.status, event.message, event.arguments) == (
            "create_player",
            "committed",
            "",
            ("Alice",),
        )
        assert (event.caller_identity, event.caller_connection_id) == (client.identity, client.connection_id)
        assert event.energy > 0
        assert event.timestamp.to_datetime().year >= 2025


async def test_giving_up_leaves_nothing_behind(game: Database, caplog: pytest.LogCaptureFixture) -> None:
    async with connect(game.uri, game.name) as client:
        await client.subscribe(tables.player)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await client.reducers.create_player("timed out")
        task = asyncio.create_task(_await(client, ""))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        given_up = asyncio.gather(*(_await(client, str(number)) for number in range(100)))
        await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        await client.drain()  # does not spin on what nobody waits for
        await client.reducers.create_player("last")
        await client.query(tables.player)
        assert left_behind(client) == 0
        assert client.db.player.count() == 102, "they ran, as they had been sent"
        gc.collect()
    assert caplog.records == []


async def test_awaiting_again_after_a_time_out_gives_the_outcome(game: Database) -> None:
    async with Proxy(game.uri) as proxy, connect(proxy.uri, game.name) as client:
        proxy.freeze()
        made = client.reducers.create_player("Alice")
        subscription = client.subscribe(tables.player)
        refused = client.reducers.delete_player(99)
        query = client.query(tables.player)
        bad = client.query("SELECT * FROM nowhere")
        for request in (made, subscription, refused, query, bad):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await request
            for seconds in (0, 0.01):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(request, seconds)
        proxy.thaw()
        for _ in range(2):
            assert (await asyncio.wait_for(made, 10)).arguments == ("Alice",)
            assert await asyncio.wait_for(subscription, 10) is subscription
            with pytest.raises(ReducerError):
                await asyncio.wait_for(refused, 10)
            assert [row.name for row in await query] == ["Alice"]
            with pytest.raises(QueryError):
                await bad
        assert client.db.player.count() == 1, "the call was sent once"
        assert left_behind(client) == 0


async def test_draining_does_not_wait_for_what_nobody_waits_for(game: Database) -> None:
    async with Proxy(game.uri) as proxy, connect(proxy.uri, game.name, close_timeout=0.1) as client:
        proxy.freeze()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await client.reducers.create_player("Alice")
        async with asyncio.timeout(5):
            await client.drain()


async def _await(client: Client, name: str) -> ReducerEvent:
    return await client.reducers.create_player(name)


async def test_ten_thousand_calls_in_flight_each_get_their_own_answer(game: Database) -> None:
    async with connect(game.uri, game.name) as client:
        calls = [client.reducers.send_message(str(number)) for number in range(9_000)]
        refused = [client.reducers.delete_player(1_000_000 + number) for number in range(1_000)]
        outcomes = await asyncio.gather(*calls)
        assert [event.arguments for event in outcomes] == [(str(number),) for number in range(9_000)]
        errors = await asyncio.gather(*refused, return_exceptions=True)
        assert [str(1_000_000 + number) in str(error) for number, error in enumerate(errors)] == [True] * 1_000
        assert left_behind(client) == 0
        assert client.stats.reducers["send_message"].count == 9_000


async def test_the_same_request_ids_of_several_clients_do_not_mix(game: Database) -> None:
    async with (
        connect(game.uri, game.name) as one,
        connect(game.uri, game.name) as other,
        connect(game.uri, game.name) as third,
    ):
        clients = (one, other, third)
        await asyncio.gather(*(client.subscribe(tables.player).applied() for client in clients))
        calls = [
            (client, client.reducers.create_player(f"{step} {number}"))
            for step in range(50)
            for number, client in enumerate(clients)
        ]
        for client, call in calls:
            event = await call
            assert (event.caller_connection_id, event.caller_identity) == (client.connection_id, client.identity)


async def test_refused_calls_are_told_apart(publish: Publish) -> None:
    database = publish("edge")
    async with edge.connect(database.uri, database.name) as client:
        # A call with arguments that do not fit is refused unrun.
        unfit = [engine_of(client).call_reducer("pair", ["x", 0, 0]) for _ in range(3)]
        fit = [client.reducers.pair(number, 0, 0) for number in range(3)]
        twice = client.reducers.pair(0, 9, 0)  # another row with the same key: it panics
        unknown = engine_of(client).call_reducer("nope", [1])
        assert [(await call).status for call in fit] == ["committed"] * 3
        for call in unfit:
            with pytest.raises(ReducerError, match="invalid arguments"):
                await call
        with pytest.raises(ReducerError):
            await twice
        with pytest.raises(ReducerError, match="no such reducer"):
            await unknown
        assert len(engine_of(client).unanswered()) == 0


async def test_a_light_observer_hears_of_rows_but_not_of_calls(game: Database) -> None:
    async with connect(game.uri, game.name) as caller, connect(game.uri, game.name, light=True) as observer:
        await observer.subscribe(tables.player)
        causes: asyncio.Queue[object] = asyncio.Queue()
        observer.db.player.on_insert(lambda event, row: causes.put_nowait(event.cause))
        heard: list[ReducerEvent] = []
        observer.reducers.on_create_player(lambda event, name: heard.append(event))
        await caller.reducers.create_player("Alice")
        assert await causes.get() == UnknownTransaction()
        event = await observer.reducers.create_player("Bob")  # its own call it hears of in full
        assert await causes.get() == event
        assert heard == [event]


async def test_callbacks_on_a_reducer(game: Database) -> None:
    async with connect(game.uri, game.name) as one, connect(game.uri, game.name) as other:
        await one.subscribe(tables.player)
        told: asyncio.Queue[tuple[str, str, bool]] = asyncio.Queue()
        rows: list[int] = []

        @one.reducers.on_create_player
        def created(event: ReducerEvent, name: str) -> None:
            told.put_nowait((name, event.status, event.caller_identity == one.identity))
            rows.append(one.db.player.count())

        await other.reducers.create_player("theirs")
        assert await told.get() == ("theirs", "committed", False)
        with pytest.raises(ReducerError):
            await other.reducers.create_player("")  # of others' failures nobody hears
        await one.reducers.create_player("mine")
        assert await told.get() == ("mine", "committed", True)
        with pytest.raises(ReducerError):
            await one.reducers.create_player("")
        assert await told.get() == ("", "failed", True)
        assert rows == [1, 2, 2], "after the rows"
        one.reducers.on_create_player.remove(created)
        await one.reducers.create_player("unheard")
        assert told.empty()


async def test_a_refusal_that_does_not_echo_arguments_is_told_with_them(publish: Publish) -> None:
    database = publish("edge")
    async with probe.connect(database.uri, database.name, verify_schema="off") as client:
        told: list[tuple[int, str]] = []
        client.reducers.on_level_up(lambda event, id: told.append((id, event.message)))
        with pytest.raises(ReducerError, match="no such reducer"):
            await client.reducers.level_up(7)  # of another module
        assert told == [(7, "no such reducer")]


async def test_failures_that_nobody_takes(game: Database, caplog: pytest.LogCaptureFixture) -> None:
    async with connect(game.uri, game.name) as client:
        errors: list[ReducerError] = []
        client.on_unhandled_reducer_error(errors.append)
        client.reducers.create_player("")
        await client.drain()
        gc.collect()
        assert [(error.reducer, error.message) for error in errors] == [("create_player", "name must not be empty")]
        with pytest.raises(ReducerError):
            await client.reducers.create_player("")
        client.reducers.on_create_player(lambda event, name: None)
        client.reducers.create_player("")  # told to that callback
        await client.drain()
        gc.collect()
        assert len(errors) == 1
        client.remove_on_unhandled_reducer_error(errors.append)
        kept = client.reducers.level_up(404)
        await client.drain()
        assert caplog.records == []
    assert "level_up" in caplog.text
    del kept
    assert len(caplog.records) == 1


async def test_fire_and_forget(game: Database, caplog: pytest.LogCaptureFixture) -> None:
    async with connect(game.uri, game.name) as client:
        await client.subscribe(tables.player)
        fire_and_forget(client.reducers.create_player, "Alice")
        fire_and_forget(client.reducers.create_player, "")
        assert (await client.db.player.name.wait_for("Alice", timeout=10)).owner == client.identity
        await client.query(tables.player)
        assert left_behind(client) == 0
        assert "create_player" not in client.stats.reducers
    assert caplog.records == []


async def test_one_off_queries(game: Database) -> None:
    async with connect(game.uri, game.name) as client:
        for name in "abc":
            await client.reducers.create_player(name)
        players = await client.query(tables.player)
        assert [player.name for player in players] == ["a", "b", "c"]
        assert client.db.player.count() == 0, "they do not enter the cache"
        queries = [client.query(f"SELECT * FROM player WHERE id = {number % 3 + 1}") for number in range(300)]
        answers = await asyncio.gather(*queries)
        assert answers == [[players[number % 3]] for number in range(300)]
        assert await client.query("SELECT * FROM message") == []
        with pytest.raises(QueryError, match="nowhere") as caught:
            await client.query("SELECT * FROM nowhere")
        assert caught.value.query == "SELECT * FROM nowhere"
        call, query = client.reducers.create_player("d"), client.query(tables.player)
        assert len(await query) == 4, "it takes its place among the calls"
        await call
        late = client.query(tables.player)
        await client.close()
        (outcome,) = await asyncio.gather(late, return_exceptions=True)
        assert isinstance(outcome, ConnectionLost | list), "answered before the end, or lost"


async def test_a_query_of_a_table_that_the_package_lacks(publish: Publish) -> None:
    database = publish("edge")
    async with connect(database.uri, database.name, verify_schema="off") as client:
        with pytest.raises(BindingsError, match="no table 'left'"):
            await client.query("SELECT * FROM left")
        await client.subscribe("SELECT * FROM left")  # a warning, and no harm
        assert client.is_active


# --- procedures -------------------------------------------------------------------------------------------------------


async def test_a_procedure_that_there_is_not(game: Database) -> None:
    async with arena.connect(game.uri, game.name, verify_schema="off") as client:
        for _ in range(2):
            with pytest.raises(ProcedureError, match=game.server.behaviour.unknown_procedure):
                await client.procedures.roll(6)
        assert client.is_active
        assert client.stats.connections == 1
        unawaited = client.procedures.roll(6)
        await client.drain()
        with pytest.raises(ProcedureError):
            await unawaited


async def test_messages_of_the_log_hold_what_helps(game: Database, caplog: pytest.LogCaptureFixture) -> None:
    logger: Any = logging.getLogger("stdb_runtime")
    async with connect(game.uri, game.name, logger=logger) as client:
        with caplog.at_level(logging.DEBUG, "stdb_runtime"):
            await client.reducers.create_player("Alice")
    assert "CallReducer" in caplog.text
    assert "TransactionUpdate" in caplog.text
