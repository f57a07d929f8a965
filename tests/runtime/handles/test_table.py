"""What a generated package declares about its tables."""

from __future__ import annotations

import inspect
from typing import Any, get_args

import pytest

from game_client import Client, Message, Player, tables
from stdb_runtime import KeyedTable, RowEvent, Table, TableInfo, table_info


def test_table_info() -> None:
    assert table_info(tables.message) == TableInfo("message", Message, None)
    info = table_info(tables.player)
    assert (info.name, info.row, info.primary_key) == ("player", Player, "id"), "though tables.player.name is an index"


@pytest.mark.parametrize(
    ("annotation", "arguments"),
    [
        (Table[Player], (Player, Any)),
        (KeyedTable[Player], (Player, Any)),
        (KeyedTable[Player, Client], (Player, Client)),
        (RowEvent[Client], (Client,)),
    ],
)
def test_the_client_can_be_left_out_of_annotations(annotation: object, arguments: tuple[object, ...]) -> None:
    assert get_args(annotation) == arguments


def test_the_signature_of_a_row_class_shows_types() -> None:
    assert "Annotated[int, u32, " in str(inspect.signature(Player))
