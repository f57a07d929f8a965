"""Streams of changes, without an event loop: what waits, what is merged, what is dropped."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from game_client import Message
from stdb_runtime import Identity, RowEvent, SlowConsumerError, Timestamp, UnknownTransaction
from stdb_runtime._engine.stream import Change, Deleted, Inserted, Stream, Updated, merge, seen_from

EVENT = RowEvent(UnknownTransaction(), None)


def row(text: str) -> Message:
    return Message(Identity(1), Timestamp(0), text)


def taken(stream: Stream[Any]) -> list[Any]:
    """What waits, without waiting."""
    items: list[Any] = []
    while len(stream):
        step: Coroutine[Any, Any, Any] = stream.__anext__()
        with pytest.raises(StopIteration) as stopped:
            step.send(None)
        items.append(stopped.value.value)
    return items


def no_promise() -> Any:
    raise AssertionError("nothing is to be waited for")


def nothing() -> None: ...


def test_merging() -> None:
    a, b, c = row("a"), row("b"), row("c")
    cases: list[tuple[Change[Message], Change[Message], Change[Message] | None]] = [
        (Inserted(EVENT, a), Updated(EVENT, a, b), Inserted(EVENT, b)),
        (Inserted(EVENT, a), Deleted(EVENT, a), None),
        (Updated(EVENT, a, b), Updated(EVENT, b, c), Updated(EVENT, a, c)),
        (Updated(EVENT, a, b), Updated(EVENT, b, a), None),
        (Updated(EVENT, a, b), Deleted(EVENT, b), Deleted(EVENT, a)),
        (Deleted(EVENT, a), Inserted(EVENT, b), Updated(EVENT, a, b)),
        (Deleted(EVENT, a), Inserted(EVENT, a), None),
    ]
    for earlier, later, expected in cases:
        assert merge(earlier, later) == expected


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["x", "y", None])), max_size=30), st.data())
def test_merged_changes_lead_where_all_changes_lead(steps: list[tuple[int, str | None]], data: st.DataObject) -> None:
    stream: Stream[Any] = Stream(
        no_promise, 1, "raise", nothing, key=lambda change: change[0], join=lambda one, other: _joined(one, other)
    )
    truth: dict[int, str] = {}
    followed: dict[int, str] = {}
    for key, value in steps:
        before = truth.get(key)
        if value == before:
            continue
        if value is None:
            del truth[key]
            stream.put((key, Deleted(EVENT, row(before or ""))))
        else:
            truth[key] = value
            changed = Inserted(EVENT, row(value)) if before is None else Updated(EVENT, row(before), row(value))
            stream.put((key, changed))
        assert len(stream) <= 3
        if data.draw(st.booleans()):
            _follow(followed, taken(stream))
            assert followed == truth
    _follow(followed, taken(stream))
    assert followed == truth


def _joined(one: Any, other: Any) -> Any:
    merged = merge(one[1], other[1])
    return None if merged is None else (one[0], merged)


def _follow(followed: dict[int, str], changes: list[tuple[int, Change[Message]]]) -> None:
    """Act on changes, each of which must fit what was there."""
    for key, change in changes:
        match change:
            case Inserted():
                assert key not in followed
                followed[key] = change.row.text
            case Deleted():
                assert followed.pop(key) == change.row.text
            case Updated():
                assert followed[key] == change.old.text != change.row.text
                followed[key] = change.row.text


def test_one_value_of_a_column() -> None:

    def text_of(message: Message) -> str:
        return message.text

    view = seen_from(text_of, "a")
    a, b = row("a"), row("b")
    assert view(Inserted(EVENT, a)) == Inserted(EVENT, a)
    assert view(Inserted(EVENT, b)) is None
    assert view(Updated(EVENT, b, a)) == Inserted(EVENT, a)
    assert view(Updated(EVENT, a, b)) == Deleted(EVENT, a)
    assert view(Updated(EVENT, b, b)) is None
    assert view(Deleted(EVENT, b)) is None


def test_limits() -> None:
    drops: list[None] = []
    for policy in ("raise", "drop_oldest"):
        stream: Stream[int] = Stream(no_promise, 2, policy, lambda: drops.append(None))
        for item in range(5):
            stream.put(item)
        assert len(stream) == 2
        assert taken(stream) == ([0, 1] if policy == "raise" else [3, 4])
        assert stream.dropped == len(drops) == (0 if policy == "raise" else 3)
        if policy == "raise":
            with pytest.raises(SlowConsumerError):
                stream.__anext__().send(None)
    with pytest.raises(ValueError, match="limit must be 1 or more, got 0"):
        Stream(no_promise, 0, "raise", nothing)


def test_what_waits_at_the_end_is_still_handed_out() -> None:
    stream: Stream[int] = Stream(no_promise, 5, "raise", nothing)
    stream.put(1)
    stream.end()
    stream.put(2)
    assert taken(stream) == [1]
    with pytest.raises(StopAsyncIteration):
        stream.__anext__().send(None)
