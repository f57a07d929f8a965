"""The client's copy of the rows of its subscriptions, table by table.

A table is a multiset: the server sends a row once for each query that matches it, and takes it away as often (protocol
notes, 5.1). What the user sees is whether a row is there at all. So each message is first netted, then compared with
what was there: only a row that comes or goes makes a difference.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import chain, repeat
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar

from .annotation import Product
from .errors import ProtocolError
from .index import Index, SortedIndex, UniqueIndexMap
from .row import RowReader
from .wire import TableUpdate

__all__ = ["TableDiff", "TableRows"]

R = TypeVar("R", bound=Product)


class TableDiff(NamedTuple, Generic[R]):
    """What one message changed in one table: rows that went, rows that came, and (old, new) of one primary key."""

    deleted: list[R]
    inserted: list[R]
    updated: list[tuple[R, R]]


class _Change(NamedTuple, Generic[R]):
    """What becomes of one key: the row before and after (None: there is none), and how many times it is there then."""

    key: Hashable
    before: R | None
    after: R | None
    times: int


class TableRows(Generic[R]):
    """The rows of one table.

    Args:
        row: the row class.
        name: the table's name.
        primary_key: the Python name of the primary key's column, if there is one.
    """

    def __init__(self, row: type[R], name: str, primary_key: str | None) -> None:
        self._name = name
        self._primary_key = primary_key
        self._reader = RowReader(row, name)
        self._version_of: Callable[[R], Hashable] | None = None if self._reader.keyed_by_value else self._reader.key
        self._key_of: Callable[[R], Hashable] = self._reader.key if primary_key is None else attrgetter(primary_key)
        self._rows: dict[Hashable, R] = {}
        # How often a row is there, for the few that are there more than once.
        self._counts: dict[Hashable, int] = {}
        self._unique: dict[str, UniqueIndexMap[R]] = {}
        self._sorted: dict[str, SortedIndex[R]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, row: R) -> bool:
        found = self._rows.get(self._key_of(row))
        return found is not None and self._same(found, row)

    def snapshot(self) -> list[R]:
        """The rows as they are now, in a list of their own."""
        return list(self._rows.values())

    def unique(self, column: str) -> Mapping[Any, R]:  # Any: the column's type
        """The rows by the value of a unique column, a live view."""
        if column == self._primary_key:
            return self._rows
        if column not in self._unique:
            self._unique[column] = UniqueIndexMap(attrgetter(column), self._rows.values())
        return self._unique[column].by_value

    def sorted(self, column: str) -> SortedIndex[R]:
        """The rows by the value of an ordered column."""
        if column not in self._sorted:
            self._sorted[column] = SortedIndex(attrgetter(column), self._key_of, self._rows.values())
        return self._sorted[column]

    def apply(self, updates: Sequence[TableUpdate]) -> TableDiff[R]:
        """Take in all that one message says of this table.

        Raises:
            DecodeError: a row is not what the row class declares.
            ProtocolError: a row is taken away that is not there, or two rows have one primary key. Nothing
                was changed then.
        """
        parts = [part for update in updates for part in update.updates]
        deletes = self._reader.read([text for part in parts for text in part.deletes])
        inserts = self._reader.read([text for part in parts for text in part.inserts])
        if not deletes and self._insert_new(inserts):
            return TableDiff([], inserts, [])
        return self._commit([self._change(key, net) for key, net in self._net(deletes, inserts).items()])

    def _insert_new(self, inserts: list[R]) -> bool:
        """Put in rows if none of them is there or comes twice, as the first rows of a subscription do; else False."""
        new = dict(zip(map(self._key_of, inserts), inserts, strict=True))
        if len(new) != len(inserts) or not self._rows.keys().isdisjoint(new):
            return False
        self._rows.update(new)
        for index in self._indexes():
            index.change((), inserts)
        return True

    def _net(self, deletes: Sequence[R], inserts: Sequence[R]) -> dict[Hashable, dict[Hashable, tuple[int, R]]]:
        """For each key, how much more often each version of its row is there after the message."""
        net: dict[Hashable, dict[Hashable, tuple[int, R]]] = {}
        for row, step in chain(zip(deletes, repeat(-1)), zip(inserts, repeat(1))):
            versions = net.setdefault(self._key_of(row), {})
            version = row if self._version_of is None else self._version_of(row)
            versions[version] = (versions.get(version, (0,))[0] + step, row)
        return net

    def _change(self, key: Hashable, net: dict[Hashable, tuple[int, R]]) -> _Change[R]:
        """What becomes of one key, given how its versions change."""
        before = self._rows.get(key)
        if before is not None:
            version = before if self._version_of is None else self._version_of(before)
            net[version] = (net.get(version, (0,))[0] + self._counts.get(key, 1), before)
        left = [(count, row) for count, row in net.values() if count > 0]
        if any(count < 0 for count, _ in net.values()):
            raise ProtocolError(f"the server took a row of table {self._name!r} away that was not there")
        if len(left) > 1:
            raise ProtocolError(f"the server sent two rows of table {self._name!r} with one primary key")
        count, after = left[0] if left else (0, None)
        return _Change(key, before, after, count)

    def _commit(self, changes: Sequence[_Change[R]]) -> TableDiff[R]:
        """Make the changes, none of which can fail any more."""
        diff: TableDiff[R] = TableDiff([], [], [])
        for key, before, after, times in changes:
            if times > 1:
                self._counts[key] = times
            else:
                self._counts.pop(key, None)
            if after is None:
                if before is not None:
                    del self._rows[key]
                    diff.deleted.append(before)
            elif before is None:
                self._rows[key] = after
                diff.inserted.append(after)
            elif after is not before:
                self._rows[key] = after
                diff.updated.append((before, after))
        for index in self._indexes():
            index.change(
                chain(diff.deleted, (old for old, _ in diff.updated)),
                chain(diff.inserted, (new for _, new in diff.updated)),
            )
        return diff

    def _same(self, one: R, other: R) -> bool:
        return self._reader.key(one) == self._reader.key(other)

    def _indexes(self) -> list[Index[R]]:
        return [*self._unique.values(), *self._sorted.values()]
