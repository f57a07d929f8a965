"""The benchmark works: every case does what it says on both sides, and gets its line. Times are not looked at."""

from __future__ import annotations

from tests.bench.quick import CASES, Sizes, measure


def test_a_small_run() -> None:
    head, *lines = measure(Sizes(rows=1_200, updated=700, awaited=3, in_flight=5), rounds=2).splitlines()
    assert head.split()[-4:] == ["floor", "runtime", "ratio", "target"]
    assert len(lines) == len(CASES)
    for line, case, size in zip(lines, CASES, ("1,200", "3", "5", "700"), strict=True):
        assert line.split()[0] == size
        assert case.title in line
        floor, runtime, ratio, target = map(float, line.split()[-4:])
        assert floor >= 0
        assert runtime >= 0
        assert ratio > 0
        assert target == case.target
