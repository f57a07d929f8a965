"""What tests of clients share: attempts that must fail, and notes of what a client or a handler was told."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any

import pytest

from game_client import connect
from stdb_runtime import Backoff
from stdb_runtime._engine.handler import CALLBACKS
from stdb_runtime._handles.connection_info import engine_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from stdb_runtime import Delta, StdbError
    from stdb_runtime.aio.client import Client

AT_ONCE = Backoff(initial_delay=0.01, max_delay=0.01)
TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJzZWNyZXQifQ.c2VjcmV0c2VjcmV0"


async def attempt(uri: str, database: str = "game", *, token: str | None = None, open_timeout: float = 10.0) -> None:
    """Connect to what cannot be connected to."""
    async with connect(uri, database, token=token, open_timeout=open_timeout):
        pytest.fail("it connected")


class Watch:
    """What a client was told of its connection and its rows."""

    def __init__(self, client: Client[Any, Any, Any]) -> None:
        self.connected = asyncio.Event()
        self.lost: asyncio.Queue[StdbError | None] = asyncio.Queue()
        self.deltas: list[Delta] = []
        client.on_reconnect(self.connected.set)
        client.on_disconnect(self.lost.put_nowait)
        client.on_transaction(self.deltas.append)


class Log:
    """A handler that keeps what it hears; `next("on_...")` waits for the next of a kind."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._queues: dict[str, asyncio.Queue[Any]] = {name: asyncio.Queue() for name in CALLBACKS}

    def put(self, name: str, *args: Any) -> None:
        self.heard.append(name)
        self._queues[name].put_nowait(args[0] if len(args) == 1 else args)

    async def next(self, name: str) -> Any:
        return await self._queues[name].get()

    def mapping(self) -> dict[str, Callable[..., None]]:
        """The handler as a mapping of all names."""
        return {name: functools.partial(self.put, name) for name in CALLBACKS}


def left_behind(client: Client[Any, Any, Any]) -> int:
    """What the client still waits for."""
    engine = engine_of(client)
    return len(engine.unanswered()) + len(engine.session.in_flight)


def everything_logged(records: list[logging.LogRecord]) -> str:
    """All that log records could show: messages, what was put into them, and tracebacks."""
    return "\n".join(f"{record.getMessage()} {record.args!r} {record.exc_text or ''}" for record in records)
