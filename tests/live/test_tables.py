"""Tables on the real server: indexes at every callback, callbacks before and after, and watching single rows."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from typing import TYPE_CHECKING

import pytest

from game_client import Client, Message, Player, connect, tables
from stdb_runtime import ConnectionLost, Delta, ReducerEvent, RowEvent, SlowConsumerError, SubscriptionApplied
from stdb_runtime._engine.stream import Deleted, Inserted, Updated
from stdb_runtime._handles.table import state_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.support.server import Database


@contextlib.asynccontextmanager
async def playing(game: Database) -> AsyncGenerator[Client]:
    async with connect(game.uri, game.name) as client:
        await client.subscribe(tables.player, tables.message)
        yield client


def player_of(client: Client, name: str) -> Player:
    player = client.db.player.name.find(name)
    assert player is not None
    return player


async def create(client: Client, *names: str) -> None:
    await asyncio.gather(*(client.reducers.create_player(name) for name in names))


async def test_indexes_are_consistent_at_every_callback(game: Database) -> None:
    async with playing(game) as client:
        seen: list[str] = []

        def check(kind: str, *, here: Player | None, gone: Player | None) -> None:
            rows = list(client.db.player)
            assert len(rows) == len(client.db.player) == client.db.player.count()
            assert sorted(rows, key=lambda row: row.id) == sorted(
                client.db.player.level.filter(ge=0), key=lambda row: row.id
            )
            for row in rows:
                assert row in client.db.player
                assert client.db.player.id.find(row.id) is row
                assert client.db.player.name.find(row.name) is row
                assert row in client.db.player.level.filter(row.level)
            if here is not None:
                assert client.db.player.name.find(here.name) == here
            if gone is not None:
                assert gone not in client.db.player
                assert gone not in client.db.player.level.filter(gone.level)
            seen.append(kind)

        client.on_error(lambda error, callback: seen.append(repr(error)))
        client.db.player.on_insert(lambda event, row: check("insert", here=row, gone=None))
        client.db.player.on_update(lambda event, old, new: check("update", here=new, gone=old))
        client.db.player.on_delete(lambda event, row: check("delete", here=None, gone=row))
        client.db.player.on_before_delete(lambda event, row: check("before", here=row, gone=None))
        client.on_transaction(lambda delta: check("transaction", here=None, gone=None))
        await create(client, "a", "b")
        await client.reducers.level_up(player_of(client, "a").id)
        await client.reducers.delete_player(player_of(client, "a").id)
        assert seen == [*["insert", "transaction"] * 2, "update", "transaction", "before", "delete", "transaction"]


async def test_changes_while_iterating_are_not_seen(game: Database) -> None:
    async with playing(game) as client:
        await create(client, *"abcdef")
        names: list[str] = []
        for player in client.db.player:
            names.append(player.name)
            await client.reducers.delete_player(player.id)
            await client.reducers.create_player(player.name * 2)
        assert sorted(names) == list("abcdef")
        levels = client.db.player.level.filter(1)
        await client.reducers.delete_player(levels[0].id)
        assert len(levels) == 6
        assert client.db.player.count() == 5


async def test_before_a_row_goes_everything_is_as_it_was(game: Database) -> None:
    async with playing(game) as client:
        await create(client, "a", "b")
        order: list[str] = []

        @client.db.player.on_before_delete
        def before(event: RowEvent, row: Player) -> None:
            order.append(f"before {row.name} {client.db.player.count()}")

        client.db.player.on_delete(lambda event, row: order.append(f"after {row.name} {client.db.player.count()}"))
        await client.reducers.delete_player(player_of(client, "a").id)
        client.db.player.remove_on_before_delete(before)
        await client.reducers.delete_player(player_of(client, "b").id)
        assert order == ["before a 2", "after a 1", "after b 0"]


async def test_a_transaction_is_told_as_a_whole(game: Database) -> None:
    game.call("create_player", "a")
    game.call("send_message", "hello")
    async with connect(game.uri, game.name) as client:
        deltas: list[Delta] = []
        client.on_transaction(deltas.append)
        await client.subscribe(tables.player, tables.message)
        await client.reducers.level_up(player_of(client, "a").id)
        first, second = deltas
        assert isinstance(first.cause, SubscriptionApplied)
        assert [row.name for row in first.of(client.db.player).inserted] == ["a"]
        assert [row.text for row in first.of(client.db.message).inserted] == ["hello"]
        assert isinstance(second.cause, ReducerEvent)
        assert list(second.tables) == ["player"]
        assert [(old.level, new.level) for old, new in second.of(tables.player).updated] == [(1, 2)]
        assert second.of(client.db.message).size == 0
        client.remove_on_transaction(deltas.append)
        await client.reducers.create_player("b")
        assert len(deltas) == 2


async def test_changes_of_a_table(game: Database) -> None:
    async with playing(game) as client:
        changes = client.db.player.changes()
        await create(client, "a")
        a = player_of(client, "a")
        await client.reducers.level_up(a.id)
        await client.reducers.delete_player(a.id)
        inserted, updated, deleted = [await anext(changes) for _ in range(3)]
        assert isinstance(inserted, Inserted)
        assert isinstance(updated, Updated)
        assert isinstance(deleted, Deleted)
        assert (inserted.row, updated.old, updated.row.level, deleted.row) == (a, a, 2, updated.row)
        assert isinstance(inserted.event.cause, ReducerEvent)
    assert [change async for change in changes] == [], "it ends with the client"


async def test_changes_of_the_client(game: Database) -> None:
    async with playing(game) as client:
        deltas = client.changes()
        await create(client, "a")
        await client.reducers.send_message("hello")
        assert [list((await anext(deltas)).tables) for _ in range(2)] == [["player"], ["message"]]
    assert [delta async for delta in deltas] == []


async def test_a_slow_consumer_is_told(game: Database) -> None:
    async with playing(game) as client:
        changes = client.db.player.changes(limit=3)
        await create(client, *"abcde")
        assert [(await anext(changes)).row.name for _ in range(3)] == ["a", "b", "c"]
        with pytest.raises(SlowConsumerError, match="more than 3 changes") as caught:
            await anext(changes)
        assert caught.value.limit == 3
        deltas = client.changes(limit=1)
        await create(client, *"fg")
        await anext(deltas)
        with pytest.raises(SlowConsumerError):
            await anext(deltas)


async def test_a_slow_consumer_may_miss_the_oldest(game: Database) -> None:
    async with playing(game) as client:
        changes = client.db.message.changes(limit=2, policy="drop_oldest")
        for number in range(5):
            await client.reducers.send_message(str(number))
        assert (client.stats.buffered, client.stats.dropped, changes.dropped) == (2, 3, 3)
        assert [(await anext(changes)).row.text for _ in range(2)] == ["3", "4"]
        assert (client.stats.buffered, client.stats.dropped) == (0, 3)
        del changes
        gc.collect()
        assert client.stats.dropped == 3


async def test_changes_of_one_key_may_be_merged(game: Database) -> None:
    async with playing(game) as client:
        await create(client, "a", "b")
        a, b = player_of(client, "a"), player_of(client, "b")
        changes = client.db.player.changes(policy="coalesce", limit=1)
        for _ in range(5):
            await client.reducers.level_up(a.id)
        await client.reducers.set_status(b.id, "busy")
        await client.reducers.set_status(b.id, None)  # as it was
        await create(client, "c")
        await client.reducers.level_up(player_of(client, "c").id)
        await create(client, "d")
        await client.reducers.delete_player(player_of(client, "d").id)  # never seen
        assert len(changes) == 2
        one, other = await anext(changes), await anext(changes)
        assert isinstance(one, Updated)
        assert (one.old, one.row.level) == (a, 6)
        assert isinstance(other, Inserted)
        assert (other.row.name, other.row.level) == ("c", 2)
        await client.reducers.level_up(a.id)
        await client.reducers.delete_player(a.id)
        deleted = await anext(changes)
        assert isinstance(deleted, Deleted)
        assert deleted.row == one.row


async def test_a_loop_that_is_left_leaves_nothing_behind(game: Database) -> None:
    async with playing(game) as client:

        async def first() -> str:
            async for change in client.db.player.changes():
                return change.row.name
            raise AssertionError("the client was closed")

        waiting = [asyncio.create_task(first()) for _ in range(3)]
        cancelled = asyncio.create_task(client.db.player.name.wait_for("nobody"))
        await asyncio.sleep(0)
        await create(client, "a", "b")
        assert await asyncio.gather(*waiting) == ["a"] * 3
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        del waiting, cancelled
        gc.collect()
        await create(client, "c")
        assert len(state_of(client.db.player).streams) == 0
        assert client.stats.buffered == 0


async def test_waiting_for_a_row(game: Database) -> None:
    async with playing(game) as client:
        with pytest.raises(TimeoutError):
            await client.db.player.name.wait_for("Bob", timeout=0.01)
        with pytest.raises(TimeoutError):
            await client.db.player.name.wait_for("Bob", timeout=0)
        coming = asyncio.create_task(client.db.player.name.wait_for("Bob", timeout=10))
        await asyncio.sleep(0)
        await create(client, "Alice", "Bob")
        bob = await coming
        assert bob == player_of(client, "Bob")
        assert await client.db.player.id.wait_for(bob.id, timeout=0.1) is bob, "what is there is given at once"
        gone = asyncio.create_task(client.db.player.name.wait_for("Carol"))
        await asyncio.sleep(0)
        await create(client, "Carol")
        await client.reducers.delete_player(player_of(client, "Carol").id)
        assert (await gone).name == "Carol", "the first that came, though it is gone"
        waiting = asyncio.create_task(client.db.player.name.wait_for("nobody"))
        await asyncio.sleep(0)
    with pytest.raises(ConnectionLost, match="'nobody'"):
        await waiting
    with pytest.raises(ConnectionLost):
        await client.db.player.name.wait_for("nobody")
    assert await client.db.player.name.wait_for("Bob") == bob
    assert [change async for change in client.db.player.changes()] == []
    assert [delta async for delta in client.changes()] == []


async def test_the_changes_of_one_row(game: Database) -> None:
    async with playing(game) as client:
        await create(client, "a", "b")
        a, b = player_of(client, "a"), player_of(client, "b")
        by_id, by_name = client.db.player.id.changes(a.id), client.db.player.name.changes("a")
        await client.reducers.level_up(b.id)
        await client.reducers.level_up(a.id)
        await client.reducers.level_up(a.id)
        for changes in (by_id, by_name):
            change = await anext(changes)
            assert isinstance(change, Updated)
            assert (change.old, change.row.level) == (a, 3)
        await client.reducers.delete_player(a.id)
        await create(client, "a")
        assert isinstance(await anext(by_id), Deleted)
        assert [type(await anext(by_name)) for _ in range(2)] == [Deleted, Inserted]
        assert len(by_id) == 0


async def test_membership_is_of_the_whole_row(game: Database) -> None:
    async with playing(game) as client:
        await create(client, "a")
        before = player_of(client, "a")
        await client.reducers.level_up(before.id)
        assert before not in client.db.player
        assert player_of(client, "a") in client.db.player
        assert "a" not in client.db.player
        await client.reducers.send_message("hello")
        (message,) = client.db.message
        assert message in client.db.message
        assert Message(message.sender, message.sent, "other") not in client.db.message
