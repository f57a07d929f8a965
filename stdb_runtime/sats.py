"""SATS, the algebraic types of SpacetimeDB: how a value of each is read from JSON and written to it.

The server writes products in two dialects (protocol notes, 3.1): *named*, as objects, and *positional*, as arrays. In
a named row, what stands inside an array is positional. Callers of reducers have further spellings (3.3). So each type
here knows two ways of reading:

- `read` takes parsed JSON in any dialect and spelling and checks everything. It is the reference.
- `wire` is a short cut for rows: a type that msgspec decodes directly, and what is left to do after that. Where it
  fails for whatever reason, the caller reads again with `read`, which either succeeds (a null in a float column, say)
  or says what is wrong.

Values are written positionally, sums by tag, so that nothing depends on how the server cases names.
"""

from __future__ import annotations

import math
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Annotated, Any, NamedTuple, TypeAlias, cast

import msgspec

from .literal import double_literal

__all__ = [
    "NAN",
    "UNIT",
    "Boolean",
    "Build",
    "Bytes",
    "Fault",
    "Float",
    "Integer",
    "Json",
    "Key",
    "SatsType",
    "String",
    "Unit",
    "Wire",
    "expected",
]

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""What a JSON parser gives."""
Build: TypeAlias = Callable[[Any], Any]  # Any: each type's own Python value, known only to that type
Key: TypeAlias = Callable[[Any], Hashable]  # Any: as above

NAN = float("nan")
"""The one NaN that every column holds: NaN differs from itself, but an object is found by identity."""

_NEGATIVE_ZERO = "-0.0"
_I64_LEAST, _I64_MOST = -(2**63), 2**63 - 1


class Fault(Exception):
    """What is wrong with a value, and where in it. Turned into a public error by whoever knows the context."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self._steps: list[str] = []

    def under(self, step: str) -> Fault:
        """The same fault, seen from one level further out: `step` is a field name or an index like `[3]`."""
        self._steps.append(step)
        return self

    def path(self, root: str) -> str:
        """The place as a path, such as `$.position.x` or `tags[3]`."""
        path = root
        for step in reversed(self._steps):
            path += step if step.startswith("[") or not path else f".{step}"
        return path


class Wire(NamedTuple):
    """How msgspec decodes one type in one dialect, and how the value is built from that (None: it is the value)."""

    type: Any  # Any: what msgspec takes as a type: classes, unions, generic aliases
    build: Build | None


class SatsType(ABC):
    """A type of the module's schema."""

    @cached_property
    def key(self) -> Key | None:
        """Makes what is equal and hashed as the server tells values apart; None: the value itself is that."""
        return None

    @abstractmethod
    def read(self, json: Json) -> object:
        """The value that parsed JSON stands for, in any dialect and spelling. Raises Fault."""

    @abstractmethod
    def write(self, value: object) -> object:
        """What msgspec encodes for a value. Raises Fault if the value is not of this type."""

    @abstractmethod
    def wire(self, *, named: bool) -> Wire:
        """The short cut for a row of the named or of the positional dialect."""


def expected(what: str, got: object) -> Fault:
    """The fault of a value that is something else than it should be."""
    text = repr(got)
    return Fault(f"expected {what}, got {text if len(text) <= 60 else text[:57] + '...'}")


class Boolean(SatsType):
    """`Bool`: `true` or `false`."""

    def read(self, json: Json) -> object:
        if type(json) is not bool:
            raise expected("a bool", json)
        return json

    def write(self, value: object) -> object:
        if type(value) is not bool:
            raise expected("a bool", value)
        return value

    def wire(self, *, named: bool) -> Wire:
        return Wire(bool, None)


class Integer(SatsType):
    """`U8` to `U128` and `I8` to `I128`: a bare number of any size. `U256` and `I256`: a string such as `"-0x5"`."""

    def __init__(self, bits: int, *, signed: bool) -> None:
        self.name = f"{'i' if signed else 'u'}{bits}"
        self.least = -(1 << (bits - 1)) if signed else 0
        self.most = (1 << (bits - 1 if signed else bits)) - 1
        self._as_text = bits == 256

    @cached_property
    def meta(self) -> msgspec.Meta:
        """The range for msgspec, as far as it goes: it takes no bounds beyond 64 bits with a sign."""
        return msgspec.Meta(
            ge=self.least if self.least >= _I64_LEAST else None,
            le=self.most if self.most <= _I64_MOST else None,
        )

    def _check(self, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise expected(f"an integer ({self.name})", value)
        if not self.least <= value <= self.most:
            raise Fault(f"{value} is out of range for {self.name} ({self.least} to {self.most})")
        return value

    def read(self, json: Json) -> object:
        return self._check(self._from_text(json) if self._as_text else json)

    def _from_text(self, json: Json) -> int:
        if not isinstance(json, str) or not json.removeprefix("-").startswith("0x"):
            raise expected('a string such as "0x5"', json)
        try:
            return int(json, 16)
        except ValueError:
            raise expected('a string such as "0x5"', json) from None

    def write(self, value: object) -> object:
        number = self._check(value)
        return hex(number) if self._as_text else number

    def wire(self, *, named: bool) -> Wire:
        return Wire(str, self.read) if self._as_text else Wire(Annotated[int, self.meta], None)


class Float(SatsType):
    """`F64`, and `F32` as the shortest decimal that names it: a bare number; NaN and both infinities arrive as `null`.

    JSON has no literal for those three, so a null reads as NaN, and none of them can be sent.
    """

    def __init__(self, bits: int) -> None:
        self._single = bits == 32

    @cached_property
    def key(self) -> Key | None:
        """0.0 and -0.0 are equal in Python and two values on the server."""
        return _signed_zero

    def read(self, json: Json) -> object:
        if json is None:
            return NAN
        value = self._number(json)
        return _shortest_single(value) if self._single else value

    def write(self, value: object) -> object:
        number = self._number(value)
        if not math.isfinite(number):
            raise Fault(f"{number} cannot be sent: JSON has no literal for it")
        if self._single:
            number = _single(number)
        return msgspec.Raw(double_literal(number).encode())

    @staticmethod
    def _number(value: object) -> float:
        if not isinstance(value, float | int) or isinstance(value, bool):
            raise expected("a float", value)
        try:
            return float(value)
        except OverflowError:
            raise Fault(f"{value} is out of range for a float") from None

    def wire(self, *, named: bool) -> Wire:
        return Wire(float, None)


def _signed_zero(value: float) -> Hashable:
    return _NEGATIVE_ZERO if value == 0.0 and math.copysign(1.0, value) < 0 else value


def _single(value: float) -> float:
    """The 32-bit float nearest to `value`. Its double is sent: it lies in the middle of what rounds to it."""
    try:
        (single,) = struct.unpack("<f", struct.pack("<f", value))
    except OverflowError:
        raise Fault(f"{value} is out of range for f32") from None
    return float(single)


def _shortest_single(value: float) -> float:
    """The shortest decimal that rounds to the same 32-bit float: the form in which the server writes it."""
    single = _single(value)
    return next(
        short for digits in range(1, 10) if _single(short := float(f"{single:.{digits}g}")) == single or digits == 9
    )


class String(SatsType):
    """`String`: a JSON string."""

    def read(self, json: Json) -> object:
        if not isinstance(json, str):
            raise expected("a string", json)
        return json

    def write(self, value: object) -> object:
        if not isinstance(value, str):
            raise expected("a string", value)
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Fault(f"{value!r} has a lone surrogate, which is not text") from None
        return value

    def wire(self, *, named: bool) -> Wire:
        return Wire(str, None)


class Bytes(SatsType):
    """An array of `U8`: hexadecimal digits in a string, without `0x`. Callers may also send a list of numbers."""

    def read(self, json: Json) -> object:
        try:
            if isinstance(json, str):
                return bytes.fromhex(json)
            if isinstance(json, list):
                return bytes(cast("list[int]", json))
        except (ValueError, TypeError):
            pass
        raise expected("hexadecimal digits", json)

    def write(self, value: object) -> object:
        if not isinstance(value, bytes | bytearray | memoryview):
            raise expected("bytes", value)
        return value.hex()

    def wire(self, *, named: bool) -> Wire:
        return Wire(str, bytes.fromhex)


class Unit(SatsType):
    """The empty product, None in Python: `{}` or `[]`."""

    def read(self, json: Json) -> object:
        if json not in ({}, []):
            raise expected("the empty object or array", json)
        return None

    def write(self, value: object) -> object:
        if value is not None:
            raise expected("None", value)
        return []

    def wire(self, *, named: bool) -> Wire:
        return Wire(dict[str, msgspec.Raw] if named else tuple[()], self.read)


UNIT = Unit()
"""The one unit type."""
