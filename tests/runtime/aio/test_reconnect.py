"""Connections that a scripted server ends or confuses, and what the client has after the next one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import tests.golden.probe.client as probe
from stdb_runtime import ConnectionLost, ProtocolError, Reconciled, StdbError, SubscriptionError
from tests.support.clients import AT_ONCE, Watch
from tests.support.recordings import Recording
from tests.support.scripted import Peer, ScriptedServer, healthy

if TYPE_CHECKING:
    from stdb_runtime import Delta

PROBE = Recording("1.2.0", "probe")
PLAYERS = '"player"'


async def _greeting_only(peer: Peer) -> None:
    await peer.greet()


async def _recovered(*scripts: Any) -> tuple[StdbError | None, list[Delta], int]:
    """Play scripts to a client with one subscription. The first must answer it; ends when it is connected again."""
    async with (
        ScriptedServer(PROBE, *scripts) as server,
        probe.connect(server.uri, "probe", backoff=AT_ONCE, close_timeout=1) as client,
    ):
        watch = Watch(client)
        subscription = await client.subscribe("SELECT * FROM player")
        await watch.connected.wait()
        assert subscription.state.value == "active"
        error = watch.lost.get_nowait()
        return error, watch.deltas, client.db.player.count()


async def _rows() -> int:
    async with ScriptedServer(PROBE, healthy) as server, probe.connect(server.uri, "probe") as client:
        await client.subscribe("SELECT * FROM player")
        return client.db.player.count()


@pytest.mark.parametrize("code", [1000, 1001, 1011, 1013])
async def test_a_server_that_says_goodbye_is_asked_again(code: int) -> None:
    async def goodbye(peer: Peer) -> None:
        await peer.greet()
        await peer.answer_subscribe(PLAYERS)
        await peer.connection.close(code, "module exited")

    error, deltas, rows = await _recovered(goodbye, healthy)
    assert isinstance(error, ConnectionLost)
    assert str(error) == f"the server closed the connection: module exited ({code})"
    assert len(deltas) <= 1  # nothing changed
    assert rows == await _rows()


async def test_an_error_that_drops_all_subscriptions_ends_in_a_recovery() -> None:
    async def dropped(peer: Peer) -> None:
        await peer.greet()
        await peer.answer_subscribe(PLAYERS)
        await peer.say("SubscriptionError", request_id={"none": []}, query_id={"none": []})
        await peer.gone()

    async def emptied(peer: Peer) -> None:
        await peer.greet()
        asked = await peer.answer_subscribe(update={"tables": []})
        assert asked["query_strings"] == ["SELECT * FROM player"]
        await peer.gone()

    error, deltas, rows = await _recovered(dropped, healthy)
    assert isinstance(error, ProtocolError)
    assert "dropped all subscriptions" in str(error)
    assert rows == await _rows()
    _, deltas, rows = await _recovered(dropped, emptied)
    assert rows == 0
    assert deltas[-1].cause == Reconciled()


async def test_a_loss_while_the_rows_are_still_coming_starts_over() -> None:
    async def dropped(peer: Peer) -> None:
        await peer.greet()
        await peer.hear()

    async def answered(peer: Peer) -> None:
        await peer.greet()
        await peer.answer_subscribe(PLAYERS)

    _, deltas, rows = await _recovered(answered, dropped, _greeting_only, dropped, healthy)
    assert rows == await _rows()
    assert all(delta.cause != Reconciled() for delta in deltas)


async def test_a_subscription_that_is_refused_the_second_time() -> None:
    async def answered(peer: Peer) -> None:
        await peer.greet()
        await peer.answer_subscribe(PLAYERS)

    async def refusing(peer: Peer) -> None:
        await peer.greet()
        _, asked = await peer.hear()
        ids = {"request_id": {"some": asked["request_id"]}, "query_id": {"some": asked["query_id"]["id"]}}
        await peer.say("SubscriptionError", **ids)
        await peer.gone()

    async with (
        ScriptedServer(PROBE, answered, refusing) as server,
        probe.connect(server.uri, "probe", backoff=AT_ONCE, close_timeout=1) as client,
    ):
        watch = Watch(client)
        subscription = client.subscribe("SELECT * FROM player")
        errors: list[SubscriptionError] = []
        subscription.on_error(errors.append)
        await subscription
        await watch.connected.wait()
        assert [error.queries for error in errors] == [("SELECT * FROM player",)]
        assert (subscription.state.value, client.db.player.count()) == ("failed", 0)
        await subscription.unsubscribe()


@pytest.mark.parametrize(
    "kind", ["SubscribeMultiApplied", "UnsubscribeMultiApplied", "OneOffQueryResponse", "InitialSubscription"]
)
async def test_an_answer_to_nothing_ends_in_a_recovery(kind: str) -> None:
    async def confused(peer: Peer) -> None:
        await peer.greet()
        await peer.answer_subscribe(PLAYERS)
        await peer.say(kind, **({"query_id": {"id": 999}} if "Multi" in kind else {}))
        await peer.gone()

    error, _, rows = await _recovered(confused, healthy)
    assert isinstance(error, ProtocolError)
    assert rows == await _rows()


@pytest.mark.parametrize("kind", ["UnsubscribeMultiApplied", "UnsubscribeMultiApplied then SubscriptionError"])
async def test_the_end_of_a_subscription_that_is_not_to_end(kind: str) -> None:
    async def contradicting(peer: Peer) -> None:
        await peer.greet()
        _, asked = await peer.hear()
        for each in kind.split(" then "):
            ids: dict[str, Any] = {"request_id": asked["request_id"], "query_id": asked["query_id"]}
            if each == "SubscriptionError":
                ids = {"request_id": {"some": asked["request_id"]}, "query_id": {"some": asked["query_id"]["id"]}}
            await peer.say(each, **ids)
        await peer.gone()

    async with (
        ScriptedServer(PROBE, contradicting, healthy) as server,
        probe.connect(server.uri, "probe", backoff=AT_ONCE, close_timeout=1, verify_schema="off") as client,
    ):
        lost: list[StdbError | None] = []
        client.on_disconnect(lost.append)
        await client.subscribe("SELECT * FROM player")
        (error,) = lost
        assert isinstance(error, ProtocolError)
        assert "must not be ended by the server" in str(error)


async def test_who_closed_a_connection_is_said() -> None:
    async def binary(peer: Peer) -> None:
        await peer.greet()
        await peer.answer_subscribe(PLAYERS)
        # A frame with a reserved bit: the library closes the connection, and this peer never answers that.
        peer.connection.transport.write(b"\xc1\x01x")
        await left.wait()

    left = asyncio.Event()
    async with (
        ScriptedServer(PROBE, binary, healthy) as server,
        probe.connect(
            server.uri, "probe", backoff=AT_ONCE, close_timeout=0.1, ping_interval=None, verify_schema="off"
        ) as client,
    ):
        watch = Watch(client)
        await client.subscribe("SELECT * FROM player")
        lost = await watch.lost.get()
        left.set()
        await watch.connected.wait()
    assert str(lost) == "this client closed the connection: reserved bits must be 0 (1002)"


async def test_attempts_are_repeated_until_one_succeeds() -> None:
    async def answered(peer: Peer) -> None:
        await peer.greet()
        await peer.answer_subscribe(PLAYERS)

    async def rejecting(peer: Peer) -> None:
        peer.connection.transport.abort()

    _, _, rows = await _recovered(answered, rejecting, rejecting, rejecting, healthy)
    assert rows == await _rows()
