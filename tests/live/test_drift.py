"""A package and a server whose schema has changed: the differences are told at connect."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest

import game_client
import stdb_runtime
from stdb_runtime import BindingsError
from stdb_runtime._handles.schema_difference import schema_difference
from stdb_runtime._handles.table import declarations_of
from stdb_runtime._sats.schema import Schema
from tests.golden.arena import client as arena_client
from tests.golden.echo import client as echo_client
from tests.golden.league import client as league_client

if TYPE_CHECKING:
    from tests.conftest import Publish
    from tests.support.server import Database


async def test_every_kind_of_type_is_spelled_alike_by_package_and_server(publish: Publish) -> None:
    echo = publish("echo")
    assert schema_difference(echo_client.Tables, echo_client.Reducers, Schema(echo.server.schema(echo.name))) == []


@pytest.mark.since(2)
@pytest.mark.parametrize("package", [arena_client, league_client], ids=["arena", "league"])
async def test_modules_of_2_are_verified(publish: Publish, package: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Also views that return queries, and names that the module sets."""
    database = publish(package.__name__.split(".")[2])
    caplog.set_level(logging.WARNING, "stdb_runtime")
    async with package.connect(database.uri, database.name, verify_schema="error") as client:
        assert client.is_active
    async with package.connect(database.uri, database.name):
        assert caplog.records == []
    async with stdb_runtime.connect(
        uri=database.uri, database=database.name, schema="fetch", handler={"on_error": caplog.records.append}
    ) as connection:
        assert await connection.one_off_query(f"SELECT * FROM {declarations_of(package.Tables)[0].name}") == []
    assert caplog.records == []


def test_each_change_is_told(game: Database) -> None:
    raw = json.loads(game.server.schema(game.name))
    (player,) = [table for table in raw["tables"] if table["name"] == "player"]
    columns = raw["typespace"]["types"][player["product_type_ref"]]["Product"]["elements"]
    columns[2]["algebraic_type"] = {"U64": []}
    columns[5]["name"] = {"some": "mood"}
    raw["tables"].remove(next(table for table in raw["tables"] if table["name"] == "message"))
    raw["reducers"] = [reducer for reducer in raw["reducers"] if reducer["name"] != "level_up"]
    assert schema_difference(game_client.Tables, game_client.Reducers, Schema(raw)) == [
        "table message is gone",
        "table player: level was u32 and is u64",
        "table player: mood is new (Option<String>)",
        "table player: status is gone",
        "reducer level_up is gone",
    ]


async def test_by_default_it_is_logged(publish: Publish, caplog: pytest.LogCaptureFixture) -> None:
    probe = publish("probe")
    with caplog.at_level(logging.WARNING, "stdb_runtime"):
        async with game_client.connect(probe.uri, probe.name):
            (record,) = caplog.records
        assert re.search(r": \d+ differences: (table [^;]*; ){5}\.\.\. \(see all with ", record.getMessage())
        assert "table message is gone" in record.getMessage()
        assert record.getMessage().endswith("(see all with stdb-codegen generate --check); run stdb-codegen again")
        assert len(record.getMessage()) < 500
        caplog.clear()
        async with game_client.connect(probe.uri, probe.name, verify_schema="off"):
            assert caplog.records == []


async def test_it_can_be_an_error(publish: Publish, game: Database) -> None:
    probe = publish("probe")
    with pytest.raises(BindingsError, match="table message is gone.*run stdb-codegen again"):
        async with game_client.connect(probe.uri, probe.name, verify_schema="error"):
            pytest.fail("it connected")
    async with game_client.connect(game.uri, game.name, verify_schema="error") as client:
        assert client.is_active
