"""The cache of all tables: rows of tables that the generated code does not have, and the counts of rows."""

from __future__ import annotations

import pytest

from stdb_runtime import BindingsError, ProtocolError
from stdb_runtime._engine.cache_sink import TypedEngine
from tests.golden.empty import client as empty
from tests.golden.probe.client import Reducers, Tables
from tests.support.engine import ListDriver, run, typed_engine

ALL = ("SELECT * FROM player",)
# The recorded rows of `SELECT * FROM player WHERE level >= 1`: Rec of level 2 and Rec2 of level 1.
ROWS = "Rec2"
# The recorded transaction that replaces Rec of level 2 by one of level 3.
LEVEL_UP = '"deletes":["[1,\\"Rec\\",2'


def connected(tables: type[Tables | empty.Tables]) -> tuple[TypedEngine, ListDriver]:
    engine, driver = typed_engine(tables, Reducers)
    driver.connect()
    return engine, driver


def test_rows_of_a_table_that_the_code_does_not_have_are_ignored_with_one_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine, driver = connected(empty.Tables)
    record = engine.sink.subscribe(ALL)
    driver.apply(record.query_id, ROWS)
    driver.receive("TransactionUpdateLight", LEVEL_UP)
    assert caplog.messages == [
        "rows of table 'player' are ignored, as the generated code has no such table: run stdb-codegen again"
    ]
    assert (record.applied.done, engine.stats.rows_decoded, engine.stats.rows_applied) == (True, 0, 0)


def test_a_table_that_the_code_does_not_have_cannot_be_queried() -> None:
    engine, driver = connected(empty.Tables)
    query = engine.query(ALL[0])
    driver.receive("OneOffQueryResponse", '"player"', message_id=query.id)
    with pytest.raises(BindingsError, match="no table 'player': run stdb-codegen again"):
        run(query)


def test_rows_are_counted_as_they_are_decoded_and_as_they_change_something() -> None:
    engine, driver = connected(Tables)
    for _ in range(2):  # the second time, the rows are there already
        driver.apply(engine.sink.subscribe(ALL).query_id, ROWS)
    assert (engine.stats.rows_decoded, engine.stats.rows_applied) == (4, 2)
    query = engine.query(ALL[0])
    driver.receive("OneOffQueryResponse", '"player"', message_id=query.id)
    assert (engine.stats.rows_decoded, engine.stats.rows_applied) == (5, 2)


def test_rows_of_a_query_do_not_enter_the_cache() -> None:
    engine, driver = connected(Tables)
    query = engine.query(ALL[0])
    driver.receive("OneOffQueryResponse", '"player"', message_id=query.id)
    assert [player.name for player in run(query)] == ["Rec"]
    assert list(Tables(lambda: engine).player) == []


def test_a_row_that_goes_and_was_not_there_contradicts_what_came_before() -> None:
    engine, driver = connected(Tables)
    driver.apply(engine.sink.subscribe(ALL).query_id)
    told: list[object] = []
    engine.sink.on_transaction.add(told.append)
    with pytest.raises(ProtocolError, match="the server deleted a row of table 'player' that is not in the cache"):
        driver.receive("TransactionUpdateLight", LEVEL_UP)
    assert (told, list(Tables(lambda: engine).player)) == ([], [])


def test_the_end_of_the_client_ends_the_streams_of_all_tables() -> None:
    engine, _ = connected(Tables)
    tables = Tables(lambda: engine)
    streams = (tables.player.changes(), tables.every.changes(), tables.player.changes(policy="coalesce"))
    engine.sink.cache.end()
    for stream in streams:
        with pytest.raises(StopAsyncIteration):
            run(stream.__anext__())
