"""What is measured of each client, and how much of it."""

from __future__ import annotations

import contextlib
import gc
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Generator

Result: TypeAlias = dict[str, tuple[float, float]]
"""What a client prints, in JSON: seconds and seconds of processor time by the key of a case, and under `memory` the
bytes after the subscription and at the peak."""


class Sizes(NamedTuple):
    """How much of each case is done in a run. These are the arguments of each client, after address and database."""

    rows: int = 200_000
    calls: int = 1_000
    in_flight: int = 20_000
    updated: int = 50_000


class Case(NamedTuple):
    """One thing that is measured.

    Attributes:
        key: its key in a `Result`.
        title: what is counted.
        size: the attribute of `Sizes` that says how many.
        goal: the ratio to the floor to reach.
    """

    key: str
    title: str
    size: str
    goal: float

    def size_of(self, sizes: Sizes) -> int:
        """How many are done in a run."""
        size: int = getattr(sizes, self.size)
        return size


SUBSCRIBE = Case("subscribe", "1 initial subscription with on_insert, rows/s", "rows", 0.9)
BEFORE = Case("before", "2a awaited calls/s before the subscription", "calls", 1.1)
AFTER = Case("after", "2 awaited calls/s after it", "calls", 1.1)
ROW = Case("row", "2b awaited calls/s that update a row, with on_update", "calls", 1.0)
FLIGHT = Case("flight", "3 calls in flight at once, calls/s", "in_flight", 1.0)
UPDATE = Case("update", "4 one transaction with on_update, rows/s", "updated", 0.88)
CASES = (SUBSCRIBE, BEFORE, AFTER, ROW, FLIGHT, UPDATE)


class Recorder:
    """What a client took."""

    def __init__(self) -> None:
        self.result: Result = {}

    @contextlib.contextmanager
    def measure(self, case: Case) -> Generator[None]:
        """Note how long the block takes. What was dropped before is collected before."""
        gc.collect()
        started, cpu = time.perf_counter(), time.process_time()
        yield
        self.result[case.key] = time.perf_counter() - started, time.process_time() - cpu

    def measure_memory(self) -> None:
        """Note how much memory this process uses; zeros on a system that does not tell as Linux does."""
        status = Path("/proc/self/status")
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines()) if status.exists() else {}
        now, peak = (1024.0 * int(lines.get(name, "0").split()[0]) for name in ("VmRSS", "VmHWM"))
        self.result["memory"] = now, peak

    def text(self) -> str:
        """The line to print."""
        return json.dumps(self.result)
