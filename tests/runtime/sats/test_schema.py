"""Schemas that cannot be read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stdb_runtime import SchemaError
from stdb_runtime._sats.schema import Schema
from tests.support.recordings import RECORDINGS

DAMAGES: list[tuple[dict[str, Any], str]] = [
    ({"typespace": None}, "read: it has an unknown form"),
    ({"tables": [{"name": "t", "product_type_ref": 99}]}, r"at table t: it refers to type 99, of \d"),
    ({"reducers": [{"name": "r", "params": {}}]}, "at reducer r: it lacks 'elements', or has an unknown form"),
    ({"typespace": {"types": [{"Ref": -1}]}}, "it refers to type -1, of 1"),
    (
        {"misc_exports": [{"View": {"name": "v", "return_type": {"U8": []}}}]},
        "at view v: it returns neither a list of rows, nor an option of one, nor a query",
    ),
]


@pytest.mark.parametrize(("change", "problem"), DAMAGES)
def test_a_schema_that_cannot_be_read(change: dict[str, object], problem: str) -> None:
    raw = json.loads(RECORDINGS[0].schema.read_text())
    with pytest.raises(SchemaError, match=problem):
        Schema(raw | change)
