"""Indexes over the rows of one table in the cache. Built on first use, then kept up to date with each change."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar, cast

__all__ = ["HashIndexMap", "SortedIndex", "UniqueIndexMap"]

R = TypeVar("R")

# Keeping the sorted list of values up to date costs a search and a shift per new value; above this share of new ones,
# sorting again when a range is next asked for is cheaper.
_RESORT_SHARE = 8


class UniqueIndexMap(Generic[R]):
    """From a unique column's value to the one row that has it.

    Args:
        value_of: the column's value in a row.
        rows: the rows that are there.
    """

    def __init__(self, value_of: Callable[[R], Any], rows: Iterable[R]) -> None:  # Any: the column's type
        self._value_of = value_of
        self._rows: dict[Any, R] = {value_of(row): row for row in rows}

    @property
    def by_value(self) -> Mapping[Any, R]:
        """The rows by value, a live view."""
        return self._rows

    def change(self, removed: Sequence[R], added: Sequence[R]) -> None:
        """Take out and put in rows. A value that moves from one row to another stays with the added one."""
        before, after = list(map(self._value_of, removed)), list(map(self._value_of, added))
        if before != after:  # nearly all updates leave the value alone
            for value in before:
                self._rows.pop(value, None)
        self._rows.update(zip(after, added, strict=True))


class HashIndexMap(Generic[R]):
    """From a column's value to the rows that have it; over several columns the value is the tuple of theirs.

    Args:
        value_of: the value in a row.
        key_of: what identifies a row.
        rows: the rows that are there.
    """

    def __init__(self, value_of: Callable[[R], Any], key_of: Callable[[R], Any], rows: Iterable[R]) -> None:
        self._value_of = value_of
        self._key_of = key_of
        self._groups: dict[Any, dict[Any, R]] = {}
        for row in rows:
            self._groups.setdefault(value_of(row), {})[key_of(row)] = row

    def equal(self, value: Any) -> list[R]:
        """The rows whose value is `value`."""
        return list(self._groups.get(value, {}).values())

    def change(self, removed: Sequence[R], added: Sequence[R]) -> None:
        """Take out and put in rows."""
        for value in self._regroup(removed, added):
            if not self._groups[value]:
                del self._groups[value]

    def _regroup(self, removed: Sequence[R], added: Sequence[R]) -> set[Any]:
        """Take out and put in rows. Gives the values that are new, or may have gone: their groups may be empty."""
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
    """From a column's value to the rows that have it, and from a range of values to theirs in ascending order.

    Over several columns the value is the tuple of theirs, and a shorter tuple means all that begin with it.
    Arguments as of `HashIndexMap`; values are ordered.
    """

    def __init__(self, value_of: Callable[[R], Any], key_of: Callable[[R], Any], rows: Iterable[R]) -> None:
        super().__init__(value_of, key_of, rows)
        self._sorted: list[Any] | None = None

    def equal(self, value: Any) -> list[R]:
        """The rows whose value is `value`, or begins with it."""
        if isinstance(value, tuple) and value not in self._groups:
            return self.between(ge=value, le=value)
        return super().equal(value)

    def between(self, *, ge: Any = None, gt: Any = None, le: Any = None, lt: Any = None) -> list[R]:
        """The rows whose value lies within the bounds, None being no bound; ascending by value."""
        if self._sorted is None:
            self._sorted = sorted(self._groups)
        values = self._sorted
        start = max(
            0 if ge is None else bisect_left(values, ge, key=_as_long_as(ge)),
            0 if gt is None else bisect_right(values, gt, key=_as_long_as(gt)),
        )
        stop = min(
            len(values) if le is None else bisect_right(values, le, key=_as_long_as(le)),
            len(values) if lt is None else bisect_left(values, lt, key=_as_long_as(lt)),
        )
        return [row for value in values[start:stop] for row in self._groups[value].values()]

    def change(self, removed: Sequence[R], added: Sequence[R]) -> None:
        """Take out and put in rows."""
        self._resort(self._regroup(removed, added))

    def _resort(self, touched: set[Any]) -> None:
        """Bring the sorted values in line with the groups, for the values that came or may have gone."""
        for value in touched:
            if not self._groups[value]:
                del self._groups[value]
        values = self._sorted
        if values is None:
            return
        if len(touched) * _RESORT_SHARE > len(values):
            self._sorted = None
            return
        for value in touched:
            at = bisect_left(values, value)
            known = at < len(values) and values[at] == value
            if value not in self._groups:
                del values[at]
            elif not known:
                insort(values, value)


def _as_long_as(bound: Any) -> Callable[[Any], Any] | None:
    """Cuts the values of several columns to as many as the bound names."""
    if not isinstance(bound, tuple):
        return None
    length = len(cast("tuple[object, ...]", bound))
    return lambda value: value[:length]
