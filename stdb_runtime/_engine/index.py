"""Indexes of a table in the client cache, built on first use and then updated with each change."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar, cast

__all__ = ["HashIndexMap", "SortedIndex", "UniqueIndexMap"]

R = TypeVar("R")

# Updating the sorted list of values takes a search and a shift per new value. If more than one in this many values is
# new, sorting again at the next query of a range is faster.
_RESORT_FRACTION = 8


class UniqueIndexMap(Generic[R]):
    """Unique index: maps each value of a unique column to its row.

    Args:
        value_of: returns the value of the column in a row.
        rows: the present rows.
    """

    def __init__(self, value_of: Callable[[R], Any], rows: Iterable[R]) -> None:  # Any: the column's type
        self._value_of = value_of
        self._rows: dict[Any, R] = {value_of(row): row for row in rows}

    @property
    def by_value(self) -> Mapping[Any, R]:
        """Rows by value, a live view."""
        return self._rows

    def change(self, removed: Sequence[R], added: Sequence[R]) -> None:
        """Remove and add rows. A value of both a removed and an added row maps to the added row."""
        before, after = list(map(self._value_of, removed)), list(map(self._value_of, added))
        if before != after:  # most updates do not change the value
            for value in before:
                self._rows.pop(value, None)
        self._rows.update(zip(after, added, strict=True))


class HashIndexMap(Generic[R]):
    """Hash index: maps each value to the rows that have it; the value of several columns is a tuple.

    Args:
        value_of: returns the value of the indexed columns in a row.
        key_of: returns the key that identifies a row.
        rows: the present rows.
    """

    def __init__(self, value_of: Callable[[R], Any], key_of: Callable[[R], Any], rows: Iterable[R]) -> None:
        self._value_of = value_of
        self._key_of = key_of
        self._groups: dict[Any, dict[Any, R]] = {}
        for row in rows:
            self._groups.setdefault(value_of(row), {})[key_of(row)] = row

    def equal(self, value: Any) -> list[R]:
        """Return the rows with a value."""
        return list(self._groups.get(value, {}).values())

    def change(self, removed: Sequence[R], added: Sequence[R]) -> None:
        """Remove and add rows."""
        for value in self._regroup(removed, added):
            if not self._groups[value]:
                del self._groups[value]

    def _regroup(self, removed: Sequence[R], added: Sequence[R]) -> set[Any]:
        """Remove and add rows. Returns the values that are new, or whose groups may now be empty."""
        touched: set[Any] = set()
        for row in removed:
            value = self._value_of(row)
            self._groups[value].pop(self._key_of(row), None)
            touched.add(value)
        for row in added:
            value = self._value_of(row)
            group = self._groups.get(value)
            if group is None:
                group = self._groups[value] = {}
                touched.add(value)
            group[self._key_of(row)] = row
        return touched


class SortedIndex(HashIndexMap[R]):
    """Sorted index: maps a value, or a range of values, to the rows that have them.

    The value of several columns is a tuple; a shorter tuple stands for all values that begin with it. The arguments are
    those of `HashIndexMap`.
    """

    def __init__(self, value_of: Callable[[R], Any], key_of: Callable[[R], Any], rows: Iterable[R]) -> None:
        super().__init__(value_of, key_of, rows)
        self._sorted: list[Any] | None = None

    def equal(self, value: Any) -> list[R]:
        """Return the rows whose value is `value`, or begins with it."""
        if isinstance(value, tuple) and value not in self._groups:
            return self.between(ge=value, le=value)
        return super().equal(value)

    def between(self, *, ge: Any = None, gt: Any = None, le: Any = None, lt: Any = None) -> list[R]:
        """Return the rows whose value is within the bounds, in ascending order of values; None is no bound."""
        if self._sorted is None:
            self._sorted = sorted(self._groups)
        values = self._sorted
        start = max(
            0 if ge is None else bisect_left(values, ge, key=_prefix_key(ge)),
            0 if gt is None else bisect_right(values, gt, key=_prefix_key(gt)),
        )
        stop = min(
            len(values) if le is None else bisect_right(values, le, key=_prefix_key(le)),
            len(values) if lt is None else bisect_left(values, lt, key=_prefix_key(lt)),
        )
        return [row for value in values[start:stop] for row in self._groups[value].values()]

    def change(self, removed: Sequence[R], added: Sequence[R]) -> None:
        """Remove and add rows."""
        self._update_sorted(self._regroup(removed, added))

    def _update_sorted(self, touched: set[Any]) -> None:
        """Update the sorted values, and drop empty groups, for values that are new or may have been removed."""
        for value in touched:
            if not self._groups[value]:
                del self._groups[value]
        values = self._sorted
        if values is None:
            return
        if len(touched) * _RESORT_FRACTION > len(values):
            self._sorted = None
            return
        for value in touched:
            at = bisect_left(values, value)
            known = at < len(values) and values[at] == value
            if value not in self._groups:
                del values[at]
            elif not known:
                insort(values, value)


def _prefix_key(bound: Any) -> Callable[[Any], Any] | None:
    """Return a function that cuts a tuple of values to the length of the bound; None for a single value."""
    if not isinstance(bound, tuple):
        return None
    length = len(cast("tuple[object, ...]", bound))
    return lambda value: value[:length]
