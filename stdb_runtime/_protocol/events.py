"""Events of a session: received messages, matched to the requests that they answer.

Every encoding makes these, whatever its messages look like. `request` is the object that was given with the request.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec

from ..errors import DecodeError, ProcedureError, QueryError
from ..events import ReducerEvent
from ..text import HidesToken
from ..types import ConnectionId, Identity
from .rows import TableRows, TableUpdate

__all__ = [
    "Answer",
    "CallRefused",
    "Event",
    "Opened",
    "ProcedureReturned",
    "QueryAnswered",
    "SetSubscribed",
    "Subscribed",
    "SubscriptionEvent",
    "SubscriptionRefused",
    "SubscriptionsDropped",
    "Transaction",
    "Unsubscribed",
]

Tables: TypeAlias = Sequence[TableUpdate]


class Opened(HidesToken, frozen=True):
    """Identity token message: the handshake is done, and requests may be sent."""

    identity: Identity
    connection_id: ConnectionId
    token: str


class Subscribed(msgspec.Struct, frozen=True):
    """Applied subscription; `tables` has the rows that it adds."""

    request_id: int
    query_id: int
    tables: Tables


class SetSubscribed(msgspec.Struct, frozen=True):
    """Replaced legacy set of queries; `tables` has all of its rows (docs/protocol.md, 5.3)."""

    request_id: int
    tables: Tables


class Unsubscribed(msgspec.Struct, frozen=True):
    """Ended subscription; `tables` has the rows that it removes."""

    request_id: int
    query_id: int
    tables: Tables


class SubscriptionRefused(msgspec.Struct, frozen=True):
    """Refusal of a request to subscribe or unsubscribe. The legacy set has no query id (5.3)."""

    request_id: int
    query_id: int | None
    message: str


class SubscriptionsDropped(msgspec.Struct, frozen=True):
    """Loss of all subscriptions of the connection: the server dropped them (4.7)."""

    message: str


class Transaction(msgspec.Struct, frozen=True):
    """Committed transaction, or a failed reducer call of this client.

    Attributes:
        tables: the changes; empty if the call failed.
        call: the reducer call, if the server reports it.
        request_id: the request id of the call, if it was made by this client and could be identified.
        request: the object given with that request.
    """

    tables: Tables
    call: ReducerEvent | None
    request_id: int | None
    request: object = None


class CallRefused(msgspec.Struct, frozen=True):
    """Refusal of a reducer call of this client before it ran; emitted once the call is identified."""

    request_id: int
    call: ReducerEvent
    request: object = None


class QueryAnswered(msgspec.Struct, frozen=True):
    """Response to a one-off query: the rows of each table, or an error."""

    message_id: str
    tables: Sequence[TableRows]
    error: QueryError | None
    request: object = None


class ProcedureReturned(msgspec.Struct, frozen=True):
    """Result of a procedure: the return value, or an error."""

    request_id: int
    value: Any  # Any: of the declared type; a JSON value without one
    error: ProcedureError | DecodeError | None
    request: object = None


SubscriptionEvent: TypeAlias = Subscribed | SetSubscribed | Unsubscribed | SubscriptionRefused | SubscriptionsDropped
"""Answer to a request about a subscription."""

Answer: TypeAlias = Transaction | CallRefused | QueryAnswered | ProcedureReturned
"""Event that may answer a request: it has the `request`."""

Event: TypeAlias = Opened | Answer | SubscriptionEvent
"""Event of a session."""
