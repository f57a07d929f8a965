"""A package and a server whose schema has moved on: what has changed is told at connect."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

import game_client
from stdb_runtime import BindingsError
from stdb_runtime.drift import drift
from stdb_runtime.schema import Schema
from tests.golden.arena import client as arena_client
from tests.golden.echo import client as echo_client
from tests.golden.edge import client as edge_client
from tests.golden.probe import client as probe_client
from tests.support.recordings import RECORDINGS, Recording

if TYPE_CHECKING:
    from tests.conftest import Publish
    from tests.support.server import Database

PACKAGES: dict[str, Any] = {"arena": arena_client, "edge": edge_client, "probe": probe_client}


@pytest.mark.parametrize("recording", RECORDINGS, ids=str)
def test_a_package_fits_the_schema_it_was_generated_from(recording: Recording) -> None:
    package = PACKAGES[recording.module]
    assert drift(package.Tables, package.Reducers, Schema(recording.schema.read_text())) == []


async def test_every_kind_of_type_is_spelled_alike_by_package_and_server(publish: Publish) -> None:
    echo = publish("echo")
    assert drift(echo_client.Tables, echo_client.Reducers, Schema(echo.server.schema(echo.name))) == []


def test_each_change_is_told(game: Database) -> None:
    raw = json.loads(game.server.schema(game.name))
    (player,) = [table for table in raw["tables"] if table["name"] == "player"]
    columns = raw["typespace"]["types"][player["product_type_ref"]]["Product"]["elements"]
    columns[2]["algebraic_type"] = {"U64": []}
    columns[5]["name"] = {"some": "mood"}
    raw["tables"].remove(next(table for table in raw["tables"] if table["name"] == "message"))
    raw["reducers"] = [reducer for reducer in raw["reducers"] if reducer["name"] != "level_up"]
    assert drift(game_client.Tables, game_client.Reducers, Schema(raw)) == [
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
        assert "table message is gone" in record.getMessage()
        assert record.getMessage().endswith("run stdb-codegen again")
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
