"""The comparison of what a process uses before and after."""

from __future__ import annotations

from tests.soak.leaks import MOST_MEMORY, MOST_OBJECTS, Usage, growth


def test_growth_is_found() -> None:
    before = Usage(10, {"a.B": 1})
    assert growth(before, Usage(10 + MOST_MEMORY, {"a.B": 1 + MOST_OBJECTS})) == []
    assert growth(before, Usage(11 + MOST_MEMORY, {"a.B": 2 + MOST_OBJECTS, "a.C": 1})) == [
        f"{2 + MOST_OBJECTS} objects of a.B, and there were 1",
        f"{11 + MOST_MEMORY:,} bytes of memory, and there were 10",
    ]
