"""Every message that a client can send, straight over a socket: the real server takes it, and its answer is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pytest
from websockets.exceptions import ConnectionClosedError

from stdb_runtime._protocol.v1_json import messages as wire
from tests.live.test_echo import plain_socket

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from tests.conftest import Publish

M = TypeVar("M")


async def ask(socket: ClientConnection, message: wire.ClientMessage, kind: type[M]) -> M:
    """Send a message, and read the answer, which must be of that kind."""
    await socket.send(wire.encode(message).decode())
    answer = wire.decode(await socket.recv())
    assert isinstance(answer, kind)
    return answer


async def test_every_request_is_taken(publish: Publish) -> None:
    async with plain_socket(publish("echo")) as socket:
        greeting = wire.decode(await socket.recv())
        assert isinstance(greeting, wire.IdentityToken)
        assert greeting.identity.value().to_hex().startswith("c200")

        full = await ask(socket, wire.CallReducer("insert_u8", "[1,2]", 5, wire.FULL_UPDATE), wire.TransactionUpdate)
        assert full.status.committed == wire.DatabaseUpdate(())
        assert full.reducer_call == wire.ReducerCallInfo("insert_u8", full.reducer_call.reducer_id, "[1,2]", 5)
        assert full.caller_connection_id == greeting.connection_id
        failed = await ask(socket, wire.CallReducer("insert_u8", "[1,3]", 6, wire.FULL_UPDATE), wire.TransactionUpdate)
        assert isinstance(failed.status.failed, str)

        queries = ("SELECT * FROM echo_u8",)
        multi = await ask(socket, wire.SubscribeMulti(queries, 7, wire.QueryId(1)), wire.SubscribeMultiApplied)
        assert (multi.request_id, multi.query_id) == (7, wire.QueryId(1))
        assert [rows.inserts for table in multi.update.tables for rows in table.updates] == [('{"n":1,"v":2}',)]

        quiet = wire.CallReducer("delete_u8", "[1]", 8, wire.NO_SUCCESS_NOTIFY)
        noticed = await ask(socket, quiet, wire.TransactionUpdate)
        assert isinstance(noticed.status.committed, wire.DatabaseUpdate)
        assert noticed.status.committed.tables[0].updates[0].deletes == ("[1,2]",)

        ended = await ask(socket, wire.UnsubscribeMulti(9, wire.QueryId(1)), wire.UnsubscribeMultiApplied)
        assert ended.request_id == 9
        unknown = await ask(socket, wire.UnsubscribeMulti(10, wire.QueryId(1)), wire.SubscriptionError)
        assert (unknown.request_id.some, unknown.query_id.some, unknown.table_id.some) == (10, 1, None)

        one = await ask(socket, wire.SubscribeSingle(queries[0], 11, wire.QueryId(2)), wire.SubscribeApplied)
        assert one.rows.table_rows.table_name == "echo_u8"
        gone = await ask(socket, wire.Unsubscribe(12, wire.QueryId(2)), wire.UnsubscribeApplied)
        assert gone.query_id == wire.QueryId(2)

        initial = await ask(socket, wire.Subscribe(queries, 13), wire.InitialSubscription)
        assert initial.request_id == 13

        answer = await ask(socket, wire.OneOffQuery("0a0b", queries[0]), wire.OneOffQueryResponse)
        assert (answer.message_id, answer.error.some, answer.tables) == (
            "0a0b",
            None,
            (wire.OneOffTable("echo_u8", ()),),
        )
        refused = await ask(socket, wire.OneOffQuery("ff", "SELECT * FROM nowhere"), wire.OneOffQueryResponse)
        assert refused.error.some is not None


async def test_a_procedure_that_there_is_not(publish: Publish) -> None:
    database = publish("echo")
    call = wire.CallProcedure("roll", "[6]", 1, wire.FULL_UPDATE)
    async with plain_socket(database) as socket:
        await socket.recv()
        if database.server.behaviour.has_procedures:
            refused = await ask(socket, call, wire.ProcedureResult)
            assert refused.status.internal_error == "No such procedure"
            return
        await socket.send(wire.encode(call).decode())
        with pytest.raises(ConnectionClosedError) as caught:
            await socket.recv()
    # The server's 1011 names all kinds that it knows, in a reason longer than a close frame may have (1.9): the socket
    # library refuses that frame.
    assert caught.value.sent is not None
    assert (caught.value.sent.code, caught.value.sent.reason) == (1002, "control frame too long")
