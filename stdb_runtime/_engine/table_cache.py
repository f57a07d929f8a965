"""Table cache: the rows of one table that match the subscriptions of a client.

A table is a multiset: the server inserts a row once for each query that matches it, and deletes it as often
(docs/protocol.md, 5.1). Users see each row once. So the inserts and deletes of a message are first added up, and then
compared with the cache: only a row that was not there before, or is not there afterwards, is a difference.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import chain, compress, repeat
from operator import attrgetter, eq, ne
from typing import Any, Generic, NamedTuple, TypeVar, cast

from .._protocol.rows import RowList, RowReader, TableUpdate
from .._sats.annotation import Product, product_of
from ..errors import ProtocolError
from .index import HashIndexMap, SortedIndex, UniqueIndexMap

__all__ = ["TableCache", "TableDiff", "TablePlan"]

R = TypeVar("R", bound=Product)


class TableDiff(NamedTuple, Generic[R]):
    """Changes of one message in one table.

    Attributes:
        deleted: the rows that were deleted.
        inserted: the rows that were inserted.
        old: the rows that were updated, as they were.
        new: the same rows, as they are.
    """

    # Two lists for the updates, because the garbage collector would visit a pair for each.
    deleted: list[R]
    inserted: list[R]
    old: list[R]
    new: list[R]

    @property
    def updated(self) -> list[tuple[R, R]]:
        """Rows that were updated, as (old, new)."""
        return list(zip(self.old, self.new, strict=True))

    @property
    def size(self) -> int:
        """Number of changed rows."""
        return len(self.deleted) + len(self.inserted) + len(self.new)


class TablePlan(NamedTuple, Generic[R]):
    """Planned changes of one message in one table.

    Attributes:
        diff: the changes that users see.
        rows: the new rows of inserts and updates, by key.
        counts: the number of queries that match the row afterwards, by the keys in the message.
    """

    diff: TableDiff[R]
    rows: dict[Hashable, R]
    counts: dict[Hashable, int]


class TableCache(Generic[R]):
    """Cached rows of one table, and its indexes.

    Args:
        row: the row class.
        name: the name of the table.
        primary_key: the Python name of the primary key's column; None if there is none.
        reader: the decoder of its rows.

    Attributes:
        row: the row class.
    """

    def __init__(self, row: type[R], name: str, primary_key: str | None, reader: RowReader[R]) -> None:
        self.row = row
        self._name = name
        self._primary_key = primary_key
        self._reader = reader
        self._type = product_of(row)
        # Returns a value that is equal for rows that the server treats as equal; None if the rows themselves are.
        self._version_of: Callable[[R], Hashable] | None = self._type.key
        self._key_of: Callable[[R], Hashable] = self._version if primary_key is None else attrgetter(primary_key)
        self._rows: dict[Hashable, R] = {}
        # Number of queries that match a row, for the few rows that more than one matches.
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
        """Decode rows without caching them.

        Raises:
            DecodeError: a row does not have the declared type.
        """
        return self._reader.read(rows)

    def snapshot(self) -> list[R]:
        """Return the present rows as a new list."""
        return list(self._rows.values())

    def unique(self, column: str) -> Mapping[Any, R]:  # Any: the column's type
        """Return the rows by the value of a unique column. Call it again after a change of the table."""
        if column == self._primary_key:
            return self._rows
        if column not in self._unique:
            self._unique[column] = UniqueIndexMap(attrgetter(column), self._rows.values())
        return self._unique[column].by_value

    def hashed(self, *columns: str) -> HashIndexMap[R]:
        """Return the hash index of a column, or of several."""
        if columns not in self._hashed:
            self._hashed[columns] = HashIndexMap(attrgetter(*columns), self._key_of, self._rows.values())
        return self._hashed[columns]

    def sorted(self, *columns: str) -> SortedIndex[R]:
        """Return the sorted index of a column, or of several."""
        if columns not in self._sorted:
            self._sorted[columns] = SortedIndex(attrgetter(*columns), self._key_of, self._rows.values())
        return self._sorted[columns]

    def apply(self, updates: Sequence[TableUpdate]) -> TableDiff[R]:
        """Plan and commit the changes of one message. Nothing is changed if it raises.

        Raises:
            DecodeError: a row does not have the declared type.
            ProtocolError: a row is deleted that is not in the cache, or two rows have the same primary key.
        """
        return self.commit(self.plan(updates))

    def plan(self, updates: Sequence[TableUpdate]) -> TablePlan[R]:
        """Return the changes that one message makes, without making them.

        Raises:
            DecodeError: a row does not have the declared type.
            ProtocolError: a row is deleted that is not in the cache, or two rows have the same primary key.
        """
        parts = [part for update in updates for part in update.updates]
        rows = self._reader.read(*(part.deletes for part in parts), *(part.inserts for part in parts))
        deleted = sum(len(part.deletes) for part in parts)
        deletes, inserts = rows[:deleted], rows[deleted:]
        return self._plan_simple(deletes, inserts) or self._plan(self._net(deletes, inserts))

    def commit(self, plan: TablePlan[R]) -> TableDiff[R]:
        """Apply a plan, which cannot fail."""
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
        """Return an empty cache of the same table, for the rows of a new connection."""
        return TableCache(self.row, self._name, self._primary_key, self._reader)

    def plan_replacing(self, other: TableCache[R]) -> TablePlan[R]:
        """Return the changes that make this cache equal to another. Rows that are in both do not change."""
        before, after = self._rows, other._rows
        rows = list(after.values())
        old = list(map(before.get, after, rows))  # of a row that is inserted, the row itself
        differ = list(map(ne, old, rows))
        for at in {*self._type.special(old), *self._type.special(rows)}:
            differ[at] = not self._same(old[at], rows[at])
        updated = dict(compress(after.items(), differ))
        deleted = [] if before.keys() <= after.keys() else [before[key] for key in before if key not in after]
        inserted = {} if after.keys() <= before.keys() else {key: after[key] for key in after if key not in before}
        diff = TableDiff(
            deleted,
            list(inserted.values()),
            [before[key] for key in updated],
            list(updated.values()),
        )
        return TablePlan(diff, updated | inserted, dict.fromkeys(self._counts, 1) | other._counts)

    def _plan_simple(self, deletes: list[R], inserts: list[R]) -> TablePlan[R] | None:
        """Return the plan of a message that deletes and inserts each key at most once, if no row has a count above 1.

        Nearly all messages are like that. Returns what `_plan` would, or None if that is needed.
        """
        if self._counts:
            return None
        deleted, inserted = self._keys(deletes), self._keys(inserts)
        new = dict(zip(inserted, inserts, strict=True))
        if len(new) != len(inserts):
            return None
        if deleted == inserted:  # a reducer that updates rows
            before = cast("list[R]", list(map(self._rows.get, deleted)))
            if before != deletes or any(map(eq, before, inserts)):
                return None
            return TablePlan(TableDiff([], [], before, inserts), new, {})
        old = dict(zip(deleted, deletes, strict=True))
        if len(old) != len(deletes):
            return None
        both = old.keys() & new.keys()
        inserted_keys = new.keys() - both if both else new.keys()
        cached = list(map(self._rows.get, old))
        if not self._rows.keys().isdisjoint(inserted_keys) or cached != deletes:
            return None
        old = dict(zip(old, cast("list[R]", cached), strict=True))  # the cached rows, rather than equal new objects
        if any(map(eq, map(old.__getitem__, both), map(new.__getitem__, both))):
            return None
        diff = TableDiff(
            [row for key, row in old.items() if key not in both],
            [row for key, row in new.items() if key not in both] if both else inserts,
            [row for key, row in old.items() if key in both],
            [new[key] for key in old if key in both],
        )
        return TablePlan(diff, new, {})

    def _keys(self, rows: list[R]) -> list[Hashable]:
        """Return the keys of rows."""
        if self._primary_key is not None:
            return list(map(self._key_of, rows))
        keys = cast("list[Hashable]", rows.copy())
        for at in self._type.special(rows):
            keys[at] = self._version(rows[at])
        return keys

    def _net(self, deletes: Sequence[R], inserts: Sequence[R]) -> dict[Hashable, dict[Hashable, tuple[int, R]]]:
        """Return the change of the count of each version of a row, by key and version."""
        net: dict[Hashable, dict[Hashable, tuple[int, R]]] = {}
        for row, step in chain(zip(deletes, repeat(-1)), zip(inserts, repeat(1))):
            versions = net.setdefault(self._key_of(row), {})
            version = self._version(row)
            versions[version] = (versions.get(version, (0,))[0] + step, row)
        return net

    def _plan(self, net: dict[Hashable, dict[Hashable, tuple[int, R]]]) -> TablePlan[R]:
        """Return the plan, given the changes of the counts. Raises ProtocolError."""
        plan: TablePlan[R] = TablePlan(TableDiff([], [], [], []), {}, {})
        for key, versions in net.items():
            before = self._rows.get(key)
            if before is not None:
                version = self._version(before)
                versions[version] = (versions.get(version, (0,))[0] + self._counts.get(key, 1), before)
            plan.counts[key], after = self._remaining(versions)
            if after is None:
                if before is not None:
                    plan.diff.deleted.append(before)
            elif after is not before:
                plan.rows[key] = after
                if before is None:
                    plan.diff.inserted.append(after)
                else:
                    plan.diff.old.append(before)
                    plan.diff.new.append(after)
        return plan

    def _remaining(self, versions: dict[Hashable, tuple[int, R]]) -> tuple[int, R | None]:
        """Return the count of the one version that remains, and that version; 0 and None if none remains."""
        if any(times < 0 for times, _ in versions.values()):
            raise ProtocolError(f"the server deleted a row of table {self._name!r} that is not in the cache")
        remaining = [(times, row) for times, row in versions.values() if times > 0]
        if len(remaining) > 1:
            raise ProtocolError(f"the server sent two rows of table {self._name!r} with the same primary key")
        return remaining[0] if remaining else (0, None)

    def _reindex(self, diff: TableDiff[R]) -> None:
        indexes: list[UniqueIndexMap[R] | HashIndexMap[R]] = [*self._unique.values(), *self._hashed.values()]
        indexes += self._sorted.values()
        if not indexes:
            return
        removed = diff.deleted + diff.old
        added = diff.inserted + diff.new
        for index in indexes:
            index.change(removed, added)

    def _same(self, one: R, other: R) -> bool:
        return self._version(one) == self._version(other)

    def _version(self, row: R) -> Hashable:
        return row if self._version_of is None else self._version_of(row)
