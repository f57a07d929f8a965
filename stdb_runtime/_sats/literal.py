"""Decimal literals of doubles that the JSON parser of the server reads as the same double.

The server computes `significand * 10^exponent` in doubles, where the significand has as many leading digits as fit in
64 bits (docs/protocol.md, 3.3 and 9). That is exact for short literals, and off by one unit in the last place for about
one in eight random doubles in their shortest form. For those, a nearby literal is searched that the arithmetic of the
server maps to the wanted double.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache

__all__ = ["double_literal", "server_double"]

_NUMBER = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")
_U64_MAX = 2**64 - 1
_DIGITS_THAT_FIT = 19
_MAX_POWER = 308
_POWERS = [float(f"1e{power}") for power in range(_MAX_POWER + 1)]
# A significand below 2**53, multiplied or divided by a power of ten up to 10**22, is rounded once: both are exact.
_EXACT_SIGNIFICAND = 2**53
_EXACT_POWER = 22
_SEARCH_DIGITS = (17, 18, 19, 20, 16)


def server_double(text: str) -> float:
    """Return the double that the server reads for a JSON number: not always the nearest one (docs/protocol.md, 9).

    Args:
        text: the JSON number.

    Raises:
        ValueError: `text` is not a JSON number, or the server refuses it as out of range.
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(f"not a JSON number: {text!r}")
    sign, whole, fraction, exponent = match.groups()
    significand, power = _significand(whole, fraction or "", int(exponent or 0))
    value = _scale(significand, power)
    if value is None:
        raise ValueError(f"number out of range: {text!r}")
    return -value if sign else value


def _significand(whole: str, fraction: str, power: int) -> tuple[int, int]:
    """Return the leading digits that fit in 64 bits, and their power of ten. Further digits are dropped."""
    if len(whole) + len(fraction) <= _DIGITS_THAT_FIT:
        return int(whole + fraction), power - len(fraction)
    significand = 0
    for position, digit in enumerate(whole):
        grown = significand * 10 + int(digit)
        if grown > _U64_MAX:
            return significand, power + len(whole) - position
        significand = grown
    for digit in fraction:
        grown = significand * 10 + int(digit)
        if grown > _U64_MAX:
            break
        significand, power = grown, power - 1
    return significand, power


def _scale(significand: int, power: int) -> float | None:
    """Return `significand * 10**power`, computed as the server does; None if it refuses the number as too large."""
    value = float(significand)
    while abs(power) > _MAX_POWER:
        if value == 0.0:
            return value
        if power > 0:
            return None
        value /= _POWERS[_MAX_POWER]
        power += _MAX_POWER
    value = value * _POWERS[power] if power >= 0 else value / _POWERS[-power]
    return None if math.isinf(value) else value


def double_literal(value: float) -> str:
    """Return a JSON literal that the server reads as the same double, bit for bit.

    This is the shortest literal if that is exact, as for every number of up to 15 digits in common ranges; else a
    nearby one. For some doubles there is none: 0.2 % of doubles with random bits (measured: 15 to 29 of 10,000, by
    seed), where the shortest literals of 30 % are inexact. Then the shortest literal is returned, which the server
    reads as a neighbouring double, one unit in the last place off.

    Args:
        value: a finite double.

    Raises:
        ValueError: `value` is infinite or not a number, for which JSON has no literal.
    """
    if not math.isfinite(value):
        raise ValueError("NaN and infinities cannot be sent: JSON has no literal for them")
    shortest = repr(value)
    if value == 0.0:
        return shortest
    match = _NUMBER.fullmatch(shortest)
    assert match is not None, "repr of a finite float is a JSON number"
    significand, power = _significand(match[2], match[3] or "", int(match[4] or 0))
    if (significand < _EXACT_SIGNIFICAND and abs(power) <= _EXACT_POWER) or _scale(significand, power) == abs(value):
        return shortest
    found = _search(abs(value))
    return shortest if found is None else f"{'-' if value < 0 else ''}{found}"


@lru_cache(maxsize=1024)
def _search(value: float) -> str | None:
    """Search for a literal near a positive `value` that the arithmetic of the server maps to it; None if there is none.

    Candidates are the decimal forms of `value` and of its two neighbours: the error of the server is one unit in the
    last place, so it may read the literal of a neighbour as `value`. Doubles farther off gave no further results.
    """
    exponent = math.floor(math.log10(value)) if value >= 1e-300 else math.floor(math.log10(value * 1e30)) - 30
    for digits in _SEARCH_DIGITS:
        power = exponent + 1 - digits
        for neighbour in (value, math.nextafter(value, 0.0), math.nextafter(value, math.inf)):
            significand = _digits_of(neighbour, power)
            if 0 < significand <= _U64_MAX and _scale(significand, power) == value:
                return f"{significand}e{power}"
    return None


def _digits_of(value: float, power: int) -> int:
    """Return `value / 10**power`, computed exactly and rounded to an integer."""
    numerator, denominator = value.as_integer_ratio() if math.isfinite(value) else (0, 1)
    if power >= 0:
        denominator *= 10**power
    else:
        numerator *= 10**-power
    return (numerator + denominator // 2) // denominator
