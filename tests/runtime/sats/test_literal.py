"""Literals of doubles, against an emulation of the server's parser; tests/live sends them to the real one."""

from __future__ import annotations

import math
import random
import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stdb_runtime._sats.literal import double_literal, server_double


def random_doubles(count: int, seed: int) -> list[float]:
    """Finite doubles with random bits."""
    rng = random.Random(seed)
    found: list[float] = []
    while len(found) < count:
        (value,) = struct.unpack("<d", struct.pack("<Q", rng.getrandbits(64)))
        if math.isfinite(value):
            found.append(value)
    return found


def test_few_doubles_have_no_literal() -> None:
    values = random_doubles(10_000, seed=7)
    off = [value for value in values if server_double(double_literal(value)) != value]
    assert len(off) < 30
    assert sum(server_double(repr(value)) != value for value in values) > 2_500, "else there is nothing to search for"
    for value in off:
        assert double_literal(value) == repr(value)
        assert abs(server_double(repr(value)) - value) <= 2 * math.ulp(value)


@pytest.mark.parametrize(
    "value", [0.0, 0.1, 1.0, -2.5, 123456.789, 1e22, 1e-7, 5e-324, sys.float_info.max, sys.float_info.min, 2.0**63]
)
def test_everyday_and_extreme_doubles_keep_their_shortest_form(value: float) -> None:
    for signed in (value, -value):
        assert double_literal(signed) == repr(signed)
        assert struct.pack("<d", server_double(repr(signed))) == struct.pack("<d", signed)


@given(st.integers(-(10**15), 10**15), st.integers(-22, 22))
def test_numbers_of_15_digits_are_exact(significand: int, power: int) -> None:
    value = float(f"{significand}e{power}")
    assert server_double(double_literal(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_literal_is_json_and_at_most_a_hair_off(value: float) -> None:
    literal = double_literal(value)
    read = server_double(literal)
    assert abs(read - value) <= 2 * math.ulp(value)
    assert math.copysign(1, read) == math.copysign(1, value)
    assert abs(float(literal) - value) <= 8 * math.ulp(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_json_has_no_literal_for(value: float) -> None:
    with pytest.raises(ValueError, match="NaN and infinities cannot be sent"):
        double_literal(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-0", -0.0),
        ("0e999999999999", 0.0),
        ("1e-999999999999", 0.0),
        ("18446744073709551615", 2.0**64),
        ("184467440737095516159", 1.8446744073709552e20),
        ("0." + "0" * 400 + "1", 0.0),
        ("1." + "0" * 100_000, 1.0),
    ],
)
def test_server_double(text: str, value: float) -> None:
    assert struct.pack("<d", server_double(text)) == struct.pack("<d", value)


@pytest.mark.parametrize("text", ["", "-", "01", "1.", ".5", "1e", "NaN", "1e400", "0x1", " 1", "\u0661", "1" * 400])
def test_what_the_server_reads_no_number_from(text: str) -> None:
    with pytest.raises(ValueError, match="not a JSON number|out of range"):
        server_double(text)
