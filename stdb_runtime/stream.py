"""Changes as they come, for `async for`: a bounded buffer between callbacks and a consumer that takes its time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, Literal, Self, TypeAlias, TypeVar

import msgspec

from .errors import SlowConsumerError
from .events import RowEvent
from .outcome import Promise

__all__ = ["Change", "Deleted", "Inserted", "SlowConsumerPolicy", "Stream", "Updated", "merge", "rows_of"]

R = TypeVar("R")
T = TypeVar("T")

SlowConsumerPolicy: TypeAlias = Literal["raise", "drop_oldest"]
"""What happens when the buffer is full: the consumer gets SlowConsumerError, or the oldest is dropped and counted."""


class Inserted(msgspec.Struct, Generic[R], frozen=True, gc=False):
    """A row came.

    Attributes:
        event: why.
        row: the row.
    """

    event: RowEvent
    row: R


class Deleted(msgspec.Struct, Generic[R], frozen=True, gc=False):
    """A row went.

    Attributes:
        event: why.
        row: the row.
    """

    event: RowEvent
    row: R


class Updated(msgspec.Struct, Generic[R], frozen=True, gc=False):
    """A row was replaced by one with the same primary key.

    Attributes:
        event: why.
        old: the row before.
        row: the row now.
    """

    event: RowEvent
    old: R
    row: R


Change: TypeAlias = Inserted[R] | Deleted[R] | Updated[R]
"""What happened to one row."""


def rows_of(change: Change[R]) -> tuple[R, ...]:
    """The rows that a change is about: the one now, and the one before if it was replaced."""
    return (change.old, change.row) if isinstance(change, Updated) else (change.row,)


def merge(earlier: Change[R], later: Change[R]) -> Change[R] | None:
    """Two changes of one primary key as one; None if they undo each other."""
    before = None if isinstance(earlier, Inserted) else earlier.old if isinstance(earlier, Updated) else earlier.row
    if isinstance(later, Deleted):
        return None if before is None else Deleted(later.event, before)
    return Inserted(later.event, later.row) if before is None else Updated(later.event, before, later.row)


class Stream(Generic[T]):
    """An async iterator over what is put in. It ends when the client is closed.

    Args:
        promise: makes a future.
        limit: how many items wait at most for the consumer.
        policy: what happens when one more comes.
        key: if given, an item replaces what waits under the same key, joined with it by `join`; no limit then.
        join: makes one item of two; None for nothing.
        wanted: tells which items are taken at all; by default all are.

    Attributes:
        dropped: how many items were dropped.
    """

    def __init__(
        self,
        promise: Callable[[], Promise[None]],
        limit: int,
        policy: SlowConsumerPolicy,
        *,
        key: Callable[[T], Hashable] | None = None,
        join: Callable[[T, T], T | None] | None = None,
        wanted: Callable[[T], bool] | None = None,
    ) -> None:
        if limit < 1:
            raise ValueError(f"a buffer holds at least one item, got {limit}")
        self.dropped = 0
        self._promise = promise
        self._limit = limit
        self._policy: SlowConsumerPolicy = policy
        self._key = key
        self._join = join
        self._wanted = wanted
        self._items: deque[T] = deque()
        self._keyed: dict[Hashable, T] = {}
        self._waiting: Promise[None] | None = None
        self._overrun = False
        self._ended = False

    def put(self, item: T) -> None:
        """Add one item; never waits."""
        if self._ended or self._overrun or (self._wanted is not None and not self._wanted(item)):
            return
        if self._key is not None and self._join is not None:
            key = self._key(item)
            before = self._keyed.pop(key, None)
            joined = item if before is None else self._join(before, item)
            if joined is not None:
                self._keyed[key] = joined
        else:
            self._append(item)
        self._wake()

    def end(self) -> None:
        """No more items come; those that wait are still handed out."""
        self._ended = True
        self._wake()

    def __len__(self) -> int:
        return len(self._items) + len(self._keyed)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while not len(self):
            if self._overrun:
                raise SlowConsumerError(self._limit)
            if self._ended:
                raise StopAsyncIteration
            self._waiting = self._promise()
            await self._waiting
        if self._keyed:
            return self._keyed.pop(next(iter(self._keyed)))
        return self._items.popleft()

    def _append(self, item: T) -> None:
        if len(self._items) < self._limit:
            self._items.append(item)
        elif self._policy == "drop_oldest":
            self._items.popleft()
            self._items.append(item)
            self.dropped += 1
        else:
            self._overrun = True

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
