"""Indexes of a table in the client cache, built on first use and then updated with each change."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
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
        # A row that is alone with its value, or several by their keys: a dict for each row would take much memory.
        self._groups: dict[Any, R | dict[Any, R]] = {}
        self._regroup((), list(rows))

    def equal(self, value: Any) -> list[R]:
        """Return the rows with a value."""
        group = self._groups.get(value)
        return [] if group is None else self._rows_of(group)

    def change(self, removed: Sequence[R], added: Sequence[R]) -> None:
        """Remove and add rows."""
        self._regroup(removed, added)

    @staticmethod
    def _rows_of(group: R | dict[Any, R]) -> list[R]:
        return list(cast("dict[Any, R]", group).values()) if isinstance(group, dict) else [group]

    def _regroup(self, removed: Sequence[R], added: Sequence[R]) -> list[Any]:
        """Remove and add rows. Returns the values that came or went, or may have."""
        groups, key_of = self._groups, self._key_of
        before, after = list(map(self._value_of, removed)), list(map(self._value_of, added))
        touched: list[Any] = []
        for value, row in zip(before, removed, strict=True):
            group = groups[value]
            if not isinstance(group, dict):
                del groups[value]
                touched.append(value)
                continue
            del group[key_of(row)]
            if not group:
                del groups[value]
                touched.append(value)
        for value, row in zip(after, added, strict=True):
            group = groups.setdefault(value, row)
            if group is row:
                touched.append(value)
            elif isinstance(group, dict):
                group[key_of(row)] = row
            else:
                groups[value] = {key_of(group): group, key_of(row): row}
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
        return [row for value in values[start:stop] for row in self._rows_of(self._groups[value])]

    def change(self, removed: Sequence[R], added: Sequence[R]) -> None:
        """Remove and add rows."""
        self._update_sorted(self._regroup(removed, added))

    def _update_sorted(self, touched: Sequence[Any]) -> None:
        """Update the sorted values, for those that came or went, or may have."""
        values = self._sorted
        if values is None:
            return
        if len(touched) * _RESORT_FRACTION > len(values):
            self._sorted = None
            return
        for value in touched:
            at = bisect_left(values, value)
            known = at < len(values) and values[at] == value
            if known and value not in self._groups:
                del values[at]
            elif not known and value in self._groups:
                values.insert(at, value)


def _prefix_key(bound: Any) -> Callable[[Any], Any] | None:
    """Return a function that cuts a tuple of values to the length of the bound; None for a single value."""
    if not isinstance(bound, tuple):
        return None
    length = len(cast("tuple[object, ...]", bound))
    return lambda value: value[:length]
