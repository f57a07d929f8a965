"""Results of requests: each waiter has a future of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stdb_runtime import ConnectionLost, ReducerError
from stdb_runtime._engine.result import PendingResult, ReducerCall
from tests.support.engine import Cancelled, ListFuture, run

if TYPE_CHECKING:
    from collections.abc import Generator


@pytest.fixture
def reported() -> list[Exception]:
    return []


@pytest.fixture
def result(reported: list[Exception]) -> PendingResult[int]:
    return PendingResult(ListFuture, lambda error, request: reported.append(error), "a request")


def waiting(result: PendingResult[int]) -> tuple[Generator[Any, None, int], ListFuture]:
    """Someone who awaits it, and the future at which they wait."""
    steps = result.__await__()
    return steps, next(steps)


def test_a_waiter_that_was_cancelled_takes_the_result_from_nobody(result: PendingResult[int]) -> None:
    (_, cancelled), (other, _) = waiting(result), waiting(result)
    cancelled.set_exception(Cancelled())
    assert not result.is_abandoned
    result.resolve(5)
    with pytest.raises(StopIteration) as stopped:
        next(other)
    assert stopped.value.value == 5
    assert isinstance(cancelled.exception(), Cancelled)
    assert run(result) == 5


def test_it_is_abandoned_once_all_who_awaited_it_were_cancelled(result: PendingResult[int]) -> None:
    assert not result.is_abandoned
    for _ in range(2):
        waiting(result)[1].set_exception(Cancelled())
    assert result.is_abandoned
    waiting(result)
    assert not result.is_abandoned


def test_the_first_outcome_counts(result: PendingResult[int]) -> None:
    result.resolve(5)
    result.resolve(6)
    result.fail(ConnectionLost("lost"))
    assert run(result) == 5


def test_watching_leaves_a_failure_to_be_reported(result: PendingResult[int], reported: list[Exception]) -> None:
    before = result.watch()
    error = ReducerError("create_player", "no")
    result.fail(error)
    assert before.exception() is result.watch().exception() is error
    assert not result.is_awaited
    result.report()
    result.report()
    assert reported == [error]


def test_awaiting_a_failure_is_enough_for_it_not_to_be_reported(
    result: PendingResult[int], reported: list[Exception]
) -> None:
    result.fail(ReducerError("create_player", "no"))
    with pytest.raises(ReducerError):
        run(result)
    result.report()
    assert reported == []


def test_a_call_is_shown_by_its_reducer() -> None:
    call = ReducerCall("create_player", ListFuture, lambda error, request: None, 0.0)
    assert repr(call) == "<call of reducer create_player>"


def test_what_is_handled_late_is_not_reported(result: PendingResult[int], reported: list[Exception]) -> None:
    result.fail(ConnectionLost("lost"))
    result.handled()
    result.handled()  # by another callback
    result.report()
    assert reported == []
