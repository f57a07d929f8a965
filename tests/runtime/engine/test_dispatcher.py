"""Callbacks: in what order they run, what they may do to one another, and where their errors go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.golden.probe.client import Player, Tables
from tests.support.engine import Cancelled, ListDriver, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from stdb_runtime import RowEvent
    from stdb_runtime._engine.cache_sink import TypedEngine
    from stdb_runtime._engine.delta import Delta

ALL = ("SELECT * FROM player",)
# The recorded rows of `SELECT * FROM player WHERE level >= 1`: Rec of level 2 and Rec2 of level 1.
ROWS = "Rec2"
# The recorded transaction that replaces Rec of level 2 by one of level 3.
LEVEL_UP = '"deletes":["[1,\\"Rec\\",2'


def fill(engine: TypedEngine, driver: ListDriver) -> None:
    """Have the two recorded rows come."""
    driver.apply(engine.sink.subscribe(ALL).query_id, ROWS)


def noting(notes: list[str], what: str) -> Callable[[RowEvent, Player], None]:
    return lambda event, row: notes.append(f"{what} {row.name}")


# --- order ------------------------------------------------------------------------------------------------------------


def test_one_callback_gets_all_rows_of_a_message_and_then_the_next_does(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    notes: list[str] = []
    tables.player.on_insert(noting(notes, "one"))
    tables.player.on_insert(noting(notes, "two"))
    fill(engine, driver)
    assert notes == ["one Rec", "one Rec2", "two Rec", "two Rec2"]
    assert engine.stats.callbacks == 4


def test_an_update_is_told_with_both_rows_and_is_neither_insert_nor_delete(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    levels: list[tuple[int, int]] = []
    notes: list[str] = []
    fill(engine, driver)
    tables.player.on_update(lambda event, old, new: levels.append((old.level, new.level)))
    tables.player.on_insert(noting(notes, "inserted"))
    tables.player.on_delete(noting(notes, "deleted"))
    tables.player.on_before_delete(noting(notes, "before"))
    driver.receive("TransactionUpdateLight", LEVEL_UP)
    assert (levels, notes) == ([(2, 3)], [])


def test_before_a_delete_the_rows_are_still_there_and_after_it_they_are_gone(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    seen: list[tuple[str, str, int, bool]] = []
    subscription = engine.sink.subscribe(ALL)
    driver.apply(subscription.query_id, ROWS)

    def note(what: str) -> Callable[[RowEvent, Player], None]:
        return lambda event, row: seen.append((what, row.name, len(tables.player), row in tables.player))

    tables.player.on_delete(note("after"))
    tables.player.on_before_delete(note("before"))
    engine.sink.unsubscribe(subscription)
    driver.remove(subscription.query_id, ROWS)
    assert seen == [
        ("before", "Rec", 2, True),
        ("before", "Rec2", 2, True),
        ("after", "Rec", 0, False),
        ("after", "Rec2", 0, False),
    ]


# --- callbacks that change which callbacks there are ------------------------------------------------------------------


def test_a_callback_that_removes_itself_gets_no_further_row_of_the_message(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    notes: list[str] = []

    def once(event: RowEvent, row: Player) -> None:
        notes.append(row.name)
        tables.player.remove_on_insert(once)

    tables.player.on_insert(once)
    fill(engine, driver)
    assert notes == ["Rec"]


def test_a_callback_that_another_removes_is_not_called_any_more(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    notes: list[str] = []
    later = noting(notes, "later")

    def first(event: RowEvent, row: Player) -> None:
        if later in engine.sink.cache.table("player").on_insert.registered:
            tables.player.remove_on_insert(later)

    tables.player.on_insert(first)
    tables.player.on_insert(later)
    fill(engine, driver)
    assert notes == []


def test_a_callback_keeps_getting_rows_while_others_are_removed(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    notes: list[str] = []
    other = noting(notes, "other")

    def first(event: RowEvent, row: Player) -> None:
        notes.append(row.name)
        if row.name == "Rec":
            tables.player.remove_on_insert(other)

    tables.player.on_insert(first)
    tables.player.on_insert(other)
    fill(engine, driver)
    assert notes == ["Rec", "Rec2"]


def test_a_callback_that_another_registers_is_called_from_the_next_message_on(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    deltas: list[str] = []

    def first(delta: Delta) -> None:
        engine.sink.on_transaction.add(lambda delta: deltas.append(", ".join(delta.tables)))

    engine.sink.on_transaction.add(first)
    fill(engine, driver)
    assert deltas == []
    driver.receive("TransactionUpdateLight", LEVEL_UP)
    assert deltas == ["player"]


# --- coroutines -------------------------------------------------------------------------------------------------------


def test_a_coroutine_is_handed_to_the_driver_for_each_row(
    engine: TypedEngine, driver: ListDriver, tables: Tables
) -> None:
    notes: list[str] = []

    @tables.player.on_insert
    async def inserted(event: RowEvent, row: Player) -> None:
        notes.append(row.name)

    fill(engine, driver)
    assert ([callback for _, callback in driver.spawned], notes) == ([inserted, inserted], [])
    for coroutine, _ in driver.spawned:
        run(coroutine)
    assert notes == ["Rec", "Rec2"]


def test_what_a_coroutine_raises_is_passed_on_as_if_the_callback_had_raised_it(engine: TypedEngine) -> None:
    told: list[tuple[Exception, object]] = []
    error = ValueError("broken")
    engine.dispatcher.on_error.add(lambda error, callback: told.append((error, callback)))
    engine.dispatcher.report_spawned(error, fail)
    assert told == [(error, fail)]


def test_what_the_coroutine_of_an_error_callback_raises_is_logged_and_not_passed_to_it_again(
    engine: TypedEngine, driver: ListDriver, caplog: pytest.LogCaptureFixture
) -> None:
    async def on_error(error: Exception, callback: object) -> None:
        raise error

    engine.dispatcher.on_error.add(on_error)
    engine.dispatcher.run(fail)
    ((coroutine, callback),) = driver.spawned
    with pytest.raises(ValueError, match="broken") as caught:
        run(coroutine)
    engine.dispatcher.report_spawned(caught.value, callback)
    assert (len(driver.spawned), [record.exc_info is None for record in caplog.records]) == (1, [False])
    assert caplog.messages[0].endswith("on_error raised")


# --- errors -----------------------------------------------------------------------------------------------------------


def fail(*args: object) -> None:
    raise ValueError("broken")


def test_a_callback_that_raises_is_logged_by_its_name_and_stops_nothing(
    engine: TypedEngine, driver: ListDriver, tables: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    notes: list[str] = []
    tables.player.on_insert(fail)
    tables.player.on_insert(noting(notes, "other"))
    fill(engine, driver)
    assert caplog.messages == ["the callback fail raised"] * 2
    assert notes == ["other Rec", "other Rec2"]
    assert engine.is_active


def test_an_error_is_told_to_each_error_callback_with_the_culprit_and_is_not_logged(
    engine: TypedEngine, driver: ListDriver, tables: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[tuple[str, object]] = []
    for _ in range(2):
        engine.dispatcher.on_error.add(lambda error, callback: told.append((str(error), callback)))
    engine.dispatcher.run(fail)
    assert told == [("broken", fail), ("broken", fail)]
    assert caplog.messages == []


@pytest.mark.parametrize("raised", [ValueError("worse"), Cancelled("worse")])
def test_an_error_callback_that_raises_is_logged_and_the_next_one_is_told(
    raised: BaseException, engine: TypedEngine, driver: ListDriver, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []

    def worse(error: Exception, callback: object) -> None:
        raise raised

    engine.dispatcher.on_error.add(worse)
    engine.dispatcher.on_error.add(lambda error, callback: told.append(str(error)))
    engine.sink.on_transaction.add(fail)
    fill(engine, driver)
    assert told == ["broken"]
    assert [message.rpartition(".")[2] for message in caplog.messages] == ["worse raised"]


def test_a_callback_may_ask_for_what_was_cancelled_and_the_error_callback_gets_an_exception(
    engine: TypedEngine, driver: ListDriver
) -> None:
    told: list[Exception] = []

    def ask(delta: Delta) -> None:
        raise Cancelled("somebody else")

    engine.dispatcher.on_error.add(lambda error, callback: told.append(error))
    engine.sink.on_transaction.add(ask)
    fill(engine, driver)
    (error,) = told
    assert (str(error), type(error.__cause__)) == ("Cancelled: somebody else", Cancelled)


def test_a_callback_without_a_name_is_named_by_its_representation(
    engine: TypedEngine, caplog: pytest.LogCaptureFixture
) -> None:
    class Nameless:
        def __call__(self) -> None:
            raise ValueError("broken")

        def __repr__(self) -> str:
            return "<nameless>"

    engine.dispatcher.run(Nameless())
    assert caplog.messages == ["the callback <nameless> raised"]
