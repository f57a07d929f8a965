"""The client's copy of the rows of its subscriptions, table by table.

A table is a multiset: the server sends a row once for each query that matches it, and takes it away as often
(docs/protocol.md, 5.1). What the user sees is whether a row is there at all. So each message is first netted, then
compared with what was there: only a row that comes or goes makes a difference.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import chain, repeat
from operator import attrgetter, eq
from typing import Any, Generic, NamedTuple, TypeVar, cast

from .._protocol.rows import RowList, RowReader, TableUpdate
from .._sats.annotation import Product, product_of
from ..errors import ProtocolError
from .index import HashIndexMap, SortedIndex, UniqueIndexMap

__all__ = ["TableCache", "TableDiff", "TablePlan"]

R = TypeVar("R", bound=Product)


class TableDiff(NamedTuple, Generic[R]):
    """What one message changed in one table: rows that went, rows that came, and (old, new) of one primary key."""

    deleted: list[R]
    inserted: list[R]
    updated: list[tuple[R, R]]

    @property
    def size(self) -> int:
        """How many rows went, came, or were replaced."""
        return len(self.deleted) + len(self.inserted) + len(self.updated)


class TablePlan(NamedTuple, Generic[R]):
    """What one message is going to change in one table.

    Attributes:
        diff: the difference that it makes.
        rows: the rows that come or replace others, by key.
        counts: how many times the row of each key that the message names is there afterwards.
    """

    diff: TableDiff[R]
    rows: dict[Hashable, R]
    counts: dict[Hashable, int]


class TableCache(Generic[R]):
    """The rows of one table.

    Args:
        row: the row class.
        name: the table's name.
        primary_key: the Python name of the primary key's column, if there is one.
        reader: decodes its rows.
    """

    def __init__(self, row: type[R], name: str, primary_key: str | None, reader: RowReader[R]) -> None:
        self.row = row
        self._name = name
        self._primary_key = primary_key
        self._reader = reader
        # Makes equal what the server takes for equal, in whatever text it was sent; None: a row is that itself.
        self._version_of: Callable[[R], Hashable] | None = product_of(row).key
        self._key_of: Callable[[R], Hashable] = self._version if primary_key is None else attrgetter(primary_key)
        self._rows: dict[Hashable, R] = {}
        # How often a row is there, for the few that are there more than once.
        self._counts: dict[Hashable, int] = {}
        self._unique: dict[str, UniqueIndexMap[R]] = {}
        self._hashed: dict[tuple[str, ...], HashIndexMap[R]] = {}
        self._sorted: dict[tuple[str, ...], SortedIndex[R]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, row: R) -> bool:
        found = self._rows.get(self._key_of(row))
        return found is not None and self._same(found, row)

    def read(self, rows: RowList) -> list[R]:
        """Decode rows of this table that do not enter the cache.

        Raises:
            DecodeError: a row is not what the row class declares.
        """
        return self._reader.read(rows)

    def snapshot(self) -> list[R]:
        """The rows as they are now, in a list of their own."""
        return list(self._rows.values())

    def unique(self, column: str) -> Mapping[Any, R]:  # Any: the column's type
        """The rows by the value of a unique column, as they are now; to be asked for anew after a change."""
        if column == self._primary_key:
            return self._rows
        if column not in self._unique:
            self._unique[column] = UniqueIndexMap(attrgetter(column), self._rows.values())
        return self._unique[column].by_value

    def hashed(self, *columns: str) -> HashIndexMap[R]:
        """The rows by the value of columns."""
        if columns not in self._hashed:
            self._hashed[columns] = HashIndexMap(attrgetter(*columns), self._key_of, self._rows.values())
        return self._hashed[columns]

    def sorted(self, *columns: str) -> SortedIndex[R]:
        """The rows by the value of an ordered column, or by the tuple of the values of several."""
        if columns not in self._sorted:
            self._sorted[columns] = SortedIndex(attrgetter(*columns), self._key_of, self._rows.values())
        return self._sorted[columns]

    def apply(self, updates: Sequence[TableUpdate]) -> TableDiff[R]:
        """Take in all that one message says of this table: `plan` and `commit` in one.

        Raises:
            DecodeError: a row is not what the row class declares.
            ProtocolError: a row is taken away that is not there, or two rows have one primary key. Nothing
                was changed then.
        """
        return self.commit(self.plan(updates))

    def plan(self, updates: Sequence[TableUpdate]) -> TablePlan[R]:
        """What one message is going to change, without changing anything.

        Raises:
            DecodeError: a row is not what the row class declares.
            ProtocolError: a row is taken away that is not there, or two rows have one primary key.
        """
        parts = [part for update in updates for part in update.updates]
        rows = self._reader.read(*(part.deletes for part in parts), *(part.inserts for part in parts))
        deleted = sum(len(part.deletes) for part in parts)
        deletes, inserts = rows[:deleted], rows[deleted:]
        return self._plan_simple(deletes, inserts) or self._plan(self._net(deletes, inserts))

    def commit(self, plan: TablePlan[R]) -> TableDiff[R]:
        """Make the changes of a plan, which cannot fail any more."""
        diff = plan.diff
        for row in diff.deleted:
            del self._rows[self._key_of(row)]
        if self._rows:
            self._rows.update(plan.rows)
        else:
            self._rows = plan.rows
        for key, times in plan.counts.items():
            if times > 1:
                self._counts[key] = times
            else:
                self._counts.pop(key, None)
        self._reindex(diff)
        return diff

    def fresh(self) -> TableCache[R]:
        """The same table without rows, to gather the rows of a new connection in."""
        return TableCache(self.row, self._name, self._primary_key, self._reader)

    def plan_replacing(self, other: TableCache[R]) -> TablePlan[R]:
        """What has to change to hold what `other` holds. Rows that are in both are no change."""
        before, after = self._rows, other._rows
        new = {key: row for key, row in after.items() if key not in before or not self._same(before[key], row)}
        diff = TableDiff(
            [row for key, row in before.items() if key not in after],
            [row for key, row in new.items() if key not in before],
            [(before[key], row) for key, row in new.items() if key in before],
        )
        return TablePlan(diff, new, dict.fromkeys(self._counts, 1) | other._counts)

    def _plan_simple(self, deletes: list[R], inserts: list[R]) -> TablePlan[R] | None:
        """The plan where each key goes at most once and comes at most once, and no row is there more than once.

        That is what nearly all messages are like. It gives the same as the general way, or None where that is needed.
        """
        old = dict(zip(map(self._key_of, deletes), deletes, strict=True))
        new = dict(zip(map(self._key_of, inserts), inserts, strict=True))
        if len(old) != len(deletes) or len(new) != len(inserts) or self._counts:
            return None
        both = old.keys() & new.keys()
        coming = new.keys() - both if both else new.keys()
        there = list(map(self._rows.get, old))
        if not self._rows.keys().isdisjoint(coming) or there != deletes:
            return None
        old = dict(zip(old, cast("list[R]", there), strict=True))  # what users hold, rather than its twin
        if any(map(eq, map(old.__getitem__, both), map(new.__getitem__, both))):
            return None
        diff = TableDiff(
            [row for key, row in old.items() if key not in both],
            [row for key, row in new.items() if key not in both] if both else inserts,
            [(row, new[key]) for key, row in old.items() if key in both],
        )
        return TablePlan(diff, new, {})

    def _net(self, deletes: Sequence[R], inserts: Sequence[R]) -> dict[Hashable, dict[Hashable, tuple[int, R]]]:
        """For each key, how much more often each version of its row is there after the message."""
        net: dict[Hashable, dict[Hashable, tuple[int, R]]] = {}
        for row, step in chain(zip(deletes, repeat(-1)), zip(inserts, repeat(1))):
            versions = net.setdefault(self._key_of(row), {})
            version = self._version(row)
            versions[version] = (versions.get(version, (0,))[0] + step, row)
        return net

    def _plan(self, net: dict[Hashable, dict[Hashable, tuple[int, R]]]) -> TablePlan[R]:
        """What becomes of each key, given how its versions change."""
        plan: TablePlan[R] = TablePlan(TableDiff([], [], []), {}, {})
        for key, versions in net.items():
            before = self._rows.get(key)
            if before is not None:
                version = self._version(before)
                versions[version] = (versions.get(version, (0,))[0] + self._counts.get(key, 1), before)
            plan.counts[key], after = self._left(versions)
            if after is None:
                if before is not None:
                    plan.diff.deleted.append(before)
            elif after is not before:
                plan.rows[key] = after
                if before is None:
                    plan.diff.inserted.append(after)
                else:
                    plan.diff.updated.append((before, after))
        return plan

    def _left(self, versions: dict[Hashable, tuple[int, R]]) -> tuple[int, R | None]:
        """How many times the one version that is left is there, and that version."""
        if any(times < 0 for times, _ in versions.values()):
            raise ProtocolError(f"the server took a row of table {self._name!r} away that was not there")
        left = [(times, row) for times, row in versions.values() if times > 0]
        if len(left) > 1:
            raise ProtocolError(f"the server sent two rows of table {self._name!r} with one primary key")
        return left[0] if left else (0, None)

    def _reindex(self, diff: TableDiff[R]) -> None:
        indexes: list[UniqueIndexMap[R] | HashIndexMap[R]] = [*self._unique.values(), *self._hashed.values()]
        indexes += self._sorted.values()
        if not indexes:
            return
        removed = diff.deleted + [old for old, _ in diff.updated]
        added = diff.inserted + [new for _, new in diff.updated]
        for index in indexes:
            index.change(removed, added)

    def _same(self, one: R, other: R) -> bool:
        return self._version(one) == self._version(other)

    def _version(self, row: R) -> Hashable:
        return row if self._version_of is None else self._version_of(row)
