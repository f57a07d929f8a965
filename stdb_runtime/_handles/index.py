"""Indexes: their declarations in generated code, and their handles, which find rows.

A declaration is a class attribute of a table, such as `name = Unique[Player, str]("name")`.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Generic, Self, TypeVar, overload

from .._engine.cache_sink import ENGINE, TypedEngine
from .._engine.hidden import Hidden
from .._engine.stream import Change, Deleted, Stream, merge, seen_from
from .._engine.table_state import TableState
from .._sats.annotation import Product
from ..errors import ConnectionLost
from .table import Table, state_of

__all__ = ["BTree", "BTreeIndex", "Hash", "HashIndex", "Unique", "UniqueIndex"]

R = TypeVar("R", bound=Product)
K = TypeVar("K")

_ENGINE: Hidden[TypedEngine] = Hidden("_engine")
_STATE: Hidden[TableState[Any]] = Hidden("_state")  # Any: `_state_of` tells the row class
_COLUMNS: Hidden[tuple[str, ...]] = Hidden("_columns")


class _Index(Generic[R, K]):
    """Index of a table.

    Args:
        table: the table.
        columns: the Python names of the columns.
    """

    def __init__(self, table: Table[R], columns: tuple[str, ...]) -> None:
        engine = ENGINE.of(table)()
        _ENGINE.set(self, engine)
        _STATE.set(self, state_of(table, engine))
        _COLUMNS.set(self, columns)


def _state_of(index: _Index[R, K]) -> TableState[R]:
    return _STATE.of(index)


class UniqueIndex(_Index[R, K]):
    """Unique index of a table: finds the row that has a value in a unique column."""

    def find(self, value: K) -> R | None:
        """Return the row that has a value in the column, or None. Takes the same time however many rows there are."""
        return _state_of(self).rows.unique(*_COLUMNS.of(self)).get(value)

    async def wait_for(self, value: K, *, timeout: float | None = None) -> R:  # noqa: ASYNC109 - what users expect
        """Return the row that has a value in the column, and wait for it if there is none yet.

        Args:
            value: the value.
            timeout: the maximum time to wait, in seconds; None for no limit.

        Raises:
            TimeoutError: no such row was inserted in time.
            ConnectionLost: the client was closed first.
        """
        return await _ENGINE.of(self).driver.within(timeout, _next(self, value))

    def changes(self, value: K) -> Stream[Change[R]]:
        """Iterate over future changes of the row that has a value in the column.

        An update that gives a row the value is `Inserted`, and one that takes it away is `Deleted`. Changes of one
        primary key that wait for the consumer are merged.

        Returns:
            An async iterator of `Inserted`, `Deleted` and `Updated` for one consumer. It ends when the client is
            closed.
        """
        state = _state_of(self)
        key_of = None if state.primary_key is None else attrgetter(state.primary_key)
        stream: Stream[Change[R]] = _ENGINE.of(self).sink.stream(
            1,
            "raise",
            key=lambda change: value if key_of is None else key_of(change.row),
            join=merge,
            view=seen_from(attrgetter(*_COLUMNS.of(self)), value),
        )
        state.streams.add(stream)
        return stream


async def _next(index: UniqueIndex[R, K], value: K) -> R:
    """Return the row that has a value in the column, once there is one."""
    (column,) = _COLUMNS.of(index)
    view = seen_from(attrgetter(column), value)

    def without_deletes(change: Change[R]) -> Change[R] | None:
        own = view(change)
        return None if isinstance(own, Deleted) else own

    # A buffer for one: the first change stays in it, whatever follows.
    stream: Stream[Change[R]] = _ENGINE.of(index).sink.stream(1, "raise", view=without_deletes)
    _state_of(index).streams.add(stream)
    row = index.find(value)
    if row is not None:
        return row
    async for change in stream:
        return change.row
    raise ConnectionLost(f"the client was closed before a row with {column} {value!r} was inserted")


class BTreeIndex(_Index[R, K]):
    """B-tree index of a table: finds rows by the value of a column, or by a range of values.

    The value of an index of several columns is a tuple; a shorter tuple stands for all values that begin with it.
    """

    @overload
    def filter(self, value: K, /) -> list[R]: ...
    # At least one bound: each form requires one, and allows those that none before it requires.
    @overload
    def filter(self, *, ge: K, gt: K = ..., le: K = ..., lt: K = ...) -> list[R]: ...
    @overload
    def filter(self, *, gt: K, le: K = ..., lt: K = ...) -> list[R]: ...
    @overload
    def filter(self, *, le: K, lt: K = ...) -> list[R]: ...
    @overload
    def filter(self, *, lt: K) -> list[R]: ...
    def filter(self, *value: K, **bounds: K) -> list[R]:
        """Return the rows that have a value in the column, or one within bounds, in ascending order.

        Args:
            value: the value.
            bounds: instead of a value, lower bounds `ge` (inclusive) or `gt` (exclusive), upper bounds `le` (inclusive)
                or `lt` (exclusive).

        Returns:
            A new list. Finding its rows takes a time that grows with their number, and with the logarithm of the number
            of values.

        Raises:
            TypeError: neither a value nor bounds are given, or both.
        """
        index = _state_of(self).rows.sorted(*_COLUMNS.of(self))
        if len(value) == 1 and not bounds:
            return index.equal(value[0])
        if bounds and not value:
            return index.between(**bounds)
        raise TypeError("filter takes one value, or bounds: ge or gt, le or lt")


class HashIndex(_Index[R, K]):
    """Hash index of a table: finds rows by the value of a column, or by the tuple of the values of several columns."""

    def filter(self, value: K, /) -> list[R]:
        """Return the rows that have a value in the column.

        Args:
            value: the value; the tuple of the values for an index of several columns.

        Returns:
            A new list. Finding its rows takes a time that grows only with their number.
        """
        return _state_of(self).rows.hashed(*_COLUMNS.of(self)).equal(value)


class Unique(Generic[R, K]):
    """Declaration of a unique column.

    Args:
        column: the Python name of the column.
    """

    def __init__(self, column: str) -> None:
        self._column = column

    @overload
    def __get__(self, table: None, owner: type[Table[R]]) -> Self: ...
    @overload
    def __get__(self, table: Table[R], owner: type[Table[R]]) -> UniqueIndex[R, K]: ...
    def __get__(self, table: Table[R] | None, owner: type[Table[R]]) -> Self | UniqueIndex[R, K]:
        return self if table is None else UniqueIndex(table, (self._column,))


class BTree(Generic[R, K]):
    """Declaration of a B-tree index.

    Args:
        columns: the Python names of its columns.
    """

    def __init__(self, *columns: str) -> None:
        self._columns = columns

    @overload
    def __get__(self, table: None, owner: type[Table[R]]) -> Self: ...
    @overload
    def __get__(self, table: Table[R], owner: type[Table[R]]) -> BTreeIndex[R, K]: ...
    def __get__(self, table: Table[R] | None, owner: type[Table[R]]) -> Self | BTreeIndex[R, K]:
        return self if table is None else BTreeIndex(table, self._columns)


class Hash(Generic[R, K]):
    """Declaration of a hash index, or of another index that has no order.

    Args:
        columns: the Python names of its columns.
    """

    def __init__(self, *columns: str) -> None:
        self._columns = columns

    @overload
    def __get__(self, table: None, owner: type[Table[R]]) -> Self: ...
    @overload
    def __get__(self, table: Table[R], owner: type[Table[R]]) -> HashIndex[R, K]: ...
    def __get__(self, table: Table[R] | None, owner: type[Table[R]]) -> Self | HashIndex[R, K]:
        return self if table is None else HashIndex(table, self._columns)
