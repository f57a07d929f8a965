"""Ids of requests that can be awaited for their answer."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Self

from .._engine.result import PendingResult

__all__ = ["MessageId", "RequestId"]


class RequestId(int):
    """The request id of a call, which can be awaited for its outcome.

    Awaiting a reducer call gives its `ReducerEvent`, or raises ReducerError; a procedure call, the JSON value that it
    returned, or ProcedureError. Either raises ConnectionLost if the connection ends first.
    """

    _result: PendingResult[Any]

    @classmethod
    def of(cls, result: PendingResult[Any]) -> Self:
        """Return the request id of a result."""
        request_id = cls(result.id)
        request_id._result = result
        return request_id

    def __await__(self) -> Generator[Any, None, Any]:  # Any: what the call gives
        return self._result.__await__()


class MessageId(str):
    """The message id of a one-off query, which can be awaited for its rows, or raises QueryError."""

    _result: PendingResult[list[Any]]  # Any: rows of whatever kind

    @classmethod
    def of(cls, result: PendingResult[list[Any]]) -> Self:
        """Return the message id of a result."""
        message_id = cls(result.id)
        message_id._result = result
        return message_id

    def __await__(self) -> Generator[Any, None, list[Any]]:  # Any: rows of whatever kind
        return self._result.__await__()
