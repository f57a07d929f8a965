"""The clients in Python, one run each: `python -m tests.bench.client KIND URI DATABASE ROWS CALLS IN_FLIGHT UPDATED`.

Prints a `Result` in JSON. The programs in `peers` do the same with the official SDKs. All run the cases in one order:
calls before the subscription, the subscription, and the rest after it. Callbacks do next to nothing.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from tests.bench.bulk import bindings
from tests.bench.cases import AFTER, BEFORE, FLIGHT, ROW, SUBSCRIBE, UPDATE, Recorder, Sizes
from tests.bench.floor import floor_client

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from stdb_runtime import RowEvent
    from tests.bench.bulk import Bulk


async def run_floor(uri: str, database: str, sizes: Sizes, recorder: Recorder) -> None:
    """All cases on a bare socket."""
    async with floor_client(uri, database) as client:
        with recorder.measure(BEFORE):
            for _ in range(sizes.calls):
                await client.bump(0, 0)
        with recorder.measure(SUBSCRIBE):
            rows = await client.subscribe()
        recorder.measure_memory()
        with recorder.measure(AFTER):
            for _ in range(sizes.calls):
                await client.bump(0, 0)
        with recorder.measure(ROW):
            updated = [await client.bump(number, 1) for number in range(sizes.calls)]
        with recorder.measure(FLIGHT):
            await client.bump_nothing(sizes.in_flight)
        with recorder.measure(UPDATE):
            updated.append(await client.bump(0, sizes.updated))
    assert (rows, sum(updated)) == (sizes.rows, sizes.calls + sizes.updated)


async def run_runtime(uri: str, database: str, sizes: Sizes, recorder: Recorder, *, indexed: bool = False) -> None:
    """All cases on the runtime; `indexed`, with a unique string index in use."""
    inserted = updated = 0

    def on_insert(event: RowEvent, row: Bulk) -> None:
        nonlocal inserted
        inserted += 1

    def on_update(event: RowEvent, old: Bulk, new: Bulk) -> None:
        nonlocal updated
        updated += 1

    async with bindings.connect(uri, database) as client:
        bulk, bump = client.db.bulk, client.reducers.bump
        bulk.on_insert(on_insert)
        bulk.on_update(on_update)
        if indexed:  # an index is kept from its first use on
            assert bulk.name.find("name-1") is None
        with recorder.measure(BEFORE):
            for _ in range(sizes.calls):
                await bump(0, 0)
        with recorder.measure(SUBSCRIBE):
            await client.subscribe(bulk)
        recorder.measure_memory()
        with recorder.measure(AFTER):
            for _ in range(sizes.calls):
                await bump(0, 0)
        with recorder.measure(ROW):
            for number in range(sizes.calls):
                await bump(number, 1)
        with recorder.measure(FLIGHT):
            for call in [bump(0, 0) for _ in range(sizes.in_flight)]:
                await call
        with recorder.measure(UPDATE):
            await bump(0, sizes.updated)
        if indexed:
            assert bulk.name.find("name-1") is bulk.id.find(1) is not None
    assert (inserted, updated) == (sizes.rows, sizes.calls + sizes.updated)


async def run_indexed(uri: str, database: str, sizes: Sizes, recorder: Recorder) -> None:
    """All cases on the runtime, with a unique string index in use."""
    await run_runtime(uri, database, sizes, recorder, indexed=True)


def uvloop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes an event loop of uvloop, or on Windows of winloop. Raises ImportError."""
    # By name: they are optional, and not typed.
    loops: Any = __import__("winloop" if sys.platform == "win32" else "uvloop")
    factory: Callable[[], asyncio.AbstractEventLoop] = loops.new_event_loop
    return factory


KINDS: dict[str, Callable[[str, str, Sizes, Recorder], Coroutine[Any, Any, None]]] = {
    "floor": run_floor,
    "runtime": run_runtime,
    "indexed": run_indexed,
    "uvloop": run_runtime,
}


def main(kind: str, uri: str, database: str, *sizes: str) -> None:
    """Run a client and print its result."""
    recorder = Recorder()
    with asyncio.Runner(loop_factory=uvloop_factory() if kind == "uvloop" else None) as runner:
        runner.run(KINDS[kind](uri, database, Sizes(*map(int, sizes)), recorder))
    sys.stdout.write(recorder.text() + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
