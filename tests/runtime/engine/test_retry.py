"""Attempts to connect that fail in a row, as numbers."""

from __future__ import annotations

import pytest

from stdb_runtime import Backoff, ConnectionLost, ReconnectError, StdbError
from stdb_runtime._engine.retry import Attempts

LOST, REFUSED = ConnectionLost("lost"), ConnectionLost("refused")


def attempts(**backoff: float) -> Attempts:
    return Attempts(Backoff(**backoff), lambda: 0.0)


def test_each_failure_in_a_row_waits_longer() -> None:
    row = attempts()
    assert [row.failed(LOST) for _ in range(4)] == [0.5, 1.0, 2.0, 4.0]
    assert row.count == 4


def test_a_connection_that_lasted_ends_the_row() -> None:
    row = attempts()
    row.failed(LOST)
    row.failed(LOST)
    row.lasted(1.0)
    assert row.count == 0
    assert row.failed(LOST) == 0.5
    assert row.error().errors == (LOST,)


def test_one_that_lasted_no_longer_than_the_delay_before_it_does_not() -> None:
    row = attempts()
    row.lasted(0.0)
    assert row.failed(LOST) == 0.5
    row.lasted(0.4)
    assert row.failed(LOST) == 1.0
    row.lasted(0.9)
    assert (row.failed(LOST), row.count) == (2.0, 3)


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        ([LOST], "1: lost"),
        ([LOST, LOST, LOST], "1 to 3: lost"),
        ([LOST, REFUSED, REFUSED, LOST], "1: lost; 2 to 3: refused; 4: lost"),
        ([REFUSED, LOST] + [REFUSED] * 11, "4 to 13: refused"),
    ],
)
def test_the_error_says_what_happened_each_time(errors: list[StdbError], told: str) -> None:
    row = attempts()
    for error in errors:
        row.failed(error)
    raised = row.error()
    assert isinstance(raised, ReconnectError)
    assert raised.attempts == len(errors)
    assert raised.errors == tuple(errors[-10:])
    assert str(raised) == (
        f"{len(errors)} attempts in a row failed to bring the rows, and the client keeps trying ({told})"
    )


def test_errors_do_not_hold_what_they_were_raised_in() -> None:
    """Their frames hold the socket of the attempt."""
    try:
        try:
            raise OSError("inner")
        except OSError:
            raise ConnectionLost("outer") from None
    except ConnectionLost as error:
        raised = error
    row = attempts()
    row.failed(raised)
    (kept,) = row.error().errors
    assert (kept.__context__, kept.__traceback__) == (None, None)
