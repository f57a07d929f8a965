"""Ids of requests that can be awaited for their answer."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Self

from .._engine.result import Outcome

__all__ = ["MessageId", "RequestId"]


class RequestId(int):
    """The request id of a call, which can be awaited for its outcome.

    Awaiting a reducer call gives its `ReducerEvent`, or raises ReducerError; a procedure call, the JSON value that it
    returned, or ProcedureError. Either raises ConnectionLost if the connection ends first.
    """

    _outcome: Outcome[Any]

    @classmethod
    def of(cls, number: int, outcome: Outcome[Any]) -> Self:
        """A request id with its outcome."""
        request_id = cls(number)
        request_id._outcome = outcome
        return request_id

    def __await__(self) -> Generator[Any, None, Any]:  # Any: what the call gives
        return self._outcome.__await__()


class MessageId(str):
    """The message id of a one-off query, which can be awaited for its rows, or raises QueryError."""

    _outcome: Outcome[list[Any]]  # Any: rows of whatever kind

    @classmethod
    def of(cls, text: str, outcome: Outcome[list[Any]]) -> Self:
        """A message id with its outcome."""
        message_id = cls(text)
        message_id._outcome = outcome
        return message_id

    def __await__(self) -> Generator[Any, None, list[Any]]:  # Any: rows of whatever kind
        return self._outcome.__await__()
