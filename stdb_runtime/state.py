"""What the client holds of one table for as long as it lives: the rows, and the callbacks on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeAlias, TypeVar

from .annotation import Product
from .cache import TableRows
from .events import RowEvent

__all__ = ["CallbackList", "TableOwner", "TableState"]

R = TypeVar("R", bound=Product)
F = TypeVar("F", bound=Callable[..., object])

RowCallback: TypeAlias = Callable[[RowEvent, R], object]
UpdateCallback: TypeAlias = Callable[[RowEvent, R, R], object]


class CallbackList(Generic[F]):
    """Callbacks of one kind, in the order of registration."""

    def __init__(self) -> None:
        self._callbacks: tuple[F, ...] = ()

    @property
    def registered(self) -> tuple[F, ...]:
        """Those that are registered now. A callback may register and remove others: what was handed out stays."""
        return self._callbacks

    def add(self, callback: F) -> None:
        """Register one more; the same one twice is called twice."""
        self._callbacks = (*self._callbacks, callback)

    def remove(self, callback: F) -> None:
        """Remove one registration of a callback.

        Raises:
            ValueError: it is not registered.
        """
        if callback not in self._callbacks:
            raise ValueError(f"{getattr(callback, '__qualname__', callback)} is not registered here")
        kept = list(self._callbacks)
        kept.remove(callback)
        self._callbacks = tuple(kept)


class TableState(Generic[R]):
    """The rows of one table and the callbacks on them.

    Args:
        row: the row class.
        name: the table's name, as the module declares it.
        primary_key: the Python name of the primary key's column, if there is one.
    """

    def __init__(self, row: type[R], name: str, primary_key: str | None) -> None:
        self.name = name
        self.rows = TableRows(row, name, primary_key)
        self.on_insert: CallbackList[RowCallback[R]] = CallbackList()
        self.on_delete: CallbackList[RowCallback[R]] = CallbackList()
        self.on_update: CallbackList[UpdateCallback[R]] = CallbackList()


class TableOwner(Protocol):
    """What a table's handle knows of its client."""

    def table_state(self, name: str) -> TableState[Product]:
        """The state of a table, by its name in the module. Raises NotConnectedError if there is no client to ask."""
        ...
