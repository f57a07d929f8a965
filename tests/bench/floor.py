"""The floor: the least that a Python client has to do for the same frames of the same server.

Bare websockets and typed msgspec decoding, into lists. No cache, no indexes, no callbacks, no matching of answers to
calls, no errors: what the runtime adds to this is its price.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import msgspec
import websockets

from stdb_runtime._protocol.endpoint import Endpoint

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from websockets.asyncio.client import ClientConnection

SUBPROTOCOL = websockets.Subprotocol("v1.json.spacetimedb")
CHUNK = 500


class Bulk(msgspec.Struct, frozen=True, gc=False):
    """A row of `bulk`, as an object."""

    id: int
    name: str
    x: float
    y: float
    tag: int


class PositionalBulk(Bulk, frozen=True, gc=False, array_like=True):
    """A row of `bulk`, as an array."""


class _Part(msgspec.Struct, gc=False):
    """Part of an envelope. What is not declared is skipped."""


class _Rows(_Part):
    deletes: list[str]
    inserts: list[str]


class _TableUpdate(_Part):
    table_name: str
    updates: list[_Rows]


class _Tables(_Part):
    tables: list[_TableUpdate]


class _Status(_Part, rename={"committed": "Committed"}):
    committed: _Tables | None = None


class _ReducerCall(_Part):
    request_id: int


class _TransactionUpdate(_Part):
    status: _Status
    reducer_call: _ReducerCall


class _Applied(_Part):
    update: _Tables


class _Envelope(_Part, rename={"transaction": "TransactionUpdate", "applied": "SubscribeMultiApplied"}):
    transaction: _TransactionUpdate | None = None
    applied: _Applied | None = None


class _CallReducer(_Part):
    reducer: str
    args: str
    request_id: int
    flags: int = 0


_envelope = msgspec.json.Decoder(_Envelope)
_named = msgspec.json.Decoder(list[Bulk])
_positional = msgspec.json.Decoder(list[PositionalBulk])
_encoder = msgspec.json.Encoder()


def read_rows(texts: list[str], decoder: msgspec.json.Decoder[list[Any]] | None = None) -> list[Any]:
    """Rows from the strings of one list of a message.

    Args:
        texts: the strings.
        decoder: the decoder of the class of row; None for `bulk`.

    Returns:
        Any: rows of that class.
    """
    rows: list[Any] = []
    for start in range(0, len(texts), CHUNK):
        chunk = texts[start : start + CHUNK]
        of_bulk: msgspec.json.Decoder[Any] = _named if chunk[0][0] == "{" else _positional  # Any: either class of row
        rows += (decoder or of_bulk).decode("[" + ",".join(chunk) + "]")
    return rows


def read_subscription(frame: bytes, decoder: msgspec.json.Decoder[list[Any]] | None = None) -> list[Any]:
    """The rows of a subscription. The arguments, and `Any`, are those of `read_rows`."""
    applied = _envelope.decode(frame).applied
    assert applied is not None
    return [
        row for table in applied.update.tables for part in table.updates for row in read_rows(part.inserts, decoder)
    ]


def read_transaction(frame: bytes) -> list[tuple[Bulk, Bulk]]:
    """The rows of `bulk` that a transaction replaced, each with what replaced it."""
    transaction = _envelope.decode(frame).transaction
    assert transaction is not None
    committed = transaction.status.committed
    assert committed is not None
    return [
        pair
        for table in committed.tables
        for part in table.updates
        for pair in zip(read_rows(part.deletes), read_rows(part.inserts), strict=True)
    ]


def write_bump(start: int, count: int, request_id: int) -> bytes:
    """The message that calls reducer `bump`."""
    args = _encoder.encode((start, count)).decode()
    return _encoder.encode({"CallReducer": _CallReducer("bump", args, request_id)})


class FloorClient:
    """A socket and what is read from it.

    Attributes:
        rows: the rows of the subscription, as they came first.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self.rows: list[Bulk] = []
        self._socket = socket

    async def subscribe(self) -> int:
        """Subscribe to all rows of `bulk` and read them. Gives how many."""
        message = {"query_strings": ["SELECT * FROM bulk"], "request_id": 1, "query_id": {"id": 1}}
        await self._socket.send(_encoder.encode({"SubscribeMulti": message}), text=True)
        self.rows = read_subscription(await self._socket.recv(decode=False))
        return len(self.rows)

    async def bump(self, start: int, count: int) -> int:
        """Have `count` rows updated, and read the answer. Gives how many rows were updated, as far as subscribed."""
        await self._send_bump(start, count, 1)
        return len(await self._answer())

    async def bump_nothing(self, times: int) -> None:
        """Call a reducer so many times without waiting for answers in between, and read them all."""

        async def send_all() -> None:
            for request_id in range(times):
                await self._send_bump(0, 0, request_id)

        async with asyncio.TaskGroup() as group:
            group.create_task(send_all())
            for _ in range(times):
                await self._answer()

    async def _send_bump(self, start: int, count: int, request_id: int) -> None:
        await self._socket.send(write_bump(start, count, request_id), text=True)

    async def _answer(self) -> list[tuple[Bulk, Bulk]]:
        return read_transaction(await self._socket.recv(decode=False))


@contextlib.asynccontextmanager
async def floor_client(uri: str, database: str) -> AsyncGenerator[FloorClient]:
    """A bare client, connected."""
    async with websockets.connect(
        Endpoint.parse(uri, database).subscribe_url,
        subprotocols=[SUBPROTOCOL],
        compression=None,
        max_size=None,
        max_queue=4096,
        ping_interval=None,
        proxy=None,
    ) as socket:
        await socket.recv(decode=False)  # who we are
        yield FloorClient(socket)
