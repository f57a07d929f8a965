"""Large rows and messages, through the real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tests.golden.probe.client as probe
from stdb_runtime._protocol.v1_json import messages as wire
from tests.golden.echo.client import connect, reducers, tables
from tests.live.test_echo import plain_socket

if TYPE_CHECKING:
    from tests.conftest import Publish

MEGABYTE = 1_000_000


async def test_row_of_ten_megabytes(publish: Publish) -> None:
    database = publish("echo")
    text = 'ä"\\' * (10 * MEGABYTE // 4)
    async with connect(database.uri, database.name) as client, connect(database.uri, database.name) as other:
        await client.subscribe(tables.echo_string)
        await client.reducers.insert_string(1, text)
        row = client.db.echo_string.n.find(1)
        assert row is not None
        assert row.v == text
        await other.subscribe("SELECT * FROM echo_string")
        assert other.db.echo_string.n.find(1) == row
        await client.reducers.delete_string(1)
        assert client.db.echo_string.count() == 0


async def test_message_of_a_hundred_megabytes(publish: Publish) -> None:
    database = publish("echo")
    async with connect(database.uri, database.name) as client:
        for number in range(50):
            await reducers.insert_string(number, chr(ord("a") + number % 26) * 2 * MEGABYTE)
        await client.subscribe(tables.echo_string)
        assert sorted(row.n for row in client.db.echo_string) == list(range(50))
        assert all(len(row.v) == 2 * MEGABYTE and len(set(row.v)) == 1 for row in client.db.echo_string)
        await client.reducers.clear()
        assert client.db.echo_string.count() == 0


async def test_half_a_million_rows(publish: Publish) -> None:
    database = publish("probe")
    for start in range(0, 500_000, 100_000):
        database.call("fill", start, 100_000)
    async with probe.connect(database.uri, database.name, reconnect=False) as client:
        await client.subscribe(probe.tables.bulk)
        assert client.db.bulk.count() == 500_000
        assert sum(row.id for row in client.db.bulk) == sum(range(500_000))
        assert client.stats.bytes_received > 4096 * 4096, "more fragments of 4096 bytes than websockets takes"


async def test_that_such_a_snapshot_is_one_message(publish: Publish) -> None:
    database = publish("echo")
    async with connect(database.uri, database.name) as client, plain_socket(database) as socket:
        await socket.recv()
        for number in range(4):
            await client.reducers.insert_string(number, "x" * 2 * MEGABYTE)
        request = wire.SubscribeMulti(("SELECT * FROM echo_string",), 1, wire.QueryId(1))
        await socket.send(wire.encode(request).decode())
        text = await socket.recv()
        assert len(text) > 8 * MEGABYTE
        message = wire.decode(text)
        assert isinstance(message, wire.SubscribeMultiApplied)
        assert [len(rows.inserts) for table in message.update.tables for rows in table.updates] == [4]
