"""SATS, the algebraic types of SpacetimeDB: how a value of each is read from JSON and written to it.

The server writes products in two dialects (protocol notes, 3.1): *named*, as objects, and *positional*, as arrays. In
a named row, what stands inside an array is positional. Callers of reducers have further spellings (3.3). So each type
here knows two ways of reading:

- `read` takes parsed JSON in any dialect and spelling and checks everything. It is the reference.
- `wire` is a short cut for rows: a type that msgspec decodes directly, and what is left to do after that, for many
  values at once. Where it fails for whatever reason, the caller reads again with `read`, which says what is wrong.

Values are written positionally, sums by tag, so that nothing depends on how the server cases names.
"""

from __future__ import annotations

import math
import re
import struct
from abc import ABC, abstractmethod
from binascii import a2b_hex
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import cached_property
from typing import Annotated, Any, NamedTuple, TypeAlias

import msgspec

from .literal import double_literal, server_double

__all__ = [
    "NAN",
    "UNIT",
    "Boolean",
    "Build",
    "Bytes",
    "Dialect",
    "Fault",
    "Float",
    "Integer",
    "Json",
    "Key",
    "SatsType",
    "String",
    "Unit",
    "Wire",
    "each",
    "expected",
    "shown",
]

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""What a JSON parser gives."""
Build: TypeAlias = Callable[[Sequence[Any]], Iterable[Any]]  # Any: each type's own wires and values
"""Makes the values of many wires: a column of rows at once, because a Python call a value would be the slow part."""
Key: TypeAlias = Callable[[Any], Hashable]  # Any: as above

NAN = float("nan")
"""The one NaN that every column holds: NaN differs from itself, but an object is found by identity."""

_NEGATIVE_ZERO = "-0.0"
_NAN_KEY = "nan"
_HEXADECIMAL = re.compile("-?0x[0-9a-fA-F]+")
_U64_MAX = 2**64 - 1
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


class Dialect(NamedTuple):
    """A way of the server to write rows (3.1).

    Attributes:
        named: products are objects; else they are arrays.
        null_floats: floats may be null, which few tables need and which costs time.
    """

    named: bool
    null_floats: bool = False


class Wire(NamedTuple):
    """How msgspec decodes one type in one dialect, and how values are built from that (None: they are the values)."""

    type: Any  # Any: what msgspec takes as a type: classes, unions, generic aliases
    build: Build | None


def each(make: Callable[[Any], Any]) -> Build:  # Any: as in Build
    """Builds each value for itself."""
    return lambda wires: map(make, wires)


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
    def wire(self, dialect: Dialect) -> Wire:
        """The short cut for rows of a dialect."""

    def followed(self) -> SatsType:
        """The type itself, where this is but a reference to it."""
        return self

    @abstractmethod
    def spelled(self, within: tuple[SatsType, ...] = ()) -> str:
        """The type's structure as Rust spells types: equal texts mean equal values on the wire.

        Args:
            within: the types around; one of them is spelled `...`, since it goes on without an end.
        """


def expected(what: str, got: object) -> Fault:
    """The fault of a value that is something else than it should be."""
    return Fault(f"expected {what}, got {shown(got)}")


def shown(value: object) -> str:
    """A value for a message, at most 60 characters of it."""
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write an integer of more than 4300 digits
        text = f"a huge {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


class Boolean(SatsType):
    """`Bool`: `true` or `false` (3.2)."""

    def read(self, json: Json) -> object:
        if type(json) is not bool:
            raise expected("a bool", json)
        return json

    def write(self, value: object) -> object:
        if type(value) is not bool:
            raise expected("a bool", value)
        return value

    def spelled(self, within: tuple[SatsType, ...] = ()) -> str:
        return "bool"

    def wire(self, dialect: Dialect) -> Wire:
        return Wire(bool, None)


class Integer(SatsType):
    """`U8` to `U128` and `I8` to `I128`: a bare number. `U256` and `I256`: a string such as `"-0x5"` (3.2)."""

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

    def number(self, value: object) -> int:
        """The value, if it is an integer within the range. Raises Fault."""
        if not isinstance(value, int) or isinstance(value, bool):
            raise expected(f"an integer ({self.name})", value)
        if not self.least <= value <= self.most:
            raise Fault(f"{shown(value)} is out of range for {self.name} ({self.least} to {self.most})")
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

    def spelled(self, within: tuple[SatsType, ...] = ()) -> str:
        return self.name

    def wire(self, dialect: Dialect) -> Wire:
        return Wire(str, each(self.read)) if self._as_text else Wire(Annotated[int, self.meta], None)


class Float(SatsType):
    """`F64`, and `F32` as the shortest decimal that names it: a bare number; NaN and both infinities arrive as `null`.

    JSON has no literal for those three, so a null reads as NaN, and none of them can be sent (3.1, 3.3). A number
    is read as the server reads it.
    """

    def __init__(self, bits: int) -> None:
        self._single = bits == 32

    @cached_property
    def key(self) -> Key | None:
        """0.0 and -0.0 are equal in Python and two values on the server; NaN is one value, and equals nothing."""
        return _float_key

    def read(self, json: Json) -> object:
        if json is None:
            return NAN
        # The server drops the digits of a whole number that do not fit in 64 bits, as of any other.
        huge = type(json) is int and abs(json) > _U64_MAX
        value = self._number(_server_double(json) if huge else json)
        return _shortest_single(value) if self._single else value

    def write(self, value: object) -> object:
        number = self._number(value)
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
            raise Fault(f"{shown(value)} is out of range for a float") from None

    def spelled(self, within: tuple[SatsType, ...] = ()) -> str:
        return "f32" if self._single else "f64"

    def wire(self, dialect: Dialect) -> Wire:
        return Wire(float | None, _build_floats) if dialect.null_floats else Wire(float, None)


def _build_floats(wires: Sequence[float | None]) -> Iterable[float]:
    return [NAN if wire is None else wire for wire in wires]


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
    """The 32-bit float nearest to `value`. Its double is sent: it lies in the middle of what rounds to it."""
    try:
        (single,) = struct.unpack("<f", struct.pack("<f", value))
    except OverflowError:
        return math.copysign(math.inf, value)
    return float(single)


def _shortest_single(value: float) -> float:
    """The shortest decimal that rounds to the same 32-bit float: the form in which the server writes it.

    What is out of range is an infinity, which the server makes of it too.
    """
    single = _single(value)
    if math.isinf(single):
        return single
    return next(
        short for digits in range(1, 10) if _single(short := float(f"{single:.{digits}g}")) == single or digits == 9
    )


_OCTET = Integer(8, signed=False)


class String(SatsType):
    """`String`: a JSON string, such as `"x"` (3.2). Lone surrogates are no text (3.3)."""

    def read(self, json: Json) -> object:
        return self._check(json)

    def write(self, value: object) -> object:
        return self._check(value)

    @staticmethod
    def _check(value: object) -> str:
        if not isinstance(value, str):
            raise expected("a string", value)
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Fault(f"{shown(value)} has a lone surrogate, which is not text") from None
        return str.__str__(value)

    def spelled(self, within: tuple[SatsType, ...] = ()) -> str:
        return "String"

    def wire(self, dialect: Dialect) -> Wire:
        return Wire(str, None)


class Bytes(SatsType):
    """An array of `U8`: hexadecimal digits, such as `"00ff"` (3.2). Callers may also send `[0, 255]` (3.3)."""

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

    def spelled(self, within: tuple[SatsType, ...] = ()) -> str:
        return "Vec<u8>"

    def wire(self, dialect: Dialect) -> Wire:
        return Wire(str, each(a2b_hex))


class Unit(SatsType):
    """The empty product, None in Python: `{}` or `[]` (3.2)."""

    def read(self, json: Json) -> object:
        if json not in ({}, []):
            raise expected("the empty object or array", json)
        return None

    def write(self, value: object) -> object:
        if value is not None:
            raise expected("None", value)
        return []

    def spelled(self, within: tuple[SatsType, ...] = ()) -> str:
        return "()"

    def wire(self, dialect: Dialect) -> Wire:
        return Wire(_EmptyObject if dialect.named else tuple[()], each(_nothing))


class _EmptyObject(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """`{}`."""


def _nothing(_: object) -> None:
    """The value of a unit."""


UNIT = Unit()
"""The one unit type."""
