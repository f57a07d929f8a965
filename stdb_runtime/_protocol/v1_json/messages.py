"""Messages of `v1.json.spacetimedb`, one class each; no other module depends on their names.

A message is an object with one key, the kind of the message (docs/protocol.md, 2). Rows stay JSON text here: the types
of their columns are in the declaration of the table.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, TypeAlias

import msgspec

from ...errors import DecodeError, ProtocolError
from ...text import HidesToken
from ...types import ConnectionId, Identity, TimeDuration, Timestamp

__all__ = [
    "SUBPROTOCOL",
    "CallProcedure",
    "CallReducer",
    "ClientMessage",
    "DatabaseUpdate",
    "IdentityToken",
    "InitialSubscription",
    "OneOffQuery",
    "OneOffQueryResponse",
    "OneOffTable",
    "ProcedureResult",
    "ProcedureStatus",
    "QueryId",
    "ReducerCallInfo",
    "ServerMessage",
    "Status",
    "Subscribe",
    "SubscribeApplied",
    "SubscribeMulti",
    "SubscribeMultiApplied",
    "SubscribeSingle",
    "SubscriptionError",
    "TableUpdate",
    "TransactionUpdate",
    "TransactionUpdateLight",
    "Unsubscribe",
    "UnsubscribeApplied",
    "UnsubscribeMulti",
    "UnsubscribeMultiApplied",
    "decode",
    "encode",
]

SUBPROTOCOL = "v1.json.spacetimedb"
"""Subprotocol to offer. It must be the only one: a server that is offered others too prefers those (1.4)."""

FULL_UPDATE = 0
"""Flag of CallReducer: the caller always receives the result (4.3)."""
NO_SUCCESS_NOTIFY = 1
"""Flag of CallReducer: the caller receives no result, only changes of rows that it subscribed to (4.3)."""

_U32: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]


class _Part(msgspec.Struct, frozen=True, gc=False):
    """Base of messages and their parts. Unknown fields are ignored: newer servers add some."""


class QueryId(_Part, frozen=True):
    """Id of a subscription, chosen by the client: `{"id": 3}`."""

    id: _U32


# --- client to server (2.1): every field is required -----------------------------------------------------------------


class CallReducer(_Part, frozen=True):
    """Call a reducer. `args` is the JSON text of an array of the arguments."""

    reducer: str
    args: str
    request_id: _U32
    flags: int


class Subscribe(_Part, frozen=True):
    """Replace the set of queries of the connection; answered by InitialSubscription (5.3)."""

    query_strings: tuple[str, ...]
    request_id: _U32


class SubscribeSingle(_Part, frozen=True):
    """Subscribe to one query; answered by SubscribeApplied (5.3)."""

    query: str
    request_id: _U32
    query_id: QueryId


class SubscribeMulti(_Part, frozen=True):
    """Subscribe to a set of queries under one id; answered by SubscribeMultiApplied."""

    query_strings: tuple[str, ...]
    request_id: _U32
    query_id: QueryId


class Unsubscribe(_Part, frozen=True):
    """End a SubscribeSingle; answered by UnsubscribeApplied."""

    request_id: _U32
    query_id: QueryId


class UnsubscribeMulti(_Part, frozen=True):
    """End a SubscribeMulti; answered by UnsubscribeMultiApplied."""

    request_id: _U32
    query_id: QueryId


class OneOffQuery(_Part, frozen=True):
    """Run a query once. `message_id` is an even number of hexadecimal digits, repeated in the response."""

    message_id: str
    query_string: str


class CallProcedure(_Part, frozen=True):
    """Call a procedure; servers of 2.x only."""

    procedure: str
    args: str
    request_id: _U32
    flags: int


ClientMessage: TypeAlias = (
    CallReducer
    | Subscribe
    | SubscribeSingle
    | SubscribeMulti
    | Unsubscribe
    | UnsubscribeMulti
    | OneOffQuery
    | CallProcedure
)


# --- parts of what the server sends (2.2) ----------------------------------------------------------------------------


class IdentityJson(_Part, frozen=True, rename={"text": "__identity__"}):
    """Identity in a message: always an object, its hexadecimal digits without leading zeros."""

    text: str

    def value(self) -> Identity:
        """Return the identity. Raises DecodeError if the text is not one."""
        return _identity(self.text)


@lru_cache(maxsize=1024)  # the same callers come again and again
def _identity(text: str) -> Identity:
    try:
        return Identity(int(text, 16))
    except ValueError:
        raise DecodeError(f"not an identity: {text[:80]!r}") from None


class Rows(_Part, frozen=True):
    """Changed rows of one query, each the text of a JSON document."""

    deletes: tuple[str, ...]
    inserts: tuple[str, ...]


class TableUpdate(_Part, frozen=True):
    """Changes of one table, one entry of `updates` per query: a row that two queries match is repeated (5.1)."""

    table_name: str
    updates: tuple[Rows, ...]


class DatabaseUpdate(_Part, frozen=True):
    """Changes of all tables. The name of a table may be repeated (5.1)."""

    tables: tuple[TableUpdate, ...]


class _SingleTable(_Part, frozen=True):
    table_rows: TableUpdate


class Energy(_Part, frozen=True):
    """Energy used by a call."""

    quanta: int


class Status(_Part, frozen=True, rename={"committed": "Committed", "failed": "Failed", "out_of_energy": "OutOfEnergy"}):
    """Status of a reducer call: exactly one of the fields is set."""

    committed: DatabaseUpdate | msgspec.UnsetType = msgspec.UNSET
    failed: str | msgspec.UnsetType = msgspec.UNSET
    out_of_energy: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET


class ReducerCallInfo(_Part, frozen=True):
    """Reducer call of a transaction. `args` is the text that the caller sent, if the caller used JSON (4.1)."""

    reducer_name: str
    reducer_id: int
    args: str
    request_id: _U32


class _Maybe(_Part, frozen=True):
    """Option in a message: `{"some": value}` or `{"none": []}`."""

    none: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET


class MaybeNumber(_Maybe, frozen=True):
    """Optional number."""

    some: int | None = None


class MaybeText(_Maybe, frozen=True):
    """Optional text."""

    some: str | None = None


class OneOffTable(_Part, frozen=True):
    """Rows of one table in the response to a one-off query."""

    table_name: str
    rows: tuple[str, ...]


class ProcedureStatus(
    _Part,
    frozen=True,
    rename={"returned": "Returned", "out_of_energy": "OutOfEnergy", "internal_error": "InternalError"},
):
    """Status of a procedure call: exactly one of the fields is set. `returned` is JSON text."""

    returned: str | msgspec.UnsetType = msgspec.UNSET
    out_of_energy: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    internal_error: str | msgspec.UnsetType = msgspec.UNSET


# --- server to client (2.2) ------------------------------------------------------------------------------------------


class IdentityToken(HidesToken, _Part, frozen=True):
    """Identity token message: the first message of a connection (1.5)."""

    identity: IdentityJson
    token: str
    connection_id: ConnectionId


class InitialSubscription(_Part, frozen=True):
    """All rows of the queries of a Subscribe."""

    database_update: DatabaseUpdate
    request_id: _U32
    total_host_execution_duration: TimeDuration


class SubscribeApplied(_Part, frozen=True):
    """All rows of a SubscribeSingle."""

    request_id: _U32
    query_id: QueryId
    rows: _SingleTable
    total_host_execution_duration_micros: int


class SubscribeMultiApplied(_Part, frozen=True):
    """Rows that a SubscribeMulti added."""

    request_id: _U32
    query_id: QueryId
    update: DatabaseUpdate
    total_host_execution_duration_micros: int


class UnsubscribeApplied(_Part, frozen=True):
    """Rows that an Unsubscribe removed, as deletes."""

    request_id: _U32
    query_id: QueryId
    rows: _SingleTable
    total_host_execution_duration_micros: int


class UnsubscribeMultiApplied(_Part, frozen=True):
    """Rows that an UnsubscribeMulti removed, as deletes."""

    request_id: _U32
    query_id: QueryId
    update: DatabaseUpdate
    total_host_execution_duration_micros: int


class SubscriptionError(_Part, frozen=True):
    """Refusal of a subscription; without a query id, the server dropped all subscriptions of the connection (4.7)."""

    request_id: MaybeNumber
    query_id: MaybeNumber
    table_id: MaybeNumber
    error: str
    total_host_execution_duration_micros: int


class TransactionUpdate(_Part, frozen=True):
    """Transaction and its reducer call."""

    status: Status
    timestamp: Timestamp
    caller_identity: IdentityJson
    caller_connection_id: ConnectionId
    reducer_call: ReducerCallInfo
    energy_quanta_used: Energy
    total_host_execution_duration: TimeDuration


class TransactionUpdateLight(_Part, frozen=True):
    """Transaction without its reducer call. The request id may be of another client (4.4)."""

    request_id: _U32
    update: DatabaseUpdate


class OneOffQueryResponse(_Part, frozen=True):
    """Response to a OneOffQuery."""

    message_id: str
    error: MaybeText
    tables: tuple[OneOffTable, ...]
    total_host_execution_duration: TimeDuration


class ProcedureResult(_Part, frozen=True):
    """Response to a CallProcedure."""

    status: ProcedureStatus
    timestamp: Timestamp
    total_host_execution_duration: TimeDuration
    request_id: _U32


ServerMessage: TypeAlias = (
    TransactionUpdate
    | TransactionUpdateLight
    | IdentityToken
    | InitialSubscription
    | SubscribeApplied
    | SubscribeMultiApplied
    | UnsubscribeApplied
    | UnsubscribeMultiApplied
    | SubscriptionError
    | OneOffQueryResponse
    | ProcedureResult
)

_Envelope = msgspec.defstruct(
    "Envelope",
    [(kind.__name__, kind | msgspec.UnsetType, msgspec.UNSET) for kind in ServerMessage.__args__],
    gc=False,
)
_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_Envelope)  # Any: a class that is made above
_encoder = msgspec.json.Encoder()


def encode(message: ClientMessage) -> bytes:
    """Encode a message as the content of a text frame, in UTF-8."""
    return _encoder.encode({type(message).__name__: message})


def decode(text: str | bytes) -> ServerMessage:
    """Decode the content of a text frame.

    Args:
        text: the content.

    Raises:
        ProtocolError: the kind of the message is unknown.
        DecodeError: it is not JSON, or does not have the shape of its kind.
    """
    try:
        envelope = _decoder.decode(text)
        parts = msgspec.structs.astuple(envelope)
        if parts.count(msgspec.UNSET) == len(parts) - 1:
            return _checked(next(filter(None, parts)))  # UNSET is false
        kinds = list(msgspec.json.decode(text, type=dict[str, msgspec.Raw]))
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at ")
        raise DecodeError(problem, path=path.strip("`") or "$") from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise DecodeError(f"a message is not JSON text: {error}") from None
    except RecursionError:
        raise DecodeError("a message is nested too deeply") from None
    raise ProtocolError(f"a message of an unknown kind: {', '.join(kinds)[:200] or 'an object without a key'}")


_WITH_STATUS = (TransactionUpdate, ProcedureResult)


def _checked(message: ServerMessage) -> ServerMessage:
    """Return the message, if its status has exactly one field, which msgspec cannot check. Raises DecodeError."""
    if isinstance(message, _WITH_STATUS):
        fields = msgspec.structs.astuple(message.status)
        if fields.count(msgspec.UNSET) != len(fields) - 1:
            raise DecodeError("a status must have exactly one field", path=f"$.{type(message).__name__}.status")
    return message
