"""Rows: from the strings of a message to instances of a row class.

Each row is a JSON document inside a string (protocol notes, 3.1). Rows are joined and decoded many at a time, because a
call per row costs as much as the decoding; in chunks, because the garbage collector looks again and again at what is
held while more is made.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import groupby
from typing import Any, Generic, TypeVar, cast

import msgspec

from .annotation import Product, product_of
from .errors import DecodeError
from .sats import Fault, Wire

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
        self._wires: dict[bool, tuple[msgspec.json.Decoder[list[Any]], Wire]] = {}  # Any: the wire's own type

    def read(self, texts: Sequence[str]) -> list[R]:
        """The rows of the strings of one list of a message, in either dialect.

        Raises:
            DecodeError: a row is not what the row class declares.
        """
        rows: list[R] = []
        for start in range(0, len(texts), _CHUNK):
            chunk = texts[start : start + _CHUNK]
            for named, run in groupby(chunk, lambda text: text.startswith("{")):
                rows += self._read_run(list(run), named=named)
        return rows

    def key(self, row: R) -> Hashable:
        """What identifies the row in the table: equal for equal rows in whatever text they came."""
        key = self._type.key
        return row if key is None else key(row)

    @property
    def keyed_by_value(self) -> bool:
        """Whether a row is its own key, so that `key` need not be called."""
        return self._type.key is None

    def _read_run(self, texts: list[str], *, named: bool) -> list[R]:
        """The rows of strings in one dialect, the quick way where it works."""
        try:
            decoder, wire = self._wire(named=named)
            values = decoder.decode("[" + ",".join(texts) + "]")
            if len(values) == len(texts):
                return values if wire.build is None else list(map(wire.build, values))
        except (msgspec.MsgspecError, Fault, ValueError, LookupError, RecursionError):
            pass  # read again below, which finds the same trouble and says where it is, or a null that is a NaN
        return [self._read_one(text) for text in texts]

    def _wire(self, *, named: bool) -> tuple[msgspec.json.Decoder[list[Any]], Wire]:  # Any: the wire's own type
        if named not in self._wires:
            wire = self._type.wire(named=named)
            rows_type: Any = list.__class_getitem__(wire.type)  # Any: a type that is made at run time
            self._wires[named] = (msgspec.json.Decoder(rows_type), wire)
        return self._wires[named]

    def _read_one(self, text: str) -> R:
        """One row, the general way."""
        try:
            return cast("R", self._type.read(msgspec.json.decode(text)))
        except Fault as fault:
            raise DecodeError(fault.problem, table=self._table, path=fault.path("$")) from None
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise DecodeError(f"{error} in {text[:80]!r}", table=self._table) from None
        except RecursionError:
            raise DecodeError("nested too deeply", table=self._table) from None
