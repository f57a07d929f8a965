"""Interface between the engine and its sink, which handles rows, subscriptions and the lifecycle."""

from __future__ import annotations

from typing import Any, Protocol

from .._protocol.events import (
    CallRefused,
    Opened,
    ProcedureReturned,
    QueryAnswered,
    SubscriptionEvent,
    Transaction,
)
from ..errors import ConnectionLost, StdbError
from .result import PendingResult

__all__ = ["Sink"]


class Sink(Protocol):
    """Receiver of the events of an engine: rows, subscriptions and the lifecycle."""

    @property
    def is_ready(self) -> bool:
        """False while requests have to wait although the connection is open."""
        ...

    def opened(self, opened: Opened, *, again: bool) -> None:
        """Handle a handshake, with a new session. `again` is True after a reconnection."""
        ...

    def transaction(self, event: Transaction | CallRefused) -> bool:
        """Handle a transaction. Returns True if a callback got the result of its reducer call."""
        ...

    def query_answered(self, event: QueryAnswered, result: PendingResult[Any]) -> None:
        """Handle the response to a one-off query, and settle its result."""
        ...

    def procedure_returned(self, event: ProcedureReturned, result: PendingResult[Any]) -> None:
        """Handle the result of a procedure call, and settle it."""
        ...

    def subscription_event(self, event: SubscriptionEvent) -> None:
        """Handle the answer to a request about a subscription."""
        ...

    def disconnected(self, error: StdbError | None) -> None:
        """Handle the end of an open connection, whose requests in flight have failed; None if this client closed it."""
        ...

    def retries_failing(self, error: StdbError, attempts: int) -> None:
        """Handle a series of failed attempts to reconnect, after each one. Another attempt follows."""
        ...

    def ending(self, loss: ConnectionLost) -> None:
        """Fail the remaining results, and end streams: the client is about to end."""
        ...

    def ended(self, error: StdbError | None) -> None:
        """Run the callbacks on the end of the client."""
        ...

    def unretrieved(self, error: StdbError) -> bool:
        """Handle the error of a request that nobody awaited. Returns True if a callback got it."""
        ...

    def unanswered(self) -> list[PendingResult[Any]]:  # Any: results of any kind
        """Return the results of requests about subscriptions that have no answer yet."""
        ...
