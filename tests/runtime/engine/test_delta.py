"""Deltas: the changes of one message, table by table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.golden.probe.client import Reducers, Tables
from tests.support.engine import typed_engine

if TYPE_CHECKING:
    from stdb_runtime._engine.delta import Delta

ALL = ("SELECT * FROM player",)
# The recorded rows of `SELECT * FROM player WHERE level >= 1`: Rec of level 2 and Rec2 of level 1.
ROWS = "Rec2"
# The recorded transaction that replaces Rec of level 2 by one of level 3.
LEVEL_UP = '"deletes":["[1,\\"Rec\\",2'


def test_a_delta_has_the_rows_of_each_table_that_changed_and_says_why() -> None:
    engine, driver = typed_engine(Tables, Reducers)
    tables = Tables(lambda: engine)
    driver.connect()
    deltas: list[Delta] = []
    engine.sink.client = "the client"
    engine.sink.on_transaction.add(deltas.append)
    subscription = engine.sink.subscribe(ALL)
    driver.apply(subscription.query_id, ROWS)
    driver.receive("TransactionUpdateLight", LEVEL_UP)
    engine.sink.unsubscribe(subscription)
    came, updated = deltas
    assert (list(came.tables), came.event.client) == (["player"], "the client")
    assert [row.name for row in came.of(tables.player).inserted] == ["Rec", "Rec2"]
    assert [(old.level, new.level) for old, new in updated.of(tables.player).updated] == [(2, 3)]
    assert updated.of(tables.player).inserted == updated.of(tables.player).deleted == []
    assert came.of(tables.every) == ([], [], [], [])
    assert repr(updated) == f"<delta of player: {updated.cause!r}>"


def test_a_row_that_goes_is_in_the_delta_of_what_took_it() -> None:
    engine, driver = typed_engine(Tables, Reducers)
    tables = Tables(lambda: engine)
    driver.connect()
    subscription = engine.sink.subscribe(ALL)
    driver.apply(subscription.query_id, ROWS)
    deltas: list[Delta] = []
    engine.sink.on_transaction.add(deltas.append)
    engine.sink.unsubscribe(subscription)
    driver.remove(subscription.query_id, ROWS)
    (delta,) = deltas
    assert [row.name for row in delta.of(tables.player).deleted] == ["Rec", "Rec2"]
