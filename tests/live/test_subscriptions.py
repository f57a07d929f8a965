"""Subscriptions on the real server: their life and errors, and the cache beside a naive multiset at every message."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from typing import TYPE_CHECKING

import pytest

import tests.golden.edge.client as edge
from game_client import Client, connect, tables
from stdb_runtime import ConnectionLost, QueryError, RowEvent, SubscriptionApplied, SubscriptionEnded, SubscriptionError
from tests.support.observed import Naive

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from stdb_runtime._handles.subscription import Subscription
    from tests.conftest import Publish
    from tests.support.server import Database

LEFT, RIGHT = "SELECT * FROM left", "SELECT * FROM right"
LEFT_JOINED = "SELECT l.* FROM left l JOIN right r ON l.id = r.left_id"
RIGHT_JOINED = "SELECT r.* FROM left l JOIN right r ON l.id = r.left_id"


@pytest.fixture
def house(publish: Publish) -> Database:
    """A fresh database that runs the module of edge cases."""
    return publish("edge")


@contextlib.asynccontextmanager
async def observed(house: Database) -> AsyncGenerator[tuple[edge.Client, Naive]]:
    """A client that is compared with a naive multiset at every message, and must be right all the time."""
    naive = Naive("left", "right", "own")
    async with edge.connect(house.uri, house.name, logger=naive.logger) as client:
        naive.watch(client)
        yield client, naive
        await client.query(LEFT)  # one more message, so that the last change is compared too
    assert naive.compared > 0
    assert naive.wrong == []


async def shake(client: edge.Client) -> None:
    """Every change that the module can make to its two tables."""
    for id in range(1, 5):
        await client.reducers.pair(id, id % 2, id)
    await client.reducers.unpair_one(200)
    await client.reducers.retag(3, 7)
    await client.reducers.retag(2, 0)
    await client.reducers.delete_and_reinsert(4)
    await client.reducers.swap_left(1, 9)
    await client.reducers.retag(9, 1)
    await client.reducers.pair(1, 1, 0)
    await client.reducers.unpair_one(201)


MIXES: list[list[Sequence[str]]] = [
    [[LEFT]],
    [[LEFT, LEFT]],
    [[LEFT], [LEFT], [LEFT]],
    [[LEFT], ["select * from left"], ["SELECT * FROM left WHERE id < 100"]],
    [[LEFT_JOINED]],
    [[LEFT, LEFT_JOINED]],
    [[LEFT_JOINED], [LEFT], [LEFT_JOINED + " WHERE l.tag = 1"]],
    [[RIGHT_JOINED], [RIGHT, "SELECT * FROM right WHERE note = 'n1'"]],
    [[RIGHT_JOINED + " WHERE l.tag = 1"], [LEFT_JOINED], ["SELECT * FROM left WHERE tag = 1"]],
    [["SELECT * FROM *"], [LEFT], [RIGHT_JOINED]],
]


@pytest.mark.parametrize("mix", MIXES, ids=lambda mix: " + ".join(", ".join(queries) for queries in mix))
async def test_the_cache_is_a_multiset_at_every_message(house: Database, mix: list[Sequence[str]]) -> None:
    async with observed(house) as (client, naive):
        subscriptions = [client.subscribe(*queries) for queries in mix]
        await shake(client)
        more = [await client.subscribe(*queries) for queries in mix]
        await client.reducers.retag(4, 1)
        for subscription in subscriptions:
            await subscription.unsubscribe()
            await client.reducers.retag(4, 0)
        assert sum(naive.rows["left"].values()) + sum(naive.rows["right"].values()) > 0
        for subscription in more:
            await subscription.unsubscribe()
        assert client.db.left.count() == client.db.right.count() == 0


async def test_an_update_of_the_left_side_of_a_join_is_one_update(house: Database) -> None:
    async with observed(house) as (client, _):
        await client.reducers.pair(1, 0, 3)
        await client.subscribe(edge.tables.left, LEFT_JOINED)
        told: list[str] = []
        client.db.left.on_insert(lambda event, row: told.append("insert"))
        client.db.left.on_delete(lambda event, row: told.append("delete"))
        client.db.left.on_update(lambda event, old, new: told.append(f"{old.tag} -> {new.tag}"))
        await client.reducers.retag(1, 5)
        assert told == ["0 -> 5"]
        await client.reducers.delete_and_reinsert(1)
        assert told == ["0 -> 5"], "a row that goes and comes back within a transaction did not change"


async def test_with_a_joins_last_match_its_row_goes(house: Database) -> None:
    async with observed(house) as (client, _):
        await client.reducers.pair(1, 0, 2)
        await client.subscribe(LEFT_JOINED)
        gone: list[int] = []
        client.db.left.on_delete(lambda event, row: gone.append(row.id))
        await client.reducers.unpair_one(100)
        assert (gone, client.db.left.count()) == ([], 1)
        await client.reducers.unpair_one(101)
        assert (gone, client.db.left.count()) == ([1], 0)


async def test_a_row_goes_with_the_last_query_that_matches_it(house: Database) -> None:
    async with observed(house) as (client, _):
        await client.reducers.pair(1, 0, 0)
        told: list[object] = []
        client.db.left.on_insert(lambda event, row: told.append(event.cause))
        client.db.left.on_delete(lambda event, row: told.append(event.cause))
        small = "SELECT * FROM left WHERE id = 1"
        one, other = await client.subscribe(LEFT), await client.subscribe(small)
        await one.unsubscribe()
        assert told == [SubscriptionApplied((LEFT,))]
        await other.unsubscribe()
        assert told == [SubscriptionApplied((LEFT,)), SubscriptionEnded((small,))]


async def test_sender_is_whoever_subscribes(game: Database) -> None:
    query = "SELECT * FROM player WHERE owner = :sender"
    async with connect(game.uri, game.name) as one, connect(game.uri, game.name) as other:
        await asyncio.gather(one.subscribe(query).applied(), other.subscribe(query).applied())
        await one.reducers.create_player("one")
        await other.reducers.create_player("other")
        await one.reducers.create_player("one too")
        await other.query(query)  # it has heard of everything then
        assert sorted(row.name for row in one.db.player) == ["one", "one too"]
        assert [row.name for row in other.db.player] == ["other"]
        assert [row.name for row in await other.query(tables.player) if row.owner == one.identity] == ["one", "one too"]


async def test_row_level_security_hides_the_rows_of_others(house: Database) -> None:
    async with observed(house) as (one, _), observed(house) as (other, _):
        await one.reducers.say("mine")
        await one.subscribe(edge.tables.own)
        await other.subscribe(edge.tables.own)
        await other.reducers.say("yours")
        await other.reducers.say("yours again")
        await one.reducers.say("mine again")
        await other.query(LEFT)
        assert [(row.owner, row.word) for row in one.db.own] == [(one.identity, "mine again")]
        assert [(row.owner, row.word) for row in other.db.own] == [(other.identity, "yours again")]


async def test_subscribe_all(house: Database) -> None:
    async with observed(house) as (client, _):
        await client.reducers.pair(1, 2, 3)
        subscription = await client.subscribe_all()
        assert (client.db.left.count(), client.db.right.count()) == (1, 3)
        await client.reducers.unpair_one(100)
        assert client.db.right.count() == 2
        await subscription.unsubscribe()
        assert (client.db.left.count(), client.db.right.count()) == (0, 0)


async def test_a_subscription_tells_its_life(game: Database) -> None:
    game.call("create_player", "Alice")
    async with connect(game.uri, game.name) as client:
        told: list[str] = []
        client.db.player.on_insert(lambda event, row: told.append(row.name))
        subscription = client.subscribe(tables.player)
        subscription.on_applied(
            lambda applied: told.append(f"applied {applied.state.value} {client.db.player.count()}")
        )
        states = [subscription.state.value]
        flags = [(subscription.is_active, subscription.is_ended)]
        assert await subscription is subscription
        states.append(subscription.state.value)
        flags.append((subscription.is_active, subscription.is_ended))
        assert told == ["Alice", "applied active 1"]
        await subscription.applied()  # at once
        ending = subscription.unsubscribe()
        states.append(subscription.state.value)
        flags.append((subscription.is_active, subscription.is_ended))
        await ending
        states.append(subscription.state.value)
        flags.append((subscription.is_active, subscription.is_ended))
        assert states == ["pending", "active", "ending", "ended"]
        assert flags == [(False, False), (True, False), (False, False), (False, True)]
        await subscription.unsubscribe()  # twice is as once


async def test_who_listens_late_is_told_at_once(game: Database, caplog: pytest.LogCaptureFixture) -> None:
    game.call("create_player", "Alice")
    async with connect(game.uri, game.name) as client:
        told: list[object] = []
        good, bad = client.subscribe(tables.player), client.subscribe("SELECT * FROM nowhere")
        await client.drain()

        @good.on_applied
        def applied(subscription: Subscription) -> None:
            told.append(subscription)

        @good.on_applied
        async def applied_later(subscription: Subscription) -> None:
            await client.reducers.create_player("Bob")
            told.append(client.db.player.count())

        @bad.on_error
        async def refused(error: SubscriptionError) -> None:
            told.append(error.queries)

        assert told == [good]
        await client.drain()
        assert told == [good, ("SELECT * FROM nowhere",), 2]
    assert caplog.records == []


async def test_unsubscribing_before_the_rows_came_is_quiet(game: Database, caplog: pytest.LogCaptureFixture) -> None:
    game.call("create_player", "Alice")
    async with connect(game.uri, game.name) as client:
        applied: list[Subscription] = []
        subscription = client.subscribe(tables.player)
        subscription.on_applied(applied.append)
        waiting = asyncio.create_task(subscription.applied())
        await asyncio.sleep(0)
        await subscription.unsubscribe()
        with pytest.raises(SubscriptionError, match="unsubscribed before its rows arrived"):
            await waiting
        assert (applied, client.db.player.count(), subscription.state.value) == ([], 0, "ended")
        await client.subscribe(tables.player).unsubscribe()  # and nobody waits
        gc.collect()
    assert caplog.records == []


async def test_a_refusal_is_told_to_whoever_listens(game: Database, caplog: pytest.LogCaptureFixture) -> None:
    async with connect(game.uri, game.name) as client:
        errors: asyncio.Queue[SubscriptionError] = asyncio.Queue()
        subscription = client.subscribe("SELECT * FROM nowhere")
        subscription.on_error(errors.put_nowait)
        error = await errors.get()
        assert (error.queries, "nowhere" in error.message) == (("SELECT * FROM nowhere",), True)
        assert subscription.state.value == "failed"
        assert subscription.is_ended
        with pytest.raises(SubscriptionError):
            await subscription
        await subscription.unsubscribe()
    assert caplog.records == []


async def test_a_refusal_says_which_query_failed_and_shows_no_long_one_whole(
    game: Database, caplog: pytest.LogCaptureFixture
) -> None:
    long = "SELECT * FROM player WHERE " + " OR ".join(f"level = {level}" for level in range(100)) + " OR nope = 1"
    too_long = f"SELECT * FROM player WHERE name = '{'x' * 60_000}'"
    queries = ("SELECT * FROM player", long, "SELECT * FROM message")
    async with connect(game.uri, game.name) as client:
        with pytest.raises(SubscriptionError) as caught:
            await client.subscribe(*queries)
        error = caught.value
        assert (error.queries, error.query) == (queries, long)
        assert long in error.message
        assert str(error) == f"`nope` is not in scope (in query 2 of 3: {long[:200]}... ({len(long)} characters))"
        with pytest.raises(SubscriptionError, match="exceeds maximum allowed length") as caught:
            await client.subscribe(too_long)
        assert caught.value.query == too_long
        assert len(str(caught.value)) < 600
        with pytest.raises(QueryError) as refused:
            await client.query(long)
        assert refused.value.query == long
        assert str(refused.value) == f"`nope` is not in scope (in {long[:200]}... ({len(long)} characters))"
        failed = client.subscribe(*queries)
        await client.drain()
        shown = f"3 queries: {queries[0]}; {long[:80]}... ({len(long)} characters); {queries[2]}"
        assert repr(failed) == f"<subscription failed: {shown}>"
        assert caplog.records == []
    (record,) = caplog.records
    assert record.getMessage() == f"a request failed, and nobody awaited it: {error}"


async def test_a_refusal_that_nobody_takes_is_logged_once(game: Database, caplog: pytest.LogCaptureFixture) -> None:
    async with connect(game.uri, game.name) as client:
        client.subscribe("SELECT * FROM nowhere")
        kept = client.subscribe("SELECT * FROM nobody")  # held beyond the end
        await client.drain()
        gc.collect()
        await asyncio.sleep(0)  # a dropped result is reported at the next turn, not by the collector
        assert [record.levelno for record in caplog.records] == [logging.ERROR]
        assert "SELECT * FROM nowhere" in caplog.text
    assert "SELECT * FROM nobody" in caplog.text
    assert kept.state.value == "failed"
    assert len(caplog.records) == 2


async def test_a_bad_query_does_no_harm_to_the_others(house: Database) -> None:
    async with observed(house) as (client, _):
        await client.reducers.pair(1, 0, 1)
        good = await client.subscribe(LEFT)
        bad = client.subscribe(RIGHT, "SELECT * FROM left WHERE tag = 'text'")
        with pytest.raises(SubscriptionError):
            await bad
        assert (client.db.left.count(), client.db.right.count()) == (1, 0)
        await client.reducers.retag(1, 8)
        assert [row.tag for row in client.db.left] == [8]
        assert good.state.value == "active"
        await client.subscribe(RIGHT)
        assert client.db.right.count() == 1


async def test_a_subscription_for_the_time_of_a_block(game: Database) -> None:
    game.call("create_player", "Alice")
    async with connect(game.uri, game.name) as client:
        async with client.subscription(tables.player) as subscription:
            assert client.db.player.count() == 1
        assert (client.db.player.count(), subscription.state.value) == (0, "ended")
        with pytest.raises(ZeroDivisionError):
            async with client.subscription(tables.player):
                raise ZeroDivisionError
        assert client.db.player.count() == 0
        with pytest.raises(SubscriptionError):
            async with client.subscription("SELECT * FROM nowhere"):
                raise AssertionError("the block must not begin")


async def test_a_subscription_that_waits_when_the_client_is_closed(game: Database) -> None:
    async with connect(game.uri, game.name, reconnect=False) as client:
        waiting = client.subscribe(tables.player)
        await client.close()
        with contextlib.suppress(ConnectionLost):
            await waiting
        assert waiting.state.value == "ended"
    with pytest.raises(ConnectionLost):
        await _never(client)


async def _never(client: Client) -> None:
    await client.db.player.name.wait_for("nobody")


async def test_subscriptions_of_several_clients_do_not_mix(house: Database) -> None:
    async with contextlib.AsyncExitStack() as stack:
        clients = [(await stack.enter_async_context(observed(house)))[0] for _ in range(5)]
        for number, client in enumerate(clients):
            await client.subscribe(f"SELECT * FROM left WHERE tag = {number}")
        await asyncio.gather(*(client.reducers.pair(id, id % 5, 0) for id, client in enumerate(clients * 4)))
        await asyncio.gather(*(client.query(LEFT) for client in clients))
        held = [sorted(row.id for row in client.db.left) for client in clients]
        assert held == [[number + step for step in (0, 5, 10, 15)] for number in range(5)]


async def test_events_name_their_client(game: Database) -> None:
    async with connect(game.uri, game.name) as client:
        events: list[RowEvent] = []
        client.db.player.on_insert(lambda event, row: events.append(event))
        await client.subscribe(tables.player)
        await client.reducers.create_player("Alice")
        (event,) = events
        assert event.client is client
        assert event.identity == client.identity
