"""Ids of requests, which can be awaited for the result."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Self

from .._engine.result import PendingResult
from ..errors import ArgumentError

__all__ = ["MessageId", "RequestId"]


class RequestId(int):
    """Request id of a call, as `call_reducer` and `call_procedure` return it. Await it for the result.

    Awaiting a reducer call returns its `ReducerEvent`, or raises ReducerError. Awaiting a procedure call returns the
    JSON value that the procedure returned, or raises ProcedureError. Both raise ConnectionLost if the connection ends
    first. Copies, also those by `pickle`, are plain numbers.
    """

    _result: PendingResult[Any]

    def __new__(cls, result: PendingResult[Any]) -> Self:
        """Return the request id of a result. Raises ArgumentError for anything else."""
        request_id = super().__new__(cls, _checked(result, "call_reducer() and call_procedure()").id)
        request_id._result = result
        return request_id

    def __await__(self) -> Generator[Any, None, Any]:  # Any: the result of the call
        return self._result.__await__()

    def __reduce__(self) -> tuple[type[int], tuple[int]]:
        return int, (int(self),)


class MessageId(str):
    """Message id of a one-off query, as `one_off_query` returns it. Await it for the rows.

    Awaiting it returns the rows, or raises QueryError or ConnectionLost. Copies, also those by `pickle`, are plain
    texts.
    """

    _result: PendingResult[list[Any]]  # Any: rows of any type

    def __new__(cls, result: PendingResult[list[Any]]) -> Self:
        """Return the message id of a result. Raises ArgumentError for anything else."""
        message_id = super().__new__(cls, _checked(result, "one_off_query()").id)
        message_id._result = result
        return message_id

    def __await__(self) -> Generator[Any, None, list[Any]]:  # Any: rows of any type
        return self._result.__await__()

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


def _checked(result: object, source: str) -> PendingResult[Any]:
    """Return a result. Raises ArgumentError if it is none: an id that a program makes up has nothing to await."""
    if not isinstance(result, PendingResult):
        raise ArgumentError("id", f"ids that can be awaited are what {source} return, got {type(result).__name__}")
    return result  # pyright: ignore[reportUnknownVariableType]  # a result of any type
