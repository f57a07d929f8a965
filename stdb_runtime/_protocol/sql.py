"""Names and literals in the SQL of the server (docs/protocol.md, 8)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .._sats.annotation import type_of
from .._sats.sats import Fault, SatsType, short_repr
from .._sats.scalar import Float, Integer
from ..types import ConnectionId, Identity, Timestamp, Uuid

__all__ = ["has_literals", "literal", "quoted"]

# From 0000-01-01 up to 10000-01-01: the range of timestamps that the server reads.
_FIRST_MICROS, _END_MICROS = -62_167_219_200_000_000, 253_402_300_800_000_000


def quoted(name: str) -> str:
    """Quote the name of a table or column, if needed. Names are never SQL keywords: servers refuse such modules."""
    if name.isascii() and name.isidentifier():
        return name
    return '"' + name.replace('"', '""') + '"'


def has_literals(type_: SatsType) -> bool:
    """Return True if SQL has literals of a type, so that queries can compare its values."""
    return isinstance(type_, Integer | Float) or type_ in _WRITERS


def literal(type_: SatsType, value: object) -> str:
    """Return the SQL literal of a value.

    Args:
        type_: the type of the column.
        value: the value that the column is compared with.

    Raises:
        TypeError: the value is not of the type of the column, or SQL has no literals of that type.
        ValueError: SQL has no literal for the value.
    """
    if isinstance(type_, Integer):
        return _integer(type_, value)
    if isinstance(type_, Float):
        return _float(type_, value)
    if not has_literals(type_):
        raise TypeError("SQL has no literals of its type, so it cannot be compared")
    python_type, write = _WRITERS[type_]
    if not isinstance(value, python_type):
        raise TypeError(f"expected {python_type.__name__}, got {short_repr(value)}")
    return write(value)


def _integer(type_: Integer, value: object) -> str:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"expected int, got {short_repr(value)}")
    try:
        return str(type_.number(value))
    except Fault as fault:
        raise ValueError(fault.problem) from None


def _float(type_: Float, value: object) -> str:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"expected float, got {short_repr(value)}")
    try:
        type_.write(value)
    except Fault:
        raise ValueError(f"SQL has no literal for {short_repr(value)} of type {type_.type_string()}") from None
    # The server reads numbers with an exponent inexactly from about 1e80 on, and numbers without one exactly.
    return format(Decimal(repr(float(value))), "f")


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _string(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("a string with a lone surrogate cannot be sent") from None
    return "'" + value.replace("'", "''") + "'"


def _timestamp(value: Timestamp) -> str:
    if not _FIRST_MICROS <= value.micros < _END_MICROS:
        raise ValueError(f"{value} is not within the years 0 to 9999, the range of timestamps in SQL")
    return f"'{value.to_rfc3339()}'"


def _hexadecimal(value: Identity | ConnectionId) -> str:
    return f"0x{value.to_hex()}"


_BY_CLASS: dict[type, Callable[[Any], str]] = {  # Any: the class on its left
    bool: _boolean,
    str: _string,
    bytes: lambda value: f"0x{value.hex()}",
    Identity: _hexadecimal,
    ConnectionId: _hexadecimal,
    Timestamp: _timestamp,
    Uuid: lambda value: f"'{value}'",
}
_WRITERS = {type_of(python_type): (python_type, write) for python_type, write in _BY_CLASS.items()}
