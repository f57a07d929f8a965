"""Generated packages beside the schemas that were recorded."""

from __future__ import annotations

from typing import Any

import pytest

from stdb_runtime._handles.schema_difference import schema_difference
from stdb_runtime._sats.schema import Schema
from tests.golden.arena import client as arena_client
from tests.golden.edge import client as edge_client
from tests.golden.probe import client as probe_client
from tests.support.recordings import RECORDINGS, Recording

PACKAGES: dict[str, Any] = {"arena": arena_client, "edge": edge_client, "probe": probe_client}


@pytest.mark.parametrize("recording", RECORDINGS, ids=str)
def test_a_package_fits_the_schema_it_was_generated_from(recording: Recording) -> None:
    package = PACKAGES[recording.module]
    assert schema_difference(package.Tables, package.Reducers, Schema(recording.schema.read_text())) == []
