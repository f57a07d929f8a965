"""Procedure calls that wait until it is known whether the server has procedures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..errors import ConnectionLost, ProcedureError, StdbError
from .driver import ServerVersionRequest
from .result import PendingResult
from .unretrieved import UnretrievedErrors

__all__ = ["ParkedCalls"]

# The first major version with procedures; earlier servers close the connection on a call (docs/protocol.md, 2.1).
_PROCEDURES_SINCE = 2


class _Call(NamedTuple):
    procedure: str
    result: PendingResult[Any]
    send: Callable[[], None]


class ParkedCalls:
    """Procedure calls of one connection after the other; each is sent once the server's version allows it.

    Args:
        errors: fails those that cannot be sent.
    """

    def __init__(self, errors: UnretrievedErrors) -> None:
        self._errors = errors
        self._connection = 0
        self._has_procedures = False
        self._calls: list[_Call] = []
        self._requests: list[ServerVersionRequest] = []

    @property
    def results(self) -> list[PendingResult[Any]]:
        """The results of the calls that wait."""
        return [call.result for call in self._calls]

    def add(self, procedure: str, result: PendingResult[Any], send: Callable[[], None]) -> None:
        """Have a call sent now, or once the version is known.

        Args:
            procedure: the procedure's name.
            result: its result.
            send: sends it.
        """
        if self._has_procedures:
            send()
            return
        if not self._calls:
            self._requests.append(ServerVersionRequest(self._connection))
        self._calls.append(_Call(procedure, result, send))

    def requests(self) -> list[ServerVersionRequest]:
        """Return the requests for I/O; each once."""
        requests, self._requests = self._requests, []
        return requests

    def answer(self, request: ServerVersionRequest, version: tuple[int, ...] | StdbError) -> None:
        """Send the calls, or fail them: the version is known, or why it is not."""
        if request.connection != self._connection:
            return  # of a connection that is lost, and its calls with it
        calls, self._calls = self._calls, []
        self._has_procedures = not isinstance(version, StdbError) and version[0] >= _PROCEDURES_SINCE
        for call in calls:
            if isinstance(version, StdbError):
                self._errors.fail(call.result, version)
            elif self._has_procedures:
                call.send()
            else:
                numbers = ".".join(map(str, version))
                problem = f"servers of version {numbers} have no procedures: 2.0 brought them"
                self._errors.fail(call.result, ProcedureError(call.procedure, problem))

    def lose(self, error: StdbError | None) -> None:
        """Fail the calls, and forget the version: the next connection may be to another server.

        Args:
            error: why the connection is lost; None if the client was closed.
        """
        what = "the client was closed" if error is None else "the connection was lost"
        for call in self._calls:
            self._errors.fail(call.result, ConnectionLost(f"{what} before the call was sent"))
        self._calls.clear()
        self._connection += 1
        self._has_procedures = False
