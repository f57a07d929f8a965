"""The figures of latencies, by themselves."""

from __future__ import annotations

from stdb_runtime.stats import Stats


def test_latencies() -> None:
    stats = Stats()
    for number in range(3_000):
        stats.record_latency("reducer", float(number))
    latency = stats.reducers["reducer"]
    assert (latency.count, latency.min, latency.median, latency.p99) == (3_000, 2_000.0, 2_499.5, 2_990.0)
    stats.record_latency("other", 0.5)
    assert stats.reducers["other"].p99 == 0.5
