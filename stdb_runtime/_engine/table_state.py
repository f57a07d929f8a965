"""What the client holds of one table for as long as it lives: the rows, and who is told of their changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, Protocol, TypeAlias, TypeVar
from weakref import WeakSet

from .._sats.annotation import Product
from ..events import RowEvent
from .stream import Change, Deleted, Inserted, SlowConsumerPolicy, Stream, Updated
from .table_cache import TableDiff, TableRows

__all__ = ["CallbackList", "TableOwner", "TableState", "changes_of"]

R = TypeVar("R", bound=Product)
F = TypeVar("F", bound=Callable[..., object])
T = TypeVar("T")

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
    """The rows of one table and who is told of their changes.

    Args:
        row: the row class.
        name: the table's name, as the module declares it.
        primary_key: the Python name of the primary key's column, if there is one.
    """

    def __init__(self, row: type[R], name: str, primary_key: str | None) -> None:
        self.name = name
        self.primary_key = primary_key
        self.rows = TableRows(row, name, primary_key)
        self.on_insert: CallbackList[RowCallback[R]] = CallbackList()
        self.on_delete: CallbackList[RowCallback[R]] = CallbackList()
        self.on_before_delete: CallbackList[RowCallback[R]] = CallbackList()
        self.on_update: CallbackList[UpdateCallback[R]] = CallbackList()
        # Held by whoever iterates: a loop that was left leaves nothing behind.
        self.streams: WeakSet[Stream[Change[R]]] = WeakSet()


class TableOwner(Protocol):
    """What a table's handle knows of its client."""

    def table_state(self, name: str) -> TableState[Product]:
        """The state of a table, by its name in the module. Raises NotConnectedError if there is no client to ask."""
        ...

    def stream(
        self,
        limit: int,
        policy: SlowConsumerPolicy,
        *,
        key: Callable[[T], Hashable] | None = None,
        join: Callable[[T, T], T | None] | None = None,
        view: Callable[[T], T | None] | None = None,
    ) -> Stream[T]:
        """A stream of the client, which ends with it. See `Stream` for the arguments."""
        ...

    async def within(self, seconds: float | None, awaitable: Awaitable[T]) -> T:
        """Await something for so long at most. Raises TimeoutError after that."""
        ...


def changes_of(event: RowEvent, diff: TableDiff[R]) -> list[Change[R]]:
    """The changes of one message, in the order in which callbacks are told of them."""
    return [
        *(Deleted(event, row) for row in diff.deleted),
        *(Inserted(event, row) for row in diff.inserted),
        *(Updated(event, old, new) for old, new in diff.updated),
    ]
