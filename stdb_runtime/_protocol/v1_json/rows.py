"""Rows: from the strings of a message to instances of a row class.

Each row is a JSON document inside a string (docs/protocol.md, 3.1). Rows are joined and decoded many at a time, because
a call per row costs as much as the decoding; in chunks, because the garbage collector looks again and again at what is
held while more is made.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any, Generic, TypeVar, cast

import msgspec

from ..._sats.annotation import Product, product_of
from ..._sats.sats import Dialect, Fault, Wire
from ...errors import DecodeError

__all__ = ["RowReader"]

R = TypeVar("R", bound=Product)

_CHUNK = 500


class RowReader(Generic[R]):
    """Reads the rows of one table.

    Args:
        row: the row class.
        table: the table's name, for messages.
    """

    def __init__(self, row: type[R], table: str) -> None:
        self._type = product_of(row)
        self._table = table
        self._null_floats = False
        self._wires: dict[Dialect, tuple[msgspec.json.Decoder[list[Any]], Wire]] = {}  # Any: the wire's own type

    def read(self, texts: Sequence[str]) -> list[R]:
        """The rows of the strings of one list of a message, in either dialect.

        Raises:
            DecodeError: a row is not what the row class declares.
        """
        rows: list[R] = []
        for start in range(0, len(texts), _CHUNK):
            rows += self._read_chunk(texts[start : start + _CHUNK])
        return rows

    def key(self, row: R) -> Hashable:
        """What identifies the row in the table: equal for equal rows in whatever text they came."""
        key = self._type.key
        return row if key is None else key(row)

    @property
    def keyed_by_value(self) -> bool:
        """Whether a row is its own key, so that `key` need not be called."""
        return self._type.key is None

    def _read_chunk(self, texts: Sequence[str]) -> list[R]:
        """The rows of a few strings, all at once where they are in one dialect, as nearly always."""
        rows = self._read_fast(texts, named=_is_named(texts[0]))
        if rows is not None:
            return rows
        found: dict[bool, Iterator[R]] = {}
        for named in (True, False):
            same = [text for text in texts if _is_named(text) is named]
            rows = self._read_fast(same, named=named)
            found[named] = map(self._read_one, same) if rows is None else iter(rows)
        return [next(found[_is_named(text)]) for text in texts]

    def _read_fast(self, texts: Sequence[str], *, named: bool) -> list[R] | None:
        """The rows of strings in one dialect, or None if msgspec does not decode them."""
        rows = self._decode(texts, Dialect(named, self._null_floats))
        if rows is None and not self._null_floats:
            # Where a float was NaN or an infinity once, there will be more: from then on null is expected there.
            rows = self._decode(texts, Dialect(named, null_floats=True))
            self._null_floats = rows is not None
        return rows

    def _decode(self, texts: Sequence[str], dialect: Dialect) -> list[R] | None:
        """The rows of strings in one dialect, or None if they are in another, or wrong."""
        if dialect not in self._wires:
            self._wires[dialect] = self._compile(dialect)
        decoder, wire = self._wires[dialect]
        try:
            values = decoder.decode("[" + ",".join(texts) + "]")
            rows = values if wire.build is None else list(wire.build(values))
        except (msgspec.MsgspecError, Fault, ValueError, LookupError, RecursionError):
            return None
        return rows if len(rows) == len(texts) else None

    def _compile(self, dialect: Dialect) -> tuple[msgspec.json.Decoder[list[Any]], Wire]:  # Any: the wire's own type
        wire = self._type.wire(dialect)
        rows_type: Any = list.__class_getitem__(wire.type)  # Any: a type that is made at run time
        return msgspec.json.Decoder(rows_type), wire

    def _read_one(self, text: str) -> R:
        """One row, the general way."""
        try:
            return cast("R", self._type.read(msgspec.json.decode(text)))
        except Fault as fault:
            raise DecodeError(fault.problem, table=self._table, path=fault.path("$")) from None
        except (msgspec.MsgspecError, UnicodeError) as error:
            problem, _, path = str(error).partition(" - at ")
            raise DecodeError(f"{problem} in {text[:80]!r}", table=self._table, path=path.strip("`") or "$") from None
        except RecursionError:
            raise DecodeError("nested too deeply", table=self._table) from None


def _is_named(text: str) -> bool:
    """Whether a row is an object with the columns' names; else it is an array."""
    return text.startswith("{")
