"""Tables: what generated code declares of each, and the handle through which rows are read and watched.

A declaration is a class::

    class PlayerTable(KeyedTable[Player], row=Player, name="player", primary_key="id"):
        name = Unique[Player, str]("name")
        level = BTree[Player, int]("level")

Its instances are handles: they hold nothing but the way to their client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Generic, Self, TypeVar, cast, get_type_hints, overload

from .annotation import Product
from .errors import BindingsError
from .events import RowEvent
from .state import TableOwner, TableState

__all__ = ["BTree", "BTreeIndex", "KeyedTable", "Table", "TableSet", "Unique", "UniqueIndex"]

R = TypeVar("R", bound=Product)
K = TypeVar("K")
T = TypeVar("T")


class Table(Generic[R]):
    """A table: the rows that the client holds of it, and callbacks on their changes.

    As a subscription's query it stands for all its rows. Reading it never waits and never asks the server: it
    sees the rows of active subscriptions, as of the last message that was dispatched.
    """

    _row: ClassVar[type[Product]]
    _name: ClassVar[str]
    _primary_key: ClassVar[str | None]

    def __init_subclass__(cls, *, row: type[R] | None = None, name: str = "", primary_key: str | None = None) -> None:
        super().__init_subclass__()
        if row is not None:
            cls._row = row
            cls._name = name
            cls._primary_key = primary_key

    def __init__(self, owner: TableOwner) -> None:
        self._owner = owner

    @classmethod
    def __new_state__(cls) -> TableState[Product]:
        """What a client holds of this table when it begins."""
        return TableState(cls._row, cls._name, cls._primary_key)

    @property
    def __state__(self) -> TableState[R]:
        """What the client holds of this table."""
        # The one cast between a client's tables by name and the row class of each.
        return cast("TableState[R]", self._owner.table_state(self._name))

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
        plain = self._name.isascii() and self._name.isidentifier()
        quoted = self._name if plain else '"' + self._name.replace('"', '""') + '"'
        return f"SELECT * FROM {quoted}"  # noqa: S608 - quoted above

    def __repr__(self) -> str:
        return f"<table {self._name}>"

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


class KeyedTable(Table[R]):
    """A table with a primary key: a row that is replaced by one with the same key is an update."""

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


class UniqueIndex(Generic[R, K]):
    """A unique column of a table that a client holds."""

    def __init__(self, state: TableState[R], column: str) -> None:
        self._state = state
        self._column = column

    def find(self, value: K) -> R | None:
        """The row whose column has this value, or None. Takes the same time however many rows there are."""
        return self._state.rows.unique(self._column).get(value)


class BTreeIndex(Generic[R, K]):
    """An ordered column of a table that a client holds."""

    def __init__(self, state: TableState[R], column: str) -> None:
        self._state = state
        self._column = column

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
        index = self._state.rows.sorted(self._column)
        if len(value) == 1 and not bounds:
            return index.equal(value[0])
        if bounds and not value:
            return index.between(**bounds)
        raise TypeError("filter takes one value, or bounds out of ge, gt, le and lt")


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
        return self if table is None else UniqueIndex(table.__state__, self._column)


class BTree(Generic[R, K]):
    """Declares that a column has a B-tree index.

    Args:
        column: its Python name.
    """

    def __init__(self, column: str) -> None:
        self._column = column

    @overload
    def __get__(self, table: None, owner: type[Table[R]]) -> Self: ...
    @overload
    def __get__(self, table: Table[R], owner: type[Table[R]]) -> BTreeIndex[R, K]: ...
    def __get__(self, table: Table[R] | None, owner: type[Table[R]]) -> Self | BTreeIndex[R, K]:
        return self if table is None else BTreeIndex(table.__state__, self._column)


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
