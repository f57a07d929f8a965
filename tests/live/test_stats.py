"""Every figure of `client.stats`, beside what really happened."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from game_client import connect, tables
from tests.support.proxy import Proxy

if TYPE_CHECKING:
    from tests.support.server import Database


class Frames(logging.Handler):
    """Counts the frames that are logged."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.logger = logging.Logger("stdb_runtime.frames", logging.DEBUG)
        self.logger.addHandler(self)
        self.sent: list[int] = []
        self.received: list[int] = []

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.args, tuple) and isinstance(record.args[0], bytes | str):
            (self.sent if record.msg.startswith(">") else self.received).append(len(record.args[0]))


async def test_every_figure_is_true(game: Database) -> None:
    for name in "abc":
        game.call("create_player", name)
    frames = Frames()
    async with (
        Proxy(game.uri) as proxy,
        connect(proxy.uri, game.name, logger=frames.logger) as client,
    ):
        stats = client.stats
        told: list[object] = []
        client.db.player.on_insert(lambda event, row: told.append(row))
        client.db.player.on_update(lambda event, old, new: told.append(new))
        client.on_transaction(told.append)
        await client.subscribe(tables.player)
        assert (stats.rows_decoded, stats.rows_applied, stats.callbacks) == (3, 3, 4)
        await client.subscribe("SELECT * FROM player WHERE name = 'a'")  # the same row, once more
        assert (stats.rows_decoded, stats.rows_applied, stats.callbacks) == (4, 3, 4)
        (a,) = [row for row in client.db.player if row.name == "a"]
        await client.reducers.level_up(a.id)  # goes and comes for each of the two queries
        assert (stats.rows_decoded, stats.rows_applied, stats.callbacks) == (8, 4, 6)
        assert len(await client.query(tables.player)) == 3
        assert (stats.rows_decoded, stats.rows_applied) == (11, 4)
        assert stats.callbacks == len(told)
        changes = client.db.player.changes()
        await client.reducers.level_up(a.id)
        assert (stats.buffered, stats.dropped, len(changes)) == (1, 0, 1)
        assert stats.messages_sent == len(frames.sent)
        assert stats.bytes_sent == sum(frames.sent)
        assert stats.messages_received == len(frames.received)
        # The greeting is not shown; the others are, byte for byte.
        assert stats.bytes_received > sum(frames.received[1:]) > 0
        (level_up,) = stats.reducers.values()
        assert level_up.count == 2
        assert 0 < level_up.min <= level_up.median <= level_up.p99 < 10
        assert stats.connections == 1
        again = asyncio.Event()
        client.on_connect(again.set)
        proxy.cut()
        await again.wait()
        assert stats.connections == 2
