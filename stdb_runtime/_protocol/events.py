"""Events of a session: messages that arrived, matched to the requests that they answer.

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
    """The handshake is done: requests may be sent from here on."""

    identity: Identity
    connection_id: ConnectionId
    token: str


class Subscribed(msgspec.Struct, frozen=True):
    """A subscription is active; `tables` has the rows that it adds."""

    request_id: int
    query_id: int
    tables: Tables


class SetSubscribed(msgspec.Struct, frozen=True):
    """The legacy set of queries was replaced; `tables` has all of its rows (docs/protocol.md, 5.3)."""

    request_id: int
    tables: Tables


class Unsubscribed(msgspec.Struct, frozen=True):
    """A subscription has ended; `tables` has the rows that it removes."""

    request_id: int
    query_id: int
    tables: Tables


class SubscriptionRefused(msgspec.Struct, frozen=True):
    """A request to subscribe or unsubscribe was refused. The legacy set has no query id (5.3)."""

    request_id: int
    query_id: int | None
    message: str


class SubscriptionsDropped(msgspec.Struct, frozen=True):
    """The server dropped all subscriptions of this connection (4.7)."""

    message: str


class Transaction(msgspec.Struct, frozen=True):
    """A transaction: changed rows, or a call of this client that failed.

    Attributes:
        tables: the changes; empty if it failed.
        call: the reducer call behind it, if the server reports it.
        request_id: the request that it answers, if it is one of this client and certain.
        request: the object given with that request.
    """

    tables: Tables
    call: ReducerEvent | None
    request_id: int | None
    request: object = None


class CallRefused(msgspec.Struct, frozen=True):
    """A call of this client was refused before it ran; emitted once it is certain which one."""

    request_id: int
    call: ReducerEvent
    request: object = None


class QueryAnswered(msgspec.Struct, frozen=True):
    """A one-off query was answered: with the rows of each table, or with an error."""

    message_id: str
    tables: Sequence[TableRows]
    error: QueryError | None
    request: object = None


class ProcedureReturned(msgspec.Struct, frozen=True):
    """A procedure ended: with the value that it returned, or with an error."""

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
