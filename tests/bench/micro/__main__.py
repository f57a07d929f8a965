"""How much processor time the engine takes for a message, without a server: `make bench-micro`, in seconds.

The list driver of the engine's tests passes frames to a typed client. A frame is one that a server sent
(`tests/recordings`) with other rows in it. Beside each case stands what msgspec alone takes to decode the same bytes,
into typed lists (see `tests.bench.floor` and `wire`), in the same run and taking turns: the ratio says how many times
as much the engine takes, and is what compares between machines. Each number is the least of some runs, which other
programs on the machine disturb least. Callbacks append to a list.

`make bench-micro CASES="reconcile call"` measures only those.
"""

from __future__ import annotations

import argparse
import gc
import logging
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.micro.cases import CASES
from tests.support.engine import LOGGER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.micro.cases import Case

REPEATS = 5


class Figure(NamedTuple):
    """What a case took: seconds of processor time."""

    decode: float
    engine: float


def measure(case: Case, repeats: int = REPEATS) -> Figure:
    """Measure a case, taking turns. What was dropped before is collected before."""
    turns: list[Figure] = []
    for _ in range(repeats):
        decode = _seconds(case.decode)
        turns.append(Figure(decode, _seconds(case.prepare())))
    return Figure(min(turn.decode for turn in turns), min(turn.engine for turn in turns))


def _seconds(function: Callable[[], object]) -> float:
    gc.collect()
    started = time.process_time()
    result = function()
    seconds = time.process_time() - started
    del result  # freed outside of the measured time
    return seconds


HEAD = f"{'':9} {'':66} {'decode':>8} {'engine':>8} {'ratio':>6}"


def line(name: str, case: Case, figure: Figure) -> str:
    """The line of a case: nanoseconds of a row, microseconds of a call or of a message."""
    factor, unit = (1e9, "ns a row") if case.unit == "row" else (1e6, f"us a {case.unit}")
    decode, engine = (seconds / case.size * factor for seconds in figure)
    title = f"{case.title}, {unit}"
    return f"{name:9} {title:66} {decode:8.2f} {engine:8.2f} {engine / decode:6.2f}"


def main() -> None:
    """Measure the cases that are named, or all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"one of {', '.join(CASES)}; all by default")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="runs of each case (%(default)s)")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.cases if name not in CASES]
    if unknown:
        parser.error(f"unknown case {unknown[0]}: choose from {', '.join(CASES)}")
    LOGGER.setLevel(logging.ERROR)  # a lost connection is a warning
    sys.stdout.write(HEAD + "\n")
    for name in arguments.cases or CASES:
        case = CASES[name](1.0)
        sys.stdout.write(line(name, case, measure(case, arguments.repeats)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
