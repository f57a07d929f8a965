"""Subscriptions of a typed client, over their whole life: what is sent, who is told, and which rows are there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from stdb_runtime import (
    ConnectionLost,
    DecodeError,
    EventLoopError,
    ProtocolError,
    Reconciled,
    SubscriptionApplied,
    SubscriptionEnded,
    SubscriptionError,
)
from stdb_runtime._engine.subscription import SubscriptionState
from stdb_runtime.events import UnknownTransaction
from tests.golden.probe.client import Player, Reducers, Tables
from tests.support.engine import PROBE, ListDriver, run

if TYPE_CHECKING:
    from stdb_runtime import RowEvent
    from stdb_runtime._engine.cache_sink import TypedEngine
    from stdb_runtime._engine.delta import Delta
    from stdb_runtime._engine.stream import Stream
    from stdb_runtime._engine.subscription import SubscriptionRecord

ALL = ("SELECT * FROM player",)
# The recorded rows of `SELECT * FROM player WHERE level >= 1`: Rec of level 2 and Rec2 of level 1.
ROWS = "Rec2"
# The recorded transaction that replaces Rec of level 2 by one of level 3.
LEVEL_UP = '"deletes":["[1,\\"Rec\\",2'
LOST = ConnectionLost("lost")
PENDING, ACTIVE, ENDING = SubscriptionState.PENDING, SubscriptionState.ACTIVE, SubscriptionState.ENDING
ENDED, FAILED = SubscriptionState.ENDED, SubscriptionState.FAILED


def names(tables: Tables) -> list[str]:
    return sorted(player.name for player in tables.player)


def active(engine: TypedEngine, driver: ListDriver, rows: str = ROWS) -> SubscriptionRecord:
    """A subscription whose rows are here."""
    record = engine.sink.subscribe(ALL)
    driver.apply(record.query_id, rows)
    return record


def reconnect(engine: TypedEngine, driver: ListDriver) -> None:
    """Lose the connection and make it again, up to the handshake."""
    engine.disconnected(LOST)
    driver.connect()


def unsubscribed(driver: ListDriver, record: SubscriptionRecord) -> int:
    """How often the end of a subscription was requested."""
    return len(driver.requests("UnsubscribeMulti", record.query_id))


def causes(tables: Tables) -> list[object]:
    """The causes of the rows that come and go, from now on."""
    found: list[object] = []
    tables.player.on_insert(lambda event, row: found.append(event.cause))
    tables.player.on_delete(lambda event, row: found.append(event.cause))
    return found


# --- the beginning ----------------------------------------------------------------------------------------------------


def test_a_subscription_is_one_frame_and_becomes_active_with_its_rows(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    order: list[object] = []
    record = engine.sink.subscribe(ALL)
    record.handle = "the handle"

    @record.on_applied.add
    def applied(handle: object) -> None:
        order.append((handle, record.state, record.applied.done))

    tables.player.on_insert(lambda event, row: order.append((row.name, event.cause, record.state)))
    assert json.loads(driver.sent[-1])["SubscribeMulti"]["query_strings"] == list(ALL)
    assert (record.state, engine.unanswered()) == (PENDING, [record.applied])
    driver.apply(record.query_id, ROWS)
    cause = SubscriptionApplied(ALL)
    assert order == [("Rec", cause, PENDING), ("Rec2", cause, PENDING), ("the handle", ACTIVE, True)]
    assert run(record.applied) is None
    assert (names(tables), engine.unanswered()) == (["Rec", "Rec2"], [])


def test_a_refused_subscription_tells_its_callbacks_and_whoever_awaits_it(
    engine: TypedEngine, driver: ListDriver, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[SubscriptionError] = []
    record = engine.sink.subscribe(("SELECT * FROM nope",))
    record.on_error.add(told.append)
    driver.refuse("SubscribeMulti", record.query_id)
    assert record.state is FAILED
    with pytest.raises(SubscriptionError, match="`nope` is not a valid table"):
        run(record.applied)
    assert [error.queries for error in told] == [("SELECT * FROM nope",)]
    assert run(record.ended) is None
    assert (engine.unanswered(), caplog.messages) == ([], [])


@pytest.mark.parametrize("listens", [True, False])
def test_a_refusal_that_nobody_awaits_is_logged_unless_a_callback_got_it(
    listens: bool, engine: TypedEngine, driver: ListDriver, caplog: pytest.LogCaptureFixture
) -> None:
    record = engine.sink.subscribe(ALL)
    if listens:
        record.on_error.add(lambda error: None)
    driver.refuse("SubscribeMulti", record.query_id)
    del record
    driver.turn()
    assert [message.partition(":")[0] for message in caplog.messages] == (
        [] if listens else ["a request failed, and nobody awaited it"]
    )


def test_who_listens_after_the_rows_came_is_told_at_once(
    engine: TypedEngine, driver: ListDriver, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[object] = []
    record = active(engine, driver)
    record.handle = "the handle"
    engine.sink.on_applied(record, told.append)
    assert told == ["the handle"]

    async def later(handle: object) -> None:
        told.append(handle)

    engine.sink.on_applied(record, later)
    ((coroutine, culprit),) = driver.spawned
    assert culprit is later
    coroutine.close()

    def fail(handle: object) -> None:
        raise ZeroDivisionError

    engine.sink.on_applied(record, fail)
    assert (len(caplog.messages), "raised" in caplog.text) == (1, True)
    reconnect(engine, driver)
    engine.sink.on_applied(record, told.append)  # the rows are those of the lost connection
    driver.apply(record.query_id, ROWS)
    assert told == ["the handle"] * 2, "once for each registration, whatever is lost meanwhile"


def test_who_listens_before_the_rows_or_after_the_end_is_not_told_at_once(
    engine: TypedEngine, driver: ListDriver
) -> None:
    told: list[object] = []
    record = engine.sink.subscribe(ALL)
    engine.sink.on_applied(record, told.append)
    assert told == []
    driver.apply(record.query_id, ROWS)
    assert len(told) == 1
    engine.sink.unsubscribe(record)
    engine.sink.on_applied(record, told.append)
    driver.remove(record.query_id, ROWS)
    engine.sink.on_applied(record, told.append)
    assert len(told) == 1


def test_who_listens_after_a_refusal_is_told_at_once_and_it_is_not_logged(
    engine: TypedEngine, driver: ListDriver, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[SubscriptionError] = []
    record = engine.sink.subscribe(("SELECT * FROM nope",))
    driver.refuse("SubscribeMulti", record.query_id)
    engine.sink.on_refused(record, told.append)
    assert [error.queries for error in told] == [("SELECT * FROM nope",)]
    engine.end(None)
    del record
    driver.turn()
    assert caplog.messages == []


def test_a_refusal_after_a_reconnection_is_told_late_too(
    engine: TypedEngine, driver: ListDriver, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[SubscriptionError] = []
    record = active(engine, driver)
    reconnect(engine, driver)
    driver.refuse("SubscribeMulti", record.query_id)
    assert "refused after a reconnection" in caplog.text
    engine.sink.on_refused(record, told.append)
    assert [error.queries for error in told] == [ALL]


def test_listening_late_from_elsewhere_is_refused(engine: TypedEngine, driver: ListDriver) -> None:
    good, bad = active(engine, driver), engine.sink.subscribe(ALL)
    driver.refuse("SubscribeMulti", bad.query_id)
    driver.is_here = False
    with pytest.raises(EventLoopError):
        engine.sink.on_applied(good, print)
    with pytest.raises(EventLoopError):
        engine.sink.on_refused(bad, lambda error: None)


def test_rows_that_cannot_be_decoded_change_nothing_and_leave_it_pending(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    record = engine.sink.subscribe(ALL)
    update = {"tables": [{"table_name": "player", "updates": [{"deletes": [], "inserts": ["[1]"]}]}]}
    (request_id,) = driver.requests("SubscribeMulti", record.query_id)
    with pytest.raises(DecodeError, match="player"):
        driver.receive("SubscribeMultiApplied", request_id=request_id, query_id={"id": record.query_id}, update=update)
    assert (record.state, names(tables)) == (PENDING, [])


def test_rows_that_come_twice_contradict_what_came_before(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    applied: list[object] = []
    record = engine.sink.subscribe(ALL)
    record.on_applied.add(applied.append)
    driver.apply(record.query_id, ROWS)
    with pytest.raises(ProtocolError, match="is active and must not be applied"):
        driver.apply(record.query_id, ROWS)
    assert len(applied) == 1


def test_rows_that_come_twice_on_a_new_connection_contradict_what_came_before(
    engine: TypedEngine, driver: ListDriver
) -> None:
    record, other = active(engine, driver), active(engine, driver, '"tables":[]')
    reconnect(engine, driver)
    driver.apply(record.query_id, ROWS)
    with pytest.raises(ProtocolError, match="the rows of subscription 1 twice"):
        driver.apply(record.query_id, ROWS)
    assert (other.state, engine.is_active) == (ACTIVE, False)


# --- what the server must not do --------------------------------------------------------------------------------------


def test_rows_of_a_subscription_that_is_not_known_are_refused(engine: TypedEngine, driver: ListDriver) -> None:
    with pytest.raises(ProtocolError, match="unknown subscription id 1"):
        driver.receive("SubscribeMultiApplied")
    with pytest.raises(ProtocolError, match="unknown subscription id 2"):
        driver.receive("UnsubscribeMultiApplied")


@pytest.mark.parametrize("is_active", [True, False])
def test_a_subscription_that_was_not_to_end_keeps_its_rows(
    is_active: bool, engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    record = active(engine, driver) if is_active else engine.sink.subscribe(ALL)
    told = causes(tables)
    before = names(tables)
    update = PROBE.payload("SubscribeMultiApplied", ROWS)["update"]
    with pytest.raises(ProtocolError, match=f"is {record.state.value} and must not be ended by the server"):
        driver.receive("UnsubscribeMultiApplied", query_id={"id": record.query_id}, update=update)
    assert (names(tables), told) == (before, [])


def test_a_refusal_of_what_was_not_requested_is_refused(engine: TypedEngine, driver: ListDriver) -> None:
    with pytest.raises(ProtocolError, match="that was not requested: `nope` is not a valid table"):
        driver.receive("SubscriptionError", request_id={"some": 99}, query_id={"none": []})


def test_a_refusal_that_names_an_active_subscription_besides_an_unknown_request_changes_nothing(
    engine: TypedEngine, driver: ListDriver
) -> None:
    record = active(engine, driver)
    driver.receive("SubscriptionError", request_id={"some": 99}, query_id={"some": record.query_id})
    assert record.state is ACTIVE


def test_the_rows_of_the_legacy_set_are_refused(engine: TypedEngine, driver: ListDriver, tables: Tables) -> None:
    with pytest.raises(ProtocolError, match="legacy Subscribe, which was not requested"):
        driver.receive("InitialSubscription")
    assert names(tables) == []


def test_a_server_that_drops_all_subscriptions_is_left(engine: TypedEngine, driver: ListDriver) -> None:
    record = active(engine, driver)
    with pytest.raises(ProtocolError, match="dropped all subscriptions of this connection: `nope`"):
        driver.receive("SubscriptionError", request_id={"none": []}, query_id={"none": []})
    reconnect(engine, driver)
    driver.apply(record.query_id, ROWS)
    assert (record.state, engine.is_active) == (ACTIVE, True)


# --- the end ----------------------------------------------------------------------------------------------------------


def test_an_active_subscription_is_ended_by_one_request_and_its_rows_go(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    record = active(engine, driver)
    told = causes(tables)
    for _ in range(2):
        engine.sink.unsubscribe(record)
        assert (record.state, unsubscribed(driver, record)) == (ENDING, 1)
    assert (names(tables), engine.unanswered()) == (["Rec", "Rec2"], [record.ended])
    driver.remove(record.query_id, ROWS)
    assert (record.state, names(tables), told) == (ENDED, [], [SubscriptionEnded(ALL)] * 2)
    assert run(record.ended) is None
    engine.sink.unsubscribe(record)
    assert (record.state, unsubscribed(driver, record), engine.unanswered()) == (ENDED, 1, [])


def test_rows_that_another_subscription_brought_too_stay(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    record, _ = active(engine, driver), active(engine, driver)
    told = causes(tables)
    engine.sink.unsubscribe(record)
    driver.remove(record.query_id, ROWS)
    assert (names(tables), told) == (["Rec", "Rec2"], [])


def test_one_that_is_ended_before_its_rows_came_is_unsubscribed_once_they_are_here(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    applied: list[object] = []
    record = engine.sink.subscribe(ALL)
    record.on_applied.add(applied.append)
    engine.sink.unsubscribe(record)
    assert (record.state, unsubscribed(driver, record)) == (ENDING, 0)
    with pytest.raises(SubscriptionError, match="it was unsubscribed before its rows arrived"):
        run(record.applied)
    driver.apply(record.query_id, ROWS)
    assert (record.state, unsubscribed(driver, record), applied) == (ENDING, 1, [])
    driver.remove(record.query_id, ROWS)
    assert (record.state, names(tables)) == (ENDED, [])
    assert run(record.ended) is None


def test_ending_one_before_its_rows_came_is_no_failure_to_be_logged(
    engine: TypedEngine, driver: ListDriver, caplog: pytest.LogCaptureFixture
) -> None:
    engine.sink.unsubscribe(engine.sink.subscribe(ALL))
    engine.close()
    engine.end(None)
    assert caplog.messages == []


@pytest.mark.parametrize("had_rows", [True, False])
def test_a_refusal_while_it_is_ending_is_told_to_whoever_awaits_the_end(
    had_rows: bool, engine: TypedEngine, driver: ListDriver
) -> None:
    record = engine.sink.subscribe(ALL)
    if had_rows:
        driver.apply(record.query_id)
    engine.sink.unsubscribe(record)
    kind = "UnsubscribeMulti" if had_rows else "SubscribeMulti"
    driver.refuse(kind, record.query_id)
    assert record.state is FAILED
    with pytest.raises(SubscriptionError, match="`nope`"):
        run(record.ended)
    engine.sink.unsubscribe(record)
    assert (record.state, engine.unanswered()) == (FAILED, [])


def test_a_callback_on_its_own_rows_may_end_it(engine: TypedEngine, driver: ListDriver, tables: Tables) -> None:
    record = engine.sink.subscribe(ALL)
    tables.player.on_insert(lambda event, row: engine.sink.unsubscribe(record))
    driver.apply(record.query_id, ROWS)
    assert (record.state, unsubscribed(driver, record)) == (ENDING, 1)


def test_a_callback_on_the_rows_being_here_may_end_it(engine: TypedEngine, driver: ListDriver) -> None:
    record = engine.sink.subscribe(ALL)
    record.on_applied.add(lambda *_: engine.sink.unsubscribe(record))
    driver.apply(record.query_id, ROWS)
    assert (record.state, unsubscribed(driver, record)) == (ENDING, 1)


def test_rows_that_come_while_the_client_is_closing_are_no_error(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    record = engine.sink.subscribe(ALL)
    engine.sink.unsubscribe(record)
    engine.close()
    driver.apply(record.query_id, ROWS)
    assert (names(tables), unsubscribed(driver, record)) == (["Rec", "Rec2"], 0)
    assert engine.end(None) is None
    assert record.state is ENDED
    assert run(record.ended) is None


@pytest.mark.parametrize("had_rows", [True, False])
def test_one_that_is_ended_while_the_client_is_closing_is_over_at_once(
    had_rows: bool, engine: TypedEngine, driver: ListDriver
) -> None:
    record = active(engine, driver) if had_rows else engine.sink.subscribe(ALL)
    engine.close()
    engine.sink.unsubscribe(record)
    assert (record.state, unsubscribed(driver, record)) == (ENDED, 0)
    assert run(record.ended) is None


def test_the_end_of_the_client_ends_each_subscription(engine: TypedEngine, driver: ListDriver) -> None:
    pending, here, ending = engine.sink.subscribe(ALL), active(engine, driver), active(engine, driver)
    engine.sink.unsubscribe(ending)
    engine.close()
    engine.end(None)
    with pytest.raises(ConnectionLost, match="the client was closed"):
        run(pending.applied)
    for record in (pending, here, ending):
        assert record.state is ENDED
        assert run(record.ended) is None
        engine.sink.unsubscribe(record)
    assert run(here.applied) is None
    assert engine.unanswered() == []


# --- a lost connection, and the rows of the next ----------------------------------------------------------------------


def test_all_that_are_wanted_are_requested_again_under_their_ids_and_their_rows_become_one_difference(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    order: list[object] = []
    here, pending = active(engine, driver), engine.sink.subscribe(ALL)
    here.on_applied.add(lambda *_: order.append("again"))
    pending.on_applied.add(lambda *_: order.append("applied"))
    engine.sink.on_reconnect.add(lambda: order.append(("reconnected", engine.is_active)))
    engine.sink.on_connect.add(lambda: order.append("connected"))
    tables.player.on_update(lambda event, old, new: order.append((event.cause, old.level, new.level)))
    driver.receive("TransactionUpdateLight", LEVEL_UP)
    order.clear()
    reconnect(engine, driver)
    assert (here.state, pending.state, engine.is_active) == (ACTIVE, PENDING, False)
    for record in (here, pending):
        assert len(driver.requests("SubscribeMulti", record.query_id)) == 2
    driver.apply(pending.query_id, ROWS)
    assert (order, pending.state, pending.applied.done) == ([], PENDING, False)
    driver.apply(here.query_id, ROWS)
    assert order == [(Reconciled(), 3, 2), "applied", "connected", ("reconnected", True)]
    assert (here.state, pending.state, engine.is_active) == (ACTIVE, ACTIVE, True)
    assert run(pending.applied) is None


def test_transactions_between_the_rows_of_a_new_connection_are_part_of_the_difference(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    here, other = active(engine, driver), active(engine, driver, '"tables":[]')
    told: list[tuple[int, int]] = []
    tables.player.on_update(lambda event, old, new: told.append((old.level, new.level)))
    reconnect(engine, driver)
    driver.apply(here.query_id, ROWS)
    driver.receive("TransactionUpdateLight", LEVEL_UP)
    assert (told, [player.level for player in tables.player]) == ([], [2, 1])
    driver.apply(other.query_id)
    assert told == [(2, 3)]


def test_what_ended_without_a_connection_is_not_requested_again_and_its_rows_go_with_the_next(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    here, pending = active(engine, driver), engine.sink.subscribe(ALL)
    ending = active(engine, driver, '"tables":[]')
    engine.sink.unsubscribe(ending)
    engine.disconnected(LOST)
    assert (ending.state, run(ending.ended)) == (ENDED, None)
    for record in (here, pending):
        engine.sink.unsubscribe(record)
        assert (record.state, run(record.ended)) == (ENDED, None)
    with pytest.raises(SubscriptionError, match="unsubscribed before its rows arrived"):
        run(pending.applied)
    told = causes(tables)
    assert names(tables) == ["Rec", "Rec2"]
    sent = len(driver.sent)
    driver.connect()
    assert (len(driver.sent), names(tables), told) == (sent, [], [Reconciled()] * 2)
    assert engine.is_active


@pytest.mark.parametrize("was_active", [True, False])
def test_what_is_ended_while_rows_are_gathered_is_unsubscribed_once_when_all_are_here(
    was_active: bool, engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    record = active(engine, driver) if was_active else engine.sink.subscribe(ALL)
    other = active(engine, driver, '"tables":[]')
    reconnect(engine, driver)
    engine.sink.unsubscribe(record)
    driver.apply(record.query_id, ROWS)
    assert (record.state, unsubscribed(driver, record)) == (ENDING, 0)
    driver.apply(other.query_id)
    assert (record.state, unsubscribed(driver, record), names(tables)) == (ENDING, 1, ["Rec", "Rec2"])
    driver.remove(record.query_id, ROWS)
    assert (record.state, names(tables)) == (ENDED, [])


@pytest.mark.parametrize("listens", [True, False])
def test_an_active_one_that_the_next_connection_refuses_loses_its_rows_and_its_callbacks_know(
    listens: bool, engine: TypedEngine, driver: ListDriver, tables: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[SubscriptionError] = []
    record = active(engine, driver)
    if listens:
        record.on_error.add(told.append)
    reconnect(engine, driver)
    caplog.clear()
    driver.refuse("SubscribeMulti", record.query_id)
    assert (record.state, names(tables), engine.is_active) == (FAILED, [], True)
    assert run(record.ended) is None
    assert [error.queries for error in told] == ([ALL] if listens else [])
    assert [message.partition(":")[0] for message in caplog.messages] == (
        [] if listens else ["a subscription was refused after a reconnection"]
    )


def test_rows_that_are_still_to_come_are_waited_for_after_a_refusal(engine: TypedEngine, driver: ListDriver) -> None:
    refused, here = active(engine, driver), active(engine, driver)
    reconnect(engine, driver)
    driver.refuse("SubscribeMulti", refused.query_id)
    assert (refused.state, engine.is_active) == (FAILED, False)
    driver.apply(here.query_id, ROWS)
    assert engine.is_active


def test_a_connection_that_is_lost_while_rows_are_gathered_is_as_if_it_had_not_been(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    record, other = active(engine, driver), active(engine, driver, '"tables":[]')
    told = causes(tables)
    reconnect(engine, driver)
    driver.apply(record.query_id)
    reconnect(engine, driver)
    driver.apply(record.query_id, ROWS)
    driver.apply(other.query_id)
    assert (names(tables), told, engine.is_active) == (["Rec", "Rec2"], [], True)


def test_a_callback_on_a_refusal_runs_once_all_rows_are_here_and_may_subscribe(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    found: list[int] = []
    made: list[SubscriptionRecord] = []
    record, other = active(engine, driver), active(engine, driver)

    def refused(error: SubscriptionError) -> None:
        found.append(len(tables.player))
        made.append(engine.sink.subscribe(ALL))

    record.on_error.add(refused)
    reconnect(engine, driver)
    driver.refuse("SubscribeMulti", record.query_id)
    assert found == []
    driver.apply(other.query_id, ROWS)
    assert (found, made[0].state) == ([2], PENDING)


@pytest.mark.parametrize("is_lost", [True, False])
def test_a_callback_on_a_reducer_finds_the_rows_that_the_reducer_changed_also_after_a_reconnection(
    engine: TypedEngine, driver: ListDriver, tables: Tables, is_lost: bool
) -> None:
    found: list[int] = []

    def called(*_: object) -> None:
        found.append(len(tables.player))

    engine.sink.reducer_callbacks("create_player").add(called)
    record = active(engine, driver, '"tables":[]')
    reconnect(engine, driver)
    driver.answer(0, '"Rec\\"', caller_connection_id={"__connection_id__": 7}, status={"Committed": {"tables": []}})
    assert found == []
    if is_lost:
        engine.disconnected(LOST)
        assert found == [0]  # nothing is lost with the connection
    else:
        driver.apply(record.query_id, ROWS)
        assert found == [2]


def test_awaiting_one_that_the_next_connection_refused_raises(engine: TypedEngine, driver: ListDriver) -> None:
    record = active(engine, driver)
    assert run(record.applied) is None
    reconnect(engine, driver)
    driver.refuse("SubscribeMulti", record.query_id)
    with pytest.raises(SubscriptionError, match="`nope`"):
        run(record.applied)


def test_a_subscription_made_by_a_callback_on_the_difference_is_pending_until_its_own_rows_come(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    made: list[SubscriptionRecord] = []
    applied: list[object] = []

    def subscribe(event: RowEvent, row: Player) -> None:
        if not made:
            made.append(engine.sink.subscribe(ALL))
            made[0].on_applied.add(applied.append)

    record = active(engine, driver)
    tables.player.on_delete(subscribe)
    reconnect(engine, driver)
    driver.apply(record.query_id)
    (new,) = made
    assert (new.state, new.applied.done, applied) == (PENDING, False, [])
    assert len(driver.requests("SubscribeMulti", new.query_id)) == 1
    driver.apply(new.query_id, ROWS)
    assert (new.state, len(applied), names(tables)) == (ACTIVE, 1, ["Rec", "Rec2"])


@pytest.mark.parametrize("state", [ACTIVE, PENDING])
def test_a_subscription_ended_by_a_callback_on_the_difference_is_unsubscribed_once(
    state: SubscriptionState, engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    trigger = active(engine, driver)
    record = active(engine, driver) if state is ACTIVE else engine.sink.subscribe(ALL)
    tables.player.on_delete(lambda event, row: engine.sink.unsubscribe(record))
    reconnect(engine, driver)
    driver.apply(trigger.query_id)
    assert unsubscribed(driver, record) == 0
    driver.apply(record.query_id)
    assert (record.state, unsubscribed(driver, record)) == (ENDING, 1)
    driver.remove(record.query_id)
    assert (record.state, engine.is_active) == (ENDED, True)


def test_whoever_awaits_rows_is_told_of_attempts_that_fail_and_nobody_else(
    engine: TypedEngine, driver: ListDriver
) -> None:
    here, pending = active(engine, driver), engine.sink.subscribe(ALL)
    engine.sink.retries_failing(LOST, 5)
    assert (here.applied.done, pending.applied.done) == (True, False)
    waiting = pending.applied
    next(waiting.__await__())
    engine.sink.retries_failing(LOST, 5)
    with pytest.raises(ConnectionLost, match="lost"):
        run(waiting)
    assert (pending.state, pending.applied.done) == (PENDING, False)


# --- transactions -----------------------------------------------------------------------------------------------------


def test_a_change_without_its_call_has_an_unknown_cause(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    active(engine, driver)
    told: list[object] = []
    tables.player.on_update(lambda event, old, new: told.append(event.cause))
    driver.receive("TransactionUpdateLight", LEVEL_UP)
    assert told == [UnknownTransaction()]


def test_one_message_is_one_delta_and_one_that_changes_nothing_is_none(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    deltas: list[Delta] = []
    engine.sink.on_transaction.add(deltas.append)
    active(engine, driver)
    active(engine, driver)
    (delta,) = deltas
    assert [row.name for row in delta.of(tables.player).inserted] == ["Rec", "Rec2"]
    assert delta.cause == SubscriptionApplied(ALL)


def test_streams_of_changes_and_of_deltas_get_what_callbacks_get(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    deltas: Stream[Delta] = engine.sink.stream(10, "raise")
    engine.sink.deltas.add(deltas)
    changes = tables.player.changes()
    record = active(engine, driver)
    driver.receive("TransactionUpdateLight", LEVEL_UP)
    driver.receive("TransactionUpdateLight", LEVEL_UP.replace("2", "3"))
    engine.close()
    engine.end(None)
    kinds = [(type(change).__name__, change.row.level) for change in taken(changes)]
    assert kinds == [("Inserted", 2), ("Inserted", 1), ("Updated", 3), ("Updated", 4)]
    assert [type(delta.cause).__name__ for delta in taken(deltas)] == ["SubscriptionApplied"] + [
        "UnknownTransaction"
    ] * 2
    assert record.state is ENDED


def taken(stream: Any) -> list[Any]:
    """All that waits in a stream that has ended."""
    items: list[Any] = []
    while True:
        try:
            items.append(run(stream.__anext__()))
        except StopAsyncIteration:
            return items


def test_a_failed_call_changes_no_rows_and_runs_its_callbacks(engine: TypedEngine, driver: ListDriver) -> None:
    told: list[object] = []
    active(engine, driver)
    engine.sink.on_transaction.add(told.append)
    Reducers(lambda: engine).on_create_player(lambda event, name: told.append((event.status, name)))
    driver.receive("TransactionUpdate", "name must not be empty")
    assert told == [("failed", "")]


def test_a_call_whose_arguments_cannot_be_read_is_logged_and_its_rows_are_there(
    engine: TypedEngine, driver: ListDriver, tables: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[object] = []
    engine.sink.reducer_callbacks("create_player").add(lambda *_: told.append("called"))
    call = PROBE.payload("TransactionUpdate", '"Rec\\"')["reducer_call"]
    driver.receive("TransactionUpdate", '"Rec\\"', reducer_call=call | {"args": "[1]"})
    assert (names(tables), told) == (["Rec"], [])
    assert caplog.messages == ["a call of reducer create_player cannot be passed to its callbacks"]


def test_a_reducer_whose_callbacks_were_all_removed_is_as_if_there_had_been_none(
    engine: TypedEngine, driver: ListDriver, caplog: pytest.LogCaptureFixture
) -> None:
    callbacks = engine.sink.reducer_callbacks("create_player")
    callbacks.add(print)
    callbacks.remove(print)
    call = PROBE.payload("TransactionUpdate", '"Rec\\"')["reducer_call"]
    driver.receive("TransactionUpdate", '"Rec\\"', reducer_call=call | {"args": "[1]"})
    assert caplog.messages == []
