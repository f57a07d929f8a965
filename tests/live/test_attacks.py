"""Servers and networks that mean no good, or are only broken: nothing hangs, nothing leaks, nothing ends unnoticed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest

import stdb_runtime
import tests.golden.arena.client as arena
import tests.golden.probe.client as probe
from game_client import Client, connect, tables
from stdb_runtime import (
    ConnectError,
    ConnectionLost,
    ConnectionState,
    EventLoopError,
    NotConnectedError,
    ServerUnreachableError,
    StdbError,
    TokenSourceError,
    UnknownDatabaseError,
    credentials,
)
from tests.support.answering import answering
from tests.support.clients import AT_ONCE, TOKEN
from tests.support.modules import module_wasm
from tests.support.proxy import Proxy, self_signed
from tests.support.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Publish
    from tests.support.binary import Program
    from tests.support.server import Database


class Disturbed:
    """A real server whose answers to HTTP requests for some paths are others, for use in an `async with` statement."""

    def __init__(self, uri: str, answer: bytes, path: str = "/schema") -> None:
        self._target = uri.removeprefix("http://").split(":")
        self._answer = answer
        self._path = path

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Disturbed:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if self._path.encode() in head:
                writer.write(self._answer)
                await writer.drain()
            else:
                there, back = await asyncio.open_connection(*self._target)
                back.write(head)
                await asyncio.wait(
                    [asyncio.ensure_future(pump(reader, back)), asyncio.ensure_future(pump(there, writer))],
                    return_when=asyncio.FIRST_COMPLETED,
                )
                back.transport.abort()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()


def logged(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == level]


# --- the end is told --------------------------------------------------------------------------------------------------


async def test_a_final_error_is_logged_and_told(program: Program, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "stdb_runtime")
    with Server(program) as server:
        game = server.publish(module_wasm("game"), "game")
        async with connect(game.uri, game.name, backoff=AT_ONCE) as client:
            ended: asyncio.Future[StdbError | None] = asyncio.get_running_loop().create_future()
            states: list[ConnectionState] = []
            client.on_close(ended.set_result)
            client.on_disconnect(lambda error: states.append(client.state))
            await asyncio.to_thread(server.restart)  # in memory: its databases are gone
            assert isinstance(await ended, UnknownDatabaseError)
            assert client.state is ConnectionState.CLOSED
    assert states == [ConnectionState.RECONNECTING]
    (final,) = logged(caplog, logging.ERROR)
    assert final.startswith("game on ws://127.0.0.1:")
    assert "the client has ended: there is no database" in final
    (loss,) = logged(caplog, logging.WARNING)
    assert "; reconnecting in 0.0 s" in loss


async def test_a_loss_that_is_final_is_told_so(game: Database, caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []
    async with Proxy(game.uri) as proxy, connect(proxy.uri, game.name, reconnect=False) as client:
        client.on_disconnect(lambda error: told.append(f"lost {client.state.value}"))
        client.on_close(lambda error: told.append(f"closed {type(error).__name__}"))
        proxy.cut()
        with pytest.raises(ConnectionLost):
            await client.closed()
    assert told == ["lost closed", "closed ConnectionLost"]
    assert len(logged(caplog, logging.ERROR)) == 1


async def test_closing_is_told_once(game: Database, caplog: pytest.LogCaptureFixture) -> None:
    told: list[StdbError | None] = []

    def never(error: StdbError | None) -> None:
        raise AssertionError("it was removed")

    async with connect(game.uri, game.name) as client:
        client.on_close(told.append)
        client.on_close(never)
        client.remove_on_close(never)
        await client.close()
        await client.close()
    assert told == [None]
    assert logged(caplog, logging.WARNING) == logged(caplog, logging.ERROR) == []


async def test_thousands_of_unanswered_calls_are_one_line(game: Database, caplog: pytest.LogCaptureFixture) -> None:
    async with Proxy(game.uri) as proxy, connect(proxy.uri, game.name, close_timeout=0.1) as client:
        proxy.freeze()
        for number in range(3_000):
            client.reducers.send_message(str(number))
        for number in range(1_000):
            client.reducers.level_up(number)
    (line,) = logged(caplog, logging.ERROR)
    assert line.startswith("4000 requests failed, and nobody awaited them: reducer send_message (3000), ")
    assert "reducer level_up (1000): " in line


# --- waiters ----------------------------------------------------------------------------------------------------------


async def test_one_waiter_that_gives_up_takes_nothing_from_the_others(game: Database) -> None:
    async with Proxy(game.uri) as proxy, connect(proxy.uri, game.name) as client:
        proxy.freeze()
        subscription = client.subscribe(tables.player)
        call = client.reducers.create_player("Alice")
        patient = [asyncio.create_task(subscription.applied()), asyncio.create_task(outcome_of(call))]
        for awaitable in (subscription, call):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await awaitable
        proxy.thaw()
        await asyncio.gather(*patient)
        assert await subscription is subscription
        assert (await call).reducer == "create_player"
        assert (await call) is (await call)


async def outcome_of(call: stdb_runtime.ReducerCall) -> object:
    return await call


async def test_another_thread_and_another_event_loop_are_told_so(game: Database) -> None:
    errors: list[BaseException] = []

    def attempt(action: Callable[[], object]) -> None:
        try:
            action()
        except EventLoopError as error:
            errors.append(error)

    async def awaiting(call: stdb_runtime.ReducerCall) -> None:
        await call

    async def closing(client: Client) -> None:
        await client.close()

    async with connect(game.uri, game.name) as client:
        call = client.reducers.create_player("Alice")

        def elsewhere() -> None:
            attempt(lambda: client.reducers.create_player("Bob"))
            attempt(lambda: client.subscribe(tables.player))
            attempt(lambda: asyncio.run(awaiting(call)))
            attempt(lambda: asyncio.run(closing(client)))

        thread = threading.Thread(target=elsewhere)
        thread.start()
        await asyncio.to_thread(thread.join)
        await call
        assert client.is_active
    assert [type(error) for error in errors] == [EventLoopError] * 4
    assert "call_soon_threadsafe" in str(errors[0])
    assert [row[1] for row in game.sql("SELECT * FROM player")] == ["Alice"]


# --- HTTP -------------------------------------------------------------------------------------------------------------

MALFORMED = {
    "nothing": b"",
    "no status": b"nonsense\r\n\r\n",
    "cut": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
    "long line": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n{}",
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1_000 + b"\r\n{}",
    "brackets": b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000,
    "bad chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "bad length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: ftp://[\r\n\r\n",
    "garbage": b"\x00\xff\xfe" * 1_000,
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_malformed_http_is_an_error_of_ours(game: Database, name: str, caplog: pytest.LogCaptureFixture) -> None:
    async with Disturbed(game.uri, MALFORMED[name]) as server:
        async with connect(server.uri, game.name) as client:
            await client.reducers.create_player("Alice")
        (warning,) = logged(caplog, logging.WARNING)
        assert "could not be verified" in warning
        assert len(warning) < 1_000
        with pytest.raises((ConnectError, stdb_runtime.SchemaError)):
            async with connect(server.uri, game.name, verify_schema="error"):
                raise AssertionError("the schema could not be read")
    async with (
        Disturbed(game.uri, MALFORMED[name], "/v1/health") as server,
        arena.connect(server.uri, game.name, verify_schema="off") as client,
    ):
        with pytest.raises(ConnectError):
            await client.procedures.roll(6)


async def test_a_proxy_that_is_none_is_not_repeated(game: Database) -> None:
    refusing = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    async with answering(lambda _: refusing) as (uri, _):
        with pytest.raises(ConnectError, match="through the proxy: .*407"):
            async with connect(game.uri, game.name, proxy=uri):
                raise AssertionError("the proxy refuses")
    for proxy in (
        "http://me:hunter2@",
        "nonsense://me:hunter2@h",
        "http://me:hunter2@127.0.0.1:1",
        "socks5://me:hunter2@127.0.0.1:1",
    ):
        with pytest.raises(ConnectError) as caught:
            async with connect(game.uri, game.name, proxy=proxy, open_timeout=5):
                raise AssertionError("there is no proxy")
        assert "hunter2" not in str(caught.value)


# --- tokens and texts -------------------------------------------------------------------------------------------------


async def test_a_token_function_that_fails_on_a_reconnection_is_asked_again(game: Database) -> None:
    given: list[Any] = [None, LookupError("secret"), 5, None]

    def token() -> Any:
        what = given.pop(0)
        if isinstance(what, Exception):
            raise what
        return what

    async with Proxy(game.uri) as proxy, connect(proxy.uri, game.name, token=token, backoff=AT_ONCE) as client:
        again = asyncio.Event()
        client.on_connect(again.set)
        proxy.cut()
        await again.wait()
        assert given == []
        await client.reducers.create_player("Alice")
    with pytest.raises(TokenSourceError, match="the token function returned int: it must return str or None") as caught:
        async with connect(game.uri, game.name, token=lambda: 5):  # type: ignore[arg-type,return-value]  # pyright: ignore
            raise AssertionError("it is no token")
    assert "secret" not in str(caught.value)


async def test_a_token_store_that_fails(game: Database) -> None:
    class Store(credentials.File):
        def at(self, server: str, database: str) -> Store:
            return self

        def load(self) -> str | None:
            raise OSError("secret")

    with pytest.raises(TokenSourceError, match="the token store raised OSError$"):
        async with connect(game.uri, game.name, token_store=Store("x")):
            raise AssertionError("there is no token")


# --- bounds -----------------------------------------------------------------------------------------------------------


async def test_a_message_that_is_too_large_is_named(publish: Publish) -> None:
    database = publish("probe")
    database.call("fill", 0, 20_000)
    async with probe.connect(database.uri, database.name, max_message_size=1_000_000, reconnect=False) as client:
        with pytest.raises(ConnectionLost, match="this client closed the connection: .* max_message_size"):
            await client.subscribe(probe.tables.bulk)
        with pytest.raises(NotConnectedError):
            client.subscribe(probe.tables.player)
    with pytest.raises(ValueError, match="max_message_size must be a number of bytes"):
        async with probe.connect(database.uri, database.name, max_message_size=0):
            raise AssertionError("it makes no sense")


# --- TLS, large numbers, cancellation ---------------------------------------------------------------------------------


async def test_certificates_of_another_host_are_refused(game: Database, tmp_path: Path) -> None:
    server, client_context = self_signed(tmp_path)
    async with Proxy(game.uri, server) as proxy:
        uri = proxy.uri.replace("127.0.0.1", "localhost")
        with pytest.raises(ServerUnreachableError, match="certificate"):
            async with connect(uri, game.name, ssl=client_context):
                raise AssertionError("it is the certificate of 127.0.0.1")


async def test_a_server_without_tls_is_not_spoken_to_without_it(game: Database) -> None:
    with pytest.raises(ConnectError) as caught:
        async with connect(game.uri.replace("http", "https"), game.name, token=TOKEN):
            raise AssertionError("there is no TLS")
    assert TOKEN not in str(caught.value)


async def test_thousands_of_subscriptions(game: Database) -> None:
    game.call("create_player", "Alice")
    async with connect(game.uri, game.name) as client:
        subscriptions = [client.subscribe(f"SELECT * FROM player WHERE id = {number}") for number in range(10_000)]
        await asyncio.gather(*(subscription.applied() for subscription in subscriptions))
        assert client.db.player.count() == 1
        await asyncio.gather(*(outcome_of_end(subscription) for subscription in subscriptions))
        assert client.db.player.count() == 0


async def outcome_of_end(subscription: stdb_runtime.Subscription) -> None:
    await subscription.unsubscribe()


async def test_cancellation_at_any_moment_leaves_nothing_behind(game: Database) -> None:
    before = asyncio.all_tasks()

    async def session() -> None:
        async with connect(game.uri, game.name, close_timeout=1) as client:
            await client.subscribe(tables.player)
            await client.reducers.send_message("hello")
            await client.query(tables.player)

    for turns in range(0, 120, 3):
        task = asyncio.create_task(session())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        left = asyncio.all_tasks() - before
        if left:
            await asyncio.wait(left, timeout=2)
        assert asyncio.all_tasks() == before, f"after {turns} turns of the event loop"
