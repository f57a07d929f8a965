"""Rows: from the strings of a message to instances of a row class.

Each row is a JSON document inside a string (docs/protocol.md, 3.1). Rows are joined and decoded many at a time, because
a call per row costs as much as the decoding; in chunks, because the garbage collector looks again and again at what is
held while more is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Generic, TypeVar, cast

import msgspec

from ..._sats.annotation import Product, product_of
from ..._sats.sats import DecodePlan, Dialect, Fault, SatsType
from ...errors import DecodeError

__all__ = ["RowReader", "ValueReader"]

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
        self._plans: dict[Dialect, tuple[msgspec.json.Decoder[list[Any]], DecodePlan]] = {}  # Any: the plan's own type

    def read(self, *lists: Sequence[str]) -> list[R]:
        """Decode the rows of lists of one message, in either dialect, one list after the other.

        Raises:
            DecodeError: a row is not what the row class declares.
        """
        texts = lists[0] if len(lists) == 1 else list(chain.from_iterable(lists))
        rows: list[R] = []
        for start in range(0, len(texts), _CHUNK):
            rows += self._read_chunk(texts[start : start + _CHUNK])
        return rows

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
        if dialect not in self._plans:
            self._plans[dialect] = self._compile(dialect)
        decoder, plan = self._plans[dialect]
        try:
            values = decoder.decode("[" + ",".join(texts) + "]")
            rows = values if plan.build is None else list(plan.build(values))
        except (msgspec.MsgspecError, Fault, ValueError, LookupError, RecursionError):
            return None
        return rows if len(rows) == len(texts) else None

    def _compile(
        self, dialect: Dialect
    ) -> tuple[msgspec.json.Decoder[list[Any]], DecodePlan]:  # Any: the plan's own type
        plan = self._type.decode_plan(dialect)
        rows_type: Any = list.__class_getitem__(plan.type)  # Any: a type that is made at run time
        return msgspec.json.Decoder(rows_type), plan

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


class ValueReader:
    """Decodes the rows of one table without a row class: as values of a type, or as JSON values.

    Args:
        row: the type; None for JSON values, in the dialect in which they came.
        table: the table's name, for messages.
    """

    def __init__(self, row: SatsType | None, table: str) -> None:
        self._type = row
        self._table = table

    def read(self, *lists: Sequence[str]) -> list[Any]:  # Any: values of whatever type
        """Decode the rows of lists of one message, one list after the other.

        Raises:
            DecodeError: a row is not JSON, or not of the type.
        """
        try:
            values: list[Any] = [msgspec.json.decode(text) for text in chain.from_iterable(lists)]
            return values if self._type is None else list(map(self._type.read, values))
        except Fault as fault:
            raise DecodeError(fault.problem, table=self._table, path=fault.path("$")) from None
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise DecodeError(f"a row is not JSON: {error}", table=self._table) from None


def _is_named(text: str) -> bool:
    """Whether a row is an object with the columns' names; else it is an array."""
    return text.startswith("{")
