"""Rows of the game in one plain form, whether the client holds them or the server tells them over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, cast

from game_client import Message, Player
from tests.soak.checks import Stored
from tests.support.values import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.soak.calls import Key
    from tests.support.server import Database

TableName: TypeAlias = Literal["player", "message"]
Plain: TypeAlias = "tuple[Any, ...]"  # Any: a column's value, made of tuples too
Answers: TypeAlias = "dict[str, list[Plain]]"
"""Rows by the SQL that was asked."""

PLAYERS, MESSAGES = "SELECT * FROM player", "SELECT * FROM message"

# Messages that only show that all before them has arrived; no check counts them.
BARRIER = "barrier "


class Watched(NamedTuple):
    """A query of a subscription, and the table whose rows it brings."""

    table: TableName
    sql: str


def plain(row: Player | Message) -> Plain:
    """A row that a client holds."""
    return cast("Plain", _frozen(kind_of(type(row)).shown(row, False)))


def _frozen(value: object) -> object:
    if isinstance(value, list):
        return tuple(_frozen(part) for part in cast("Sequence[object]", value))
    return value


def counted(rows: Iterable[Plain]) -> list[Plain]:
    """The rows without barriers."""
    return [row for row in rows if not str(row[-1]).startswith(BARRIER)]


def ask(database: Database, queries: Iterable[str]) -> Answers:
    """What the server has of each query, without barriers."""
    return {
        sql: counted(cast("Plain", _frozen(row)) for row in database.sql(sql)) for sql in {PLAYERS, MESSAGES, *queries}
    }


def stored(answers: Answers) -> tuple[dict[Key, Stored], list[str]]:
    """The rows of the server by what names them in calls, and those of them that there are twice."""
    rows: dict[Key, Stored] = {}
    twice: list[str] = []
    found = [(("player", row[1]), _player(row)) for row in answers[PLAYERS]]
    found += [(("message", row[2]), Stored(1, {})) for row in answers[MESSAGES]]
    for key, row in found:
        if key in rows:
            twice.append(f"{key} is there twice")
        rows[key] = row
    return rows, twice


def _player(row: Plain) -> Stored:
    _, _, level, _, _, (no_status, status), (x, _), (activity, score), _, _ = row
    return Stored(
        level, {"status": None if no_status else status, "x": x, "score": score if activity == _SCORE else None}
    )


_SCORE = 1  # the tag of Activity::Score
