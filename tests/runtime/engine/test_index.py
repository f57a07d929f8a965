"""Indexes: after any changes, they give what filtering the rows by hand gives."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stdb_runtime._engine.index import HashIndexMap, SortedIndex, UniqueIndexMap

if TYPE_CHECKING:
    from collections.abc import Sequence


class Row(msgspec.Struct, frozen=True):
    id: int
    level: int
    name: str = ""


ID, LEVEL, BOTH = attrgetter("id"), attrgetter("level"), attrgetter("level", "name")
# So many that a change of a few rows does not have the values sorted anew.
MANY = [Row(number, number // 2 * 10) for number in range(100)]
BOUNDS = ("ge", "gt", "le", "lt")


def ids(rows: Sequence[Row]) -> list[int]:
    return sorted(row.id for row in rows)


# --- unique -----------------------------------------------------------------------------------------------------------


def test_a_unique_value_leads_to_its_row_as_rows_change() -> None:
    one, two = Row(1, 10), Row(2, 20)
    index = UniqueIndexMap(LEVEL, [one])
    by_level = index.by_value
    index.change([], [two])
    assert by_level == {10: one, 20: two}
    index.change([one], [])
    assert by_level == {20: two}


def test_a_unique_value_that_passes_to_another_row_leads_to_that_one() -> None:
    one, two = Row(1, 10), Row(2, 20)
    index = UniqueIndexMap(LEVEL, [one, two])
    index.change([one, two], [Row(1, 20), Row(2, 10)])
    assert index.by_value == {10: Row(2, 10), 20: Row(1, 20)}


def test_an_update_that_keeps_the_unique_value_replaces_the_row() -> None:
    index = UniqueIndexMap(LEVEL, [Row(1, 10)])
    index.change([Row(1, 10)], [Row(1, 10, "new")])
    assert index.by_value == {10: Row(1, 10, "new")}


# --- several rows of a value ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [HashIndexMap, SortedIndex])
def test_rows_of_a_value_come_and_go(kind: type[HashIndexMap[Row]]) -> None:
    index = kind(LEVEL, ID, [Row(1, 10), Row(2, 10)])
    assert ids(index.equal(10)) == [1, 2]
    index.change([Row(1, 10)], [Row(1, 20), Row(3, 10)])
    assert (ids(index.equal(10)), ids(index.equal(20)), index.equal(30)) == ([2, 3], [1], [])
    index.change([Row(1, 20)], [])
    assert index.equal(20) == []


@pytest.mark.parametrize("kind", [HashIndexMap, SortedIndex])
def test_what_an_index_gives_is_a_list_of_its_own(kind: type[HashIndexMap[Row]]) -> None:
    index = kind(LEVEL, ID, [Row(1, 10)])
    rows = index.equal(10)
    index.change([Row(1, 10)], [])
    assert rows == [Row(1, 10)]


def test_the_values_of_several_columns_are_a_tuple_and_a_shorter_one_is_their_beginning() -> None:
    index = SortedIndex(BOTH, ID, [Row(1, 10, "a"), Row(2, 10, "b"), Row(3, 20, "a")])
    assert ids(index.equal((10, "a"))) == [1]
    assert ids(index.equal((10,))) == [1, 2]
    assert index.equal((30,)) == []
    assert ids(index.between(gt=(10,))) == [3]
    assert ids(index.between(le=(10,))) == [1, 2]
    assert ids(index.between(ge=(10, "b"), lt=(20, "b"))) == [2, 3]


# --- ranges -----------------------------------------------------------------------------------------------------------


def test_a_range_is_in_ascending_order_of_values() -> None:
    index = SortedIndex(LEVEL, ID, [Row(1, 30), Row(2, 10), Row(3, 20)])
    assert [row.level for row in index.between()] == [10, 20, 30]


@pytest.mark.parametrize(
    ("removed", "added"),
    [
        ([MANY[0]], []),  # its value stays, for another row has it
        (MANY[:2], []),  # a value goes: the first,
        (MANY[50:52], []),  # one in the middle,
        (MANY[-2:], []),  # the last
        ([], [Row(200, -5)]),  # a value comes: before all others,
        ([], [Row(200, 255)]),  # between two,
        ([], [Row(200, 10_000)]),  # after all others
        ([], [Row(200, 250)]),  # a row of a value that is there
        (MANY[50:52], [Row(50, 255), Row(51, 257)]),
        (MANY[50:52], MANY[50:52]),  # a value that goes and comes
    ],
)
def test_ranges_follow_a_change_of_a_few_rows_among_many(removed: list[Row], added: list[Row]) -> None:
    index = SortedIndex(LEVEL, ID, MANY)
    assert len(index.between()) == len(MANY)  # from now on, the values are kept sorted
    index.change(removed, added)
    rows = [row for row in MANY if row not in removed] + added
    levels = [row.level for row in index.between()]
    assert levels == sorted(levels)
    assert ids(index.between()) == ids(rows)
    assert ids(index.between(ge=250, le=260)) == ids([row for row in rows if 250 <= row.level <= 260])


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 40), st.none() | st.integers(0, 30)), max_size=6), max_size=8),
    st.dictionaries(st.sampled_from(BOUNDS), st.integers(-1, 31)),
)
def test_after_any_changes_a_range_is_what_filtering_gives(
    messages: list[list[tuple[int, int | None]]], bounds: dict[str, int]
) -> None:
    rows = {number: Row(number, number % 30) for number in range(40)}
    index = SortedIndex(LEVEL, ID, rows.values())
    for message in messages:
        index.between()
        changed = dict(message)
        removed = [rows.pop(number) for number in changed if number in rows]
        added = [Row(number, level) for number, level in changed.items() if level is not None]
        rows |= {row.id: row for row in added}
        index.change(removed, added)
    within = [row for row in rows.values() if _is_within(row.level, **bounds)]
    found = index.between(**bounds)
    assert ids(found) == ids(within)
    assert [row.level for row in found] == sorted(row.level for row in within)
    for level in range(30):
        assert ids(index.equal(level)) == ids([row for row in rows.values() if row.level == level])


def _is_within(level: int, ge: int = -1, gt: int = -2, le: int = 99, lt: int = 99) -> bool:
    return ge <= level <= le and gt < level < lt
