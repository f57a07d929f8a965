"""What a session tells: the meaning of what arrived, matched to what was asked."""

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
    """The server said who we are: from here on requests may be sent."""

    identity: Identity
    connection_id: ConnectionId
    token: str


class Subscribed(msgspec.Struct, frozen=True):
    """A subscription is active; these are the rows it added."""

    request_id: int
    query_id: int
    tables: Tables


class SetSubscribed(msgspec.Struct, frozen=True):
    """The set of queries of this connection was replaced; these are all of its rows (docs/protocol.md, 5.3)."""

    request_id: int
    tables: Tables


class Unsubscribed(msgspec.Struct, frozen=True):
    """A subscription has ended; these are the rows it took away."""

    request_id: int
    query_id: int
    tables: Tables


class SubscriptionRefused(msgspec.Struct, frozen=True):
    """A request to subscribe or unsubscribe was refused. The set of `Subscribe` has no query id (5.3)."""

    request_id: int
    query_id: int | None
    message: str


class SubscriptionsDropped(msgspec.Struct, frozen=True):
    """The server dropped all subscriptions of this connection (4.7)."""

    message: str


class Transaction(msgspec.Struct, frozen=True):
    """Rows changed, or our call came to nothing.

    Attributes:
        tables: what changed; nothing if it failed.
        call: where it came from, if the server said so.
        request_id: which of our calls it answers, if it is one of ours and could be told from the others.
    """

    tables: Tables
    call: ReducerEvent | None
    request_id: int | None


class QueryAnswered(msgspec.Struct, frozen=True):
    """A one-off query was answered: with rows by table, or with an error."""

    message_id: str
    tables: tuple[wire.OneOffTable, ...]
    error: str | None


class ProcedureReturned(msgspec.Struct, frozen=True):
    """A procedure ended: with the JSON text of what it returned, or with an error."""

    request_id: int
    value: str | None
    error: str


class CallRefused(msgspec.Struct, frozen=True):
    """One of our calls was refused before it ran; said once it is certain which one."""

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
