"""What callbacks told of a table, replayed: it must lead from row to row without a gap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Literal, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable

R = TypeVar("R")

What: TypeAlias = Literal["insert", "delete", "update"]
Told: TypeAlias = tuple[What, str, R, R]
"""What happened, why, and to which row: before and after, which are the same but for an update."""


class History(Generic[R]):
    """The callbacks of one table since the last replay, and the rows as of then.

    Args:
        key: what no two rows may have in common.
    """

    def __init__(self, key: Callable[[R], Hashable]) -> None:
        self.told: list[Told[R]] = []
        self.count = 0
        self._key = key
        self._rows: dict[Hashable, R] = {}

    def replay(self, held: Collection[R]) -> list[str]:
        """Replay what was told, and compare what it leads to with the rows that are held. Gives what is wrong."""
        wrong = [problem for told in self.told if (problem := self._step(*told))]
        self.count += len(self.told)
        self.told.clear()
        replayed, here = set(self._rows.values()), set(held)
        wrong += [f"told to be there, and it is not: {row}" for row in replayed - here]
        wrong += [f"there, and it was never told: {row}" for row in here - replayed]
        if len(held) != len(here):
            wrong.append(f"{len(held)} rows are held, and only {len(here)} different ones")
        return wrong

    def _step(self, what: What, why: str, old: R, new: R) -> str | None:
        """Take one event. Gives what is wrong with it."""
        problem: str | None = None
        there = self._rows.get(self._key(old))
        if what == "insert" and there is not None:
            problem = "inserted, and it was there"
        elif what != "insert" and there != old:
            problem = f"{what}d, and it was not there"
        elif what == "update" and (old == new or self._key(old) != self._key(new)):
            problem = f"updated without a change, or to another row, {new}"
        if what != "insert":
            self._rows.pop(self._key(old), None)
        if what != "delete":
            self._rows[self._key(new)] = new
        return problem and f"{problem} (by {why}): {old}; there was: {there}"
