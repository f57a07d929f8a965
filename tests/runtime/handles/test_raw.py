"""The schema that a connection without generated code is given."""

from __future__ import annotations

import pytest

from stdb_runtime import SchemaError
from stdb_runtime._handles.raw import SchemaForm, readers_by
from stdb_runtime._protocol.v1_json.encoding import V1Json


def test_what_is_no_schema() -> None:
    wrong: list[SchemaForm] = ["{}", "garbage", b"[1]", {"typespace": {}}]
    for schema in wrong:
        with pytest.raises(SchemaError, match="expected a schema of version 9"):
            readers_by(schema, V1Json())
