"""The benchmark works: every case does what it says on both sides, and gets its line. Times are not looked at."""

from __future__ import annotations

from tests.bench.quick import CASES, Sizes, measure


def test_a_small_run() -> None:
    head, *lines = measure(Sizes(rows=1_200, awaited=3, in_flight=5, updated=700), rounds=2).splitlines()
    assert head.split()[-6:] == ["floor", "runtime", "middle", "half", "ratio", "target"]
    assert len(lines) == len(CASES)
    for line, case, size in zip(lines, CASES, ("1,200", "3", "5", "700"), strict=True):
        assert line.split()[0] == size
        assert case.title in line
        floor, runtime, low, _, high, ratio, target = line.split()[-7:]
        assert float(floor) >= 0
        assert float(runtime) >= 0
        assert 0 < float(low) <= float(ratio) <= float(high)
        assert float(target) == case.target
