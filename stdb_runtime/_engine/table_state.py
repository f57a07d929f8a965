"""Table of the client cache: its rows, and the callbacks and streams of their changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeAlias, TypeVar
from weakref import WeakSet

from .._protocol.rows import RowReader
from .._sats.annotation import Product
from ..events import RowEvent
from .callbacks import CallbackList
from .hidden import Hidden
from .stream import Change, Deleted, Inserted, Stream, Updated
from .table_cache import TableCache, TableDiff

__all__ = ["DECLARATION", "TableDeclaration", "TableHandle", "TableState", "changes_of"]

R = TypeVar("R", bound=Product)

RowCallback: TypeAlias = Callable[[RowEvent, R], object]
UpdateCallback: TypeAlias = Callable[[RowEvent, R, R], object]


class TableDeclaration(NamedTuple, Generic[R]):
    """Declaration of a table in generated code.

    Attributes:
        name: the name of the table in the module.
        row: the row class.
        primary_key: the Python name of the primary key's column; None if there is none.
        is_event: True if it is an event table.
    """

    name: str
    row: type[R]
    primary_key: str | None
    is_event: bool = False


DECLARATION: Hidden[TableDeclaration[Product]] = Hidden("_declaration")
"""Declaration of a table, an attribute of the class of its handles."""


class TableHandle(Generic[R]):
    """Handle of a table, such as `client.db.player`, as far as the engine knows it: it has a `DECLARATION`."""


class TableState(Generic[R]):
    """Rows of one table, and the callbacks and streams of their changes.

    Args:
        declaration: the declaration of the table.
        reader: the decoder of its rows.
    """

    def __init__(self, declaration: TableDeclaration[R], reader: RowReader[R]) -> None:
        self.name = declaration.name
        self.primary_key = declaration.primary_key
        self.rows = TableCache(declaration.row, declaration.name, declaration.primary_key, reader)
        self.on_insert: CallbackList[RowCallback[R]] = CallbackList()
        self.on_delete: CallbackList[RowCallback[R]] = CallbackList()
        self.on_before_delete: CallbackList[RowCallback[R]] = CallbackList()
        self.on_update: CallbackList[UpdateCallback[R]] = CallbackList()
        # Weak, so that a stream is dropped with the loop that iterates over it.
        self.streams: WeakSet[Stream[Change[R]]] = WeakSet()


def changes_of(event: RowEvent, diff: TableDiff[R]) -> list[Change[R]]:
    """Return the changes of one message in one table, in the order of the callbacks."""
    return [
        *(Deleted(event, row) for row in diff.deleted),
        *(Inserted(event, row) for row in diff.inserted),
        *(Updated(event, old, new) for old, new in zip(diff.old, diff.new, strict=True)),
    ]
