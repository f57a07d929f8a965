"""What a handler is told: the server's messages as plain values, their tables flattened.

Rows are whatever the connection makes of them: JSON values by default, mappings by column name with a schema, and row
classes with a generated package.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from .text import HidesToken
from .types import ConnectionId, Identity, TimeDuration, Timestamp

__all__ = [
    "IdentityToken",
    "InitialSubscription",
    "OneOffQueryResponse",
    "ProcedureResult",
    "ReducerCallInfo",
    "SubscribeApplied",
    "SubscriptionError",
    "TableUpdate",
    "TransactionUpdate",
    "UnsubscribeApplied",
]


class IdentityToken(HidesToken, frozen=True):
    """Who this connection is: the first message.

    Attributes:
        identity: who.
        token: proves it to the next connection; never shown.
        connection_id: which connection.
    """

    identity: Identity
    token: str
    connection_id: ConnectionId


class TableUpdate(msgspec.Struct, frozen=True):
    """What one message says of one table. A row that several queries match comes as often (docs/protocol.md, 5.1).

    Attributes:
        table_name: the table.
        inserts: rows that came.
        deletes: rows that went.
    """

    table_name: str
    inserts: tuple[Any, ...]  # Any: rows, as the connection makes them
    deletes: tuple[Any, ...]  # Any: as above


class InitialSubscription(msgspec.Struct, frozen=True):
    """All rows of the set of queries that `subscribe` asked for.

    Attributes:
        request_id: of the request.
        tables: the rows, as inserts.
    """

    request_id: int
    tables: tuple[TableUpdate, ...]


class SubscribeApplied(msgspec.Struct, frozen=True):
    """The rows that `subscribe_single` or `subscribe_multi` brought.

    Attributes:
        request_id: of the request.
        query_id: names the subscription.
        tables: the rows, as inserts.
    """

    request_id: int
    query_id: int
    tables: tuple[TableUpdate, ...]


class UnsubscribeApplied(msgspec.Struct, frozen=True):
    """The rows that `unsubscribe` took away.

    Attributes:
        request_id: of the request.
        query_id: names the subscription.
        tables: the rows, as deletes.
    """

    request_id: int
    query_id: int
    tables: tuple[TableUpdate, ...]


class SubscriptionError(msgspec.Struct, frozen=True):
    """A request to subscribe or unsubscribe was refused.

    Attributes:
        request_id: of the request; None if the server dropped all subscriptions of the connection (4.7).
        query_id: names the subscription; None as above.
        error: the server's text.
    """

    request_id: int | None
    query_id: int | None
    error: str


class ReducerCallInfo(msgspec.Struct, frozen=True):
    """Which call a transaction came from.

    Attributes:
        reducer_name: the reducer; empty for a change made by SQL.
        args: the JSON text of the arguments, as the caller wrote it.
        request_id: of our call that this answers; None if it is somebody else's.
    """

    reducer_name: str
    args: str
    request_id: int | None


class TransactionUpdate(msgspec.Struct, frozen=True):
    """A transaction. In light mode, and of others on some servers of 2.x, only the tables are told (4.4).

    Attributes:
        tables: what changed; nothing if it failed.
        status: how it ended.
        message: the module's or the server's text, if it failed.
        timestamp: when the server ran it.
        caller_identity: whose call it was.
        caller_connection_id: on which connection; None for a call without one, such as a scheduled one.
        reducer_call: which call.
        energy: what it cost.
        duration: how long the server took.
    """

    tables: tuple[TableUpdate, ...]
    status: Literal["committed", "failed", "out_of_energy"] = "committed"
    message: str = ""
    timestamp: Timestamp | None = None
    caller_identity: Identity | None = None
    caller_connection_id: ConnectionId | None = None
    reducer_call: ReducerCallInfo | None = None
    energy: int | None = None
    duration: TimeDuration | None = None


class OneOffQueryResponse(msgspec.Struct, frozen=True):
    """The answer to a one-off query.

    Attributes:
        message_id: of the query.
        tables: the rows, as inserts; nothing if it failed.
        error: the server's text, if it failed.
    """

    message_id: str
    tables: tuple[TableUpdate, ...]
    error: str | None


class ProcedureResult(msgspec.Struct, frozen=True):
    """The answer to a procedure call.

    Attributes:
        request_id: of the call.
        value: what it returned, as a JSON value; None if it failed, or returned nothing.
        error: the server's text; empty if it did not fail.
    """

    request_id: int
    value: Any  # Any: a JSON value
    error: str
