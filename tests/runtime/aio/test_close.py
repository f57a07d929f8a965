"""The end of a connection: nothing hangs, nothing lives on, and every callback that waits is spared."""

from __future__ import annotations

import asyncio
import gc
import json
import weakref
from typing import TYPE_CHECKING, Any

import pytest

import stdb_runtime
from stdb_runtime import ConnectionState, NotConnectedError, RowEvent, ServerUnreachableError, StdbError
from stdb_runtime._engine.cache_sink import ENGINE
from tests.golden.probe import client as probe
from tests.support.clients import AT_ONCE
from tests.support.recordings import Recording
from tests.support.scripted import Peer, ScriptedServer, healthy

if TYPE_CHECKING:
    from stdb_runtime import RawConnection

PROBE = Recording("1.2.0", "probe")


async def staying(peer: Peer) -> None:
    await peer.greet()
    await peer.gone()


def raw(server: ScriptedServer, **handler: Any) -> RawConnection:
    callbacks = {"on_error": pytest.fail, **handler}
    return stdb_runtime.connect(handler=callbacks, uri=server.uri, database="probe", close_timeout=1)


# --- close and connect ------------------------------------------------------------------------------------------------


async def test_a_raw_connection_that_is_closed_right_after_its_start_ends() -> None:
    async with ScriptedServer(PROBE, staying) as server:
        connection = raw(server)
        connection.start()
        await connection.close()
        assert connection.state is ConnectionState.CLOSED


async def test_a_raw_connection_that_is_closed_while_it_fetches_the_schema_ends() -> None:
    async with ScriptedServer(PROBE, staying) as server:
        connection = stdb_runtime.connect(
            handler={"on_error": pytest.fail}, uri=server.uri, database="probe", schema="fetch"
        )
        connection.start()
        await asyncio.sleep(0)  # the task begins
        await connection.close()
        assert connection.state is ConnectionState.CLOSED


async def test_a_raw_connection_is_started_once_and_not_after_it_was_closed() -> None:
    async with ScriptedServer(PROBE, staying) as server:
        connection = raw(server)
        await connection.close()
        with pytest.raises(NotConnectedError, match="closed already"):
            connection.start()
        connection = raw(server)
        connection.start()
        with pytest.raises(NotConnectedError, match="started"):
            connection.start()
        await connection.close()


async def test_a_raw_connection_may_be_closed_by_its_own_coroutine_callback() -> None:
    closed = asyncio.Event()
    async with ScriptedServer(PROBE, staying) as server:

        async def closing(_: object) -> None:
            await connection.close()
            closed.set()

        connection = raw(server, on_identity_token=closing)
        connection.start()
        await closed.wait()


@pytest.mark.parametrize("how", ["drain", "close"])
async def test_a_callback_may_wait_for_the_others_in_a_task_of_its_own(how: str) -> None:
    done = asyncio.Event()
    async with (
        ScriptedServer(PROBE, healthy) as server,
        probe.connect(server.uri, "probe", close_timeout=5, verify_schema="off") as client,
    ):

        @client.db.player.on_insert
        async def inserted(event: RowEvent, row: probe.Player) -> None:
            await asyncio.create_task(client.drain() if how == "drain" else client.close())
            done.set()

        await client.subscribe("SELECT * FROM player")
        await done.wait()


# --- peers that do not take part --------------------------------------------------------------------------------------


async def test_a_peer_that_reads_nothing_after_an_error_is_left() -> None:
    failed = asyncio.Event()

    async def deaf(peer: Peer) -> None:
        await peer.greet()
        peer.connection.transport.pause_reading()
        await asked.wait()
        await peer.greet()  # once more, which is an error
        await failed.wait()

    asked = asyncio.Event()
    async with (
        ScriptedServer(PROBE, deaf, staying) as server,
        probe.connect(
            server.uri, "probe", backoff=AT_ONCE, close_timeout=0.1, ping_interval=None, verify_schema="off"
        ) as client,
    ):
        again = asyncio.Event()
        client.on_connect(again.set)
        call = client.reducers.create_player("x" * 50_000_000)  # more than the sockets hold
        asked.set()
        with pytest.raises(StdbError):
            await call
        await again.wait()
        failed.set()
        assert client.is_active


async def test_after_an_error_no_request_is_taken_while_the_connection_is_closed() -> None:
    async def contradicting(peer: Peer) -> None:
        await peer.greet()
        peer.connection.transport.pause_reading()  # it answers no close frame
        await peer.greet()
        await over.wait()

    over = asyncio.Event()
    async with (
        ScriptedServer(PROBE, contradicting, staying) as server,
        probe.connect(server.uri, "probe", backoff=AT_ONCE, close_timeout=0.2, verify_schema="off") as client,
    ):
        lost, again = asyncio.Event(), asyncio.Event()
        client.on_disconnect(lambda error: lost.set())
        client.on_connect(again.set)
        for _ in range(1_000_000):  # turns of the event loop, until the second message is there
            if not client.is_active:
                break
            await asyncio.sleep(0)
        assert not lost.is_set()
        with pytest.raises(NotConnectedError, match="reconnecting"):
            client.reducers.create_player("Bob")
        await again.wait()
        over.set()


async def test_a_close_that_is_cancelled_leaves_nothing_behind() -> None:
    over = asyncio.Event()

    async def silent(peer: Peer) -> None:
        await peer.greet()
        peer.connection.transport.pause_reading()
        await over.wait()

    closed: asyncio.Queue[StdbError | None] = asyncio.Queue()
    async with ScriptedServer(PROBE, silent) as server:

        async def use() -> None:
            async with probe.connect(server.uri, "probe", close_timeout=30, verify_schema="off") as client:
                client.on_close(closed.put_nowait)
                opened.set()

        opened = asyncio.Event()
        using = asyncio.create_task(use())
        await opened.wait()
        await asyncio.sleep(0)
        using.cancel()
        with pytest.raises(asyncio.CancelledError):
            await using
        assert await closed.get() is None
        over.set()


async def test_a_message_that_is_too_large_is_no_rejection() -> None:
    async with ScriptedServer(PROBE, staying) as server:
        with pytest.raises(StdbError, match="max_message_size"):
            async with probe.connect(server.uri, "probe", max_message_size=50, verify_schema="off"):
                raise AssertionError("it connected")


# --- what is kept and what is not -------------------------------------------------------------------------------------


async def test_a_block_whose_subscription_is_cancelled_ends_the_subscription() -> None:
    ended = asyncio.Event()

    async def late(peer: Peer) -> None:
        await peer.greet()
        _, asked = await peer.hear()
        ids = {"request_id": asked["request_id"], "query_id": asked["query_id"]}
        await cancelled.wait()
        await peer.say("SubscribeMultiApplied", **ids)
        kind, unsubscribed = await peer.hear()
        assert (kind, unsubscribed["query_id"]) == ("UnsubscribeMulti", asked["query_id"])
        await peer.say(
            "UnsubscribeMultiApplied",
            request_id=unsubscribed["request_id"],
            query_id=asked["query_id"],
            update={"tables": []},
        )
        ended.set()
        await peer.gone()

    cancelled = asyncio.Event()
    async with (
        ScriptedServer(PROBE, late) as server,
        probe.connect(server.uri, "probe", close_timeout=1, verify_schema="off") as client,
    ):

        async def use() -> None:
            async with client.subscription("SELECT * FROM player"):
                raise AssertionError("its rows are not here")

        using = asyncio.create_task(use())
        await asyncio.sleep(0)
        using.cancel()
        with pytest.raises(asyncio.CancelledError):
            await using
        cancelled.set()
        await ended.wait()


async def test_a_callback_that_keeps_its_event_does_not_keep_the_client_for_ever() -> None:
    class Bot:
        def __init__(self, client: probe.Client) -> None:
            self.events: list[RowEvent] = []
            client.db.player.on_insert(self.inserted)

        def inserted(self, event: RowEvent, row: probe.Player) -> None:
            self.events.append(event)

    async def use() -> weakref.ref[Any]:
        async with (
            ScriptedServer(PROBE, healthy) as server,
            probe.connect(server.uri, "probe", close_timeout=1, verify_schema="off") as client,
        ):
            bot = Bot(client)
            await client.subscribe("SELECT * FROM player")
            assert bot.events
            return weakref.ref(client)

    client = await use()
    gc.collect()
    assert client() is None


async def test_what_a_coroutine_callback_awaits_may_be_cancelled_which_is_reported() -> None:
    reported: asyncio.Queue[Exception] = asyncio.Queue()
    async with (
        ScriptedServer(PROBE, healthy) as server,
        probe.connect(server.uri, "probe", close_timeout=1, verify_schema="off") as client,
    ):
        client.on_error(lambda error, callback: reported.put_nowait(error))

        @client.db.player.on_insert
        async def inserted(event: RowEvent, row: probe.Player) -> None:
            future = asyncio.get_running_loop().create_future()
            future.cancel()
            await future

        await client.subscribe("SELECT * FROM player")
        assert "CancelledError" in str(await reported.get())


async def test_a_failure_that_nobody_awaited_is_reported_in_the_context_of_its_client() -> None:
    async def refusing(peer: Peer) -> None:
        await peer.greet()
        _, call = await peer.hear()
        info = peer.recorded("TransactionUpdate", "name must not be empty")["reducer_call"]
        answer = info | {"request_id": call["request_id"]}
        await peer.say("TransactionUpdate", "name must not be empty", reducer_call=answer)
        await peer.gone()

    meant: asyncio.Queue[object] = asyncio.Queue()
    async with (
        ScriptedServer(PROBE, refusing, staying) as server,
        probe.connect(server.uri, "probe", close_timeout=1, verify_schema="off") as client,
    ):
        client.on_unhandled_reducer_error(lambda error: meant.put_nowait(ENGINE.of(probe.tables.player)()))
        call = client.reducers.create_player("")
        async with probe.connect(server.uri, "probe", close_timeout=1, verify_schema="off"):
            await client.drain()
            del call
            gc.collect()
            assert await meant.get() is ENGINE.of(client.db.player)()


async def test_nobody_answers_is_one_error_for_each_call_that_waits_for_the_version() -> None:
    from tests.golden.arena import client as arena

    async with (
        ScriptedServer(Recording("2.8.3", "arena"), staying, health="") as server,
        arena.connect(server.uri, "arena", close_timeout=1, verify_schema="off") as client,
    ):
        one, two = client.procedures.roll(6), client.procedures.roll(8)
        errors = await asyncio.gather(one, two, return_exceptions=True)
        assert errors[0] is not errors[1]
        assert all(isinstance(error, StdbError) for error in errors)
        assert not any(isinstance(error, ServerUnreachableError) for error in errors)
        assert json.dumps([str(error) for error in errors]).count("version") == 2
