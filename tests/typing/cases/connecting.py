"""What is given to `connect`, and an index on an enumeration."""

import ssl
from typing import reveal_type

from game_client import connect
from stdb_runtime import Backoff, Handler, ReconnectError, StdbError
from stdb_runtime import connect as raw
from tests.golden.league.client import Client, Rank


async def told(error: StdbError | None) -> None:
    if isinstance(error, ReconnectError):
        reveal_type(error.attempts)  # accept: int
        reveal_type(error.errors)  # accept: tuple[StdbError, ...]


def silent() -> None: ...


connect("http://localhost:3000", "my-module", on_connect=silent, on_disconnect=told, subscribe_attempts=3)
connect("http://localhost:3000", "my-module", on_connect=told)  # reject: arg-type reportArgumentType
connect("http://localhost:3000", "my-module", on_disconnect=silent)  # reject: arg-type reportArgumentType
connect("http://localhost:3000", "my-module", subscribe_attempts="3")  # reject: arg-type reportArgumentType


def listening(client: Client) -> None:
    client.on_connect(silent)
    client.remove_on_connect(silent)
    client.on_reconnect(silent)
    client.remove_on_reconnect(silent)

    @client.on_reconnect
    async def again() -> None: ...

    client.remove_on_reconnect(again)
    client.on_reconnect(told)  # reject: arg-type reportArgumentType


def ranks(client: Client) -> None:
    reveal_type(client.db.badge.rank.filter(Rank.FIRST_CLASS))  # accept: list[Badge]
    client.db.badge.rank.filter("firstClass")  # reject: arg-type reportArgumentType
    client.db.badge.rank.filter(ge=Rank.FIRST_CLASS)  # reject: call-arg reportCallIssue
    client.db.badge.rank.filter()  # reject: call-arg reportCallIssue


def without_generated_code(context: ssl.SSLContext) -> None:
    raw(handler=Handler, host="h", database="d", backoff=Backoff(jitter=0.5), ssl=context, proxy="http://p")
    raw(handler=Handler, host="h", database="d", ping_interval=None, ping_timeout=5)
    raw(handler=Handler, host="h", database="d", reconnect_delay_ms=5, jitter=0.5)
    raw(handler=Handler, host="h", database="d", backoff=0.5)  # reject: arg-type reportArgumentType
    raw(handler=Handler, host="h", database="d", ssl=True)  # reject: arg-type reportArgumentType
    raw(handler=Handler, host="h", database="d", ping="30")  # reject: call-arg reportCallIssue
