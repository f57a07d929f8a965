"""The order of rows, callbacks and results, and what callbacks may do, on the real server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any

import pytest

from game_client import Client, Player, connect, tables
from stdb_runtime import NotConnectedError, ReducerEvent, RowEvent, StdbError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from tests.support.server import Database


@contextlib.asynccontextmanager
async def playing(game: Database, **options: Any) -> AsyncGenerator[Client]:
    async with connect(game.uri, game.name, **options) as client:
        await client.subscribe(tables.player)
        yield client


async def test_the_order_within_a_message(game: Database) -> None:
    game.call("create_player", "first")
    order: list[str] = []
    async with connect(game.uri, game.name) as client:
        client.db.player.on_before_delete(lambda event, row: order.append(f"before {row.name}"))
        client.db.player.on_delete(lambda event, row: order.append(f"delete {row.name}"))
        client.db.player.on_insert(lambda event, row: order.append(f"insert {row.name}"))
        client.db.player.on_insert(lambda event, row: order.append(f"insert again {row.name}"))
        client.db.player.on_update(lambda event, old, new: order.append(f"update {new.name}"))
        client.on_transaction(lambda delta: order.append("transaction"))
        client.reducers.on_create_player(lambda event, name: order.append(f"reducer {name}"))
        subscription = client.subscribe(tables.player)
        subscription.on_applied(lambda _: order.append("applied"))
        await subscription
        order.append("awaited")
        await client.reducers.create_player("second")
        order.append("awaited")
        assert order == [
            *("insert first", "insert again first", "transaction", "applied", "awaited"),
            *("insert second", "insert again second", "transaction", "reducer second", "awaited"),
        ]
        order.clear()
        second = client.db.player.name.find("second")
        assert second is not None
        await client.reducers.level_up(second.id)
        await client.reducers.delete_player(second.id)
        assert order == ["update second", "transaction", "before second", "delete second", "transaction"]


async def test_messages_are_dispatched_in_the_order_of_transactions(game: Database) -> None:
    async with playing(game) as client, playing(game) as other:
        levels: list[int] = []
        other.db.player.on_update(lambda event, old, new: levels.append(new.level))
        await client.reducers.create_player("Alice")
        alice = client.db.player.name.find("Alice")
        assert alice is not None
        await asyncio.gather(*(client.reducers.level_up(alice.id) for _ in range(200)))
        await other.query(tables.player)
        assert levels == list(range(2, 202))


async def test_errors_go_to_on_error(game: Database, caplog: pytest.LogCaptureFixture) -> None:
    async with playing(game) as client:
        told: list[tuple[str, object]] = []
        later: asyncio.Queue[str] = asyncio.Queue()
        after: list[str] = []

        @client.on_error
        def report(error: Exception, culprit: Callable[..., object]) -> None:
            told.append((str(error), culprit))

        @client.on_error
        async def report_later(error: Exception, culprit: Callable[..., object]) -> None:
            later.put_nowait(str(error))

        @client.db.player.on_insert
        def plain(event: RowEvent, row: Player) -> None:
            raise ValueError("plain")

        @client.db.player.on_insert
        async def coroutine(event: RowEvent, row: Player) -> None:
            raise ValueError("coroutine")

        @client.reducers.on_create_player
        def reducer(event: ReducerEvent, name: str) -> None:
            raise ValueError("reducer")

        @client.on_transaction
        def cancelled(delta: object) -> None:
            raise asyncio.CancelledError

        client.db.player.on_insert(lambda event, row: after.append(row.name))
        await client.reducers.create_player("Alice")
        await client.drain()
        assert after == ["Alice"]
        assert [culprit for _, culprit in told] == [plain, cancelled, reducer, coroutine]
        assert sorted([await later.get() for _ in range(4)])[1:] == ["coroutine", "plain", "reducer"]
        assert caplog.records == []

        @client.on_error
        def worse(error: Exception, culprit: Callable[..., object]) -> None:
            raise ValueError("worse")

        @client.on_error
        async def worst(error: Exception, culprit: Callable[..., object]) -> None:
            raise ValueError("worst")

        await client.reducers.create_player("Bob")
        await client.drain()
        assert len(told) == 8
        messages = [record.getMessage() for record in caplog.records]
        assert {message.rpartition(".")[2] for message in messages} == {"worse raised", "worst raised"}
        assert len(messages) == 8
        for handler in (report, worse):
            client.remove_on_error(handler)
        client.remove_on_error(report_later)
        client.remove_on_error(worst)
        caplog.clear()
        await client.reducers.create_player("Carol")
        await client.drain()
        assert len(caplog.records) == 4, "without anybody to tell, they are logged"
        assert client.is_active


async def test_callbacks_register_and_remove_others(game: Database) -> None:
    async with connect(game.uri, game.name) as client:
        for name in "ab":
            await client.reducers.create_player(name)
        order: list[str] = []

        @client.db.player.on_insert
        def first(event: RowEvent, row: Player) -> None:
            order.append(f"first {row.name}")
            client.db.player.remove_on_insert(first)  # not for the second row either
            client.db.player.remove_on_insert(second)  # not even for this message
            client.db.player.on_insert(third)  # from the next message on

        @client.db.player.on_insert
        def second(event: RowEvent, row: Player) -> None:
            order.append(f"second {row.name}")

        def third(event: RowEvent, row: Player) -> None:
            order.append(f"third {row.name}")

        await client.subscribe(tables.player)
        assert order == ["first a"]
        await client.reducers.create_player("c")
        assert order == ["first a", "third c"]


async def test_a_callback_unsubscribes_and_subscribes(game: Database) -> None:
    game.call("create_player", "Alice")
    game.call("send_message", "hello")
    async with connect(game.uri, game.name) as client:
        texts: asyncio.Queue[str] = asyncio.Queue()
        subscription = client.subscribe(tables.player)

        @client.db.player.on_insert
        def once(event: RowEvent, row: Player) -> None:
            subscription.unsubscribe()
            client.subscribe(tables.message)

        client.db.message.on_insert(lambda event, row: texts.put_nowait(row.text))
        assert await texts.get() == "hello"
        await client.drain()
        assert (client.db.player.count(), subscription.state.value) == (0, "ended")


async def test_awaiting_a_reducer_in_many_callbacks_never_deadlocks(game: Database) -> None:
    async with playing(game) as client:
        ends: list[int] = []

        @client.db.player.on_insert
        async def promote(event: RowEvent, row: Player) -> None:
            for _ in range(3):
                await client.reducers.level_up(row.id)
            await client.query(tables.player)
            ends.append(row.id)

        await asyncio.gather(*(client.reducers.create_player(str(number)) for number in range(30)))
        await client.drain()
        assert len(ends) == 30
        assert {row.level for row in client.db.player} == {4}


async def test_coroutine_callbacks_are_awaited_at_close_then_cancelled(game: Database) -> None:
    ends: list[str] = []
    release = asyncio.Event()
    async with playing(game, close_timeout=0.2) as client:

        @client.db.player.on_insert
        async def patient(event: RowEvent, row: Player) -> None:
            await release.wait()
            ends.append("patient")

        @client.db.player.on_insert
        async def endless(event: RowEvent, row: Player) -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                ends.append("cancelled")
                raise

        client.on_disconnect(lambda error: release.set())
        await client.reducers.create_player("Alice")
        started = time.perf_counter()
    assert 0.2 <= time.perf_counter() - started < 5
    assert ends == ["patient", "cancelled"]


async def test_several_callbacks_close_and_drain_at_once(game: Database) -> None:
    ends: list[str] = []
    async with playing(game, close_timeout=5) as client:

        async def draining(event: RowEvent, row: Player) -> None:
            await client.drain()
            ends.append("drained")

        async def closing(event: RowEvent, row: Player) -> None:
            await client.close()
            ends.append("closed")

        client.db.player.on_insert(draining)
        client.db.player.on_insert(draining)
        client.db.player.on_insert(closing)
        client.db.player.on_insert(closing)
        started = time.perf_counter()
        client.reducers.create_player("Alice")
        await client.closed()
    assert time.perf_counter() - started < 4, "they did not wait for each other"
    assert sorted(ends) == ["closed", "closed", "drained", "drained"]


async def test_closing_tells_everybody_once(game: Database, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    lost: list[StdbError | None] = []
    async with playing(game) as client:
        client.on_disconnect(lost.append)

        @client.on_disconnect
        async def last(error: StdbError | None) -> None:
            with pytest.raises(NotConnectedError):
                client.reducers.create_player("too late")

        forever = asyncio.create_task(client.run_forever())
        await asyncio.sleep(0)
        await asyncio.gather(client.close(), client.close())
        await client.close()
        await forever
        await client.closed()
        assert (client.state.value, client.is_active) == ("closed", False)
    assert lost == [None]
    assert caplog.records == []


async def test_the_call_behind_a_change_has_typed_arguments(game: Database) -> None:
    found: list[tuple[int] | None] = []
    async with playing(game) as client:
        client.db.player.on_insert(lambda event, row: found.append(client.reducers.on_level_up.match(event)))
        client.db.player.on_update(lambda event, old, new: found.append(client.reducers.on_level_up.match(event)))
        event = await client.reducers.create_player("Alice")
        alice = client.db.player.name.find("Alice")
        assert alice is not None
        await client.reducers.level_up(alice.id)
        assert found == [None, (alice.id,)]
        assert client.reducers.on_create_player.match(event) == ("Alice",)
