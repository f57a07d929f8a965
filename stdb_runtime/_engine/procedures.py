"""Procedure calls that wait for the version of the server, as servers of 1.x have no procedures."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any, NamedTuple

from ..errors import ConnectionLost, ProcedureError, StdbError
from .driver import ServerVersionRequest
from .result import PendingResult
from .unretrieved import UnretrievedErrors

__all__ = ["ParkedCalls"]

# The first major version with procedures; earlier servers close the connection on a call (docs/protocol.md, 2.1).
_PROCEDURES_SINCE = 2


class _Call(NamedTuple):
    """Procedure call that waits."""

    procedure: str
    result: PendingResult[Any]
    send: Callable[[], None]


class ParkedCalls:
    """Procedure calls that wait for the version of the server.

    Args:
        errors: the errors of requests, which get those of calls that cannot be sent.
        request_version: requests the version of the server.
    """

    def __init__(self, errors: UnretrievedErrors, request_version: Callable[[ServerVersionRequest], None]) -> None:
        self._errors = errors
        self._request_version = request_version
        self._connection = 0
        self._has_procedures = False
        self._calls: list[_Call] = []

    @property
    def results(self) -> list[PendingResult[Any]]:
        """Results of the calls that wait."""
        return [call.result for call in self._calls]

    def add(self, procedure: str, result: PendingResult[Any], send: Callable[[], None]) -> None:
        """Send a call now if the server is known to have procedures; else once its version is known.

        Args:
            procedure: the name of the procedure.
            result: the result of the call.
            send: sends the call.
        """
        if self._has_procedures:
            send()
            return
        if not self._calls:
            self._request_version(ServerVersionRequest(self._connection))
        self._calls.append(_Call(procedure, result, send))

    def answer(self, request: ServerVersionRequest, version: tuple[int, ...] | StdbError) -> None:
        """Send or fail the calls, given the numbers of the version, or an error."""
        if request.connection != self._connection:
            return  # about an earlier connection, whose calls have failed
        calls, self._calls = self._calls, []
        self._has_procedures = not isinstance(version, StdbError) and version[0] >= _PROCEDURES_SINCE
        for call in calls:
            if isinstance(version, StdbError):
                self._errors.fail(call.result, copy(version))  # an error of its own, to which a note may be added
            elif self._has_procedures:
                call.send()
            else:
                numbers = ".".join(map(str, version))
                problem = f"servers of version {numbers} have no procedures: they need 2.0 or later"
                self._errors.fail(call.result, ProcedureError(call.procedure, problem))

    def lose(self, error: StdbError | None) -> None:
        """Fail the calls, and forget the version: the next connection may be to another server.

        Args:
            error: the error that ended the connection; None if the client was closed.
        """
        what = "the client was closed" if error is None else "the connection was lost"
        for call in self._calls:
            self._errors.fail(call.result, ConnectionLost(f"{what} before the call was sent"))
        self._calls.clear()
        self._connection += 1
        self._has_procedures = False
