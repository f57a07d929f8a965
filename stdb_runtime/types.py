"""Special types of SpacetimeDB: identities, times, and the sums that Python has no equivalent of.

Text forms equal those of the official SDKs. Wire forms are those of docs/protocol.md, 3.2, where a product is an
object in a *named* row and an array in a *positional* one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Generic, Literal, Self, TypeAlias, TypeVar, overload
from uuid import UUID

import msgspec

__all__ = [
    "ConnectionId",
    "Err",
    "Identity",
    "Ok",
    "Result",
    "ScheduleAt",
    "ScheduleAtInterval",
    "ScheduleAtTime",
    "Some",
    "TimeDuration",
    "Timestamp",
    "Uuid",
]

T = TypeVar("T")
E = TypeVar("E")

_U128_MAX = 2**128 - 1
_U256_MAX = 2**256 - 1
_I64_MIN, _I64_MAX = -(2**63), 2**63 - 1
_I64: TypeAlias = Annotated[int, msgspec.Meta(ge=_I64_MIN, le=_I64_MAX)]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MICROS_PER_SECOND = 1_000_000
# The Gregorian calendar repeats after 400 years, which lets dates beyond datetime's years 1 to 9999 borrow a
# year within them.
_CYCLE_YEARS = 400
_CYCLE_MICROS = 146_097 * 86_400 * _MICROS_PER_SECOND
ByteOrder: TypeAlias = Literal["little", "big"]
# Compiled when it is first used: an import takes less time.
_RFC3339 = r"(?P<head>\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d+))?(?P<zone>[Zz]|[+-]\d\d:\d\d)"

Uuid: TypeAlias = UUID
"""UUID, Python's own class. On the wire `{"__uuid__": n}` or `[n]`, with n the 128-bit integer (3.2)."""


def _check_i64(micros: int) -> int:
    """Return the result of arithmetic with times. Raises OverflowError beyond 64 bits."""
    if not _I64_MIN <= micros <= _I64_MAX:
        raise OverflowError(f"{micros} microseconds are out of range for 64 bits")
    return micros


def _from_hex(text: str, digits: int, what: str) -> int:
    """Read exactly `digits` hexadecimal digits, with or without `0x`. Raises ValueError for anything else."""
    bare = text[2:] if text[:2] in {"0x", "0X"} else text
    if len(bare) != digits or not re.fullmatch("[0-9a-fA-F]+", bare):
        raise ValueError(f"{what} must be {digits} hexadecimal digits, got {text!r}")
    return int(bare, 16)


def _from_bytes(data: bytes | bytearray | memoryview, order: ByteOrder, size: int, what: str) -> int:
    """Read exactly `size` bytes as an unsigned integer. Raises ValueError for another number of bytes."""
    raw = bytes(data)
    if len(raw) != size:
        raise ValueError(f"{what} must be {size} bytes, got {len(raw)}")
    return int.from_bytes(raw, order)


class Identity(msgspec.Struct, frozen=True, order=True, gc=False, rename={"value": "__identity__"}):
    """Identity of a user or a database: a number of 256 bits, the same on every connection with the same token.

    On the wire `{"__identity__": "0x..."}` or `["0x..."]`, without leading zeros (3.2). The text form is 64 hexadecimal
    digits, with leading zeros.

    Attributes:
        value: the number, 0 <= value < 2**256.
        ZERO: the identity 0, which stands for nobody.

    Raises:
        ValueError: the number is negative or has more than 256 bits.
    """

    ZERO: ClassVar[Identity]
    value: int

    def __post_init__(self) -> None:
        if not 0 <= self.value <= _U256_MAX:
            raise ValueError(f"an identity must be an unsigned integer of 256 bits, got {self.value:#x}")

    @classmethod
    def from_hex(cls, text: str) -> Self:
        """Read 64 hexadecimal digits, with or without `0x`. Raises ValueError for anything else."""
        return cls(_from_hex(text, 64, "an identity"))

    def to_hex(self) -> str:
        """Return 64 lower-case hexadecimal digits, without `0x`."""
        return f"{self.value:064x}"

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview, byteorder: ByteOrder = "little") -> Self:
        """Read 32 bytes. Raises ValueError for another number of bytes.

        Args:
            data: the bytes.
            byteorder: "little" for the least significant byte first, as in BSATN and in the Rust SDK's
                `Identity::from_byte_array`; "big" for the order of the digits of `to_hex()`.
        """
        return cls(_from_bytes(data, byteorder, 32, "an identity"))

    def to_bytes(self, byteorder: ByteOrder = "little") -> bytes:
        """Return 32 bytes.

        Args:
            byteorder: "little" for the least significant byte first, as in BSATN and in the Rust SDK's
                `Identity::to_byte_array`; "big" for the order of the digits of `to_hex()`.
        """
        return self.value.to_bytes(32, byteorder)

    def to_abbreviated_hex(self) -> str:
        """Return the first 16 digits of `to_hex()`, for logs."""
        return self.to_hex()[:16]

    def __str__(self) -> str:
        return self.to_hex()

    def __repr__(self) -> str:
        return f"Identity({self.to_hex()})"


Identity.ZERO = Identity(0)


class ConnectionId(msgspec.Struct, frozen=True, order=True, gc=False, rename={"value": "__connection_id__"}):
    """Id of a connection: a number of 128 bits, new with every connection.

    On the wire `{"__connection_id__": n}` or `[n]` (3.2). The text form is 32 hexadecimal digits.

    Attributes:
        value: the number, 0 <= value < 2**128.
        ZERO: the connection id 0, which stands for no connection.

    Raises:
        ValueError: the number is negative or has more than 128 bits.
    """

    ZERO: ClassVar[ConnectionId]
    value: int

    def __post_init__(self) -> None:
        if not 0 <= self.value <= _U128_MAX:
            raise ValueError(f"a connection id must be an unsigned integer of 128 bits, got {self.value:#x}")

    @classmethod
    def from_hex(cls, text: str) -> Self:
        """Read 32 hexadecimal digits, with or without `0x`. Raises ValueError for anything else."""
        return cls(_from_hex(text, 32, "a connection id"))

    def to_hex(self) -> str:
        """Return 32 lower-case hexadecimal digits, without `0x`."""
        return f"{self.value:032x}"

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview, byteorder: ByteOrder = "little") -> Self:
        """Read 16 bytes. Raises ValueError for another number of bytes.

        Args:
            data: the bytes.
            byteorder: "little" for the least significant byte first, as in BSATN and in the Rust SDK's
                `ConnectionId::from_le_byte_array`; "big" for the order of the digits of `to_hex()`.
        """
        return cls(_from_bytes(data, byteorder, 16, "a connection id"))

    def to_bytes(self, byteorder: ByteOrder = "little") -> bytes:
        """Return 16 bytes.

        Args:
            byteorder: "little" for the least significant byte first, as in BSATN and in the Rust SDK's
                `ConnectionId::as_le_byte_array`; "big" for the order of the digits of `to_hex()`.
        """
        return self.value.to_bytes(16, byteorder)

    def to_abbreviated_hex(self) -> str:
        """Return the first 16 digits of `to_hex()`, for logs."""
        return self.to_hex()[:16]

    def __str__(self) -> str:
        return self.to_hex()

    def __repr__(self) -> str:
        return f"ConnectionId({self.to_hex()})"


ConnectionId.ZERO = ConnectionId(0)


class TimeDuration(
    msgspec.Struct,
    frozen=True,
    order=True,
    gc=False,
    rename={"micros": "__time_duration_micros__"},
):
    """Duration in whole microseconds, which may be negative.

    On the wire `{"__time_duration_micros__": n}` or `[n]`, n a signed integer of 64 bits (3.2). The text form is
    seconds with a sign and six decimals, such as `-67419000.000003`.

    Arithmetic raises OverflowError if the result does not fit in 64 bits.

    Attributes:
        micros: the number of microseconds.
    """

    micros: _I64

    @classmethod
    def from_timedelta(cls, delta: timedelta) -> Self:
        """Convert a `datetime.timedelta`."""
        return cls(delta // _MICROSECOND)

    def to_timedelta(self) -> timedelta:
        """Convert to a `datetime.timedelta`. Raises OverflowError beyond its range."""
        return timedelta(microseconds=self.micros)

    def __add__(self, other: TimeDuration) -> TimeDuration:
        return TimeDuration(_check_i64(self.micros + other.micros))

    def __sub__(self, other: TimeDuration) -> TimeDuration:
        return TimeDuration(_check_i64(self.micros - other.micros))

    def __neg__(self) -> TimeDuration:
        return TimeDuration(_check_i64(-self.micros))

    def __abs__(self) -> TimeDuration:
        return TimeDuration(_check_i64(abs(self.micros)))

    def __bool__(self) -> bool:
        return self.micros != 0

    def __str__(self) -> str:
        seconds, micros = divmod(abs(self.micros), _MICROS_PER_SECOND)
        return f"{'-' if self.micros < 0 else '+'}{seconds}.{micros:06}"


class Timestamp(
    msgspec.Struct,
    frozen=True,
    order=True,
    gc=False,
    rename={"micros": "__timestamp_micros_since_unix_epoch__"},
):
    """Point in time, in whole microseconds since 1970-01-01T00:00:00Z.

    On the wire `{"__timestamp_micros_since_unix_epoch__": n}` or `[n]`, n a signed integer of 64 bits (3.2). The
    text form is RFC 3339.

    Arithmetic raises OverflowError if the result does not fit in 64 bits.

    Attributes:
        micros: the microseconds since the epoch.
    """

    micros: _I64

    @classmethod
    def now(cls) -> Self:
        """Return the current time of the local clock."""
        return cls.from_datetime(datetime.now(UTC))

    @classmethod
    def from_datetime(cls, moment: datetime) -> Self:
        """Convert a `datetime` with a time zone. Raises ValueError for a naive one."""
        if moment.tzinfo is None:
            raise ValueError("a datetime without a time zone is not a point in time: give it one, such as datetime.UTC")
        return cls((moment - _EPOCH) // _MICROSECOND)

    def to_datetime(self) -> datetime:
        """Convert to a `datetime` in UTC. Raises OverflowError beyond the years 1 to 9999."""
        return _EPOCH + timedelta(microseconds=self.micros)

    @classmethod
    def from_rfc3339(cls, text: str) -> Self:
        """Read RFC 3339, such as `2026-01-31T12:00:00.5+00:00`; digits beyond microseconds are dropped.

        Raises ValueError for anything else.
        """
        match = re.fullmatch(_RFC3339, text)
        if match is None:
            raise ValueError(f"not an RFC 3339 time: {text!r}")
        zone = "+00:00" if match["zone"] in {"Z", "z"} else match["zone"]
        micros = int((match["fraction"] or "0")[:6].ljust(6, "0"))
        return cls(cls.from_datetime(datetime.fromisoformat(match["head"] + zone)).micros + micros)

    def to_rfc3339(self) -> str:
        """Format as RFC 3339 in UTC with the fewest of 0, 3 or 6 decimals, such as `2026-01-31T12:00:00.500+00:00`.

        Years beyond 9999 have a sign, as in ISO 8601.
        """
        cycles, micros = divmod(self.micros, _CYCLE_MICROS)
        near = _EPOCH + timedelta(microseconds=micros)
        year = near.year + cycles * _CYCLE_YEARS
        sign, width = ("", 4) if 0 <= year <= 9999 else (("-", 4) if year < 0 else ("+", 5))
        text = f"{sign}{abs(year):0{width}}-{near:%m-%dT%H:%M:%S}"
        if near.microsecond % 1000:
            text += f".{near.microsecond:06}"
        elif near.microsecond:
            text += f".{near.microsecond // 1000:03}"
        return text + "+00:00"

    def __add__(self, other: TimeDuration) -> Timestamp:
        return Timestamp(_check_i64(self.micros + other.micros))

    @overload
    def __sub__(self, other: TimeDuration) -> Timestamp: ...
    @overload
    def __sub__(self, other: Timestamp) -> TimeDuration: ...
    def __sub__(self, other: TimeDuration | Timestamp) -> Timestamp | TimeDuration:
        if isinstance(other, TimeDuration):
            return Timestamp(_check_i64(self.micros - other.micros))
        return TimeDuration(_check_i64(self.micros - other.micros))

    def __str__(self) -> str:
        return self.to_rfc3339()


class Variant(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Base of the variants of a sum type, one class per variant. On the wire `[tag, payload]` (3.2).

    A variant with a payload has the one field `value`.
    """

    variant: ClassVar[str]
    """The variant's name, as the module declares it."""


class ScheduleAtInterval(Variant, frozen=True, tag=0):
    """Schedule that repeats, with an interval of `value`. On the wire `[0, <TimeDuration>]` (3.2)."""

    variant = "Interval"
    value: TimeDuration


class ScheduleAtTime(Variant, frozen=True, tag=1):
    """Schedule that runs once, at `value`. On the wire `[1, <Timestamp>]` (3.2)."""

    variant = "Time"
    value: Timestamp


ScheduleAt: TypeAlias = ScheduleAtInterval | ScheduleAtTime
"""Schedule of a scheduled reducer: an interval or a time."""


class Some(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """Present value of an Option whose value may itself be None: `Option<Option<T>>` is `Some[T | None] | None`.

    On the wire `[0, value]`; the absent value is `[1, {}]` or `[1, []]` (3.2).
    """

    value: T


class Ok(Variant, Generic[T], frozen=True, tag=0):
    """Success of a `Result`. On the wire `[0, value]` (3.2)."""

    variant = "ok"
    value: T


class Err(Variant, Generic[E], frozen=True, tag=1):
    """Error of a `Result`. On the wire `[1, value]` (3.2)."""

    variant = "err"
    value: E


Result: TypeAlias = Ok[T] | Err[E]
"""Result of an operation that can fail: `Ok` or `Err`."""
