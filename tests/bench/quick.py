"""How fast the runtime is: `make bench-quick`, in under a minute.

Prints, for each of four things, the median of interleaved runs of the floor (see `floor`) and of the runtime, and the
median ratio of a run of the one to the run of the other beside it: 1.0 is as fast as the floor. The middle half of the
ratios tells how steady they are; on a busy machine they are not. The server runs on the same machine, and its time is
part of both. Nothing is asserted about time.

The module is `tests/modules/probe`, and what is measured is its table `bulk` (see `bulk`).
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import statistics
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.bulk import bindings
from tests.bench.floor import floor_client
from tests.support.binary import find_server
from tests.support.modules import module_wasm
from tests.support.server import Server

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.bench.bulk import Bulk
    from tests.support.server import Database

ROUNDS = 7


class Sizes(NamedTuple):
    """How much of each case is done in a run, in the order of `CASES`."""

    rows: int = 200_000
    awaited: int = 1_000
    in_flight: int = 20_000
    updated: int = 50_000


class Case(NamedTuple):
    """One thing that is measured: what a size counts, and the ratio to aim for."""

    title: str
    target: float


SUBSCRIBE = Case("rows of a subscription, with two indexes and on_insert", 0.85)
AWAITED = Case("calls, each awaited before the next", 0.8)
FLIGHT = Case("calls in flight at once", 0.8)
UPDATE = Case("rows that one transaction updates, with on_update", 0.7)
CASES = (SUBSCRIBE, AWAITED, FLIGHT, UPDATE)


class Timer:
    """Seconds of each run, by case."""

    def __init__(self) -> None:
        self.runs: dict[Case, list[float]] = {case: [] for case in CASES}

    @contextlib.contextmanager
    def measure(self, case: Case) -> Generator[None]:
        """Note how long the block takes. What was dropped before is collected before."""
        gc.collect()
        started = time.perf_counter()
        yield
        self.runs[case].append(time.perf_counter() - started)

    def median(self, case: Case) -> float:
        """The middle run."""
        return statistics.median(self.runs[case])


async def run_floor(database: Database, sizes: Sizes, timer: Timer) -> None:
    """All cases on bare sockets."""
    async with floor_client(database) as client:
        with timer.measure(AWAITED):
            for _ in range(sizes.awaited):
                await client.bump(0, 0)
        with timer.measure(FLIGHT):
            await client.bump_nothing(sizes.in_flight)
        with timer.measure(SUBSCRIBE):
            rows = await client.subscribe()
        with timer.measure(UPDATE):
            updated = await client.bump(0, sizes.updated)
    assert (rows, updated) == (sizes.rows, sizes.updated)


async def run_runtime(database: Database, sizes: Sizes, timer: Timer) -> None:
    """All cases on the runtime, with indexes in use and callbacks that do next to nothing."""
    inserted: list[Bulk] = []
    updated: list[Bulk] = []
    async with bindings.connect(database.uri, database.name) as client:
        bulk, bump = client.db.bulk, client.reducers.bump
        bulk.on_insert(lambda event, row: inserted.append(row))
        bulk.on_update(lambda event, old, new: updated.append(new))
        assert bulk.name.find("name-1") is bulk.id.find(1) is None  # indexes are kept from their first use on
        with timer.measure(AWAITED):
            for _ in range(sizes.awaited):
                await bump(0, 0)
        with timer.measure(FLIGHT):
            for call in [bump(0, 0) for _ in range(sizes.in_flight)]:
                await call
        with timer.measure(SUBSCRIBE):
            await client.subscribe(bulk)
        with timer.measure(UPDATE):
            await bump(0, sizes.updated)
        assert bulk.name.find("name-1") is bulk.id.find(1) is not None
    assert (len(inserted), len(updated)) == (sizes.rows, sizes.updated)


SIDES = (run_floor, run_runtime)


async def run(database: Database, sizes: Sizes, rounds: int) -> tuple[Timer, Timer]:
    """Measure the floor and the runtime, taking turns; the first turns warm up, and do not count."""
    for side in SIDES:
        await side(database, sizes, Timer())
    timers = Timer(), Timer()
    for turn in range(rounds):
        # Who goes first changes, because what went before may tell on what comes after.
        for side, timer in list(zip(SIDES, timers, strict=True))[:: 1 if turn % 2 else -1]:
            await side(database, sizes, timer)
    return timers


def measure(sizes: Sizes, rounds: int) -> str:
    """Start a server, measure, and give the table that is printed."""
    with Server(find_server()) as server:
        database = server.publish(module_wasm("probe"), "bench")
        database.call("fill", 0, sizes.rows)
        floor, runtime = asyncio.run(run(database, sizes, rounds))
    lines = [f"{'medians, in milliseconds':<64}{'floor':>7}{'runtime':>9}{'middle half':>14}{'ratio':>7}{'target':>8}"]
    for case, size in zip(CASES, sizes, strict=True):
        ratios = [low / high for low, high in zip(floor.runs[case], runtime.runs[case], strict=True)]
        quarter, half, three_quarters = statistics.quantiles(ratios, n=4, method="inclusive")
        title = f"{size:>7,} {case.title}"
        milliseconds = f"{floor.median(case) * 1e3:>7.0f}{runtime.median(case) * 1e3:>9.0f}"
        middle = f"{quarter:.2f} - {three_quarters:.2f}"
        lines.append(f"{title:<64}{milliseconds}{middle:>14}{half:>7.2f}{case.target:>8.2f}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(measure(Sizes(), ROUNDS) + "\n")
