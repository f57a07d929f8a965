"""Failures of requests that nobody awaited: they are collected, and logged at the next turn of the event loop."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest

from stdb_runtime import ConnectionLost, ReducerError, StdbError
from stdb_runtime._engine.result import PendingResult
from stdb_runtime._engine.unretrieved import UnretrievedErrors
from tests.support.engine import ListFuture, run

if TYPE_CHECKING:
    from collections.abc import Callable

LOGGER = logging.getLogger("stdb_runtime.test")


def errors(turns: list[Callable[[], None]], *taken: StdbError) -> UnretrievedErrors:
    return UnretrievedErrors(LOGGER, turns.append, taken.__contains__)


def result(unretrieved: UnretrievedErrors, request: str, origin: str = "") -> PendingResult[Any]:
    return PendingResult(ListFuture, unretrieved.add, request, origin)


def test_each_loss_is_one_line_however_they_mix(caplog: pytest.LogCaptureFixture) -> None:
    turns: list[Callable[[], None]] = []
    unretrieved = errors(turns)
    one, other = ConnectionLost("one"), ConnectionLost("other")
    for _ in range(3):
        unretrieved.add(one, "reducer a")
        unretrieved.add(other, "a query")
    unretrieved.add(one, "reducer b")
    assert caplog.messages == []
    (turn,) = turns
    turn()
    assert caplog.messages == [
        "4 requests failed, and nobody awaited them: reducer a (3), reducer b (1): one",
        "3 requests failed, and nobody awaited them: a query (3): other",
    ]
    unretrieved.report()
    assert len(caplog.messages) == 2


def test_other_failures_have_a_line_each(caplog: pytest.LogCaptureFixture) -> None:
    turns: list[Callable[[], None]] = []
    unretrieved = errors(turns)
    unretrieved.add(ReducerError("greet", "no"), "reducer greet")
    unretrieved.add(ReducerError("greet", "never"), "reducer greet")
    (turn,) = turns
    turn()
    assert caplog.messages == [
        "a request failed, and nobody awaited it: greet: no",
        "a request failed, and nobody awaited it: greet: never",
    ]


def test_what_a_callback_takes_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    turns: list[Callable[[], None]] = []
    refused = ReducerError("greet", "no")
    errors(turns, refused).add(refused, "reducer greet")
    turns[0]()
    assert caplog.messages == []


def test_without_an_event_loop_it_is_logged_at_once_and_no_callback_runs(caplog: pytest.LogCaptureFixture) -> None:
    def gone(_: Callable[[], None]) -> None:
        raise RuntimeError("no running event loop")

    unretrieved = UnretrievedErrors(LOGGER, gone, lambda _: pytest.fail("a callback ran"))
    unretrieved.add(ConnectionLost("lost"), "reducer a")
    assert caplog.messages == ["a request failed, and nobody awaited it: reducer a: lost"]


def test_each_error_without_an_event_loop_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def gone(_: Callable[[], None]) -> None:
        raise RuntimeError("no running event loop")

    unretrieved = UnretrievedErrors(LOGGER, gone, lambda _: pytest.fail("a callback ran"))
    for name in ("a", "b"):
        unretrieved.add(ReducerError(name, "no"), f"reducer {name}")
    assert len(caplog.messages) == 2


def test_a_dropped_result_runs_nothing_but_asks_for_a_turn_from_whatever_thread(
    caplog: pytest.LogCaptureFixture,
) -> None:
    turns: list[Callable[[], None]] = []
    threads: list[threading.Thread] = []
    unretrieved = UnretrievedErrors(
        LOGGER,
        turns.append,
        lambda _: bool(threads.append(threading.current_thread())),  # type: ignore[func-returns-value]
    )
    held = [result(unretrieved, "reducer a")]
    unretrieved.fail(held[0], ReducerError("a", "no"))
    thread = threading.Thread(target=held.clear)
    thread.start()
    thread.join()
    assert (len(turns), threads) == (1, [])
    turns[0]()
    assert threads == [threading.current_thread()]
    assert caplog.messages == ["a request failed, and nobody awaited it: a: no"]


def test_results_that_are_held_are_reported_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    unretrieved = errors([])
    held, awaited = result(unretrieved, "a query", "main.py:7"), result(unretrieved, "reducer b")
    lost = ConnectionLost("lost")
    unretrieved.fail(held, lost)
    unretrieved.fail(awaited, lost)
    with pytest.raises(ConnectionLost):
        run(awaited)
    unretrieved.report_all()
    assert caplog.messages == ["a request failed, and nobody awaited it: a query (main.py:7): lost"]


def test_an_error_of_its_own_notes_where_its_request_was_made(caplog: pytest.LogCaptureFixture) -> None:
    unretrieved = errors([])
    held = result(unretrieved, "reducer a", "main.py:7")
    refused = ReducerError("a", "no")
    unretrieved.fail(held, refused)
    unretrieved.report_all()
    assert refused.__notes__ == ["the request was made at main.py:7"]
    (line,) = caplog.messages
    assert line.endswith("a: no (the request was made at main.py:7)")
