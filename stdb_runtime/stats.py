"""What a client counts."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Sized
from weakref import WeakSet

import msgspec

__all__ = ["LatencyStats", "Stats"]

# Enough for a steady 99th percentile, and little to keep for each reducer.
_LATENCIES_KEPT = 1000


class LatencyStats(msgspec.Struct, frozen=True):
    """How long the answers to calls of one reducer took, in seconds.

    Attributes:
        count: answered calls, all of them; the other figures are of the latest 1,000.
        min: the shortest.
        median: the middle one.
        p99: what one in a hundred exceeds.
    """

    count: int
    min: float
    median: float
    p99: float


class Stats:
    """What a client counted since it was made, over all its connections.

    Attributes:
        messages_received: text frames from the server.
        messages_sent: text frames to the server.
        bytes_received: bytes of those, without framing.
        bytes_sent: bytes of those, without framing.
        rows_decoded: rows of the generated code's tables in messages, each as often as it came.
        rows_applied: rows that came, went or were replaced, as callbacks see them.
        callbacks: callbacks run.
        connections: how often the connection was made.
        dropped: changes that iterators over them had no room for.
    """

    def __init__(self) -> None:
        self.messages_received = 0
        self.messages_sent = 0
        self.bytes_received = 0
        self.bytes_sent = 0
        self.rows_decoded = 0
        self.rows_applied = 0
        self.callbacks = 0
        self.connections = 0
        self.dropped = 0
        self._streams: WeakSet[Sized] = WeakSet()
        self._counts: dict[str, int] = {}
        self._latencies: dict[str, deque[float]] = {}

    def record_latency(self, reducer: str, seconds: float) -> None:
        """Note how long an answer took."""
        if reducer not in self._counts:
            self._counts[reducer] = 0
            self._latencies[reducer] = deque(maxlen=_LATENCIES_KEPT)
        self._counts[reducer] += 1
        self._latencies[reducer].append(seconds)

    def track_stream(self, stream: Sized) -> None:
        """Have what waits in a stream counted, for as long as the stream lives."""
        self._streams.add(stream)

    def count_dropped(self) -> None:
        """A change was dropped."""
        self.dropped += 1

    @property
    def buffered(self) -> int:
        """Changes that wait in iterators over them now."""
        return sum(map(len, self._streams))

    @property
    def reducers(self) -> dict[str, LatencyStats]:
        """How long answers took, by reducer."""
        return {reducer: _summary(self._counts[reducer], kept) for reducer, kept in self._latencies.items()}


def _summary(count: int, kept: deque[float]) -> LatencyStats:
    ordered = sorted(kept)
    p99 = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    return LatencyStats(count, ordered[0], statistics.median(ordered), p99)
