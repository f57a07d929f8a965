"""Typed queries on the real server: it reads every literal as the value that it stands for."""

from __future__ import annotations

import asyncio
import contextlib
import math
import operator
import random
import struct
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from game_client import connect, tables
from stdb_runtime import ConnectionId, Identity, QueryError, SubscriptionError, Timestamp
from tests.golden.echo import client as echo
from tests.golden.edge import client as edge

if TYPE_CHECKING:
    from stdb_runtime._handles.query import Query
    from tests.conftest import Publish
    from tests.support.server import Database

OPERATORS: list[Callable[[Any, Any], Any]] = [
    operator.eq,
    operator.ne,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
]
RANDOM = random.Random(5)
DOUBLES: list[float] = [
    *(RANDOM.random() for _ in range(60)),
    *(struct.unpack("<d", RANDOM.randbytes(8))[0] for _ in range(120)),
]

# The values of each kind of column that SQL has literals for, ascending.
VALUES: dict[str, list[Any]] = {
    "bool": [False, True],
    "u8": [0, 7, 255],
    "i8": [-128, -1, 0, 127],
    "u16": [0, 65535],
    "i16": [-32768, 32767],
    "u32": [0, 2**32 - 1],
    "i32": [-(2**31), 2**31 - 1],
    "u64": [0, 2**53 + 1, 2**64 - 1],
    "i64": [-(2**63), -(2**53) - 1, 2**63 - 1],
    "u128": [0, 2**64, 2**128 - 1],
    "i128": [-(2**127), 2**127 - 1],
    "u256": [0, 2**128, 2**256 - 1],
    "i256": [-(2**255), 0, 2**255 - 1],
    "f32": [-3.4e38, -1.5, 0.0, 0.10000000149011612, 16777216.0],
    "f64": sorted([-1.7976931348623157e308, -0.1, 0.0, 5e-324, 0.1, 1e21, 1.7976931348623157e308]),
    "string": ["", "'", "''", '"', "'; DROP TABLE echo_string; --", "a\nb\x00\\n", "x%_", "é", "😀"],
    "bytes": [b"", b"\x00", b"\x00\xff", b"'"],
    "identity": [Identity(0), Identity(5), Identity(2**256 - 1)],
    "connection_id": [ConnectionId(0), ConnectionId(5), ConnectionId(2**128 - 1)],
    "timestamp": [
        Timestamp(-62_167_219_200_000_000),
        Timestamp(-1),
        Timestamp(0),
        Timestamp(1_700_000_000_123_456),
        Timestamp(253_402_300_799_999_999),
    ],
}


@contextlib.asynccontextmanager
async def echoing(publish: Publish) -> AsyncGenerator[echo.Client]:
    database = publish("echo")
    async with echo.connect(database.uri, database.name) as client:
        yield client


async def insert(client: echo.Client, kind: str, values: Sequence[Any]) -> None:
    call = getattr(client.reducers, f"insert_{kind}")
    for n, value in enumerate(values):
        await call(n, value)


def compares(operation: Callable[[Any, Any], Any], value: object) -> Callable[[Any], Any]:
    """A condition on the column `v`."""
    return lambda columns: operation(columns.v, value)


async def asked(client: echo.Client, query: Query[Any]) -> list[Any]:
    return sorted(row.n for row in await client.query(query))


def test_every_literal_is_read_as_its_value(publish: Publish) -> None:
    async def main() -> None:
        async with echoing(publish) as client:
            for kind, values in VALUES.items():
                await insert(client, kind, values)
                table = getattr(client.db, f"echo_{kind}")
                for value in values:
                    for compare in OPERATORS:
                        query = table.where(compares(compare, value))
                        wanted = [n for n, other in enumerate(values) if compare(other, value)]
                        assert await asked(client, query) == wanted, query

    asyncio.run(main())


def test_doubles_are_found_again(publish: Publish) -> None:
    """The server's SQL reads each literal as exactly the double that was sent."""
    doubles = [value for value in DOUBLES if math.isfinite(value)]

    async def main() -> None:
        async with echoing(publish) as client:
            await insert(client, "f64", doubles)
            stored = {row.n: row.v for row in await client.query(echo.tables.echo_f64)}
            for n, value in stored.items():
                found = await asked(client, echo.tables.echo_f64.where(compares(operator.eq, value)))
                assert found == [n], value

    asyncio.run(main())


def test_conditions_are_joined_as_written(game: Database) -> None:
    async def main() -> None:
        async with connect(game.uri, game.name) as client:
            for name in ("Ann", "Bob", "Cy'd"):
                await client.reducers.create_player(name)
            (ann, bob, cyd) = sorted(await client.query(tables.player), key=lambda player: player.name)
            await client.reducers.level_up(bob.id)
            asks: list[tuple[Callable[[Any], Any], list[str]]] = [
                (lambda p: p.level >= 2, ["Bob"]),
                (lambda p: (p.level >= 2) | (p.name == "Cy'd"), ["Bob", "Cy'd"]),
                (lambda p: (p.level == 1) & (p.name != "Ann"), ["Cy'd"]),
                (lambda p: ((p.name == "Ann") | (p.name == "Bob")) & (p.level == 1), ["Ann"]),
                (lambda p: (p.name == "Ann") | (p.name == "Bob") & (p.level == 9), ["Ann"]),
                (lambda p: p.owner == client.identity, ["Ann", "Bob", "Cy'd"]),
                (lambda p: p.online, [player.name for player in (ann, bob, cyd) if player.online]),
                (lambda p: ~p.online, [player.name for player in (ann, bob, cyd) if not player.online]),
                (lambda p: (p.joined_at >= ann.joined_at) & (p.id <= 2**64 - 1), ["Ann", "Bob", "Cy'd"]),
            ]
            for ask, names in asks:
                query = tables.player.where(ask)
                assert sorted(row.name for row in await client.query(query)) == names, query
            # Narrowing is the same as `&`.
            narrowed = tables.player.where(lambda p: p.level == 1).where(lambda p: p.name != "Ann")
            assert [row.name for row in await client.query(narrowed)] == ["Cy'd"]

    asyncio.run(main())


def test_subscription_to_a_query(game: Database) -> None:
    async def main() -> None:
        async with connect(game.uri, game.name) as client:
            await client.reducers.create_player("Ann")
            await client.reducers.create_player("O'Neil")
            await client.subscribe(tables.player.where(lambda p: p.name == "O'Neil"))
            assert [player.name for player in client.db.player] == ["O'Neil"]

    asyncio.run(main())


def test_semijoins(publish: Publish) -> None:
    database = publish("edge")

    async def main() -> None:
        async with edge.connect(database.uri, database.name) as client:
            await client.reducers.pair(1, 10, 2)
            await client.reducers.pair(2, 20, 0)
            join = edge.tables.left.semijoin(edge.tables.right, on=lambda left, right: left.id == right.left_id)
            await client.subscribe(join)
            assert [row.id for row in client.db.left] == [1]
            filtered = edge.tables.left.where(lambda left: left.tag == 20).semijoin(
                edge.tables.right, on=lambda left, right: left.id == right.left_id
            )
            assert await client.query(filtered) == []

    asyncio.run(main())


def test_what_the_server_refuses(game: Database) -> None:
    """Which joins are possible is the server's to say; the error is its own."""

    async def main() -> None:
        async with connect(game.uri, game.name) as client:
            join = tables.message.semijoin(tables.player, on=lambda m, p: m.sender == p.owner)
            with pytest.raises(SubscriptionError, match="require indexes on join columns"):
                await client.subscribe(join)
            with pytest.raises(QueryError):
                await client.query("SELECT * FROM player WHERE NOT level = 1")

    asyncio.run(main())
