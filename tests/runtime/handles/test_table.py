"""What a generated package declares about its tables."""

from __future__ import annotations

from game_client import Message, Player, tables
from stdb_runtime import TableInfo, table_info


def test_table_info() -> None:
    assert table_info(tables.message) == TableInfo("message", Message, None)
    info = table_info(tables.player)
    assert (info.name, info.row, info.primary_key) == ("player", Player, "id"), "though tables.player.name is an index"
