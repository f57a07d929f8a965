"""Scalar types of SATS: booleans, numbers, strings, bytes, and the unit."""

from __future__ import annotations

import math
import re
import struct
from binascii import a2b_hex
from collections.abc import Hashable, Iterable, Sequence
from functools import cached_property
from typing import Annotated

import msgspec

from .literal import double_literal, server_double
from .sats import DecodePlan, Dialect, Fault, Json, Key, SatsType, each, expected, short_repr

__all__ = [
    "NAN",
    "UNIT",
    "Boolean",
    "Bytes",
    "Float",
    "Integer",
    "String",
    "Unit",
]

NAN = float("nan")
"""The one NaN used in rows: NaN does not equal itself, but containers find the same object by identity."""
_NEGATIVE_ZERO = "-0.0"
_NAN_KEY = "nan"
_HEXADECIMAL = re.compile("-?0x[0-9a-fA-F]+")
_U64_MAX = 2**64 - 1
_I64_MIN, _I64_MAX = -(2**63), 2**63 - 1


class Boolean(SatsType):
    """`Bool`: `true` or `false` on the wire (docs/protocol.md, 3.2)."""

    def read(self, json: Json) -> object:
        if type(json) is not bool:
            raise expected("a bool", json)
        return json

    def write(self, value: object) -> object:
        if type(value) is not bool:
            raise expected("a bool", value)
        return value

    @property
    def plain(self) -> object:
        return bool

    def type_string(self, within: tuple[SatsType, ...] = ()) -> str:
        return "bool"

    def decode_plan(self, dialect: Dialect) -> DecodePlan:
        return DecodePlan(bool, None)


class Integer(SatsType):
    """`U8` to `U128` and `I8` to `I128`, a number on the wire; `U256` and `I256`, a string such as `"-0x5"` (3.2)."""

    def __init__(self, bits: int, *, signed: bool) -> None:
        self.name = f"{'i' if signed else 'u'}{bits}"
        self.minimum = -(1 << (bits - 1)) if signed else 0
        self.maximum = (1 << (bits - 1 if signed else bits)) - 1
        self._as_text = bits == 256

    @cached_property
    def meta(self) -> msgspec.Meta:
        """Range for msgspec, which supports only bounds that fit in a signed integer of 64 bits."""
        return msgspec.Meta(
            ge=self.minimum if self.minimum >= _I64_MIN else None,
            le=self.maximum if self.maximum <= _I64_MAX else None,
        )

    def number(self, value: object) -> int:
        """Return the value as an int. Raises Fault if it is not an integer, or out of range."""
        if not isinstance(value, int) or isinstance(value, bool):
            raise expected(f"an integer ({self.name})", value)
        if not self.minimum <= value <= self.maximum:
            raise Fault(f"{short_repr(value)} is out of range for {self.name} ({self.minimum} to {self.maximum})")
        return int(value)

    def read(self, json: Json) -> object:
        return self.number(self._from_text(json) if self._as_text else json)

    def _from_text(self, json: Json) -> int:
        if not isinstance(json, str) or not _HEXADECIMAL.fullmatch(json):
            raise expected('a string such as "0x5"', json)
        return int(json, 16)

    def write(self, value: object) -> object:
        number = self.number(value)
        return hex(number) if self._as_text else number

    @property
    def plain(self) -> object:
        bounds = msgspec.Meta(ge=max(self.minimum, _I64_MIN), le=min(self.maximum, _I64_MAX))
        return None if self._as_text else Annotated[int, bounds]

    def type_string(self, within: tuple[SatsType, ...] = ()) -> str:
        return self.name

    def __repr__(self) -> str:
        return self.name  # `help()` shows it in the annotations of rows

    def decode_plan(self, dialect: Dialect) -> DecodePlan:
        return DecodePlan(str, each(self.read)) if self._as_text else DecodePlan(Annotated[int, self.meta], None)


class Float(SatsType):
    """`F64`, and `F32` as its shortest decimal: a number on the wire, and `null` for NaN and both infinities.

    JSON has no literal for those three, so a null is read as NaN, and none of them can be sent (3.1, 3.3). A number is
    read as the server reads it.
    """

    def __init__(self, bits: int) -> None:
        self._single = bits == 32

    @cached_property
    def key(self) -> Key | None:
        """Key function: on the server 0.0 and -0.0 differ, and NaN equals NaN; in Python it is the reverse."""
        return _float_key

    def special(self, values: Sequence[float]) -> Iterable[int]:
        total = sum(values)  # NaN if one of them is
        if total == total and 0.0 not in values:
            return ()
        return [at for at, value in enumerate(values) if not (value and value == value) and _float_key(value) != value]

    def read(self, json: Json) -> object:
        if json is None:
            return NAN
        # The server drops digits that do not fit in 64 bits, of integers as of other numbers.
        huge = type(json) is int and abs(json) > _U64_MAX
        value = self._number(_server_double(json) if huge else json)
        return _shortest_single(value) if self._single else value

    def write(self, value: object) -> object:
        number = self._number(value)
        if isinstance(value, int) and number != value:
            raise Fault(f"{short_repr(value)} is not exactly a float: write float(...) to send the nearest one")
        if not math.isfinite(number):
            raise Fault(f"{number} cannot be sent: JSON has no literal for it")
        if self._single:
            number = _single(number)
            if math.isinf(number):
                raise Fault(f"{value} is out of range for f32")
        return msgspec.Raw(double_literal(number).encode())

    @staticmethod
    def _number(value: object) -> float:
        if not isinstance(value, float | int) or isinstance(value, bool):
            raise expected("a float", value)
        try:
            return float(value)
        except OverflowError:
            raise Fault(f"{short_repr(value)} is out of range for a float") from None

    def type_string(self, within: tuple[SatsType, ...] = ()) -> str:
        return "f32" if self._single else "f64"

    def __repr__(self) -> str:
        return self.type_string()

    def decode_plan(self, dialect: Dialect) -> DecodePlan:
        return DecodePlan(float | None, _build_floats) if dialect.null_floats else DecodePlan(float, None)


def _build_floats(decoded: Sequence[float | None]) -> Iterable[float]:
    return [NAN if value is None else value for value in decoded]


def _float_key(value: float) -> Hashable:
    if value:
        return value if value == value else _NAN_KEY
    return value if math.copysign(1.0, value) > 0 else _NEGATIVE_ZERO


def _server_double(whole: object) -> float:
    try:
        return server_double(str(whole))
    except ValueError:
        raise Fault("a number is out of range for a float") from None


def _single(value: float) -> float:
    """Return the 32-bit float nearest to `value`, as a double, which the server rounds to the same 32-bit float."""
    try:
        (single,) = struct.unpack("<f", struct.pack("<f", value))
    except OverflowError:
        return math.copysign(math.inf, value)
    return float(single)


def _shortest_single(value: float) -> float:
    """Return the shortest decimal that rounds to the same 32-bit float: the form in which the server writes it.

    A value out of range becomes an infinity, as on the server.
    """
    single = _single(value)
    if math.isinf(single):
        return single
    return next(
        short for digits in range(1, 10) if _single(short := float(f"{single:.{digits}g}")) == single or digits == 9
    )


class String(SatsType):
    """`String`: a string on the wire, such as `"x"` (3.2). Lone surrogates are refused (3.3)."""

    def read(self, json: Json) -> object:
        return self._check(json)

    def write(self, value: object) -> object:
        return self._check(value)

    @property
    def plain(self) -> object:
        return str

    @staticmethod
    def _check(value: object) -> str:
        if not isinstance(value, str):
            raise expected("a string", value)
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Fault(f"{short_repr(value)} has a lone surrogate, which UTF-8 cannot encode") from None
        return str.__str__(value)

    def type_string(self, within: tuple[SatsType, ...] = ()) -> str:
        return "String"

    def decode_plan(self, dialect: Dialect) -> DecodePlan:
        return DecodePlan(str, None)


_OCTET = Integer(8, signed=False)


class Bytes(SatsType):
    """`Array` of `U8`, hexadecimal digits on the wire: `"00ff"` (3.2). Callers may also send `[0, 255]` (3.3)."""

    def read(self, json: Json) -> object:
        if isinstance(json, list):
            return bytes(map(_OCTET.number, json))
        if not isinstance(json, str):
            raise expected("hexadecimal digits", json)
        try:
            return a2b_hex(json)
        except ValueError:
            raise expected("hexadecimal digits", json) from None

    def write(self, value: object) -> object:
        if not isinstance(value, bytes | bytearray | memoryview):
            raise expected("bytes", value)
        return value.hex()

    def type_string(self, within: tuple[SatsType, ...] = ()) -> str:
        return "Vec<u8>"

    def decode_plan(self, dialect: Dialect) -> DecodePlan:
        return DecodePlan(str, each(a2b_hex))


class Unit(SatsType):
    """Empty product, None in Python: `{}` or `[]` on the wire (3.2)."""

    def read(self, json: Json) -> object:
        if json not in ({}, []):
            raise expected("the empty object or array", json)
        return None

    def write(self, value: object) -> object:
        if value is not None:
            raise expected("None", value)
        return []

    def type_string(self, within: tuple[SatsType, ...] = ()) -> str:
        return "()"

    def decode_plan(self, dialect: Dialect) -> DecodePlan:
        return DecodePlan(_EmptyObject if dialect.named else tuple[()], each(_nothing))


class _EmptyObject(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Empty object: `{}`."""


def _nothing(_: object) -> None:
    """Return the value of the unit type."""


UNIT = Unit()
"""Unit type."""
