"""What must be so when all is quiet: comparisons of plain values, which give the differences in words."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.soak.calls import End

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Mapping

    from tests.soak.calls import Call, Key

# What is written of a row when it is made.
FRESH: dict[str, object] = {"status": None, "x": 0.0, "score": None}


@dataclass(frozen=True)
class Stored:
    """A row that the server has, as far as calls change it.

    Attributes:
        level: how often it was raised, and one.
        written: by column, the value that was written last.
    """

    level: int
    written: Mapping[str, object]


def differing_rows(held: Collection[Hashable], expected: Collection[Hashable]) -> list[str]:
    """Where the rows that a client holds are not those that the server has."""
    here, there = Counter(held), Counter(expected)
    return [
        *(f"the client lacks {row}" for row in (there - here).elements()),
        *(f"the client has, and the server has not, {row}" for row in (here - there).elements()),
    ]


def without_one_outcome(calls: Iterable[Call]) -> list[str]:
    """The calls that did not end just once, and those that were refused without a reason."""
    wrong: list[str] = []
    for call in calls:
        if len(call.ends) != 1:
            wrong.append(f"{len(call.ends)} outcomes in place of one: {call}")
        elif call.end is End.REFUSED and not call.refusable:
            wrong.append(f"refused, and there is no reason for it: {call}")
    return wrong


def contradictions(calls: Iterable[Call], rows: Mapping[Key, Stored]) -> list[str]:
    """Where the rows of the server cannot be what the calls made, whatever became of those with unknown outcome."""
    by_key: dict[Key, list[Call]] = defaultdict(list)
    for call in calls:
        if call.effect is not None:
            by_key[call.effect.key].append(call)
    wrong = [f"{key} is there, and nobody made it" for key in rows if key not in by_key]
    for key, about in by_key.items():
        wrong += [f"{problem}; its calls: {shown(about)}" for problem in _problems(key, about, rows.get(key))]
    return wrong


def shown(calls: Iterable[Call]) -> str:
    """Calls in a row."""
    return ", ".join(f"[{call.started}-{call.ended:.0f}] {call}" for call in calls)


def _of(calls: Iterable[Call], kind: str, column: str = "") -> list[Call]:
    """The calls with one kind of effect that ran, or may have run."""
    return [
        call
        for call in calls
        if call.effect and call.effect.kind == kind and call.effect.column == column and call.end is not End.REFUSED
    ]


def _problems(key: Key, calls: list[Call], row: Stored | None) -> list[str]:
    creates, deletes = _of(calls, "create"), _of(calls, "delete")
    if row is None:
        stays = [call for call in creates if call.end is End.DONE and _all_before(deletes, call)]
        return [f"{key} is missing"] if stays else []
    if not creates:
        return [f"{key} is there, and making it was refused"]
    if any(call.end is End.DONE and _all_before(creates, call) for call in deletes):
        return [f"{key} is there, and was deleted"]
    if len(creates) > 1:  # it may have been made twice, and what was written the first time is gone
        return []
    return [*_wrong_level(key, calls, row), *_wrong_values(key, calls, row)]


def _all_before(calls: Iterable[Call], other: Call) -> bool:
    """Whether all had ended when another began."""
    return all(call.ended < other.started for call in calls)


def _wrong_level(key: Key, calls: list[Call], row: Stored) -> list[str]:
    raises = _of(calls, "raise")
    least = 1 + sum(call.end is End.DONE for call in raises)
    most = 1 + len(raises)
    return [] if least <= row.level <= most else [f"{key} has level {row.level}, and not {least} to {most}"]


def _wrong_values(key: Key, calls: list[Call], row: Stored) -> list[str]:
    wrong: list[str] = []
    for column, value in row.written.items():
        writes = _of(calls, "write", column)
        done = [call for call in writes if call.end is End.DONE]
        possible = [
            call.effect.value for call in writes if call.effect and not any(call.ended < v.started for v in done)
        ]
        if not done:
            possible.append(FRESH[column])
        if value not in possible:
            wrong.append(f"{key} has {column} {value!r}, and only {possible} are possible")
    return wrong
