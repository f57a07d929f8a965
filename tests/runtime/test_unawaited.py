"""Failures that nobody awaited, as lines of the log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from stdb_runtime import ConnectionLost, ReducerError
from stdb_runtime._engine.unretrieved import Unawaited

if TYPE_CHECKING:
    from collections.abc import Callable

LOGGER = logging.getLogger("stdb_runtime.test")


def test_each_loss_is_one_line_however_they_mix(caplog: pytest.LogCaptureFixture) -> None:
    turns: list[Callable[[], None]] = []
    unawaited = Unawaited(LOGGER, turns.append)
    one, other = ConnectionLost("one"), ConnectionLost("other")
    for _ in range(3):
        unawaited.add(one, "reducer a")
        unawaited.add(other, "a query")
    unawaited.add(one, "reducer b")
    assert caplog.messages == []
    (turn,) = turns
    turn()
    assert caplog.messages == [
        "4 requests failed, and nobody awaited them: reducer a (3), reducer b (1): one",
        "3 requests failed, and nobody awaited them: a query (3): other",
    ]
    unawaited.report()
    assert len(caplog.messages) == 2


def test_other_failures_have_a_line_each(caplog: pytest.LogCaptureFixture) -> None:
    unawaited = Unawaited(LOGGER, lambda _: pytest.fail("nothing waits"))
    unawaited.add(ReducerError("greet", "no"), "reducer greet")
    assert caplog.messages == ["a request failed, and nobody awaited it: greet: no"]


def test_without_an_event_loop_it_is_logged_at_once(caplog: pytest.LogCaptureFixture) -> None:
    def gone(_: Callable[[], None]) -> None:
        raise RuntimeError("no running event loop")

    Unawaited(LOGGER, gone).add(ConnectionLost("lost"), "reducer a")
    assert caplog.messages == ["a request failed, and nobody awaited it: reducer a: lost"]
