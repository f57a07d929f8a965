"""Values of another type than the column they are compared with."""

from __future__ import annotations

import pytest

from stdb_runtime import Identity, Uuid
from stdb_runtime._protocol.sql import literal
from stdb_runtime._sats.annotation import type_of
from stdb_runtime.bindings import F64, U8


@pytest.mark.parametrize(
    ("annotation", "value", "problem"),
    [
        (F64, "1.5", "expected float, got '1.5'"),
        (F64, True, "expected float, got True"),
        (U8, 1.0, r"expected int, got 1\.0"),
        (U8, True, "expected int, got True"),
        (str, 1, "expected str, got 1"),
        (Identity, "0x5", "expected Identity, got '0x5'"),
        (Uuid, "80000000-0000-0000-0000-000000000005", "expected UUID, got '80000000"),
    ],
)
def test_a_value_of_another_type_is_a_type_error_that_names_both(
    annotation: object, value: object, problem: str
) -> None:
    with pytest.raises(TypeError, match=problem):
        literal(type_of(annotation), value)
