"""Ids of requests, which can be awaited for the result."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Self

from .._engine.result import PendingResult

__all__ = ["MessageId", "RequestId"]


class RequestId(int):
    """Request id of a call. Await it for the result.

    Awaiting a reducer call returns its `ReducerEvent`, or raises ReducerError. Awaiting a procedure call returns the
    JSON value that the procedure returned, or raises ProcedureError. Both raise ConnectionLost if the connection ends
    first.
    """

    _result: PendingResult[Any]

    @classmethod
    def of(cls, result: PendingResult[Any]) -> Self:
        """Return the request id of a result."""
        request_id = cls(result.id)
        request_id._result = result
        return request_id

    def __await__(self) -> Generator[Any, None, Any]:  # Any: the result of the call
        return self._result.__await__()


class MessageId(str):
    """Message id of a one-off query. Awaiting it returns the rows, or raises QueryError or ConnectionLost."""

    _result: PendingResult[list[Any]]  # Any: rows of any type

    @classmethod
    def of(cls, result: PendingResult[list[Any]]) -> Self:
        """Return the message id of a result."""
        message_id = cls(result.id)
        message_id._result = result
        return message_id

    def __await__(self) -> Generator[Any, None, list[Any]]:  # Any: rows of any type
        return self._result.__await__()
