"""The connection without generated code: options that are refused, and answers of scripted servers."""

from __future__ import annotations

import inspect
import re
import ssl
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

import game_client
import stdb_runtime
from stdb_runtime import (
    ArgumentError,
    Backoff,
    ConnectionId,
    DatabaseNameError,
    DecodeError,
    EventLoopError,
    Handler,
    ProcedureError,
    connect,
)
from stdb_runtime.aio.options import Options
from tests.support.clients import Log
from tests.support.recordings import Recording
from tests.support.scripted import Peer, ScriptedServer

ARENA = Recording("2.8.3", "arena")

WRONG_OPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"port": "3000"}, "port"),
    ({"tls": 1}, "tls"),
    ({"database": None}, "database"),
    ({"host": None}, "host"),
    ({"uri": "http://localhost"}, "uri"),
    ({"reconnect": "yes"}, "reconnect"),
    ({"reconnect_delay_ms": 0.5}, "reconnect_delay_ms"),
    ({"reconnect_delay_ms": 500, "max_reconnect_delay_ms": 100}, ""),
    ({"backoff": Backoff(), "reconnect_delay_ms": 500}, "backoff"),
    ({"backoff": Backoff(1.0), "max_reconnect_delay_ms": 30_000}, "backoff"),
    ({"backoff": Backoff(1.0), "jitter": 0.0}, "backoff"),
    ({"jitter": 1.5}, ""),
    ({"ping_interval": -1}, ""),
    ({"name": 5}, "name"),
    ({"handler": object()}, "handler"),
    ({"handler": {"on_nothing": print}}, "handler"),
    ({"handler": {"on_error": int.__add__}}, "handler"),
    ({"handler": {"on_error": "text"}}, "handler"),
    ({"handler": ({"on_error": print}, 1, 2)}, "handler"),
]


@pytest.mark.parametrize(("options", "argument"), WRONG_OPTIONS)
def test_an_option_that_cannot_be_meant_is_an_error_at_once(
    options: dict[str, Any], argument: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SPACETIMEDB_URI", "SPACETIMEDB_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    given: dict[str, Any] = {"host": "localhost", "database": "game", "handler": {"on_error": print}} | options
    with pytest.raises(ArgumentError) as caught:
        connect(**given)
    assert caught.value.argument == argument


def test_an_unknown_option_is_an_error_at_once() -> None:
    with pytest.raises(TypeError, match="colour"):
        connect(host="localhost", database="game", handler=Handler(), colour="red")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with pytest.raises(DatabaseNameError):
        connect(host="localhost", database="my_module", handler=Handler())


def options_of(connection: stdb_runtime.RawConnection) -> Options:
    return connection._connection.options  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize(
    ("given", "backoff"),
    [
        ({}, Backoff()),
        ({"backoff": Backoff(1.0, 2.0, 0.5)}, Backoff(1.0, 2.0, 0.5)),
        ({"reconnect_delay_ms": 1}, Backoff(0.001)),
        ({"max_reconnect_delay_ms": 600}, Backoff(max_delay=0.6)),
        ({"jitter": 0.25}, Backoff(jitter=0.25)),
    ],
)
def test_the_backoff_in_either_unit(given: dict[str, Any], backoff: Backoff) -> None:
    connection = connect(host="localhost", database="game", handler=Handler(), **given)
    assert options_of(connection).backoff == backoff


def test_both_ways_of_connecting_have_the_options_of_a_connection() -> None:
    """With the names, types and defaults of `Options`, in one order, and with the same ones beside them."""
    names, defaults = list(Options.__struct_fields__), msgspec.structs.asdict(Options())
    raw, typed = inspect.signature(connect), inspect.signature(game_client.connect)
    for signature in (raw, typed):
        parameters = signature.parameters
        assert [name for name in parameters if name in defaults] == names
        assert {name: parameters[name].default for name in names} == defaults
        assert {name: parameters[name].annotation for name in names} == Options.__annotations__
    for name in ("name", "logger"):
        assert (raw.parameters[name].default, typed.parameters[name].default) == (None, None)
    assert typed.parameters.keys() - raw.parameters.keys() == {"verify_schema", "on_connect", "on_disconnect"}


@pytest.mark.parametrize("function", [connect, game_client.connect])
def test_the_docstring_says_what_each_option_is(function: Callable[..., object]) -> None:
    text = inspect.cleandoc(function.__doc__ or "")
    arguments = text.partition("\nArgs:\n")[2].partition("\n\n")[0]
    assert set(re.findall(r"^    (\w+): ", arguments, re.MULTILINE)) == set(inspect.signature(function).parameters)


def test_every_option_arrives() -> None:
    given: dict[str, Any] = {
        "token": "secret",
        "light": True,
        "confirmed": True,
        "connection_id": ConnectionId(5),
        "reconnect": False,
        "backoff": Backoff(1.0),
        "subscribe_attempts": 2,
        "open_timeout": 1.0,
        "close_timeout": 2.0,
        "max_message_size": 3,
        "ping_interval": 4.0,
        "ping_timeout": 5.0,
        "ssl": ssl.create_default_context(),
        "proxy": "http://localhost:1",
    }
    connection = connect(host="localhost", database="game", handler=Handler(), **given)
    assert msgspec.structs.asdict(options_of(connection)) == {**given, "token_store": None}


# --- scripted servers -------------------------------------------------------------------------------------------------


async def test_callback_on_procedure_result() -> None:
    log = Log()

    async def answer(peer: Peer) -> None:
        await peer.greet()
        for text in ("Returned", "InternalError"):
            kind, asked = await peer.hear()
            assert kind == "CallProcedure"
            await peer.say("ProcedureResult", text, request_id=asked["request_id"])
        await peer.gone()

    async with (
        ScriptedServer(ARENA, answer) as server,
        connect(uri=server.uri, database="arena", handler=log.mapping()) as connection,
    ):
        request_id = connection.call_procedure("roll", [6])
        returned = await log.next("on_procedure_result")
        assert (returned.request_id, returned.error) == (request_id, "")
        assert returned.value == await request_id
        failed = connection.call_procedure("roll", [0])
        result = await log.next("on_procedure_result")
        assert (result.request_id, result.value) == (failed, None)
        with pytest.raises(ProcedureError, match="roll: "):
            await failed
        assert result.error


async def test_subscriptions_that_the_server_drops_are_made_again() -> None:
    log = Log()

    async def drop(peer: Peer) -> None:
        await peer.greet()
        await peer.answer_subscribe()
        await peer.say("SubscriptionError", query_id={"none": []}, request_id={"none": []})
        await peer.gone()

    async def go_on(peer: Peer) -> None:
        await peer.greet()
        await peer.answer_subscribe()
        await peer.gone()

    async with (
        ScriptedServer(ARENA, drop, go_on) as server,
        connect(uri=server.uri, database="arena", handler=log.mapping(), reconnect_delay_ms=1) as connection,
    ):
        query_id = connection.subscribe_multi(["SELECT * FROM hero"])
        assert (await log.next("on_subscribe_applied")).query_id == query_id
        dropped = await log.next("on_subscription_error")
        assert (dropped.request_id, dropped.query_id) == (None, None)
        assert "dropped all subscriptions" in str(await log.next("on_disconnect"))
        await log.next("on_reconnect")
        assert (await log.next("on_subscribe_applied")).query_id == query_id


async def test_a_raw_answer_that_cannot_be_read_fails_its_request_alone() -> None:
    told: list[Any] = []

    async def serving(peer: Peer) -> None:
        await peer.greet()
        _, asked = await peer.hear()
        rows = [{"table_name": "hero", "rows": ["{nonsense"]}]
        await peer.say("OneOffQueryResponse", message_id=asked["message_id"], error={"none": []}, tables=rows)
        _, asked = await peer.hear()
        await peer.say("ProcedureResult", request_id=asked["request_id"], status={"Returned": "{nonsense"})
        _, asked = await peer.hear()
        await peer.say("OneOffQueryResponse", message_id=asked["message_id"], error={"none": []}, tables=[])
        await peer.gone()

    handler = {"on_one_off_query_response": told.append, "on_procedure_result": told.append}
    async with (
        ScriptedServer(ARENA, serving) as server,
        stdb_runtime.connect(uri=server.uri, database="arena", handler=handler, close_timeout=1) as connection,
    ):
        with pytest.raises(DecodeError, match="not JSON"):
            await connection.one_off_query("SELECT * FROM hero")
        with pytest.raises((DecodeError, ProcedureError), match="not JSON"):
            await connection.call_procedure("roll", [6])
        assert await connection.one_off_query("SELECT * FROM hero") == []
        assert connection.stats.connections == 1
    assert "not JSON" in told[0].error
    assert "not JSON" in told[1].error


def test_starting_without_an_event_loop_is_refused() -> None:
    with pytest.raises(EventLoopError, match="asyncio.run"):
        connect(host="localhost", database="game", handler=Log().mapping()).start()
