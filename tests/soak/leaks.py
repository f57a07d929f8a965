"""What must not grow: tasks, objects of the client, and the memory that it takes."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGES = ("stdb_runtime", "websockets")
# The latencies that three clients keep of seven reducers, 1,000 of each, are a third of it.
MOST_MEMORY = 2_000_000
MOST_OBJECTS = 40


@dataclass(frozen=True)
class Usage:
    """What is in use.

    Attributes:
        memory: the bytes that code of the client and its library allocated.
        objects: how many objects there are of each of their classes.
    """

    memory: int
    objects: Mapping[str, int]


def usage() -> Usage:
    """What is in use now. Needs `tracemalloc` to run."""
    gc.collect()
    filters = [tracemalloc.Filter(True, f"*/{package}/*") for package in PACKAGES]
    traces = tracemalloc.take_snapshot().filter_traces(filters).traces
    classes = Counter(
        f"{cls.__module__}.{cls.__qualname__}"
        for cls in map(type, gc.get_objects())
        if cls.__module__.startswith(PACKAGES)
    )
    return Usage(sum(trace.size for trace in traces), classes)


def growth(before: Usage, after: Usage) -> list[str]:
    """What grew beyond its bound."""
    wrong = [
        f"{after.objects[name]} objects of {name}, and there were {before.objects.get(name, 0)}"
        for name in after.objects
        if after.objects[name] > before.objects.get(name, 0) + MOST_OBJECTS
    ]
    if after.memory > before.memory + MOST_MEMORY:
        wrong.append(f"{after.memory:,} bytes of memory, and there were {before.memory:,}")
    return wrong


def tasks() -> Counter[str]:
    """The tasks that there are, by name of their coroutine."""
    return Counter(getattr(task.get_coro(), "__qualname__", "?") for task in asyncio.all_tasks())
