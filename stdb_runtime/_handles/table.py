"""Tables: what generated code declares of each, and the handle through which rows are read and watched.

A declaration is a class::

    class PlayerTable(KeyedTable[Player], row=Player, name="player", primary_key="id"):
        name = Unique[Player, str]("name")
        level = BTree[Player, int]("level")

Its instances are handles: they hold nothing but the way to their client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, ClassVar, Generic, Literal, Self, TypeVar, cast, get_type_hints, overload

from .._engine.stream import Change, Deleted, SlowConsumerPolicy, Stream, merge, seen_from
from .._engine.table_state import TableOwner, TableState
from .._protocol.sql import quoted
from .._sats.annotation import Product
from ..errors import BindingsError, ConnectionLost, SubscriptionError
from ..events import RowEvent

__all__ = [
    "BTree",
    "BTreeIndex",
    "EventTable",
    "Hash",
    "HashIndex",
    "KeyedTable",
    "Table",
    "TableSet",
    "Unique",
    "UniqueIndex",
]

R = TypeVar("R", bound=Product)
K = TypeVar("K")
T = TypeVar("T")


class Table(Generic[R]):
    """A table: the rows that the client holds of it, and callbacks on their changes.

    As a subscription's query it stands for all its rows. Reading it never waits and never asks the server: it
    sees the rows of active subscriptions, as of the last message that was dispatched.
    """

    _row: ClassVar[type[Product]]
    __table_name__: ClassVar[str]
    _primary_key: ClassVar[str | None]

    def __init_subclass__(cls, *, row: type[R] | None = None, name: str = "", primary_key: str | None = None) -> None:
        super().__init_subclass__()
        if row is not None:
            cls._row = row
            cls.__table_name__ = name
            cls._primary_key = primary_key

    def __init__(self, owner: TableOwner) -> None:
        self.__owner__ = owner

    @classmethod
    def __new_state__(cls) -> TableState[Product]:
        """What a client holds of this table when it begins."""
        return TableState(cls._row, cls.__table_name__, cls._primary_key)

    @property
    def __state__(self) -> TableState[R]:
        """What the client holds of this table."""
        # The one cast between a client's tables by name and the row class of each.
        return cast("TableState[R]", self.__owner__.table_state(self.__table_name__))

    def count(self) -> int:
        """How many rows are here."""
        return len(self.__state__.rows)

    def __len__(self) -> int:
        return len(self.__state__.rows)

    def __bool__(self) -> bool:
        """A handle is always true, empty table or not; compare `count()` with 0 to ask for rows."""
        return True

    def __iter__(self) -> Iterator[R]:
        """The rows as they are now: changes while iterating are not seen."""
        return iter(self.__state__.rows.snapshot())

    def __contains__(self, row: object) -> bool:
        return isinstance(row, self._row) and cast("R", row) in self.__state__.rows

    def __sql__(self) -> str:
        """The query for all rows."""
        return f"SELECT * FROM {quoted(self.__table_name__)}"  # noqa: S608 - quoted

    def __repr__(self) -> str:
        return f"<table {self.__table_name__}>"

    def on_insert(self, callback: Callable[[RowEvent, R], T]) -> Callable[[RowEvent, R], T]:
        """Call `callback(event, row)` for each row that comes. Works as a decorator.

        Args:
            callback: a function, or a coroutine function, which is then run as a task.

        Returns:
            The callback itself.
        """
        self.__state__.on_insert.add(callback)
        return callback

    def remove_on_insert(self, callback: Callable[[RowEvent, R], object]) -> None:
        """End what `on_insert` began. Raises ValueError if the callback is not registered."""
        self.__state__.on_insert.remove(callback)

    def on_delete(self, callback: Callable[[RowEvent, R], T]) -> Callable[[RowEvent, R], T]:
        """Call `callback(event, row)` for each row that goes. Works as a decorator.

        Args:
            callback: a function, or a coroutine function, which is then run as a task.

        Returns:
            The callback itself.
        """
        self.__state__.on_delete.add(callback)
        return callback

    def remove_on_delete(self, callback: Callable[[RowEvent, R], object]) -> None:
        """End what `on_delete` began. Raises ValueError if the callback is not registered."""
        self.__state__.on_delete.remove(callback)

    def on_before_delete(self, callback: Callable[[RowEvent, R], T]) -> Callable[[RowEvent, R], T]:
        """Call `callback(event, row)` for each row that is about to go, with all tables still as they were.

        Works as a decorator.

        Args:
            callback: a function, or a coroutine function, which is then run as a task and may find the row gone.

        Returns:
            The callback itself.
        """
        self.__state__.on_before_delete.add(callback)
        return callback

    def remove_on_before_delete(self, callback: Callable[[RowEvent, R], object]) -> None:
        """End what `on_before_delete` began. Raises ValueError if the callback is not registered."""
        self.__state__.on_before_delete.remove(callback)

    def changes(self, *, limit: int = 10_000, policy: SlowConsumerPolicy = "raise") -> Stream[Change[R]]:
        """The changes from now on: `async for change in client.db.player.changes()`. Ends when the client is closed.

        Args:
            limit: how many changes wait at most while the loop's body runs.
            policy: what happens beyond that: "raise" has the loop raise SlowConsumerError, "drop_oldest" drops, and
                counts in the stream's `dropped`.

        Returns:
            A stream of `Inserted`, `Deleted` and `Updated`, for one consumer.
        """
        stream: Stream[Change[R]] = self.__owner__.stream(limit, policy)
        self.__state__.streams.add(stream)
        return stream


class KeyedTable(Table[R]):
    """A table with a primary key: a row that is replaced by one with the same key is an update."""

    def changes(
        self, *, limit: int = 10_000, policy: SlowConsumerPolicy | Literal["coalesce"] = "raise"
    ) -> Stream[Change[R]]:
        """The changes from now on: `async for change in client.db.player.changes()`. Ends when the client is closed.

        Args:
            limit: how many changes wait at most while the loop's body runs.
            policy: what happens beyond that: "raise" has the loop raise SlowConsumerError, "drop_oldest" drops, and
                counts in the stream's `dropped`. "coalesce" lets at most one change of each primary key wait, which
                tells the difference between what the loop saw last and now; `limit` does not count then.

        Returns:
            A stream of `Inserted`, `Deleted` and `Updated`, for one consumer.
        """
        if policy != "coalesce":
            return super().changes(limit=limit, policy=policy)
        key_of = attrgetter(self.__state__.primary_key or "")
        stream: Stream[Change[R]] = self.__owner__.stream(
            limit, "raise", key=lambda change: key_of(change.row), join=merge
        )
        self.__state__.streams.add(stream)
        return stream

    def on_update(self, callback: Callable[[RowEvent, R, R], T]) -> Callable[[RowEvent, R, R], T]:
        """Call `callback(event, old, new)` for each row that is replaced. Works as a decorator.

        Args:
            callback: a function, or a coroutine function, which is then run as a task.

        Returns:
            The callback itself.
        """
        self.__state__.on_update.add(callback)
        return callback

    def remove_on_update(self, callback: Callable[[RowEvent, R, R], object]) -> None:
        """End what `on_update` began. Raises ValueError if the callback is not registered."""
        self.__state__.on_update.remove(callback)


class EventTable(Table[R]):
    """A table whose rows are events, gone with the transaction.

    `v1.json.spacetimedb` cannot subscribe to such (docs/protocol.md, 0).
    """

    def __sql__(self) -> str:
        query = super().__sql__()
        raise SubscriptionError(
            (query,), f"{self.__table_name__} is an event table, which this protocol cannot subscribe to"
        )


class UniqueIndex(Generic[R, K]):
    """A unique column of a table that a client holds."""

    def __init__(self, table: Table[R], column: str) -> None:
        self._owner = table.__owner__
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
        return await self._owner.within(timeout, self._next(value))

    async def _next(self, value: K) -> R:
        view = seen_from(attrgetter(self._column), value)

        def coming(change: Change[R]) -> Change[R] | None:
            seen = view(change)
            return None if isinstance(seen, Deleted) else seen

        # The first that comes is kept, however many more do before it is taken.
        stream: Stream[Change[R]] = self._owner.stream(1, "raise", view=coming)
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
        stream: Stream[Change[R]] = self._owner.stream(
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


class TableSet:
    """The tables of a module, one annotated attribute each."""

    def __init__(self, owner: TableOwner) -> None:
        for attribute, table in self._declared().items():
            setattr(self, attribute, table(owner))

    @classmethod
    def _declared(cls) -> dict[str, type[Table[Any]]]:  # Any: each table has a row class of its own
        """The declarations, by attribute.

        Raises:
            BindingsError: an attribute is no table.
        """
        declared = get_type_hints(cls)
        for attribute, table in declared.items():
            if not isinstance(table, type) or not issubclass(table, Table):
                raise BindingsError(f"{cls.__name__}.{attribute} is no table; run stdb-codegen again")
        return declared

    @classmethod
    def __new_states__(cls) -> dict[str, TableState[Product]]:
        """A fresh state for each table, by the table's name in the module."""
        states = [table.__new_state__() for table in cls._declared().values()]
        return {state.name: state for state in states}
