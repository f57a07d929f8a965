"""Ids of requests: made by requests alone."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from stdb_runtime import ArgumentError
from stdb_runtime._engine.result import PendingResult
from stdb_runtime._handles.request import MessageId, RequestId
from tests.support.engine import ListFuture, run


def result_of(id: object, value: object) -> PendingResult[Any]:
    result: PendingResult[Any] = PendingResult(ListFuture, lambda error, request: None, "a request")
    result.id = id
    result.resolve(value)
    return result


def test_an_id_is_its_number_or_text_and_can_be_awaited() -> None:
    request_id, message_id = RequestId(result_of(5, "done")), MessageId(result_of("x", ["row"]))
    assert (request_id, message_id) == (5, "x")
    assert (run(request_id), run(message_id)) == ("done", ["row"])


@pytest.mark.parametrize("kind", [RequestId, MessageId])
@pytest.mark.parametrize("value", [5, "x", None])
def test_nobody_else_makes_one(kind: Any, value: object) -> None:
    with pytest.raises(ArgumentError, match=r"are what .*\(\) return, got "):
        kind(value)


def test_copies_are_plain() -> None:
    for id in (RequestId(result_of(5, None)), MessageId(result_of("x", []))):
        for plain in (copy.copy(id), copy.deepcopy(id), pickle.loads(pickle.dumps(id))):
            assert plain == id
            assert type(plain) in {int, str}
