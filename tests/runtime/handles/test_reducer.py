"""What reducers answer that no real server answers on demand."""

from __future__ import annotations

import pytest

import tests.golden.probe.client as probe
from stdb_runtime import OutOfEnergyError
from tests.support.clients import left_behind
from tests.support.recordings import Recording
from tests.support.scripted import Peer, ScriptedServer


async def test_out_of_energy() -> None:
    # No server of ours runs out of energy: the status is the one of docs/protocol.md 2.2.
    async def exhausted(peer: Peer) -> None:
        await peer.greet()
        _, call = await peer.hear()
        recorded = peer.recorded("TransactionUpdate", '"reducer_name":"level_up"')
        ids = recorded["reducer_call"] | {"request_id": call["request_id"], "args": call["args"]}
        me = peer.recorded("IdentityToken")["connection_id"]
        await peer.say(
            "TransactionUpdate",
            '"reducer_name":"level_up"',
            status={"OutOfEnergy": []},
            reducer_call=ids,
            caller_connection_id=me,
        )
        await peer.gone()

    async with (
        ScriptedServer(Recording("1.2.0", "probe"), exhausted) as server,
        probe.connect(server.uri, "probe") as client,
    ):
        with pytest.raises(OutOfEnergyError, match="energy") as caught:
            await client.reducers.level_up(1)
        assert caught.value.reducer == "level_up"
        assert left_behind(client) == 0
