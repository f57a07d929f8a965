"""Tables: their declarations in generated code, and the handles through which rows are read and watched.

A declaration is a class::

    class PlayerTable(KeyedTable[Player], row=Player, name="player", primary_key="id"):
        name = Unique[Player, str]("name")
        level = BTree[Player, int]("level")

Its instances are handles: they hold nothing but the way to their client's engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, ClassVar, Generic, Literal, TypeVar, cast, get_type_hints

from .._engine.cache_sink import EngineSource
from .._engine.stream import Change, SlowConsumerPolicy, Stream, merge
from .._engine.table_state import TableDeclaration, TableState
from .._protocol.sql import quoted
from .._sats.annotation import Product
from ..errors import BindingsError, SubscriptionError
from ..events import RowEvent

__all__ = ["EventTable", "KeyedTable", "Table", "TableSet"]

R = TypeVar("R", bound=Product)
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

    def __init__(self, engine: EngineSource) -> None:
        self.__engine__ = engine

    @classmethod
    def __declaration__(cls) -> TableDeclaration[Product]:
        """Return the declaration."""
        return TableDeclaration(cls.__table_name__, cls._row, cls._primary_key)

    @property
    def __state__(self) -> TableState[R]:
        """The rows, callbacks and streams of this table."""
        # The one cast between a client's tables by name and the row class of each.
        return cast("TableState[R]", self.__engine__().sink.cache.table(self.__table_name__))

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
        stream: Stream[Change[R]] = self.__engine__().sink.stream(limit, policy)
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
        stream: Stream[Change[R]] = self.__engine__().sink.stream(
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


class TableSet:
    """The tables of a module, one annotated attribute each."""

    def __init__(self, engine: EngineSource) -> None:
        for attribute, table in self._declared().items():
            setattr(self, attribute, table(engine))

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
    def __declarations__(cls) -> list[TableDeclaration[Product]]:
        """Return the declarations of all tables."""
        return [table.__declaration__() for table in cls._declared().values()]
