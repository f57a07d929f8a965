"""The replay of callbacks: it finds those that do not lead to the rows that are held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.soak.history import History

if TYPE_CHECKING:
    from tests.soak.history import Told


@pytest.mark.parametrize(
    ("told", "held", "problem"),
    [
        (
            [
                ("insert", "", "a1", "a1"),
                ("update", "", "a1", "a2"),
                ("insert", "", "b1", "b1"),
                ("delete", "", "b1", "b1"),
            ],
            ["a2"],
            "",
        ),
        ([("insert", "", "a1", "a1"), ("insert", "", "a1", "a1")], ["a1"], "inserted, and it was there"),
        ([("insert", "", "a1", "a1"), ("insert", "", "a2", "a2")], ["a2"], "inserted, and it was there"),
        ([("delete", "", "a1", "a1")], [], "deleted, and it was not there"),
        ([("insert", "", "a1", "a1"), ("delete", "", "a2", "a2")], [], "deleted, and it was not there"),
        ([("insert", "", "a1", "a1"), ("update", "", "a2", "a3")], ["a3"], "updated, and it was not there"),
        ([("insert", "", "a1", "a1"), ("update", "", "a1", "a1")], ["a1"], "updated without a change"),
        (
            [("insert", "", "a1", "a1"), ("update", "", "a1", "b1")],
            ["b1"],
            "to another row, b1",
        ),
        ([("insert", "", "a1", "a1")], [], "told to be there, and it is not: a1"),
        ([], ["a1"], "there, and it was never told: a1"),
        ([("insert", "", "a1", "a1")], ["a1", "a1"], "2 rows are held, and only 1 different ones"),
    ],
)
def test_callbacks_that_do_not_lead_to_the_rows_are_found(told: list[Told[str]], held: list[str], problem: str) -> None:
    history: History[str] = History(lambda row: row[0])
    history.told += told
    wrong = history.replay(held)
    assert bool(wrong) == bool(problem)
    assert problem in "\n".join(wrong)
    assert history.told == []


def test_a_replay_goes_on_where_the_last_one_ended() -> None:
    history: History[str] = History(lambda row: row[0])
    history.told.append(("insert", "", "a1", "a1"))
    assert history.replay(["a1"]) == []
    assert history.replay(["a1"]) == []
    history.told.append(("delete", "", "a1", "a1"))
    assert history.replay([]) == []
