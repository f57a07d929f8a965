"""One connection with a scripted server: what it is opened with, how it ends, and what of it is shown."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import traceback
from typing import Any

import pytest

import tests.golden.probe.client as probe
from game_client import connect
from stdb_runtime import (
    ConnectError,
    ConnectionId,
    ConnectionLost,
    NotConnectedError,
    ProtocolError,
    ServerUnreachableError,
    StdbError,
    SubscriptionError,
)
from tests.support.answering import answering
from tests.support.clients import AT_ONCE, TOKEN, everything_logged
from tests.support.recordings import Recording
from tests.support.scripted import Peer, ScriptedServer, healthy

PROBE = Recording("1.2.0", "probe")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ""),
        ({"light": True}, "?light=true"),
        ({"confirmed": True}, "?confirmed=true"),
        ({"confirmed": False}, "?confirmed=false"),
        ({"connection_id": ConnectionId(255)}, f"?connection_id={255:032x}"),
        ({"light": True, "confirmed": True}, "?light=true&confirmed=true"),
    ],
)
async def test_options_reach_the_server(options: dict[str, Any], expected: str) -> None:
    paths: list[str] = []
    again = asyncio.Event()

    def connected() -> None:
        if len(paths) == 2:
            again.set()

    async def noting(peer: Peer) -> None:
        paths.append(peer.path)
        await peer.greet()

    async with (
        ScriptedServer(PROBE, noting, noting) as server,
        probe.connect(server.uri, "probe", backoff=AT_ONCE, on_connect=connected, **options) as client,
    ):
        await again.wait()
        assert client.stats.connections == 2
    # The id that was asked for is for the first connection: the server may still hold it for the one that was lost.
    second = "" if "connection_id" in expected else expected
    assert paths == [f"/v1/database/probe/subscribe{query}" for query in (expected, second)]


async def test_open_timeout_counts_until_the_greeting() -> None:
    async def silent(peer: Peer) -> None:
        await peer.gone()

    async with ScriptedServer(PROBE, silent) as server:
        started = time.perf_counter()
        with pytest.raises(ServerUnreachableError, match="open_timeout"):
            async with probe.connect(server.uri, "probe", open_timeout=0.1):
                raise AssertionError("it never greets")
        assert time.perf_counter() - started < 2


async def test_a_greeting_and_its_end_in_one_breath_are_both_seen() -> None:
    async def brief(peer: Peer) -> None:
        await peer.greet()
        await peer.connection.close(4000, "that was all")

    async with ScriptedServer(PROBE, *[brief] * 10) as server:
        for _ in range(10):
            async with probe.connect(server.uri, "probe", reconnect=False, verify_schema="off") as client:
                with pytest.raises(ConnectionLost, match="that was all"):
                    await client.closed()


async def test_a_refusal_that_comes_twice() -> None:
    async def refusing_twice(peer: Peer) -> None:
        await peer.greet()
        _, asked = await peer.hear()
        ids = {"request_id": {"some": asked["request_id"]}, "query_id": {"some": asked["query_id"]["id"]}}
        await peer.say("SubscriptionError", **ids)
        await peer.say("SubscriptionError", **ids)
        await peer.say("SubscribeMultiApplied", request_id=asked["request_id"], query_id=asked["query_id"])
        await peer.gone()

    async with (
        ScriptedServer(PROBE, refusing_twice) as server,
        probe.connect(server.uri, "probe", reconnect=False, close_timeout=1, verify_schema="off") as client,
    ):
        with pytest.raises(SubscriptionError):
            await client.subscribe("SELECT * FROM player")
        with pytest.raises(ProtocolError, match="subscription"):
            await client.closed()


# --- what is shown ----------------------------------------------------------------------------------------------------


async def test_the_token_does_not_show_in_a_greeting_that_cannot_be_read(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def garbled(peer: Peer) -> None:
        await peer.say("IdentityToken", token="SECRET" * 5, identity={"__identity__": "garbled"})
        await peer.gone()

    async def twice(peer: Peer) -> None:
        await peer.say("IdentityToken", token="SECRET" * 5)
        await peer.say("IdentityToken", token="SECRET" * 5)
        await peer.gone()

    async with ScriptedServer(PROBE, garbled) as server:
        with pytest.raises(StdbError) as caught:
            async with probe.connect(server.uri, "probe"):
                raise AssertionError("it must be refused")
    async with (
        ScriptedServer(PROBE, twice) as server,
        probe.connect(server.uri, "probe", reconnect=False) as client,
    ):
        with pytest.raises(StdbError, match="twice"):
            await client.closed()
    own = [record for record in caplog.records if not record.name.startswith("websockets.server")]
    assert "SECRET" not in everything_logged(own) + "".join(traceback.format_exception(caught.value))


async def test_a_second_identity_token_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "stdb_runtime")
    spellings = [' {"IdentityToken":', '{"Identity\\u0054oken":']

    async def again(peer: Peer) -> None:
        await peer.greet()
        payload = json.dumps(peer.recorded("IdentityToken") | {"token": "SECRET"})
        await peer.connection.send(f"{spellings.pop()}{payload}}}")
        await peer.gone()

    async with (
        ScriptedServer(PROBE, again, again, healthy) as server,
        probe.connect(server.uri, "probe", backoff=AT_ONCE, close_timeout=1, verify_schema="off") as client,
    ):
        connected = asyncio.Event()
        client.on_connect(connected.set)
        subscription = None
        while subscription is None:
            try:
                subscription = await client.subscribe("SELECT * FROM player")
            except NotConnectedError:  # the connection has failed, and the next one is not there yet
                connected.clear()
                await connected.wait()
    assert "SECRET" not in caplog.text
    assert caplog.text.count("twice") >= 2


async def test_texts_of_the_server_are_shown_with_care() -> None:
    hostile = f"\x1b[2J\u202e {TOKEN} http://me:hunter2@h " + "x" * 10_000

    async def closing(peer: Peer) -> None:
        await peer.greet()
        await peer.connection.close(4000, f"\x1b[2J\u202e {TOKEN[:50]}")

    async def refusing(peer: Peer) -> None:
        await peer.greet()
        _, asked = await peer.hear()
        ids = {"request_id": {"some": asked["request_id"]}, "query_id": {"some": asked["query_id"]["id"]}}
        await peer.say("SubscriptionError", error=hostile, **ids)
        await peer.gone()

    texts: list[str] = []
    async with (
        ScriptedServer(PROBE, closing) as server,
        probe.connect(server.uri, "probe", reconnect=False, verify_schema="off") as client,
    ):
        with pytest.raises(ConnectionLost) as lost:
            await client.closed()
        texts.append(str(lost.value))
    async with (
        ScriptedServer(PROBE, refusing) as server,
        probe.connect(server.uri, "probe", reconnect=False, verify_schema="off") as client,
    ):
        with pytest.raises(SubscriptionError) as refused:
            await client.subscribe("SELECT * FROM player")
        texts.append(str(refused.value))
        assert refused.value.message == hostile, "as data it is whole"
    reply = b"HTTP/1.1 500 No\r\nContent-Length: %d\r\n\r\n%s" % (len(hostile.encode()), hostile.encode())
    async with answering(lambda _: reply) as (uri, _):
        with pytest.raises(ConnectError) as failed:
            async with connect(uri, "game", token=TOKEN):
                raise AssertionError("it fails")
        texts.append(str(failed.value))
    for text in texts:
        assert text.isprintable()
        assert TOKEN[:40] not in text
        assert "hunter2" not in text
        assert "\\x1b[2J\\u202e" in text
        assert len(text) < 2_500
