"""Messages that handlers receive: the server's messages as plain values, with one update per table.

The form of rows depends on the connection: JSON values by default, mappings by column name with a schema, and row
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
    """Identity, token and connection id: the first message of a connection.

    Attributes:
        identity: the identity of this client.
        token: the token for further connections with this identity; hidden in `repr`.
        connection_id: the id of this connection.
    """

    identity: Identity
    token: str
    connection_id: ConnectionId


class TableUpdate(msgspec.Struct, frozen=True):
    """Changes of one table in one message. A row that several queries match is repeated (docs/protocol.md, 5.1).

    Attributes:
        table_name: the name of the table.
        inserts: the inserted rows.
        deletes: the deleted rows.
    """

    table_name: str
    inserts: tuple[Any, ...]  # Any: rows, in the form of the connection
    deletes: tuple[Any, ...]  # Any: as above


class InitialSubscription(msgspec.Struct, frozen=True):
    """All rows of the queries of a `subscribe` request.

    Attributes:
        request_id: the id of the request.
        tables: the rows, as inserts.
    """

    request_id: int
    tables: tuple[TableUpdate, ...]


class SubscribeApplied(msgspec.Struct, frozen=True):
    """Rows of a subscription made with `subscribe_single` or `subscribe_multi`.

    Attributes:
        request_id: the id of the request.
        query_id: the id of the subscription.
        tables: the rows, as inserts.
    """

    request_id: int
    query_id: int
    tables: tuple[TableUpdate, ...]


class UnsubscribeApplied(msgspec.Struct, frozen=True):
    """Rows of a subscription that ended with `unsubscribe`.

    Attributes:
        request_id: the id of the request.
        query_id: the id of the subscription.
        tables: the rows, as deletes.
    """

    request_id: int
    query_id: int
    tables: tuple[TableUpdate, ...]


class SubscriptionError(msgspec.Struct, frozen=True):
    """Refusal of a request to subscribe or unsubscribe.

    Attributes:
        request_id: the id of the request; None if the server dropped all subscriptions of the connection (4.7).
        query_id: the id of the subscription; None as above.
        error: the error text of the server.
    """

    request_id: int | None
    query_id: int | None
    error: str


class ReducerCallInfo(msgspec.Struct, frozen=True):
    """Reducer call that caused a transaction.

    Attributes:
        reducer_name: the name of the reducer; empty for a change made by SQL.
        args: the JSON text of the arguments, as the caller wrote it.
        request_id: the request id, if the call was made on this connection; else None.
    """

    reducer_name: str
    args: str
    request_id: int | None


class TransactionUpdate(msgspec.Struct, frozen=True):
    """Transaction of a reducer or of SQL.

    Only `tables` is set in light mode, and for transactions of other clients on some servers of 2.x (4.4).

    Attributes:
        tables: the changes; empty if the call failed.
        status: the status of the call.
        message: the error text of the module or the server, if the call failed.
        timestamp: the time at which the server ran it.
        caller_identity: the identity of the caller.
        caller_connection_id: the connection of the caller; None for a call without one, such as a scheduled one.
        reducer_call: the reducer call.
        energy: the energy used.
        duration: the execution time on the server.
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
    """Response to a one-off query.

    Attributes:
        message_id: the id of the query.
        tables: the rows, as inserts; empty if the query failed.
        error: the error text of the server, if the query failed; else None.
    """

    message_id: str
    tables: tuple[TableUpdate, ...]
    error: str | None


class ProcedureResult(msgspec.Struct, frozen=True):
    """Result of a procedure call.

    Attributes:
        request_id: the id of the request.
        value: the return value, as a JSON value; None if the call failed, or returned nothing.
        error: the error text of the server, if the call failed; else empty.
    """

    request_id: int
    value: Any  # Any: a JSON value
    error: str
