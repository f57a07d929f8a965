"""Clients without generated code: which callback gets which message, and what is asked for again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from stdb_runtime import (
    AuthError,
    ConnectionLost,
    DecodeError,
    ProtocolError,
    QueryError,
    ReconnectError,
    ReducerError,
)
from stdb_runtime._protocol.v1_json.encoding import V1Json
from tests.golden.probe.client import Player
from tests.support.engine import ListDriver, handler_engine, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from stdb_runtime._engine.engine import Engine
    from stdb_runtime._engine.handler import HandlerForm
    from stdb_runtime._engine.handler_sink import HandlerSink

ALL = ("SELECT * FROM player",)
# The recorded rows of `SELECT * FROM player WHERE level >= 1`.
ROWS = "Rec2"
NOPE = "`nope` is not a valid table, executing: `SELECT * FROM nope`"
LOST = ConnectionLost("lost")


class Heard:
    """A handler that notes what it gets."""

    def __init__(self) -> None:
        self.got: list[tuple[Any, ...]] = []

    def mapping(self, *names: str) -> dict[str, Callable[..., object]]:
        return {name: self._noting(name) for name in names}

    def _noting(self, name: str) -> Callable[..., object]:
        return lambda *args: self.got.append((name, *args))


def opened(handler: HandlerForm) -> tuple[Engine[HandlerSink], ListDriver]:
    """An engine whose handshake is done, and its driver."""
    engine, driver = handler_engine(handler)
    driver.connect()
    return engine, driver


def kinds(driver: ListDriver) -> list[str]:
    """The kinds of the messages that were sent."""
    return [next(iter(json.loads(frame))) for frame in driver.sent]


def fail(*args: object) -> None:
    raise ValueError("broken")


# --- errors -----------------------------------------------------------------------------------------------------------


def test_what_a_callback_raises_goes_to_on_error() -> None:
    heard = Heard()
    _, driver = handler_engine({**heard.mapping("on_error"), "on_identity_token": fail})
    driver.connect()
    ((name, error),) = heard.got
    assert (name, str(error)) == ("on_error", "broken")


def test_what_a_callback_raises_is_logged_by_its_name_without_on_error(caplog: pytest.LogCaptureFixture) -> None:
    engine, driver = handler_engine({"on_identity_token": fail})
    driver.connect()
    engine.sink.report(ValueError("no callback's"))
    assert caplog.messages == ["the callback fail raised", "unhandled error: the handler has no on_error"]


def test_what_on_error_raises_is_logged_and_not_passed_to_it_again(caplog: pytest.LogCaptureFixture) -> None:
    errors: list[Exception] = []

    def on_error(error: Exception) -> None:
        errors.append(error)
        raise error

    _, driver = handler_engine({"on_identity_token": fail, "on_error": on_error})
    driver.connect()
    assert [str(error) for error in errors] == ["broken"]
    assert [message.rpartition(".")[2] for message in caplog.messages] == ["on_error raised"]


def test_what_an_on_error_that_is_a_coroutine_raises_is_logged_and_not_passed_to_it_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def on_error(error: Exception, extra: object) -> None:
        raise error

    engine, driver = handler_engine(({"on_identity_token": fail, "on_error": on_error}, "extra"))
    driver.connect()
    ((coroutine, callback),) = driver.spawned
    with pytest.raises(ValueError, match="broken") as caught:
        run(coroutine)
    engine.dispatcher.report_spawned(caught.value, callback)
    assert len(driver.spawned) == 1
    assert [message.rpartition(".")[2] for message in caplog.messages] == ["on_error raised"]


# --- messages ---------------------------------------------------------------------------------------------------------


def test_the_handshake_is_the_first_message() -> None:
    heard = Heard()
    engine, driver = handler_engine(heard.mapping("on_identity_token", "on_reconnect"))
    driver.connect()
    ((name, message),) = heard.got
    assert (name, message.token, driver.tokens) == ("on_identity_token", "TOKEN", ["TOKEN"])
    assert engine.opened is not None
    assert (message.identity, message.connection_id) == (engine.opened.identity, engine.opened.connection_id)


def test_the_argument_of_a_tuple_comes_last() -> None:
    heard = Heard()
    _, driver = handler_engine((heard.mapping("on_identity_token", "on_error"), "extra"))
    driver.connect()
    ((_, _, extra),) = heard.got
    assert extra == "extra"


def test_rows_of_subscriptions_are_json_values_one_update_for_each_table() -> None:
    heard = Heard()
    engine, driver = opened(heard.mapping("on_subscribe_applied", "on_unsubscribe_applied"))
    query_id = engine.sink.subscribe(ALL)
    driver.apply(query_id, ROWS)
    ((name, message),) = heard.got
    assert (name, message.query_id) == ("on_subscribe_applied", query_id)
    assert message.request_id == driver.requests("SubscribeMulti", query_id)[0]
    assert [(table.table_name, len(table.inserts), table.deletes) for table in message.tables] == [("player", 2, ())]
    assert [row["name"] for row in message.tables[0].inserts] == ["Rec", "Rec2"]
    request_id = engine.sink.unsubscribe(query_id)
    driver.remove(query_id, ROWS)
    name, message = heard.got[-1]
    assert (name, message.request_id, message.query_id) == ("on_unsubscribe_applied", request_id, query_id)
    assert [(len(table.inserts), len(table.deletes)) for table in message.tables] == [(0, 2)]


def test_the_legacy_messages_have_their_callbacks() -> None:
    heard = Heard()
    engine, driver = opened(heard.mapping("on_initial_subscription", "on_subscribe_applied", "on_unsubscribe_applied"))
    request_id, query_id = engine.sink.subscribe_set(ALL), engine.sink.subscribe_single(ALL[0])
    driver.receive("InitialSubscription", request_id=request_id)
    driver.receive("SubscribeApplied", query_id={"id": query_id})
    engine.sink.unsubscribe(query_id)
    driver.receive("UnsubscribeApplied", query_id={"id": query_id})
    assert kinds(driver) == ["Subscribe", "SubscribeSingle", "Unsubscribe"]
    assert [name for name, _ in heard.got] == [
        "on_initial_subscription",
        "on_subscribe_applied",
        "on_unsubscribe_applied",
    ]
    initial, applied, removed = (message for _, message in heard.got)
    assert (initial.request_id, [row["name"] for row in initial.tables[0].inserts]) == (request_id, ["Rec", "Rec2"])
    assert (applied.query_id, [row["id"] for row in applied.tables[0].inserts]) == (query_id, [1])
    assert (removed.query_id, [row["id"] for row in removed.tables[0].deletes]) == (query_id, [1])


def test_a_row_that_two_queries_match_is_in_one_update_as_often_as_it_was_sent() -> None:
    heard = Heard()
    _, driver = opened(heard.mapping("on_transaction_update"))
    driver.receive("TransactionUpdate", '"num_rows":4')
    ((_, message),) = heard.got
    (table,) = message.tables
    assert ([row[2] for row in table.deletes], [row[2] for row in table.inserts]) == ([2, 2], [3, 3])


def test_a_transaction_tells_its_call_and_whose_it_was() -> None:
    heard = Heard()
    engine, driver = opened(heard.mapping("on_transaction_update"))
    call = engine.call_reducer("create_player", ["Rec"])
    driver.answer(call.id, '"Rec\\"')
    driver.receive("TransactionUpdate", '"Rec\\"', caller_connection_id={"__connection_id__": 0})
    (_, mine), (_, other) = heard.got
    assert (mine.status, mine.reducer_call.reducer_name, mine.reducer_call.args) == (
        "committed",
        "create_player",
        '["Rec"]',
    )
    assert (mine.reducer_call.request_id, other.reducer_call.request_id) == (call.id, None)
    assert (mine.caller_identity, other.caller_connection_id) == (engine.opened and engine.opened.identity, None)
    assert run(call).status == "committed"


def test_a_light_transaction_is_its_rows_alone() -> None:
    heard = Heard()
    _, driver = opened(heard.mapping("on_transaction_update"))
    driver.receive("TransactionUpdateLight", ROWS)
    ((_, message),) = heard.got
    assert (message.reducer_call, message.timestamp, message.status) == (None, None, "committed")
    assert [row[1] for row in message.tables[0].inserts] == ["Rec2"]


def test_a_failed_call_is_a_transaction_without_rows() -> None:
    heard = Heard()
    engine, driver = opened(heard.mapping("on_transaction_update"))
    failed, refused = engine.call_reducer("create_player", [""]), engine.call_reducer("nope", [])
    driver.answer(failed.id, "name must not be empty")
    driver.receive("TransactionUpdate", "no such reducer")
    (_, one), (_, two) = heard.got
    assert (one.status, one.message, one.tables) == ("failed", "name must not be empty", ())
    assert (two.status, two.message, two.tables, two.reducer_call.request_id) == (
        "failed",
        "no such reducer",
        (),
        refused.id,
    )
    for call in (failed, refused):
        with pytest.raises(ReducerError):
            run(call)


@pytest.mark.parametrize("listens", [True, False])
def test_a_failure_that_nobody_awaits_is_logged_unless_a_callback_got_it(
    listens: bool, caplog: pytest.LogCaptureFixture
) -> None:
    engine, driver = opened(Heard().mapping("on_transaction_update" if listens else "on_error"))
    call = engine.call_reducer("create_player", [""])
    driver.answer(call.id, "name must not be empty")
    del call
    driver.turn()
    assert [message.partition(":")[0] for message in caplog.messages] == (
        [] if listens else ["a request failed, and nobody awaited it"]
    )


def test_queries_are_answered_by_a_message_and_to_whoever_awaits() -> None:
    heard = Heard()
    engine, driver = opened(heard.mapping("on_one_off_query_response"))
    good, bad = engine.query(ALL[0]), engine.query("SELECT * FRM")
    driver.receive("OneOffQueryResponse", '"player"', message_id=good.id)
    driver.receive("OneOffQueryResponse", "sql parser error", message_id=bad.id)
    (_, one), (_, two) = heard.got
    assert (one.message_id, one.error, one.tables[0].table_name) == (good.id, None, "player")
    assert ([row["name"] for row in run(good)], [row["name"] for row in one.tables[0].inserts]) == (["Rec"], ["Rec"])
    assert (two.message_id, two.tables, two.error.partition(":")[0]) == (bad.id, (), "sql parser error")
    with pytest.raises(QueryError):
        run(bad)


def test_a_query_whose_rows_cannot_be_decoded_fails_alone_and_the_message_says_why() -> None:
    heard = Heard()
    engine, driver = opened(heard.mapping("on_one_off_query_response"))
    query = engine.query(ALL[0])
    driver.receive(
        "OneOffQueryResponse", '"player"', message_id=query.id, tables=[{"table_name": "player", "rows": ["[1"]}]
    )
    ((_, message),) = heard.got
    assert (message.tables, "a row is not JSON" in message.error) == ((), True)
    with pytest.raises(DecodeError, match="a row is not JSON"):
        run(query)


def test_rows_have_the_form_that_their_table_has_a_reader_for() -> None:
    heard = Heard()
    engine, driver = opened(heard.mapping("on_subscribe_applied"))
    engine.sink.readers = {"player": V1Json().row_reader(Player, "player")}
    driver.apply(engine.sink.subscribe(ALL), ROWS)
    ((_, message),) = heard.got
    assert [type(row) for row in message.tables[0].inserts] == [Player, Player]


@pytest.mark.parametrize(
    ("status", "value", "error"),
    # No recording has such a frame: these are the statuses that the protocol has for it.
    [
        ({"Returned": "5"}, 5, ""),
        ({"InternalError": "no dice"}, None, "no dice"),
        ({"OutOfEnergy": []}, None, "it ran out of energy"),
        ({"Returned": "garbage"}, None, "not JSON"),
    ],
)
def test_the_result_of_a_procedure_is_a_message(status: dict[str, object], value: object, error: str) -> None:
    heard = Heard()
    engine, driver = opened(heard.mapping("on_procedure_result"))
    call = engine.call_procedure("roll", [6], check_version=False)
    driver.end_procedure(call.id, status=status)
    ((_, message),) = heard.got
    assert (message.request_id, message.value, message.error.partition(":")[0]) == (call.id, value, error)
    assert call.done


# --- subscriptions ----------------------------------------------------------------------------------------------------


def subscribed(engine: Engine[HandlerSink]) -> tuple[int, int, int]:
    """One subscription of each kind; their query ids, of the set its request id."""
    sink = engine.sink
    return sink.subscribe(ALL), sink.subscribe_single(ALL[0]), sink.subscribe_set(ALL)


def again(engine: Engine[HandlerSink], driver: ListDriver) -> list[dict[str, Any]]:
    """Lose the connection and make it again. Returns what is sent on it."""
    engine.disconnected(LOST)
    driver.sent.clear()
    driver.connect()
    return [json.loads(frame) for frame in driver.sent]


def test_after_a_reconnection_all_are_requested_again_under_their_ids() -> None:
    heard = Heard()
    engine, driver = opened(heard.mapping("on_identity_token", "on_reconnect", "on_disconnect"))
    multi, single, request_id = subscribed(engine)
    heard.got.clear()
    frames = again(engine, driver)
    assert [next(iter(frame)) for frame in frames] == ["SubscribeMulti", "SubscribeSingle", "Subscribe"]
    assert frames[0]["SubscribeMulti"]["query_id"] == {"id": multi}
    assert frames[1]["SubscribeSingle"]["query_id"] == {"id": single}
    assert frames[2]["Subscribe"]["query_strings"] == list(ALL)
    assert frames[2]["Subscribe"]["request_id"] > request_id
    assert [name for name, *_ in heard.got] == ["on_disconnect", "on_identity_token", "on_reconnect"]
    assert heard.got[0] == ("on_disconnect", LOST)


def test_what_was_ended_or_refused_is_not_requested_again() -> None:
    heard = Heard()
    engine, driver = opened(heard.mapping("on_subscription_error"))
    multi, single, request_id = subscribed(engine)
    driver.refuse("SubscribeMulti", multi)
    engine.sink.unsubscribe(single)
    driver.receive("SubscriptionError", request_id={"some": request_id}, query_id={"none": []})
    assert [(message.query_id, message.error) for _, message in heard.got] == [(multi, NOPE), (None, NOPE)]
    assert again(engine, driver) == []


def test_only_the_last_set_is_requested_again() -> None:
    engine, driver = opened(Heard().mapping("on_error"))
    engine.sink.subscribe_set(ALL)
    engine.sink.subscribe_set(["SELECT * FROM every"])
    (frame,) = again(engine, driver)
    assert frame["Subscribe"]["query_strings"] == ["SELECT * FROM every"]


def test_nothing_is_requested_again_without_resubscribe() -> None:
    heard = Heard()
    engine, driver = handler_engine(heard.mapping("on_reconnect"), resubscribe=False)
    driver.connect()
    subscribed(engine)
    assert again(engine, driver) == []
    assert heard.got == [("on_reconnect",)]


def test_a_server_that_drops_all_subscriptions_is_left_after_the_handler_knows() -> None:
    heard = Heard()
    engine, driver = opened(heard.mapping("on_subscription_error"))
    engine.sink.subscribe(ALL)
    with pytest.raises(ProtocolError, match="dropped all subscriptions of this connection: `nope`"):
        driver.receive("SubscriptionError", request_id={"none": []}, query_id={"none": []})
    ((_, message),) = heard.got
    assert (message.request_id, message.query_id, message.error) == (None, None, NOPE)


def test_whoever_waits_for_rows_gets_nothing_from_the_engine() -> None:
    engine, _ = opened(Heard().mapping("on_error"))
    subscribed(engine)
    assert engine.unanswered() == []


# --- the end ----------------------------------------------------------------------------------------------------------


def test_attempts_that_fail_are_reported_once_in_a_row() -> None:
    heard = Heard()
    engine, driver = opened(heard.mapping("on_error"))
    for _ in range(5):
        engine.disconnected(LOST)
    ((_, error),) = heard.got
    assert (type(error), error.attempts) == (ReconnectError, 3)
    driver.connect()
    driver.seconds += 60.0
    for _ in range(3):
        engine.disconnected(LOST)
    assert len(heard.got) == 2


def test_why_an_open_client_ended_is_reported() -> None:
    heard = Heard()
    engine, _ = opened(heard.mapping("on_error", "on_disconnect"))
    refused = AuthError("another key")
    assert engine.disconnected(refused) is None
    engine.end(refused)
    assert heard.got == [("on_disconnect", refused), ("on_error", refused)]


def test_why_a_client_never_opened_is_for_whoever_connects_alone() -> None:
    heard = Heard()
    engine, _ = handler_engine(heard.mapping("on_error", "on_disconnect"))
    engine.connecting()
    engine.end(AuthError("no key"))
    assert heard.got == []


def test_closing_is_no_error_and_fails_calls_in_flight() -> None:
    heard = Heard()
    engine, _ = opened(heard.mapping("on_error", "on_disconnect"))
    call = engine.call_reducer("create_player", ["Rec"])
    engine.close()
    engine.end(None)
    assert heard.got == [("on_disconnect", None)]
    with pytest.raises(ConnectionLost, match="the client was closed"):
        run(call)


@pytest.mark.parametrize("listens", [True, False])
def test_an_error_that_a_callback_got_is_not_logged_too(listens: bool, caplog: pytest.LogCaptureFixture) -> None:
    heard = Heard()
    names = ["on_one_off_query_response", "on_procedure_result"] if listens else ["on_reconnect"]
    engine, driver = opened(heard.mapping(*names))
    query, call = engine.query("SELECT * FRM"), engine.call_procedure("roll", [6], check_version=False)
    driver.receive("OneOffQueryResponse", "sql parser error", message_id=query.id)
    driver.end_procedure(call.id, status={"InternalError": "no dice"})
    del query, call
    driver.turn()
    assert len(heard.got) == (2 if listens else 0)
    assert len(caplog.messages) == (0 if listens else 2)


def test_a_connection_without_the_rows_of_the_legacy_set_has_not_lasted() -> None:
    engine, driver = opened(Heard().mapping("on_reconnect"))
    engine.sink.subscribe_set(ALL)
    delays: list[float | None] = []
    for _ in range(3):
        driver.seconds += 10.0
        delays.append(engine.disconnected(LOST))
        driver.connect()
    assert delays == [1.0, 2.0, 4.0]
