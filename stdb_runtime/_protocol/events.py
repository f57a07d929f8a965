"""Events of a session: received messages, matched to the requests that they answer."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from ..events import ReducerEvent
from ..text import HidesToken
from ..types import ConnectionId, Identity
from .v1_json import messages as wire

__all__ = [
    "CallRefused",
    "Event",
    "Opened",
    "ProcedureReturned",
    "QueryAnswered",
    "SetSubscribed",
    "Subscribed",
    "SubscriptionRefused",
    "SubscriptionsDropped",
    "Transaction",
    "Unsubscribed",
]

Tables: TypeAlias = tuple[wire.TableUpdate, ...]


class Opened(HidesToken, frozen=True):
    """Identity token message: the handshake is done, and requests may be sent."""

    identity: Identity
    connection_id: ConnectionId
    token: str


class Subscribed(msgspec.Struct, frozen=True):
    """Applied subscription, with its rows."""

    request_id: int
    query_id: int
    tables: Tables


class SetSubscribed(msgspec.Struct, frozen=True):
    """Replaced set of queries of the connection, with all of its rows (docs/protocol.md, 5.3)."""

    request_id: int
    tables: Tables


class Unsubscribed(msgspec.Struct, frozen=True):
    """Ended subscription, with its rows."""

    request_id: int
    query_id: int
    tables: Tables


class SubscriptionRefused(msgspec.Struct, frozen=True):
    """Refusal of a request to subscribe or unsubscribe. The set of `Subscribe` has no query id (5.3)."""

    request_id: int
    query_id: int | None
    message: str


class SubscriptionsDropped(msgspec.Struct, frozen=True):
    """Loss of all subscriptions of the connection: the server dropped them (4.7)."""

    message: str


class Transaction(msgspec.Struct, frozen=True):
    """Committed transaction, or a failed reducer call of this connection.

    Attributes:
        tables: the changes; empty if the call failed.
        call: the reducer call, if the server reported it.
        request_id: the request id of the call, if it was made on this connection and could be identified.
    """

    tables: Tables
    call: ReducerEvent | None
    request_id: int | None


class QueryAnswered(msgspec.Struct, frozen=True):
    """Response to a one-off query: rows by table, or an error."""

    message_id: str
    tables: tuple[wire.OneOffTable, ...]
    error: str | None


class ProcedureReturned(msgspec.Struct, frozen=True):
    """Result of a procedure: the JSON text of the return value, or an error."""

    request_id: int
    value: str | None
    error: str


class CallRefused(msgspec.Struct, frozen=True):
    """Refusal of a reducer call of this connection before it ran; reported once the call is identified."""

    request_id: int
    call: ReducerEvent


Event: TypeAlias = (
    Opened
    | Subscribed
    | SetSubscribed
    | Unsubscribed
    | SubscriptionRefused
    | SubscriptionsDropped
    | Transaction
    | CallRefused
    | QueryAnswered
    | ProcedureReturned
)
