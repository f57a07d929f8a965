"""The checks of rows and calls: what is wrong, they find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from tests.soak.calls import REMEMBERED, Book, Call, Effect, End
from tests.soak.checks import Stored, contradictions, differing_rows, without_one_outcome

if TYPE_CHECKING:
    from tests.soak.calls import Key

ROW: Key = ("player", "a")
FRESH = Stored(1, {"status": None, "x": 0.0, "score": None})


def noted(*calls: tuple[Literal["create", "delete", "raise", "write"], End], value: object = "new") -> Book:
    """A book of calls on one row, each made after the one before had ended."""
    book = Book(lambda: 0.0)
    for kind, end in calls:
        column = "status" if kind == "write" else ""
        book.finish(book.begin("c0", kind, Effect(kind, ROW, column, value), durable=False), end)
    return book


def stored(level: int = 1, status: str | None = None) -> dict[Key, Stored]:
    return {ROW: Stored(level, {**FRESH.written, "status": status})}


def test_differing_rows_are_found() -> None:
    assert differing_rows([1, 2], {2, 1}) == []
    assert differing_rows([1], {1, 2}) == ["the client lacks 2"]
    assert differing_rows([1, 2], {2}) == ["the client has, and the server has not, 1"]
    assert differing_rows([1, 1], {1}) == ["the client has, and the server has not, 1"]


def test_calls_without_just_one_outcome_are_found() -> None:
    book = noted(("create", End.DONE), ("create", End.REFUSED), ("create", End.UNKNOWN))
    assert without_one_outcome(book.calls) == []
    book.finish(book.calls[0], End.DONE)
    book.begin("c1", "forgotten", None)
    book.finish(book.begin("c1", "unreasonable", None, refusable=False), End.REFUSED)
    assert without_one_outcome(book.calls) == [
        "2 outcomes in place of one: c0: create (done and done)",
        "0 outcomes in place of one: c1: forgotten (without outcome)",
        "refused, and there is no reason for it: c1: unreasonable (refused)",
    ]


@pytest.mark.parametrize(
    ("book", "rows", "problem"),
    [
        (noted(("create", End.DONE)), stored(), ""),
        (noted(("create", End.DONE)), {}, "is missing"),
        (noted(), stored(), "nobody made it"),
        (noted(("create", End.REFUSED)), {}, ""),
        (noted(("create", End.REFUSED)), stored(), "making it was refused"),
        (noted(("create", End.UNKNOWN)), {}, ""),
        (noted(("create", End.UNKNOWN)), stored(), ""),
        (noted(("create", End.DONE), ("delete", End.DONE)), {}, ""),
        (noted(("create", End.DONE), ("delete", End.DONE)), stored(), "was deleted"),
        (noted(("create", End.DONE), ("delete", End.REFUSED)), {}, "is missing"),
        (noted(("create", End.DONE), ("delete", End.UNKNOWN)), {}, ""),
        (noted(("create", End.DONE), ("delete", End.UNKNOWN)), stored(), ""),
        (noted(("create", End.UNKNOWN), ("delete", End.DONE)), stored(), ""),  # it may have run after the other
        (noted(("create", End.DONE), ("delete", End.DONE), ("create", End.DONE)), {}, "is missing"),
        (noted(("create", End.DONE), ("raise", End.DONE)), stored(2), ""),
        (noted(("create", End.DONE), ("raise", End.DONE)), stored(1), "has level 1, and not 2 to 2"),
        (noted(("create", End.DONE), ("raise", End.DONE)), stored(3), "has level 3, and not 2 to 2"),
        (noted(("create", End.DONE), ("raise", End.REFUSED)), stored(2), "has level 2, and not 1 to 1"),
        (noted(("create", End.DONE), ("raise", End.UNKNOWN)), stored(2), ""),
        (noted(("create", End.DONE), ("write", End.DONE)), stored(status="new"), ""),
        (noted(("create", End.DONE), ("write", End.DONE)), stored(), "has status None, and only ['new']"),
        (
            noted(("create", End.DONE), ("write", End.REFUSED)),
            stored(status="new"),
            "has status 'new', and only [None]",
        ),
        (noted(("create", End.DONE), ("write", End.UNKNOWN)), stored(status="new"), ""),
        (noted(("create", End.DONE), ("write", End.UNKNOWN)), stored(status="other"), "has status 'other'"),
    ],
)
def test_rows_that_calls_cannot_have_made_are_found(book: Book, rows: dict[Key, Stored], problem: str) -> None:
    wrong = contradictions(book.calls, rows)
    assert bool(wrong) == bool(problem)
    assert problem in "\n".join(wrong)


def test_of_two_writes_the_later_one_counts_and_of_two_at_a_time_either() -> None:
    book = noted(("create", End.DONE))

    def begin(value: str) -> Call:
        return book.begin("c0", f"write {value}", Effect("write", ROW, "status", value))

    first = begin("first")
    book.finish(first, End.DONE)
    second, third = begin("second"), begin("third")
    book.finish(third, End.DONE)
    book.finish(second, End.DONE)
    assert [bool(contradictions(book.calls, stored(status=value))) for value in ("first", "second", "third")] == [
        True,
        False,
        False,
    ]


def test_what_the_server_may_have_lost_is_in_doubt() -> None:
    book = noted(("create", End.DONE))
    book.doubt(1.0)
    assert contradictions(book.calls, {}) != []
    book.doubt(0.0)
    assert contradictions(book.calls, {}) == contradictions(book.calls, stored()) == []


def test_calls_are_forgotten_when_their_row_has_long_been_gone() -> None:
    book = noted(("create", End.DONE), ("delete", End.DONE))
    for _ in range(REMEMBERED):
        book.forget({})
        assert len(book.calls) == 2
    book.forget(stored())
    assert len(book.calls) == 2
    book.forget({})
    assert book.calls == []
