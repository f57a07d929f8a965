"""Development mode: a failure that nobody awaited names the line that made the request."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from game_client import connect
from stdb_runtime import ReducerError

if TYPE_CHECKING:
    from tests.support.server import Database

HERE = Path(__file__)


def line_of(text: str) -> str:
    """The place of a line of this file, as messages name it."""
    (number,) = (number for number, line in enumerate(HERE.read_text().splitlines(), 1) if line.strip() == text)
    return f"{HERE}:{number}"


@pytest.mark.parametrize("debug", [True, False])
async def test_a_call_that_fails_names_its_line(game: Database, debug: bool, caplog: pytest.LogCaptureFixture) -> None:
    asyncio.get_running_loop().set_debug(debug)
    async with connect(game.uri, game.name) as client:
        client.reducers.create_player("")
        await client.drain()
        gc.collect()
        await asyncio.sleep(0)  # a dropped result is reported at the next turn
    (message,) = (message for message in caplog.messages if "nobody awaited" in message)
    place = line_of('client.reducers.create_player("")')
    assert (f"(the request was made at {place})" in message) is debug


async def test_a_callback_finds_the_line_on_the_error(game: Database) -> None:
    asyncio.get_running_loop().set_debug(True)
    async with connect(game.uri, game.name) as client:
        failed: asyncio.Queue[ReducerError] = asyncio.Queue()
        client.on_unhandled_reducer_error(failed.put_nowait)
        client.reducers.delete_player(99)
        error = await failed.get()
    place = line_of("client.reducers.delete_player(99)")
    assert error.__notes__ == [f"the request was made at {place}"]


async def test_other_requests_name_their_lines_too(game: Database, caplog: pytest.LogCaptureFixture) -> None:
    asyncio.get_running_loop().set_debug(True)
    async with connect(game.uri, game.name) as client:
        client.subscribe("SELECT * FROM nowhere")
        client.query("SELECT * FROM nobody")
        await client.drain()
        gc.collect()
        await asyncio.sleep(0)
    refused = [message for message in caplog.messages if "nobody awaited" in message]
    for line in ('client.subscribe("SELECT * FROM nowhere")', 'client.query("SELECT * FROM nobody")'):
        assert any(f"made at {line_of(line)})" in message for message in refused), refused
