"""The figures of latencies, by themselves."""

from __future__ import annotations

import json

from stdb_runtime import Stats


def test_latencies() -> None:
    stats = Stats()
    for number in range(3_000):
        stats.record_latency("reducer", float(number))
    latency = stats.reducers["reducer"]
    assert (latency.count, latency.min, latency.median, latency.p99) == (3_000, 2_000.0, 2_499.5, 2_990.0)
    stats.record_latency("other", 0.5)
    assert stats.reducers["other"].p99 == 0.5


def test_a_snapshot_is_json() -> None:
    stats = Stats()
    stats.messages_received = 3
    stats.record_latency("level_up", 0.25)

    stream = frozenset({1, 2})  # anything with a length
    stats.track_stream(stream)
    assert json.loads(json.dumps(stats.as_dict())) == {
        "messages_received": 3,
        "messages_sent": 0,
        "bytes_received": 0,
        "bytes_sent": 0,
        "rows_decoded": 0,
        "rows_applied": 0,
        "callbacks": 0,
        "connections": 0,
        "dropped": 0,
        "buffered": 2,
        "reducers": {"level_up": {"count": 1, "min": 0.25, "median": 0.25, "p99": 0.25}},
    }
    assert repr(stats).startswith("<stats messages_received=3, messages_sent=0, bytes_received=0,")
