"""The generated client of the example game, on the real server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, TypeVar

import pytest

import stdb_runtime
from game_client import (
    ActivityIdle,
    ActivityMove,
    ActivityScore,
    Client,
    Message,
    Player,
    Position,
    Team,
    connect,
    reducers,
    tables,
)
from stdb_runtime import (
    ArgumentError,
    NotConnectedError,
    ReducerError,
    ReducerEvent,
    RowEvent,
    SubscriptionApplied,
    SubscriptionEnded,
    SubscriptionError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from tests.support.server import Database

T = TypeVar("T")


@contextlib.asynccontextmanager
async def playing(database: Database) -> AsyncGenerator[Client]:
    """A client that is subscribed to both tables."""
    async with connect(database.uri, database.name) as client:
        await client.subscribe(tables.player, tables.message)
        yield client


class Seen:
    """What row callbacks were told, in order; `next` waits for one more."""

    def __init__(self, client: Client) -> None:
        self._queue: asyncio.Queue[tuple[str, RowEvent, object]] = asyncio.Queue()
        client.db.player.on_insert(lambda event, row: self._put("insert", event, row))
        client.db.player.on_delete(lambda event, row: self._put("delete", event, row))
        client.db.player.on_update(lambda event, old, new: self._put("update", event, (old, new)))
        client.db.message.on_insert(lambda event, row: self._put("insert", event, row))
        client.db.message.on_delete(lambda event, row: self._put("delete", event, row))

    def _put(self, kind: str, event: RowEvent, row: object) -> None:
        self._queue.put_nowait((kind, event, row))

    async def next(self) -> tuple[str, object]:
        kind, _, row = await self._queue.get()
        return kind, row

    async def cause(self) -> object:
        _, event, _ = await self._queue.get()
        return event.cause

    def now(self) -> list[str]:
        """The kinds of what came and nobody asked for."""
        return [self._queue.get_nowait()[0] for _ in range(self._queue.qsize())]


def found(player: Player | None) -> Player:
    assert player is not None
    return player


async def test_every_type_of_the_module_arrives_as_it_was_sent(game: Database) -> None:
    async with playing(game) as client:
        await reducers.create_player("Alice")
        alice = found(client.db.player.name.find("Alice"))
        assert (alice.level, alice.owner, alice.online, alice.status) == (1, client.identity, True, None)
        assert (alice.position, alice.activity, alice.team) == (Position(0.0, 0.0), ActivityIdle(), Team.RED)
        assert alice.joined_at.to_datetime().year >= 2025
        await reducers.set_status(alice.id, status='"quoted" \\ ünïcödé 😀')
        await reducers.move_to(alice.id, Position(x=0.1, y=-16777216.0))
        for activity in (ActivityScore(2**32 - 1), ActivityMove(Position(1.5, -0.25)), ActivityIdle()):
            await reducers.do_activity(alice.id, activity)
            assert found(client.db.player.id.find(alice.id)).activity == activity
        alice = found(client.db.player.id.find(alice.id))
        assert alice.status == '"quoted" \\ ünïcödé 😀'
        assert alice.position == Position(x=0.1, y=-16777216.0)
        await reducers.set_status(alice.id, None)
        assert found(client.db.player.id.find(alice.id)).status is None


async def test_what_one_client_does_the_other_is_told(game: Database) -> None:
    async with playing(game) as one, playing(game) as other:
        assert one.identity != other.identity
        seen = Seen(other)
        event = await one.reducers.create_player("Alice")
        kind, row = await seen.next()
        assert (kind, row) == ("insert", one.db.player.name.find("Alice"))
        assert isinstance(row, Player)
        await one.reducers.level_up(row.id)
        cause = await seen.cause()
        assert isinstance(cause, ReducerEvent)
        assert (cause.reducer, cause.status, cause.caller_identity) == ("level_up", "committed", one.identity)
        assert cause.caller_connection_id == event.caller_connection_id == one.connection_id


async def test_an_update_is_one_update(game: Database) -> None:
    async with playing(game) as client:
        await reducers.create_player("Alice")
        seen = Seen(client)
        old = found(client.db.player.name.find("Alice"))
        await reducers.level_up(old.id)
        new = found(client.db.player.name.find("Alice"))
        assert await seen.next() == ("update", (old, new))
        assert new.level == old.level + 1
        assert seen.now() == []


async def test_a_refused_call_raises_the_modules_text_and_changes_nothing(game: Database) -> None:
    async with playing(game) as client:
        await reducers.create_player("Alice")
        before, seen = list(client.db.player), Seen(client)
        with pytest.raises(ReducerError, match="^create_player: name taken$") as caught:
            await reducers.create_player("Alice")
        assert (caught.value.reducer, caught.value.message) == ("create_player", "name taken")
        with pytest.raises(ReducerError, match="name must not be empty"):
            await reducers.create_player("")
        assert list(client.db.player) == before
        assert seen.now() == []


async def test_each_call_gets_its_own_answer(game: Database) -> None:
    async with playing(game):
        calls = [reducers.create_player(f"player {number % 20}") for number in range(60)]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [isinstance(outcome, ReducerEvent) for outcome in outcomes] == [number < 20 for number in range(60)]
        texts = {str(outcome) for outcome in outcomes[20:]}
        assert texts == {"create_player: name taken"}


async def test_a_row_is_one_row_whether_it_comes_named_or_positional(game: Database) -> None:
    async with playing(game) as writer:
        await writer.reducers.create_player("Alice")
        await writer.reducers.send_message("hello")
        async with playing(game) as client:  # its rows come named, with the subscription
            seen = Seen(client)
            alice, (message,) = found(client.db.player.name.find("Alice")), client.db.message
            assert message in client.db.message
            await writer.reducers.delete_player(alice.id)  # and go positional, with the transaction
            assert await seen.next() == ("delete", alice)
            assert client.db.player.count() == 0
            subscription = await client.subscribe("SELECT * FROM message WHERE text = 'hello'")
            assert len(client.db.message) == 1
            await subscription.unsubscribe()
            assert list(client.db.message) == [message]
            assert seen.now() == []


async def test_a_keyless_row_that_came_positional_goes_named(game: Database) -> None:
    async with connect(game.uri, game.name) as client:
        subscription = await client.subscribe(tables.message)
        await reducers.send_message("hello")
        (message,) = client.db.message
        assert (message.text, message.sender) == ("hello", client.identity)
        seen = Seen(client)
        await subscription.unsubscribe()
        assert await seen.next() == ("delete", message)
        assert subscription.state.value == "ended"
        assert len(client.db.message) == 0


async def test_find_and_filter(game: Database) -> None:
    async with playing(game) as client:
        await asyncio.gather(*(reducers.create_player(name) for name in "abcdef"))
        for name, times in zip("bcdef", [1, 2, 2, 3, 4], strict=True):
            player = found(client.db.player.name.find(name))
            await asyncio.gather(*(reducers.level_up(player.id) for _ in range(times)))

        def names(players: list[Player]) -> str:
            return "".join(player.name for player in players)

        level = client.db.player.level
        assert names(level.filter(3)) == "cd"
        assert names(level.filter(ge=3)) == "cdef"
        assert names(level.filter(gt=3, lt=5)) == "e"
        assert names(level.filter(le=2)) == "ab"
        assert level.filter(99) == []
        assert client.db.player.name.find("nobody") is None
        await reducers.delete_player(found(client.db.player.name.find("c")).id)
        assert names(level.filter(3)) == "d"
        with pytest.raises(TypeError, match="one value, or bounds"):
            level.filter()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


async def test_causes_say_why_rows_come_and_go(game: Database) -> None:
    game.call("send_message", "before")
    async with connect(game.uri, game.name) as client:
        seen = Seen(client)
        subscription = await client.subscribe(tables.message)
        assert await seen.cause() == SubscriptionApplied(("SELECT * FROM message",))
        await subscription.unsubscribe()
        assert await seen.cause() == SubscriptionEnded(("SELECT * FROM message",))


async def test_rows_are_here_before_anybody_is_told(game: Database) -> None:
    async with playing(game) as client:
        order: list[str] = []
        client.db.player.on_insert(lambda event, row: order.append(f"callback {row in client.db.player}"))
        await reducers.create_player("Alice")
        order.append("awaited")
        assert order == ["callback True", "awaited"]


async def test_a_callback_that_raises_stops_nothing(game: Database, caplog: pytest.LogCaptureFixture) -> None:
    async with playing(game) as client:
        seen = Seen(client)

        @client.db.player.on_insert
        def broken(event: RowEvent, player: Player) -> None:
            raise RuntimeError(player.name)

        @client.db.player.on_insert
        async def broken_too(event: RowEvent, player: Player) -> None:
            raise RuntimeError(player.name)

        names: list[str] = []
        client.db.player.on_insert(lambda event, player: names.append(player.name))
        with caplog.at_level(logging.ERROR, "stdb_runtime"):
            await reducers.create_player("Alice")
            await reducers.create_player("Bob")
        assert names == ["Alice", "Bob"]
        assert seen.now() == ["insert", "insert"]
    reported = [record.getMessage() for record in caplog.records]
    assert sum("broken raised" in text for text in reported) == 2
    assert sum("broken_too raised" in text for text in reported) == 2


async def test_a_removed_callback_is_not_called(game: Database) -> None:
    async with playing(game) as client:
        names: list[str] = []

        @client.db.player.on_insert
        def once(event: RowEvent, player: Player) -> None:
            names.append(player.name)
            client.db.player.remove_on_insert(once)

        await reducers.create_player("Alice")
        await reducers.create_player("Bob")
        assert names == ["Alice"]
        with pytest.raises(ValueError, match="once is not registered"):
            client.db.player.remove_on_insert(once)


async def test_a_coroutine_callback_may_await_a_reducer_and_is_waited_for(game: Database) -> None:
    outcomes: list[ReducerEvent] = []
    async with playing(game) as client:

        @client.db.player.on_insert
        async def promote(event: RowEvent, player: Player) -> None:
            outcomes.append(await reducers.level_up(player.id))

        seen = Seen(client)
        await reducers.create_player("Alice")
        assert (await seen.next())[0] == "insert"
        assert (await seen.next())[0] == "update"
    assert [event.reducer for event in outcomes] == ["level_up"]


async def test_callbacks_mean_their_own_client(game: Database) -> None:
    async with playing(game) as one, playing(game) as other:

        @one.db.player.on_insert
        def greet(event: RowEvent, player: Player) -> None:
            reducers.send_message(f"welcome {player.name}")

        seen = Seen(other)
        await other.reducers.create_player("Alice")
        assert (await seen.next())[0] == "insert"
        _, message = await seen.next()
        assert isinstance(message, Message)
        assert message.sender == one.identity


async def test_a_rejected_subscription_raises_with_its_sql(game: Database) -> None:
    async with connect(game.uri, game.name) as client:
        subscription = client.subscribe(tables.player, "SELECT * FROM nowhere")
        assert subscription.state.value == "pending"
        with pytest.raises(SubscriptionError, match="nowhere") as caught:
            await subscription
        assert caught.value.queries == ("SELECT * FROM player", "SELECT * FROM nowhere")
        assert subscription.state.value == "failed"
        await client.subscribe(tables.player)


async def test_unsubscribing_before_the_rows_came(game: Database) -> None:
    game.call("send_message", "hello")
    async with connect(game.uri, game.name) as client:
        subscription = client.subscribe(tables.message)
        await subscription.unsubscribe()
        assert subscription.state.value == "ended"
        assert len(client.db.message) == 0


async def test_a_failure_that_nobody_awaits_is_logged_once(game: Database, caplog: pytest.LogCaptureFixture) -> None:
    async with playing(game):
        with caplog.at_level(logging.ERROR, "stdb_runtime"):
            reducers.create_player("")
            await reducers.create_player("Alice")
            kept = reducers.create_player("")
            await reducers.create_player("Bob")
            assert len(caplog.records) == 1
            del kept
    texts = [record.getMessage() for record in caplog.records]
    unseen = "a request failed, and nobody awaited it: create_player: name must not be empty"
    assert texts == [unseen] * 2


async def test_a_value_out_of_range_is_refused_before_anything_is_sent(game: Database) -> None:
    async with playing(game) as client:
        with pytest.raises(ArgumentError, match="^id: -1 is out of range for u64") as caught:
            reducers.level_up(-1)
        assert caught.value.argument == "id"
        with pytest.raises(ArgumentError, match=r"^position\.x: nan cannot be sent"):
            reducers.move_to(1, Position(float("nan"), 0.0))
        with pytest.raises(ArgumentError, match="^name: expected a string, got 5"):
            reducers.create_player(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        with pytest.raises(TypeError, match="got no value for name"):
            reducers.create_player()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
        await client.reducers.create_player("still connected")


async def test_a_stored_token_keeps_the_identity(game: Database) -> None:
    async with connect(game.uri, game.name) as client:
        token, identity = client.token, client.identity
    async with connect(game.uri, game.name, token=token) as client:
        assert client.identity == identity
        assert token not in repr(client)


async def test_a_database_may_be_named_by_its_identity(game: Database) -> None:
    identity = game.server.identity_of(game.name)
    async with connect(game.uri, identity) as client:
        assert client.is_active


async def test_a_named_client_is_found_while_it_lives(game: Database) -> None:
    async with connect(game.uri, game.name, name="game") as client:
        assert stdb_runtime.get("game") is client
        with pytest.raises(ArgumentError, match="'game' already"):
            async with connect(game.uri, game.name, name="game"):
                pytest.fail("two of one name")
    with pytest.raises(NotConnectedError, match="'game'"):
        stdb_runtime.get("game")


async def test_the_client_of_a_context(game: Database) -> None:
    def problem(use: Callable[[], object]) -> str:
        with pytest.raises(NotConnectedError) as caught:
            use()
        return str(caught.value)

    assert "no client is open" in problem(lambda: reducers.create_player("x"))
    async with connect(game.uri, game.name) as one:
        await asyncio.create_task(_create("from a task"))
        async with connect(game.uri, game.name) as other:
            await other.subscribe(tables.player)
            assert tables.player.count() == 1  # the innermost is meant
        await one.subscribe(tables.player)
        assert tables.player.name.find("from a task") is not None
    assert "no client is open" in problem(lambda: reducers.create_player("x"))
    assert "is closed" in problem(lambda: one.reducers.create_player("x"))


async def test_a_client_of_another_thread_is_not_meant(game: Database) -> None:
    async with connect(game.uri, game.name):
        with pytest.raises(NotConnectedError, match=r"only in another event loop or thread: .*run_coroutine"):
            await asyncio.get_running_loop().run_in_executor(None, reducers.create_player, "x")


def test_without_an_event_loop_one_is_told_how_to_connect() -> None:
    with pytest.raises(NotConnectedError, match=r"`async with connect\(uri, database\) as client:`.*asyncio.run"):
        reducers.create_player("x")
    with pytest.raises(NotConnectedError, match="asyncio.run"):
        len(tables.player)


async def _create(name: str) -> None:
    await reducers.create_player(name)


async def test_clients_may_close_out_of_order(game: Database) -> None:
    one, other = connect(game.uri, game.name), connect(game.uri, game.name)
    first, second = await one.__aenter__(), await other.__aenter__()
    await one.__aexit__(None, None, None)
    await reducers.create_player("on the second")
    assert not first.is_active
    assert second.is_active
    await other.__aexit__(None, None, None)
    with pytest.raises(NotConnectedError):
        reducers.create_player("on none")


async def test_with_several_clients_another_task_must_say_which(game: Database) -> None:
    started = asyncio.Event()

    async def another() -> None:
        await started.wait()
        with pytest.raises(NotConnectedError, match=r"several clients are open.*client\.reducers"):
            reducers.create_player("x")

    task = asyncio.create_task(another())
    async with connect(game.uri, game.name), connect(game.uri, game.name):
        started.set()
        await task


async def test_calls_of_the_last_moment_take_effect(game: Database) -> None:
    async with playing(game) as watcher:
        for number in range(10):
            async with connect(game.uri, game.name) as client:
                for name in "abcdef":
                    client.reducers.create_player(f"{name}{number}")
        await watcher.db.player.name.wait_for("f9", timeout=10)
        assert watcher.db.player.count() == 60


async def test_closing_inside_a_callback(game: Database) -> None:
    closed = asyncio.Event()
    async with playing(game) as client:

        @client.db.player.on_insert
        async def close(event: RowEvent, player: Player) -> None:
            await client.close()
            closed.set()

        reducers.create_player("Alice")
        await closed.wait()
        assert not client.is_active
        assert client.db.player.count() == 1
