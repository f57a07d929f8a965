"""The engine by lists: frames of a real server in, frames and turns out; no event loop, and a clock of its own."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from stdb_runtime import (
    AuthError,
    Backoff,
    ConnectionLost,
    ConnectionRejectedError,
    ConnectionState,
    EventLoopError,
    NotConnectedError,
    OutOfEnergyError,
    ProcedureError,
    ProtocolError,
    QueryError,
    Reconciled,
    ReconnectError,
    ReducerError,
    ServerUnreachableError,
)
from stdb_runtime._engine.driver import ServerVersionRequest
from stdb_runtime._engine.retry import RetryPolicy
from tests.golden.probe.client import Player, Reducers, Tables
from tests.support.engine import PROBE, ListDriver, ListFuture, run, typed_engine

if TYPE_CHECKING:
    from stdb_runtime import ReducerEvent, RowEvent
    from stdb_runtime._engine.cache_sink import TypedEngine
    from stdb_runtime._handles.reducer import BoundReducer

ALL = ("SELECT * FROM player",)
# The recorded rows of `SELECT * FROM player WHERE level >= 1`.
ROWS = "Rec2"
LOST = ConnectionLost("lost")


@pytest.fixture
def made() -> tuple[TypedEngine, ListDriver]:
    return typed_engine(Tables, Reducers, RetryPolicy(backoff=Backoff(1.0, 8.0)))


@pytest.fixture
def engine(made: tuple[TypedEngine, ListDriver]) -> TypedEngine:
    return made[0]


@pytest.fixture
def driver(made: tuple[TypedEngine, ListDriver]) -> ListDriver:
    driver = made[1]
    driver.connect()
    return driver


def reducers(engine: TypedEngine) -> Reducers:
    return Reducers(lambda: engine)


def tables(engine: TypedEngine) -> Tables:
    return Tables(lambda: engine)


def names(engine: TypedEngine) -> list[str]:
    return sorted(player.name for player in tables(engine).player)


def create(engine: TypedEngine) -> Any:
    return reducers(engine).create_player("Rec")


# --- requests ---------------------------------------------------------------------------------------------------------


def test_a_handshake_opens_it(made: tuple[TypedEngine, ListDriver]) -> None:
    engine, driver = made
    connected: list[ConnectionState] = []
    engine.sink.on_connect.add(lambda: connected.append(engine.state))
    with pytest.raises(NotConnectedError, match="not connected yet"):
        create(engine)
    assert (engine.state, engine.token, engine.was_open) == (ConnectionState.CONNECTING, None, False)
    driver.connect()
    assert connected == [ConnectionState.OPEN]
    assert (driver.tokens, engine.token) == (["TOKEN"], "TOKEN")
    assert (driver.sent, engine.stats.connections, engine.is_active) == ([], 1, True)


def test_a_call_is_one_frame_and_its_answer_comes_after_all_callbacks(engine: TypedEngine, driver: ListDriver) -> None:
    order: list[str] = []
    subscription = engine.sink.subscribe(ALL)
    driver.apply(subscription.query_id)
    tables(engine).player.on_insert(lambda event, row: order.append("row"))
    reducers(engine).on_create_player(lambda event, name: order.append(f"reducer {name} {names(engine)}"))
    call = create(engine)
    reducers(engine).on_create_player(lambda event, name: order.append(f"done {call.done}"))
    assert json.loads(driver.sent[-1])["CallReducer"]["args"] == '["Rec"]'
    driver.seconds = 0.25
    driver.answer(call.id, '"Rec\\"')
    event: ReducerEvent = run(call)
    assert order == ["row", "reducer Rec ['Rec']", "done False"]
    assert (event.status, event.arguments) == ("committed", ("Rec",))
    assert engine.stats.reducers["create_player"].median == 0.25
    assert engine.unanswered() == []


def test_a_call_that_fails(engine: TypedEngine, driver: ListDriver) -> None:
    call = create(engine)
    driver.answer(call.id, "name must not be empty")
    with pytest.raises(ReducerError, match="name must not be empty"):
        run(call)
    exhausted = create(engine)
    # No recording has such a frame: the status is the one that the protocol has for it.
    driver.answer(exhausted.id, '"Rec\\"', status={"OutOfEnergy": []})
    with pytest.raises(OutOfEnergyError):
        run(exhausted)


def test_a_failure_that_nobody_awaits_waits_for_its_turn(
    engine: TypedEngine, driver: ListDriver, caplog: pytest.LogCaptureFixture
) -> None:
    call = create(engine)
    driver.answer(call.id, "name must not be empty")
    del call
    assert caplog.messages == []
    driver.turn()
    assert caplog.messages == ["a request failed, and nobody awaited it: create_player: name must not be empty"]


def test_a_callback_takes_a_failure_at_its_turn_and_not_in_a_finalizer(
    engine: TypedEngine, driver: ListDriver, caplog: pytest.LogCaptureFixture
) -> None:
    taken: list[ReducerError] = []
    engine.sink.on_unhandled_error.add(taken.append)
    call = create(engine)
    driver.answer(call.id, "name must not be empty")
    del call
    assert taken == []
    driver.turn()
    assert [error.message for error in taken] == ["name must not be empty"]
    assert caplog.messages == []


def test_a_callback_on_the_reducer_takes_its_failure(
    engine: TypedEngine, driver: ListDriver, caplog: pytest.LogCaptureFixture
) -> None:
    statuses: list[str] = []
    reducers(engine).on_create_player(lambda event, name: statuses.append(event.status))
    call = create(engine)
    driver.answer(call.id, "name must not be empty")
    del call
    driver.turn()
    assert (statuses, caplog.messages) == (["failed"], [])


def test_in_development_mode_a_failure_names_the_line_of_the_call(
    engine: TypedEngine, driver: ListDriver, caplog: pytest.LogCaptureFixture
) -> None:
    driver.is_debugging = True
    call = create(engine)
    line = create.__code__.co_firstlineno + 1
    driver.answer(call.id, "name must not be empty")
    del call
    driver.turn()
    (message,) = caplog.messages
    assert message.endswith(f": create_player: name must not be empty (the request was made at {__file__}:{line})")


def test_calls_without_reply_are_not_waited_for(engine: TypedEngine, driver: ListDriver) -> None:
    bound: BoundReducer[[str]] = reducers(engine).create_player
    bound.fire_and_forget("Rec")
    assert json.loads(driver.sent[-1])["CallReducer"]["flags"] == 1
    assert engine.unanswered() == []


def test_a_transaction_of_another_connection_answers_nothing(engine: TypedEngine, driver: ListDriver) -> None:
    call = create(engine)
    driver.answer(call.id, '"Rec\\"', caller_connection_id={"__connection_id__": 7})
    assert engine.unanswered() == [call]


def test_queries(engine: TypedEngine, driver: ListDriver) -> None:
    good, bad, odd = engine.query("SELECT * FROM player"), engine.query("SELECT * FRM"), engine.query("SELECT 1")
    driver.receive("OneOffQueryResponse", '"player"', message_id=good.id)
    driver.receive("OneOffQueryResponse", "sql parser error", message_id=bad.id)
    table = {"table_name": "player", "rows": ["[1]"]}
    driver.receive("OneOffQueryResponse", '"player"', message_id=odd.id, tables=[table])
    assert [player.name for player in run(good)] == ["Rec"]
    with pytest.raises(QueryError, match="sql parser error"):
        run(bad)
    with pytest.raises(ProtocolError, match="player"):
        run(odd)
    with pytest.raises(ProtocolError, match="unknown message id"):
        driver.receive("OneOffQueryResponse", '"player"', message_id="99")


def test_requests_from_elsewhere_are_refused(engine: TypedEngine, driver: ListDriver) -> None:
    subscription = engine.sink.subscribe(ALL)
    driver.is_here = False
    for request in (lambda: create(engine), lambda: engine.sink.unsubscribe(subscription)):
        with pytest.raises(EventLoopError):
            request()
    driver.is_here = True
    assert subscription.state.value == "pending"


def test_a_failure_is_reported_if_whoever_awaited_it_has_given_up(
    engine: TypedEngine, driver: ListDriver, caplog: pytest.LogCaptureFixture
) -> None:
    call = create(engine)
    future: ListFuture = next(call.__await__())
    future.set_exception(driver.cancelled_error())
    driver.answer(call.id, "name must not be empty")
    del call
    driver.turn()
    assert caplog.messages == ["a request failed, and nobody awaited it: create_player: name must not be empty"]


def test_awaiting_elsewhere_raises_and_counts_for_nothing(engine: TypedEngine, driver: ListDriver) -> None:
    call = create(engine)
    driver.is_here = False
    with pytest.raises(EventLoopError):
        run(call)
    driver.is_here = True
    assert (call.is_awaited, engine.unanswered()) == (False, [call])


# --- procedures -------------------------------------------------------------------------------------------------------


def test_procedures_wait_for_the_version_which_is_asked_once(engine: TypedEngine, driver: ListDriver) -> None:
    one, two = engine.call_procedure("roll", [6]), engine.call_procedure("roll", [8])
    assert (driver.asked, driver.sent, engine.unanswered()) == ([ServerVersionRequest(0)], [], [one, two])
    engine.server_version(driver.asked[0], (2, 8, 3))
    three = engine.call_procedure("roll", [10])
    assert [json.loads(frame)["CallProcedure"]["args"] for frame in driver.sent] == ["[6]", "[8]", "[10]"]
    assert len(driver.asked) == 1
    driver.end_procedure(one.id)
    driver.end_procedure(two.id, status={"InternalError": "no dice"})
    driver.end_procedure(three.id, status={"Returned": "garbage"})
    assert run(one) == [6, 4]
    with pytest.raises(ProcedureError, match="no dice"):
        run(two)
    with pytest.raises(ProtocolError, match="not JSON"):
        run(three)
    with pytest.raises(ProtocolError, match="unknown procedure request id"):
        driver.end_procedure(99)


def test_servers_without_procedures_are_sent_none(engine: TypedEngine, driver: ListDriver) -> None:
    old, unknown = engine.call_procedure("roll", []), ServerUnreachableError("no answer")
    engine.server_version(driver.asked[0], (1, 2, 0))
    with pytest.raises(ProcedureError, match="servers of version 1.2.0 have no procedures"):
        run(old)
    again = engine.call_procedure("roll", [])
    engine.server_version(driver.asked[1], unknown)
    with pytest.raises(ServerUnreachableError):
        run(again)
    assert driver.sent == []
    engine.call_procedure("roll", [], check_version=False)
    assert len(driver.sent) == 1


def test_an_answer_about_a_connection_that_is_lost_is_ignored(engine: TypedEngine, driver: ListDriver) -> None:
    lost = engine.call_procedure("roll", [])
    engine.disconnected(LOST)
    with pytest.raises(ConnectionLost, match="the connection was lost before the call was sent"):
        run(lost)
    driver.connect()
    call = engine.call_procedure("roll", [])
    engine.server_version(driver.asked[0], (2, 8, 3))
    assert engine.unanswered() == [call]
    engine.server_version(driver.asked[1], (2, 8, 3))
    assert json.loads(driver.sent[-1])["CallProcedure"]["procedure"] == "roll"
    engine.close()
    engine.end(None)
    with pytest.raises(ConnectionLost, match="the client was closed"):
        run(call)


# --- reconnection -----------------------------------------------------------------------------------------------------


def test_a_loss_is_made_good_as_one_difference(engine: TypedEngine, driver: ListDriver) -> None:
    events: list[tuple[str, bool]] = []

    def inserted(event: RowEvent, row: Player) -> None:
        events.append((row.name, isinstance(event.cause, Reconciled)))

    subscription = engine.sink.subscribe(ALL)
    driver.apply(subscription.query_id)
    call = create(engine)
    lost: list[object] = []
    engine.sink.on_disconnect.add(lost.append)
    tables(engine).player.on_insert(inserted)
    assert engine.disconnected(LOST) == 1.0
    assert (engine.state, lost) == (ConnectionState.RECONNECTING, [LOST])
    with pytest.raises(ConnectionLost):
        run(call)
    with pytest.raises(NotConnectedError, match="the client is reconnecting"):
        create(engine)
    driver.connect()
    with pytest.raises(NotConnectedError, match="rows have not all arrived"):
        create(engine)
    assert len(driver.requests("SubscribeMulti", subscription.query_id)) == 2
    driver.apply(subscription.query_id, ROWS)
    assert events == [("Rec", True), ("Rec2", True)]
    assert engine.is_active


def test_without_subscriptions_nothing_is_waited_for(engine: TypedEngine, driver: ListDriver) -> None:
    engine.disconnected(LOST)
    connected: list[int] = []
    engine.sink.on_connect.add(lambda: connected.append(1))
    driver.connect()
    assert (connected, engine.is_active) == ([1], True)


def test_delays_grow_until_a_connection_has_lasted(engine: TypedEngine, driver: ListDriver) -> None:
    subscription = engine.sink.subscribe(ALL)
    assert engine.disconnected(LOST) == 1.0
    assert engine.disconnected(LOST) == 2.0
    driver.connect()
    assert engine.disconnected(LOST) == 4.0  # before its rows were there
    driver.connect()
    driver.apply(subscription.query_id)
    driver.seconds += 3.0
    assert engine.disconnected(LOST) == 8.0  # it has not lasted as long as the delay before it
    driver.connect()
    driver.apply(subscription.query_id)
    driver.seconds += 8.0
    assert engine.disconnected(LOST) == 1.0


def test_a_connection_does_not_last_while_it_is_being_closed_for_an_error(
    engine: TypedEngine, driver: ListDriver
) -> None:
    assert engine.disconnected(LOST) == 1.0
    driver.connect()
    with pytest.raises(ProtocolError) as caught:
        driver.receive("IdentityToken")
    driver.seconds += 5.0  # the socket takes its time to close
    assert engine.disconnected(caught.value) == 2.0


def test_a_connection_whose_subscriptions_are_dropped_has_not_lasted(engine: TypedEngine, driver: ListDriver) -> None:
    engine.sink.subscribe(ALL)
    delays: list[float | None] = []
    for _ in range(3):
        with pytest.raises(ProtocolError, match="dropped all subscriptions") as caught:
            driver.receive("SubscriptionError", request_id={"none": []}, query_id={"none": []})
        assert not engine.is_active
        driver.seconds += 10.0
        delays.append(engine.disconnected(caught.value))
        driver.connect()
    assert delays == [1.0, 2.0, 4.0]


def test_whoever_waits_for_rows_is_told_after_some_attempts(driver: ListDriver, engine: TypedEngine) -> None:
    record = engine.sink.subscribe(ALL)
    steps = record.applied.__await__()
    next(steps)
    for _ in range(4):
        engine.disconnected(LOST)
    assert not record.applied.done
    engine.disconnected(LOST)
    with pytest.raises(ReconnectError, match="5 attempts in a row"):
        next(steps)
    driver.connect()
    driver.apply(record.query_id, ROWS)
    assert run(record.applied) is None
    assert names(engine) == ["Rec", "Rec2"]


@pytest.mark.parametrize("is_open", [True, False])
def test_a_loss_is_a_warning_and_a_failed_attempt_is_not(
    engine: TypedEngine, driver: ListDriver, is_open: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    if not is_open:
        engine.disconnected(LOST)
        caplog.clear()
    engine.disconnected(LOST)
    (record,) = caplog.records
    assert record.levelno == (logging.WARNING if is_open else logging.INFO)
    delay = 1.0 if is_open else 2.0
    assert record.getMessage() == f"game on ws://here: lost; reconnecting in {delay} s"


def test_before_the_handshake_a_loss_is_a_refusal(made: tuple[TypedEngine, ListDriver]) -> None:
    engine, driver = made
    engine.connecting()
    refusal = engine.loss(LOST)
    assert isinstance(refusal, ConnectionRejectedError)
    assert engine.disconnected(refusal) is None  # nor is a first attempt repeated
    driver.connect()
    assert engine.loss(LOST) is LOST


def test_what_no_attempt_can_mend_ends_it(engine: TypedEngine, driver: ListDriver) -> None:
    refused = AuthError("another key")
    assert engine.disconnected(refused) is None
    ended: list[object] = []
    engine.sink.on_disconnect.add(ended.append)
    engine.sink.on_close.add(ended.append)
    assert engine.end(refused) is refused
    assert ended == [refused, refused]
    assert engine.is_closed


def test_without_reconnection_a_loss_ends_it() -> None:
    engine, driver = typed_engine(Tables, Reducers, RetryPolicy(reconnect=False))
    driver.connect()
    assert engine.disconnected(LOST) is None


# --- the end ----------------------------------------------------------------------------------------------------------


def test_closing_fails_what_waits_and_keeps_the_rows(
    engine: TypedEngine, driver: ListDriver, caplog: pytest.LogCaptureFixture
) -> None:
    subscription, pending = engine.sink.subscribe(ALL), engine.sink.subscribe(ALL)
    driver.apply(subscription.query_id, ROWS)
    query, stream = engine.query("SELECT * FROM player"), tables(engine).player.changes()
    engine.close()
    with pytest.raises(NotConnectedError, match="closed"):
        create(engine)
    assert engine.disconnected(LOST) is None
    assert engine.end(None) is None
    for result in (query, pending.applied):
        assert result.done
        with pytest.raises(ConnectionLost, match="the client was closed"):
            run(result)
    with pytest.raises(StopAsyncIteration):
        run(stream.__anext__())
    with pytest.raises(StopAsyncIteration):
        run(tables(engine).player.changes().__anext__())
    assert names(engine) == ["Rec", "Rec2"]
    (message,) = caplog.messages
    assert message.startswith("2 requests failed, and nobody awaited them: a ")
    assert "a query (1)" in message
    assert "a subscription (1)" in message


def test_a_handshake_that_comes_after_the_end_changes_nothing(made: tuple[TypedEngine, ListDriver]) -> None:
    engine, driver = made
    engine.connecting()
    engine.close()
    driver.receive("IdentityToken")
    assert (engine.state, driver.tokens) == (ConnectionState.CLOSED, [])


class Fatal(BaseException):
    """What is none of the engine's business."""


def test_what_a_callback_raises_that_is_no_exception_ends_it_and_fails_the_call_it_came_with(
    engine: TypedEngine, driver: ListDriver
) -> None:
    def fail(event: ReducerEvent, name: str) -> None:
        raise Fatal("from a callback")

    reducers(engine).on_create_player(fail)
    call = create(engine)
    with pytest.raises(Fatal):
        driver.answer(call.id, '"Rec\\"')
    error = engine.end(Fatal("from a callback"))
    assert str(error) == "the client ended unexpectedly: Fatal: from a callback"
    with pytest.raises(ConnectionLost, match="Fatal"):
        run(call)


def test_a_cancelled_driver_ends_it(engine: TypedEngine, driver: ListDriver) -> None:
    error = engine.end(driver.cancelled_error())
    assert str(error) == "the client ended unexpectedly: its task was cancelled"


def test_frames_are_logged_but_not_the_one_with_the_token(
    made: tuple[TypedEngine, ListDriver], caplog: pytest.LogCaptureFixture
) -> None:
    engine, driver = made
    caplog.set_level(logging.DEBUG)
    driver.connect()
    call = create(engine)
    driver.answer(call.id, '"Rec\\"')
    assert [message.partition(":")[0] for message in caplog.messages] == [
        "< (the identity token)",
        '> b\'{"CallReducer"',
        '< b\'{"TransactionUpdate"',
    ]
    assert "TOKEN" not in caplog.text
    assert (engine.stats.messages_sent, engine.stats.messages_received) == (1, 2)
    assert PROBE.payload("IdentityToken")["token"] == "TOKEN"


def test_the_end_is_passed_on_though_a_callback_on_a_failure_raises(engine: TypedEngine, driver: ListDriver) -> None:
    def fail(error: ReducerError) -> None:
        raise Fatal("from a callback")

    ended: list[object] = []
    engine.sink.on_unhandled_error.add(fail)
    engine.sink.on_close.add(ended.append)
    call = create(engine)
    driver.answer(call.id, "name must not be empty")
    with pytest.raises(Fatal):
        engine.end(None)
    assert ended == [None]
