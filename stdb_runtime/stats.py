"""Counters of a client, and the latencies of its reducer calls."""

from __future__ import annotations

from collections import deque
from collections.abc import Sized
from weakref import WeakSet

import msgspec

__all__ = ["LatencyStats", "Stats"]

# Enough for a stable 99th percentile at little memory per reducer.
_LATENCIES_KEPT = 1000


class LatencyStats(msgspec.Struct, frozen=True):
    """Latencies of the calls of one reducer, from call to response, in seconds.

    Attributes:
        count: the number of all calls with a response; the other figures are of the latest 1,000.
        min: the minimum.
        median: the median.
        p99: the 99th percentile.
    """

    count: int
    min: float
    median: float
    p99: float


class Stats:
    """Counters of a client, over all its connections.

    Attributes:
        messages_received: text messages from the server.
        messages_sent: text messages to the server.
        bytes_received: bytes of the received messages, without framing.
        bytes_sent: bytes of the sent messages, without framing.
        rows_decoded: decoded rows of tables of the generated package, repeated ones included.
        rows_applied: rows inserted, updated or deleted in the client cache, as row callbacks report them.
        callbacks: callbacks run.
        connections: connections opened, the first one included.
        dropped: changes dropped because the buffer of an iterator was full.
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

    def as_dict(self) -> dict[str, object]:
        """Return a snapshot of all figures, `buffered` and `reducers` included, of types that JSON has."""
        latencies = {reducer: msgspec.structs.asdict(latency) for reducer, latency in self.reducers.items()}
        return {**self._counters(), "buffered": self.buffered, "reducers": latencies}

    def _counters(self) -> dict[str, int]:
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def __repr__(self) -> str:
        return f"<stats {', '.join(f'{name}={value}' for name, value in self._counters().items())}>"

    def record_latency(self, reducer: str, seconds: float) -> None:
        """Add the latency of one reducer call, in seconds."""
        if reducer not in self._counts:
            self._counts[reducer] = 0
            self._latencies[reducer] = deque(maxlen=_LATENCIES_KEPT)
        self._counts[reducer] += 1
        self._latencies[reducer].append(seconds)

    def track_stream(self, stream: Sized) -> None:
        """Include a stream in `buffered`, for as long as the stream exists."""
        self._streams.add(stream)

    def count_dropped(self) -> None:
        """Count one dropped change."""
        self.dropped += 1

    @property
    def buffered(self) -> int:
        """Number of changes that wait in the buffers of iterators."""
        return sum(map(len, self._streams))

    @property
    def reducers(self) -> dict[str, LatencyStats]:
        """Latencies of reducer calls, by reducer name."""
        return {reducer: _summary(self._counts[reducer], kept) for reducer, kept in self._latencies.items()}


def _summary(count: int, kept: deque[float]) -> LatencyStats:
    ordered = sorted(kept)
    middle = len(ordered) // 2
    median = (ordered[middle] + ordered[~middle]) / 2
    p99 = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    return LatencyStats(count, ordered[0], median, p99)
