"""Whoever waits at a stream: woken by what comes, by the end, and by what is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stdb_runtime import SlowConsumerError
from stdb_runtime._engine.stream import Stream
from tests.support.engine import ListFuture, run

if TYPE_CHECKING:
    from collections.abc import Generator

    from stdb_runtime._engine.stream import SlowConsumerPolicy


class Waiting:
    """A consumer that waits for the next item, up to where it has to wait."""

    def __init__(self, stream: Stream[str]) -> None:
        self._steps: Generator[Any, None, str] = stream.__anext__().__await__()
        self.future: ListFuture = next(self._steps)

    def result(self) -> str:
        """The item. Raises what the consumer gets instead."""
        assert self.future.done(), "it was not woken"
        try:
            next(self._steps)
        except StopIteration as stopped:
            item: str = stopped.value
            return item
        raise AssertionError("it waits again")


def stream_of(limit: int = 10, policy: SlowConsumerPolicy = "raise") -> Stream[str]:
    return Stream(ListFuture, limit, policy, lambda: None)


def test_an_item_wakes_whoever_waits() -> None:
    stream = stream_of()
    waiting = Waiting(stream)
    assert not waiting.future.done()
    stream.put("one")
    stream.put("two")
    assert waiting.result() == "one"
    assert run(stream.__anext__()) == "two"


def test_the_end_wakes_whoever_waits() -> None:
    stream = stream_of()
    waiting = Waiting(stream)
    stream.end()
    with pytest.raises(StopAsyncIteration):
        waiting.result()


def test_what_means_nothing_here_wakes_nobody() -> None:
    stream: Stream[str] = Stream(
        ListFuture, 10, "raise", lambda: None, view=lambda item: item if item != "other" else None
    )
    waiting = Waiting(stream)
    stream.put("other")
    assert not waiting.future.done()
    stream.put("mine")
    assert waiting.result() == "mine"


def test_whoever_gave_up_waiting_is_not_woken_and_loses_nothing() -> None:
    stream = stream_of()
    Waiting(stream).future.set_exception(KeyError("cancelled"))
    stream.put("one")
    assert run(stream.__anext__()) == "one"


def test_what_waited_is_handed_out_before_the_consumer_learns_that_it_was_too_slow() -> None:
    stream = stream_of(limit=1)
    stream.put("one")
    stream.put("two")
    assert run(stream.__anext__()) == "one"
    stream.put("three")
    for _ in range(2):
        with pytest.raises(SlowConsumerError):
            run(stream.__anext__())


def test_it_is_its_own_iterator() -> None:
    stream = stream_of()
    assert aiter(stream) is stream


def test_two_loops_over_one_stream_are_an_error_for_the_second() -> None:
    stream = stream_of()
    first = Waiting(stream)
    with pytest.raises(RuntimeError, match="a stream of its own"):
        Waiting(stream)
    stream.put("one")
    assert first.result() == "one"
