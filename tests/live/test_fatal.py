"""What callbacks raise that is no Exception: it ends the client, and nobody is left waiting."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest

import stdb_runtime
from game_client import Client, connect, tables
from stdb_runtime import ConnectionLost, ConnectionState, NotConnectedError, ReducerCall, StdbError
from tests.support.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.server import Database


class Fatal(BaseException):
    """Nobody's to catch, as what `pytest.fail` raises."""


def fail(*_: object) -> None:
    """A callback that raises."""
    raise Fatal("from a callback")


async def fail_later(*_: object) -> None:
    """A coroutine callback that raises."""
    raise Fatal("from a coroutine")


async def test_whoever_waits_is_told_and_the_block_raises_it(game: Database) -> None:
    told: list[StdbError | None] = []
    outcomes: list[object] = []

    async def program() -> None:
        async with connect(game.uri, game.name, on_disconnect=told.append) as client:
            await client.subscribe(tables.player)
            client.db.player.on_insert(fail)
            call, query, pending = (
                client.reducers.create_player("Alice"),
                client.query(tables.player),
                client.subscribe(tables.message),
            )
            outcomes.extend(
                await asyncio.gather(call, query, pending.applied(), client.closed(), return_exceptions=True)
            )
            with pytest.raises(NotConnectedError, match="closed"):
                client.reducers.create_player("Bob")

    with pytest.raises(Fatal, match="from a callback"):
        await program()
    assert [type(outcome) for outcome in outcomes] == [ConnectionLost, ConnectionLost, ConnectionLost, Fatal]
    (error,) = told
    assert isinstance(error, ConnectionLost)
    assert "Fatal: from a callback" in str(error)
    assert isinstance(error.__cause__, Fatal)


@pytest.mark.parametrize("kind", ["on_connect", "on_disconnect", "on_applied", "on_transaction", "on_reducer"])
async def test_whichever_callback_raises_it(game: Database, kind: str) -> None:
    register: dict[str, Callable[[Client], Any]] = {
        "on_connect": lambda client: client.on_connect(fail),
        "on_disconnect": lambda client: client.on_disconnect(fail),
        "on_applied": lambda client: client.subscribe(tables.message).on_applied(fail),
        "on_transaction": lambda client: client.on_transaction(fail),
        "on_reducer": lambda client: client.reducers.on_create_player(fail),
    }
    ended: list[StdbError | None] = []

    async def program(uri: str, cut: Callable[[], None]) -> None:
        async with connect(uri, game.name, on_disconnect=ended.append) as client:
            subscription = await client.subscribe(tables.player)
            register[kind](client)
            if kind in {"on_connect", "on_disconnect"}:
                cut()
            with contextlib.suppress(StdbError):
                await client.reducers.create_player("Alice")
            with pytest.raises(Fatal):
                await client.closed()
            assert client.state is ConnectionState.CLOSED
            assert subscription.state.value == "ended"

    async with Proxy(game.uri) as proxy:
        with pytest.raises(Fatal):
            await program(proxy.uri, proxy.cut)
    losses = ["the client ended" in str(error) for error in ended]
    assert losses == {"on_connect": [False, True], "on_disconnect": [False]}.get(kind, [True])


async def test_a_coroutine_that_raises_it_is_reported(game: Database, caplog: pytest.LogCaptureFixture) -> None:
    reported: list[tuple[Exception, object]] = []
    async with connect(game.uri, game.name) as client:
        client.reducers.on_create_player(fail_later)
        await client.reducers.create_player("Alice")
        await client.drain()
        assert "fail_later raised" in caplog.text
        assert "Fatal: from a coroutine" in caplog.text
        client.on_error(lambda error, culprit: reported.append((error, culprit)))
        await client.reducers.create_player("Bob")
        await client.drain()
        assert client.is_active
    ((error, culprit),) = reported
    assert culprit is fail_later
    assert isinstance(error.__cause__, Fatal)


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("coroutine", [False, True])
def test_an_exit_in_a_callback_ends_the_program(game: Database, kind: type[BaseException], coroutine: bool) -> None:
    told: list[StdbError | None] = []
    calls: list[ReducerCall] = []

    def leave(*_: object) -> None:
        raise kind("enough")

    async def leave_later(*_: object) -> None:
        raise kind("enough")

    async def program() -> None:
        async with connect(game.uri, game.name, on_disconnect=told.append) as client:
            client.reducers.on_create_player(leave_later if coroutine else leave)
            calls.append(client.reducers.create_player("Alice"))
            await client.run_forever()

    with pytest.raises(kind, match="enough"):
        asyncio.run(program())
    assert len(told) == 1
    assert calls[0].done


async def test_without_generated_code(game: Database) -> None:
    told: list[object] = []
    options: dict[str, Any] = {"uri": game.uri, "database": game.name}

    async def program() -> None:
        handler = {"on_subscribe_applied": fail, "on_disconnect": told.append}
        async with stdb_runtime.connect(handler=handler, **options) as connection:
            connection.subscribe_multi(["SELECT * FROM player"])
            await connection.call_reducer("create_player", ["Alice"])

    with pytest.raises(Fatal):
        await program()
    assert len(told) == 1
    reported: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
    started = stdb_runtime.connect(handler={"on_identity_token": fail, "on_error": reported.set_result}, **options)
    started.start()
    assert "Fatal: from a callback" in str(await reported)
