"""The book of all calls: what each was to do, and how it ended."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Container

Key: TypeAlias = "tuple[str, str]"
"""A row: its table, and the text that no other row of it has."""

# How many checks a row must have been gone for before its calls are forgotten.
REMEMBERED = 2


class End(Enum):
    """How a call ended."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Effect:
    """What a call does to a row, if it runs.

    Attributes:
        kind: makes it, takes it away, adds one to its level, or writes a value that no other call writes.
        key: the row.
        column: what is written.
        value: the value that is written.
    """

    kind: Literal["create", "delete", "raise", "write"]
    key: Key
    column: str = ""
    value: object = None


@dataclass
class Call:
    """A call.

    Attributes:
        client: who made it.
        text: the call as it is shown.
        effect: what it does; None if nothing is to be seen of it.
        started: when, in ticks of the book.
        ends: how it ended, each time that it did.
        ended: when it had ended, in ticks; never, while it may yet run.
        moment: when it ended, in seconds.
        durable: whether its success means that it survives the server's end.
        refusable: whether the module may have a reason to refuse it.
        age: how many checks it has seen.
    """

    client: str
    text: str
    effect: Effect | None
    started: int
    durable: bool = True
    refusable: bool = True
    ends: list[End] = field(default_factory=list[End])
    ended: float = math.inf
    moment: float = 0.0
    age: int = 0

    @property
    def end(self) -> End | None:
        """How it ended, if it has."""
        return self.ends[-1] if self.ends else None

    def __str__(self) -> str:
        ends = " and ".join(end.value for end in self.ends) or "without outcome"
        return f"{self.client}: {self.text} ({ends})"


class Book:
    """All calls of a run that still matter.

    Args:
        clock: tells the seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.calls: list[Call] = []
        self.made = 0
        self._clock = clock
        self._ticks = 0

    def begin(
        self, client: str, text: str, effect: Effect | None, *, durable: bool = True, refusable: bool = True
    ) -> Call:
        """Note a call that is about to be sent."""
        self.made += 1
        call = Call(client, text, effect, self._tick(), durable, refusable)
        self.calls.append(call)
        return call

    def withdraw(self, call: Call) -> None:
        """Strike out a call, the latest, that could not be sent."""
        assert self.calls[-1] is call
        self.calls.pop()
        self.made -= 1

    def finish(self, call: Call, end: End) -> None:
        """Note how a call ended."""
        call.ends.append(end)
        call.moment = self._clock()
        if end is not End.UNKNOWN:
            call.ended = self._tick()

    def doubt(self, since: float) -> None:
        """The server was ended: a success since some moment may be lost, unless it was durable."""
        for call in self.calls:
            if call.end is End.DONE and not call.durable and call.moment >= since:
                call.ends[-1] = End.UNKNOWN
                call.ended = math.inf

    def forget(self, rows: Container[Key]) -> None:
        """Drop, after a check, calls without effect, and those on rows that have long been gone."""
        for call in self.calls:
            call.age += 1
        recent = {call.effect.key for call in self.calls if call.effect and call.age <= REMEMBERED}
        self.calls = [
            call for call in self.calls if call.effect and (call.effect.key in rows or call.effect.key in recent)
        ]

    def _tick(self) -> int:
        self._ticks += 1
        return self._ticks
