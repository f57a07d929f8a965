"""Indexes: their declarations in generated code, and their handles, which find rows.

A declaration is a class attribute of a table, such as `name = Unique[Player, str]("name")`.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Generic, Self, TypeVar, overload

from .._engine.stream import Change, Deleted, Stream, merge, seen_from
from .._sats.annotation import Product
from ..errors import ConnectionLost
from .table import Table

__all__ = ["BTree", "BTreeIndex", "Hash", "HashIndex", "Unique", "UniqueIndex"]

R = TypeVar("R", bound=Product)
K = TypeVar("K")


class UniqueIndex(Generic[R, K]):
    """Unique index of a table: finds the row that has a value in a unique column."""

    def __init__(self, table: Table[R], column: str) -> None:
        self._engine = table.__engine__()
        self._state = table.__state__
        self._column = column

    def find(self, value: K) -> R | None:
        """Return the row that has a value in the column, or None. Takes the same time however many rows there are."""
        return self._state.rows.unique(self._column).get(value)

    async def wait_for(self, value: K, *, timeout: float | None = None) -> R:  # noqa: ASYNC109 - what users expect
        """Return the row that has a value in the column, and wait for it if there is none yet.

        Args:
            value: the value.
            timeout: the maximum time to wait, in seconds; None for no limit.

        Raises:
            TimeoutError: no such row was inserted in time.
            ConnectionLost: the client was closed first.
        """
        return await self._engine.driver.within(timeout, self._next(value))

    async def _next(self, value: K) -> R:
        view = seen_from(attrgetter(self._column), value)

        def without_deletes(change: Change[R]) -> Change[R] | None:
            own = view(change)
            return None if isinstance(own, Deleted) else own

        # A buffer for one: the first change stays in it, whatever follows.
        stream: Stream[Change[R]] = self._engine.sink.stream(1, "raise", view=without_deletes)
        self._state.streams.add(stream)
        row = self.find(value)
        if row is not None:
            return row
        async for change in stream:
            return change.row
        raise ConnectionLost(f"the client was closed before a row with {self._column} {value!r} was inserted")

    def changes(self, value: K) -> Stream[Change[R]]:
        """Iterate over future changes of the row that has a value in the column.

        An update that gives a row the value is `Inserted`, and one that takes it away is `Deleted`. Changes of one
        primary key that wait for the consumer are merged.

        Returns:
            An async iterator of `Inserted`, `Deleted` and `Updated` for one consumer. It ends when the client is
            closed.
        """
        primary_key = self._state.primary_key
        key_of = None if primary_key is None else attrgetter(primary_key)
        stream: Stream[Change[R]] = self._engine.sink.stream(
            1,
            "raise",
            key=lambda change: value if key_of is None else key_of(change.row),
            join=merge,
            view=seen_from(attrgetter(self._column), value),
        )
        self._state.streams.add(stream)
        return stream


class BTreeIndex(Generic[R, K]):
    """B-tree index of a table: finds rows by the value of a column, or by a range of values.

    The value of an index of several columns is a tuple; a shorter tuple stands for all values that begin with it.
    """

    def __init__(self, table: Table[R], columns: tuple[str, ...]) -> None:
        self._state = table.__state__
        self._columns = columns

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
        index = self._state.rows.sorted(*self._columns)
        if len(value) == 1 and not bounds:
            return index.equal(value[0])
        if bounds and not value:
            return index.between(**bounds)
        raise TypeError("filter takes one value, or bounds: ge or gt, le or lt")


class HashIndex(Generic[R, K]):
    """Hash index of a table: finds rows by the value of a column, or by the tuple of the values of several columns."""

    def __init__(self, table: Table[R], columns: tuple[str, ...]) -> None:
        self._state = table.__state__
        self._columns = columns

    def filter(self, value: K, /) -> list[R]:
        """Return the rows that have a value in the column.

        Args:
            value: the value; the tuple of the values for an index of several columns.

        Returns:
            A new list. Finding its rows takes a time that grows only with their number.
        """
        return self._state.rows.hashed(*self._columns).equal(value)


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
        return self if table is None else UniqueIndex(table, self._column)


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
