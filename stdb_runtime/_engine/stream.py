"""Changes as they come, for `async for`: a bounded buffer between callbacks and a consumer that takes its time."""

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


def seen_from(value_of: Callable[[R], object], value: object) -> Callable[[Change[R]], Change[R] | None]:
    """How changes look to who watches one value of a column: a row that gets it comes, one that loses it goes."""

    def view(change: Change[R]) -> Change[R] | None:
        now = value_of(change.row) == value
        if isinstance(change, Updated) and (value_of(change.old) == value) is not now:
            return Inserted(change.event, change.row) if now else Deleted(change.event, change.old)
        return change if now else None

    return view


def merge(earlier: Change[R], later: Change[R]) -> Change[R] | None:
    """Two changes of one primary key as one; None if the later undoes the earlier."""
    before = None if isinstance(earlier, Inserted) else earlier.old if isinstance(earlier, Updated) else earlier.row
    if isinstance(later, Deleted):
        return None if before is None else Deleted(later.event, before)
    if before is None:
        return Inserted(later.event, later.row)
    return None if before == later.row else Updated(later.event, before, later.row)


class Stream(Generic[T]):
    """An async iterator over what is put in. It ends when the client is closed.

    Args:
        new_future: makes a future.
        limit: how many items wait at most for the consumer.
        policy: what happens when one more comes.
        dropping: told of each item that is dropped.
        key: if given, an item replaces what waits under the same key, joined with it by `join`; no limit then.
        join: makes one item of two; None for nothing.
        view: what each item means here; None for nothing. By default, itself.

    Attributes:
        dropped: how many items were dropped.
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
            raise ValueError(f"a buffer holds at least one item, got {limit}")
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
        """Add one item; never waits."""
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
