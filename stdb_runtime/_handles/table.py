"""Tables: their declarations in generated code, and their handles, which read cached rows and register callbacks.

A declaration is a class::

    class PlayerTable(KeyedTable[Player, Client], row=Player, name="player", primary_key="id"):
        name = Unique[Player, str]("name")
        level = BTree[Player, int]("level")

Its instances are handles, which hold no rows: those are in the cache of the client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast, get_type_hints

import msgspec

from .._engine.cache_sink import ENGINE, EngineSource, TypedEngine
from .._engine.stream import Change, SlowConsumerPolicy, Stream, merge
from .._engine.table_state import DECLARATION, TableDeclaration, TableHandle, TableState
from .._sats.annotation import Product
from ..errors import BindingsError
from ..events import C, RowEvent
from .query import Source

__all__ = ["EventTable", "KeyedTable", "Table", "TableInfo", "TableSet", "declarations_of", "state_of", "table_info"]

R = TypeVar("R", bound=Product)
T = TypeVar("T")


class Table(Source[R], TableHandle[R], Generic[R, C]):
    """Table of a client: its cached rows, and callbacks on their changes.

    As an argument of `subscribe` and `query` it stands for all its rows. Reading it never waits and never asks the
    server: it has the rows of the active subscriptions, as of the last message that was handled.

    The type arguments are the class of the rows, and that of the client, which can be left out: `Table[Player]`.
    """

    def __init_subclass__(cls, *, row: type[R] | None = None, name: str = "", primary_key: str | None = None) -> None:
        super().__init_subclass__()
        if row is not None:
            DECLARATION.set(cls, TableDeclaration(name, row, primary_key, issubclass(cls, EventTable)))

    if not TYPE_CHECKING:  # the default of a type variable, which `typing` knows only since Python 3.13

        def __class_getitem__(cls, arguments):
            if len(cls.__parameters__) > 1 and not isinstance(arguments, tuple):
                arguments = (arguments, Any)
            return super().__class_getitem__(arguments)

    def __init__(self, engine: EngineSource) -> None:
        ENGINE.set(self, engine)

    def count(self) -> int:
        """Return the number of cached rows."""
        return len(state_of(self).rows)

    def __len__(self) -> int:
        return len(state_of(self).rows)

    def __bool__(self) -> bool:
        """Return True, also for an empty table: compare `count()` with 0."""
        return True

    def __iter__(self) -> Iterator[R]:
        """Iterate over a snapshot of the cached rows: changes during the iteration have no effect on it."""
        return iter(state_of(self).rows.snapshot())

    def __contains__(self, row: object) -> bool:
        return isinstance(row, DECLARATION.of(self).row) and cast("R", row) in state_of(self).rows

    def __repr__(self) -> str:
        return f"<table {DECLARATION.of(self).name}>"

    def on_insert(self, callback: Callable[[RowEvent[C], R], T]) -> Callable[[RowEvent[C], R], T]:
        """Call `callback(event, row)` for each row that is inserted into the cache. Works as a decorator.

        Args:
            callback: a function, or a coroutine function, which is then run as a task.

        Returns:
            The callback itself.
        """
        state_of(self).on_insert.add(callback)
        return callback

    def remove_on_insert(self, callback: Callable[[RowEvent[C], R], object]) -> None:
        """Remove a callback of `on_insert`. Raises ValueError if it is not registered."""
        state_of(self).on_insert.remove(callback)

    def on_delete(self, callback: Callable[[RowEvent[C], R], T]) -> Callable[[RowEvent[C], R], T]:
        """Call `callback(event, row)` for each row that is deleted from the cache. Works as a decorator.

        Args:
            callback: a function, or a coroutine function, which is then run as a task.

        Returns:
            The callback itself.
        """
        state_of(self).on_delete.add(callback)
        return callback

    def remove_on_delete(self, callback: Callable[[RowEvent[C], R], object]) -> None:
        """Remove a callback of `on_delete`. Raises ValueError if it is not registered."""
        state_of(self).on_delete.remove(callback)

    def on_before_delete(self, callback: Callable[[RowEvent[C], R], T]) -> Callable[[RowEvent[C], R], T]:
        """Call `callback(event, row)` for each row that is about to be deleted, before any table changes.

        Works as a decorator.

        Args:
            callback: a function, or a coroutine function, which is run as a task, and so after the row is deleted.

        Returns:
            The callback itself.
        """
        state_of(self).on_before_delete.add(callback)
        return callback

    def remove_on_before_delete(self, callback: Callable[[RowEvent[C], R], object]) -> None:
        """Remove a callback of `on_before_delete`. Raises ValueError if it is not registered."""
        state_of(self).on_before_delete.remove(callback)

    def changes(self, *, limit: int = 10_000, policy: SlowConsumerPolicy = "raise") -> Stream[Change[R]]:
        """Iterate over future changes: `async for change in client.db.player.changes()`.

        Args:
            limit: the size of the buffer, in changes.
            policy: what to do when the buffer is full: "raise" makes the iterator raise SlowConsumerError,
                "drop_oldest" drops the oldest change and counts it in `dropped`.

        Returns:
            An async iterator of `Inserted` and `Deleted` for one consumer. It ends when the client is closed.
        """
        stream: Stream[Change[R]] = ENGINE.of(self)().sink.stream(limit, policy)
        state_of(self).streams.add(stream)
        return stream


class KeyedTable(Table[R, C]):
    """Table with a primary key: replacing a row by one with the same key is an update."""

    def changes(
        self, *, limit: int = 10_000, policy: SlowConsumerPolicy | Literal["coalesce"] = "raise"
    ) -> Stream[Change[R]]:
        """Iterate over future changes: `async for change in client.db.player.changes()`.

        Args:
            limit: the size of the buffer, in changes.
            policy: what to do when the buffer is full: "raise" makes the iterator raise SlowConsumerError,
                "drop_oldest" drops the oldest change and counts it in `dropped`. With "coalesce" the buffer has no
                limit: changes of one primary key that wait are merged into one.

        Returns:
            An async iterator of `Inserted`, `Deleted` and `Updated` for one consumer. It ends when the client is
            closed.
        """
        if policy != "coalesce":
            return super().changes(limit=limit, policy=policy)
        key_of = attrgetter(state_of(self).primary_key or "")
        stream: Stream[Change[R]] = ENGINE.of(self)().sink.stream(
            limit, "raise", key=lambda change: key_of(change.row), join=merge
        )
        state_of(self).streams.add(stream)
        return stream

    def on_update(self, callback: Callable[[RowEvent[C], R, R], T]) -> Callable[[RowEvent[C], R, R], T]:
        """Call `callback(event, old, new)` for each row that is updated. Works as a decorator.

        Args:
            callback: a function, or a coroutine function, which is then run as a task.

        Returns:
            The callback itself.
        """
        state_of(self).on_update.add(callback)
        return callback

    def remove_on_update(self, callback: Callable[[RowEvent[C], R, R], object]) -> None:
        """Remove a callback of `on_update`. Raises ValueError if it is not registered."""
        state_of(self).on_update.remove(callback)


class EventTable(Table[R, C]):
    """Event table, whose rows exist only during the transaction that inserts them.

    The protocol `v1.json.spacetimedb` cannot subscribe to event tables (docs/protocol.md, 0).
    """


class TableInfo(msgspec.Struct, Generic[R], frozen=True):
    """What a generated package declares about a table.

    Attributes:
        name: the name of the table on the server, as SQL takes it.
        row: the class of its rows.
        primary_key: the attribute of the rows that is the primary key; None if there is none.
    """

    name: str
    row: type[R]
    primary_key: str | None


def table_info(table: Table[R]) -> TableInfo[R]:
    """Return what a generated package declares about a table: `table_info(client.db.player).name`.

    This is a function, because a table's own attributes are its indexes, which may have any name.

    Args:
        table: a table of a client, or of a package's `tables`.
    """
    declared = DECLARATION.of(table)
    return TableInfo(declared.name, cast("type[R]", declared.row), declared.primary_key)


class TableSet:
    """Tables of a module, one annotated attribute each."""

    def __init__(self, engine: EngineSource) -> None:
        for attribute, table in _tables(type(self)).items():
            setattr(self, attribute, table(engine))


def declarations_of(tables: type[TableSet]) -> list[TableDeclaration[Product]]:
    """Return the declarations of all tables of a module.

    Raises:
        BindingsError: an attribute is not annotated with a table.
    """
    return [DECLARATION.of(table) for table in _tables(tables).values()]


def state_of(table: Table[R], engine: TypedEngine | None = None) -> TableState[R]:
    """Return the rows, callbacks and streams of a table, in its own engine or in one that the caller has asked for."""
    # The cast from the tables of a client, which are held by name, to the row class of this one.
    cache = (engine or ENGINE.of(table)()).sink.cache
    return cast("TableState[R]", cache.table(DECLARATION.of(table).name))


def _tables(tables: type[TableSet]) -> dict[str, type[Table[Any]]]:  # Any: each table has a row class of its own
    """Return the table classes, by attribute. Raises BindingsError if an attribute is not annotated with one."""
    declared = get_type_hints(tables)
    for attribute, table in declared.items():
        if not isinstance(table, type) or not issubclass(table, Table):
            raise BindingsError(f"{tables.__name__}.{attribute} is not a table: run stdb-codegen again")
    return declared
