"""What a run is told, and what it tells: settings, the failure of a check, and the summary."""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from tests.soak.faults import Fault

MOST_SHOWN = 40
LOGGERS = ("stdb_runtime", "websockets", "asyncio")


@dataclass(frozen=True)
class Settings:
    """How a run goes.

    Attributes:
        seed: decides all choices.
        count: how many faults there are.
        scale: what the times of all faults are multiplied by.
        pace: seconds from call to call of a client, in the mean.
        patience: seconds that settling may take.
        traced: whether memory is looked at, which slows everything.
    """

    seed: int
    count: int = 50
    scale: float = 1.0
    pace: float = 0.01
    patience: float = 60.0
    traced: bool = True


class SoakFailure(Exception):
    """A check that failed.

    Attributes:
        problems: what is wrong, in words.
    """

    def __init__(self, seed: int, number: int, fault: Fault | None, problems: Sequence[str]) -> None:
        struck = f"{fault.kind}: {fault}" if fault is not None else "before the first one"
        shown = [f"  - {problem}" for problem in problems[:MOST_SHOWN]]
        super().__init__("\n".join([f"seed {seed}, fault {number} ({struck}): {len(problems)} problems", *shown]))
        self.problems = problems


@dataclass
class Summary:
    """What a run went through.

    Attributes:
        kinds: how often each kind of fault struck.
        calls: how many calls ended in each way.
        not_sent: how many calls there was no connection for.
        events: how many callbacks on rows were replayed.
        losses: how often a connection was lost.
        growth: what became of the memory.
    """

    kinds: Counter[str] = field(default_factory=Counter[str])
    calls: Counter[str] = field(default_factory=Counter[str])
    not_sent: int = 0
    events: int = 0
    losses: int = 0
    growth: str = "not looked at"

    def __str__(self) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kinds.items()))
        calls = ", ".join(f"{count} {end}" for end, count in sorted(self.calls.items()))
        return (
            f"faults: {kinds}\ncalls: {calls}, {self.not_sent} not sent\n"
            f"{self.losses} connections lost, {self.events} callbacks on rows replayed\n"
            f"memory: {self.growth}"
        )


class Errors(logging.Handler):
    """What was logged as an error.

    Attributes:
        texts: the errors.
    """

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self.texts.append(f"logged by {record.name}: {self.format(record)}")


@contextlib.contextmanager
def logged_errors() -> Generator[Errors]:
    """For the time of the block, errors are collected that the client, its library and asyncio log."""
    errors = Errors()
    loggers = [logging.getLogger(name) for name in LOGGERS]
    for logger in loggers:
        logger.addHandler(errors)
    try:
        yield errors
    finally:
        for logger in loggers:
            logger.removeHandler(errors)
