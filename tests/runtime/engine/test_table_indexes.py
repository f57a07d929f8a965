"""Indexes of a table: made once, when they are first asked for, and changed with the rows."""

from __future__ import annotations

import pytest

from stdb_runtime._handles.table import state_of
from tests.golden.probe.client import Player, Reducers, Tables
from tests.support.engine import ListDriver, typed_engine

ALL = ("SELECT * FROM player",)
# The recorded rows of `SELECT * FROM player WHERE level >= 1`: Rec of level 2 and Rec2 of level 1.
ROWS = "Rec2"
# The recorded transaction that replaces Rec of level 2 by one of level 3.
LEVEL_UP = '"deletes":["[1,\\"Rec\\",2'


@pytest.fixture
def made() -> tuple[Tables, ListDriver]:
    engine, driver = typed_engine(Tables, Reducers)
    driver.connect()
    driver.apply(engine.sink.subscribe(ALL).query_id, ROWS)
    return Tables(lambda: engine), driver


def test_what_was_asked_for_once_is_changed_with_the_rows(made: tuple[Tables, ListDriver]) -> None:
    tables, driver = made
    rows = state_of(tables.player).rows
    unique, hashed, ordered = rows.unique("name"), rows.hashed("level"), rows.sorted("level")
    driver.receive("TransactionUpdateLight", LEVEL_UP)
    assert (rows.unique("name") is unique, rows.hashed("level") is hashed, rows.sorted("level") is ordered) == (
        True,
        True,
        True,
    )
    assert unique["Rec"].level == 3
    assert [player.name for player in hashed.equal(3)] == ["Rec"]
    assert [player.level for player in ordered.between()] == [1, 3]


def test_the_primary_key_needs_no_index_of_its_own(made: tuple[Tables, ListDriver]) -> None:
    tables, driver = made
    driver.receive("TransactionUpdateLight", LEVEL_UP)
    found = tables.player.id.find(1)
    assert isinstance(found, Player)
    assert found.level == 3
