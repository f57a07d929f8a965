"""Indexes: their declarations on tables in generated code, and the handles through which rows are found.

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
    """Unique column of a table."""

    def __init__(self, table: Table[R], column: str) -> None:
        self._engine = table.__engine__()
        self._state = table.__state__
        self._column = column

    def find(self, value: K) -> R | None:
        """The row whose column has this value, or None. Takes the same time however many rows there are."""
        return self._state.rows.unique(self._column).get(value)

    async def wait_for(self, value: K, *, timeout: float | None = None) -> R:  # noqa: ASYNC109 - what users expect
        """The row whose column has this value: the one that is there, else the first that comes.

        Args:
            value: the value.
            timeout: seconds to wait at most; None for as long as it takes.

        Raises:
            TimeoutError: no such row came in time.
            ConnectionLost: the client was closed first.
        """
        return await self._engine.driver.within(timeout, self._next(value))

    async def _next(self, value: K) -> R:
        view = seen_from(attrgetter(self._column), value)

        def coming(change: Change[R]) -> Change[R] | None:
            seen = view(change)
            return None if isinstance(seen, Deleted) else seen

        # The first that comes is kept, however many more do before it is taken.
        stream: Stream[Change[R]] = self._engine.sink.stream(1, "raise", view=coming)
        self._state.streams.add(stream)
        row = self.find(value)
        if row is not None:
            return row
        async for change in stream:
            return change.row
        raise ConnectionLost(f"the client was closed before a row with {self._column} {value!r} came")

    def changes(self, value: K) -> Stream[Change[R]]:
        """The changes, from now on, of the row whose column has this value.

        A row that gets the value by an update comes, and one that loses it goes. Changes of one primary key that wait
        are merged into one.

        Returns:
            A stream of `Inserted`, `Deleted` and `Updated`, for one consumer. It ends when the client is closed.
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
    """An ordered column of a table that a client holds, or several together: values are tuples then, and a tuple of the
    first few means all that begin with them.
    """

    def __init__(self, table: Table[R], columns: tuple[str, ...]) -> None:
        self._state = table.__state__
        self._columns = columns

    @overload
    def filter(self, value: K, /) -> list[R]: ...
    @overload
    def filter(self, *, ge: K = ..., gt: K = ..., le: K = ..., lt: K = ...) -> list[R]: ...
    def filter(self, *value: K, **bounds: K) -> list[R]:
        """The rows whose column has a value, or one within bounds, ascending.

        Args:
            value: the value, if it is to be just that.
            bounds: `ge`, `gt`, `le`, `lt`, if it is to be at least, above, at most, below.

        Returns:
            A list of its own, found in a time that grows with the logarithm of the rows and with the hits.

        Raises:
            TypeError: neither a value nor bounds, or both.
        """
        index = self._state.rows.sorted(*self._columns)
        if len(value) == 1 and not bounds:
            return index.equal(value[0])
        if bounds and not value:
            return index.between(**bounds)
        raise TypeError("filter takes one value, or bounds out of ge, gt, le and lt")


class HashIndex(Generic[R, K]):
    """A column of a table that a client holds, or several together, whose values have no order."""

    def __init__(self, table: Table[R], columns: tuple[str, ...]) -> None:
        self._state = table.__state__
        self._columns = columns

    def filter(self, value: K, /) -> list[R]:
        """The rows whose column has a value; of several columns, whose columns have a tuple of values.

        Args:
            value: the value.

        Returns:
            A list of its own, found in a time that grows with the hits alone.
        """
        return self._state.rows.hashed(*self._columns).equal(value)


class Unique(Generic[R, K]):
    """Declares that a column is unique.

    Args:
        column: its Python name.
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
    """Declares that a column, or several together, have a B-tree index.

    Args:
        columns: their Python names.
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
    """Declares that a column, or several together, have an index that finds values and knows no order.

    Args:
        columns: their Python names.
    """

    def __init__(self, *columns: str) -> None:
        self._columns = columns

    @overload
    def __get__(self, table: None, owner: type[Table[R]]) -> Self: ...
    @overload
    def __get__(self, table: Table[R], owner: type[Table[R]]) -> HashIndex[R, K]: ...
    def __get__(self, table: Table[R] | None, owner: type[Table[R]]) -> Self | HashIndex[R, K]:
        return self if table is None else HashIndex(table, self._columns)
