"""Decoding of rows, from the strings of a message to instances of a row class.

Each row is a JSON document in a string (docs/protocol.md, 3.1). Many rows are joined and decoded by one call, because a
call for each row would take as long as the decoding; but not all of them, because the garbage collector would visit
those that are decoded again and again.
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
    """Decoder of the rows of one table as instances of a row class.

    Args:
        row: the row class.
        table: the name of the table, for error messages.
    """

    def __init__(self, row: type[R], table: str) -> None:
        self._type = product_of(row)
        self._table = table
        self._null_floats = False
        self._plans: dict[Dialect, tuple[msgspec.json.Decoder[list[Any]], DecodePlan]] = {}  # Any: the plan's own type

    def read(self, *lists: Sequence[str]) -> list[R]:
        """Decode the rows of some lists of one message, in order and in either dialect.

        Raises:
            DecodeError: a row does not have the declared type.
        """
        texts = lists[0] if len(lists) == 1 else list(chain.from_iterable(lists))
        rows: list[R] = []
        for start in range(0, len(texts), _CHUNK):
            rows += self._read_chunk(texts[start : start + _CHUNK])
        return rows

    def _read_chunk(self, texts: Sequence[str]) -> list[R]:
        """Decode some rows, by one call if they are all in one dialect, as they nearly always are."""
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
        """Decode rows in one dialect by one call. Returns None if they need `_read_one`."""
        rows = self._decode(texts, Dialect(named, self._null_floats))
        if rows is None and not self._null_floats:
            # A float that is NaN or infinite is sent as null. Once there was one, expect more.
            rows = self._decode(texts, Dialect(named, null_floats=True))
            self._null_floats = rows is not None
        return rows

    def _decode(self, texts: Sequence[str], dialect: Dialect) -> list[R] | None:
        """Decode rows in one dialect by one call. Returns None if a row is not in that dialect, or is invalid."""
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
        rows_type: Any = list.__class_getitem__(plan.type)  # Any: a type that is created at run time
        return msgspec.json.Decoder(rows_type), plan

    def _read_one(self, text: str) -> R:
        """Decode one row, in any form. Raises DecodeError."""
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
    """Decoder of the rows of one table without a row class: as values of a type, or as JSON values.

    Args:
        row: the type of the rows; None for JSON values, as the server sent them.
        table: the name of the table, for error messages.
    """

    def __init__(self, row: SatsType | None, table: str) -> None:
        self._type = row
        self._table = table

    def read(self, *lists: Sequence[str]) -> list[Any]:  # Any: values of any type
        """Decode the rows of some lists of one message, in order.

        Raises:
            DecodeError: a row is not JSON, or does not have the type.
        """
        try:
            values: list[Any] = [msgspec.json.decode(text) for text in chain.from_iterable(lists)]
            return values if self._type is None else list(map(self._type.read, values))
        except Fault as fault:
            raise DecodeError(fault.problem, table=self._table, path=fault.path("$")) from None
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise DecodeError(f"a row is not JSON: {error}", table=self._table) from None


def _is_named(text: str) -> bool:
    """Return True if a row is an object with the names of the columns, and not an array."""
    return text.startswith("{")
