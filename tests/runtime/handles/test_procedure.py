"""Calls of procedures: their answers, and the version of the server, which is asked for first."""

from __future__ import annotations

import asyncio

import pytest

import tests.golden.arena.client as arena
from stdb_runtime import Backoff, ConnectionLost, ProcedureError, StdbError
from tests.support.recordings import Recording
from tests.support.scripted import Peer, ScriptedServer


async def test_procedures() -> None:
    answers = {"roll": '"Returned"', "fail": "abort"}

    async def serving(peer: Peer) -> None:
        await peer.greet()
        for _ in range(3):
            kind, call = await peer.hear()
            assert kind == "CallProcedure"
            assert call["flags"] == 0
            await peer.say("ProcedureResult", answers[call["procedure"]], request_id=call["request_id"])
        await peer.gone()

    recording = Recording("2.8.3", "arena")
    async with (
        ScriptedServer(recording, serving, health='{"version":"2.8.3"}') as server,
        arena.connect(server.uri, "arena", verify_schema="off") as client,
    ):
        first, second = await asyncio.gather(client.procedures.roll(6), client.procedures.roll(6))
        assert first == second
        assert isinstance(first, arena.Cell)
        with pytest.raises(ProcedureError, match="fatal error") as caught:
            await client.procedures.fail()
        assert caught.value.procedure == "fail"
        assert 1 <= server.asked_for_health <= 2
        lost = client.procedures.roll(6)
        await client.close()
        with pytest.raises(ConnectionLost):
            await lost


async def test_a_procedure_call_is_not_sent_on_another_connection_than_it_was_made_on() -> None:
    asked = asyncio.Event()

    async def leaving(peer: Peer) -> None:
        await peer.greet()
        await asked.wait()

    async def staying(peer: Peer) -> None:
        await peer.greet()
        await peer.gone()

    recording = Recording("2.8.3", "arena")
    async with (
        ScriptedServer(recording, leaving, staying, health='{"version":"2.8.3"}') as server,
        arena.connect(
            server.uri, "arena", verify_schema="off", backoff=Backoff(initial_delay=0, max_delay=0)
        ) as client,
    ):
        again = asyncio.Event()
        client.on_connect(again.set)
        server.healthy.clear()
        roll = client.procedures.roll(6)
        asked.set()
        await again.wait()
        server.healthy.set()
        with pytest.raises(ConnectionLost, match="before the call was sent"):
            await roll


@pytest.mark.parametrize("health", ["", "{}", '{"version":"two"}'])
async def test_a_server_that_does_not_say_its_version(health: str) -> None:
    async def serving(peer: Peer) -> None:
        await peer.greet()
        await peer.gone()

    async with (
        ScriptedServer(Recording("2.8.3", "arena"), serving, health=health) as server,
        arena.connect(server.uri, "arena", verify_schema="off") as client,
    ):
        with pytest.raises(StdbError, match="does not report its version"):
            await client.procedures.roll(6)
