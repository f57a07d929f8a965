"""Streams of changes for `async for`: a bounded buffer between the client and a consumer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, Literal, Self, TypeAlias, TypeVar

import msgspec

from ..errors import SlowConsumerError
from ..events import RowEvent
from .driver import Future

__all__ = ["Change", "Deleted", "Inserted", "SlowConsumerPolicy", "Stream", "Updated", "merge", "seen_from"]

R = TypeVar("R")
T = TypeVar("T")

SlowConsumerPolicy: TypeAlias = Literal["raise", "drop_oldest"]
"""Policy for a full buffer: raise SlowConsumerError to the consumer, or drop and count the oldest item."""


class Inserted(msgspec.Struct, Generic[R], frozen=True):
    """Inserted row.

    Attributes:
        event: the cause, and the client.
        row: the row.
    """

    event: RowEvent
    row: R


class Deleted(msgspec.Struct, Generic[R], frozen=True):
    """Deleted row.

    Attributes:
        event: the cause, and the client.
        row: the row.
    """

    event: RowEvent
    row: R


class Updated(msgspec.Struct, Generic[R], frozen=True):
    """Updated row: it was replaced by one with the same primary key.

    Attributes:
        event: the cause, and the client.
        old: the old row.
        row: the new row.
    """

    event: RowEvent
    old: R
    row: R


Change: TypeAlias = Inserted[R] | Deleted[R] | Updated[R]
"""Change of one row."""


def seen_from(value_of: Callable[[R], object], value: object) -> Callable[[Change[R]], Change[R] | None]:
    """Return a function that reduces changes to those of the row with one value of a column.

    An update that gives a row the value becomes an insert, one that takes it away a delete; other rows become None.

    Args:
        value_of: returns the value of the column in a row.
        value: the value.
    """

    def view(change: Change[R]) -> Change[R] | None:
        now = value_of(change.row) == value
        if isinstance(change, Updated) and (value_of(change.old) == value) is not now:
            return Inserted(change.event, change.row) if now else Deleted(change.event, change.old)
        return change if now else None

    return view


def merge(earlier: Change[R], later: Change[R]) -> Change[R] | None:
    """Return two changes of one primary key as one; None if the later undoes the earlier."""
    before = None if isinstance(earlier, Inserted) else earlier.old if isinstance(earlier, Updated) else earlier.row
    if isinstance(later, Deleted):
        return None if before is None else Deleted(later.event, before)
    if before is None:
        return Inserted(later.event, later.row)
    return None if before == later.row else Updated(later.event, before, later.row)


class Stream(Generic[T]):
    """Async iterator over changes, for one consumer. It ends when the client is closed.

    Args:
        new_future: creates a future.
        limit: the size of the buffer.
        policy: the policy for a full buffer.
        dropping: called for each item that is dropped.
        key: returns the key of an item. If given, items of one key that wait are merged, and the buffer has no limit.
        join: merges two items of one key; returns None if nothing is left.
        view: converts each item; returns None to leave it out.

    Attributes:
        dropped: the number of items that were dropped.
    """

    def __init__(
        self,
        new_future: Callable[[], Future[None]],
        limit: int,
        policy: SlowConsumerPolicy,
        dropping: Callable[[], object],
        *,
        key: Callable[[T], Hashable] | None = None,
        join: Callable[[T, T], T | None] | None = None,
        view: Callable[[T], T | None] | None = None,
    ) -> None:
        if limit < 1:
            raise ValueError(f"limit must be 1 or more, got {limit}")
        self.dropped = 0
        self._new_future = new_future
        self._limit = limit
        self._policy: SlowConsumerPolicy = policy
        self._dropping = dropping
        self._key = key
        self._join = join
        self._view = view
        self._items: deque[T] = deque()
        self._keyed: dict[Hashable, T] = {}
        self._waiting: Future[None] | None = None
        self._overrun = False
        self._ended = False

    def put(self, item: T) -> None:
        """Add an item, without waiting."""
        seen = item if self._view is None else self._view(item)
        if seen is None or self._ended or self._overrun:
            return
        if self._key is not None and self._join is not None:
            key = self._key(seen)
            before = self._keyed.pop(key, None)
            joined = seen if before is None else self._join(before, seen)
            if joined is not None:
                self._keyed[key] = joined
        else:
            self._append(seen)
        self._wake()

    def end(self) -> None:
        """End the iteration after the items that wait."""
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
            if self._waiting is not None and not self._waiting.done():
                raise RuntimeError("two loops iterate over one stream: give each a stream of its own")
            self._waiting = self._new_future()
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
            self._dropping()
        else:
            self._overrun = True

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
