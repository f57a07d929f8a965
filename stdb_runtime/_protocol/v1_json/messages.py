"""The messages of `v1.json.spacetimedb`, one class each, and the only module that knows their names.

A message is an object with one key, the message's kind (docs/protocol.md, 2). The rows inside stay text here: only the
table's declaration tells what they are.
"""

from __future__ import annotations

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
"""The one subprotocol to offer: a server that is offered others too prefers those (1.4)."""

FULL_UPDATE = 0
"""CallReducer flag: the caller always hears the outcome (4.3)."""
NO_SUCCESS_NOTIFY = 1
"""CallReducer flag: the caller hears of success only through rows it subscribed to, and never of failure (4.3)."""

_U32: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]


class _Part(msgspec.Struct, frozen=True, gc=False):
    """Base of messages and their parts. Unknown fields are tolerated: servers gain some."""


class QueryId(_Part, frozen=True):
    """A client's number for a subscription: `{"id": 3}`."""

    id: _U32


# --- client to server (2.1): every field is required -----------------------------------------------------------------


class CallReducer(_Part, frozen=True):
    """Run a reducer. `args` is a text that holds a JSON array of the arguments."""

    reducer: str
    args: str
    request_id: _U32
    flags: int


class Subscribe(_Part, frozen=True):
    """Replace the set of queries that `Subscribe` holds; answered by InitialSubscription (5.3)."""

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
    """Ask once. `message_id` is an even number of hexadecimal digits, by which the answer is known."""

    message_id: str
    query_string: str


class CallProcedure(_Part, frozen=True):
    """Run a procedure; servers of 2.x only."""

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
    """An identity in an envelope: always an object, its hexadecimal digits without leading zeros."""

    text: str

    def value(self) -> Identity:
        """The identity. Raises DecodeError if the text is none."""
        try:
            return Identity(int(self.text, 16))
        except ValueError:
            raise DecodeError(f"not an identity: {self.text[:80]!r}") from None


class Rows(_Part, frozen=True):
    """The rows of one query, each the text of a JSON document."""

    deletes: tuple[str, ...]
    inserts: tuple[str, ...]


class TableUpdate(_Part, frozen=True):
    """What changed in one table, an entry of `updates` a query: a row that two queries match comes twice (5.1)."""

    table_name: str
    updates: tuple[Rows, ...]


class DatabaseUpdate(_Part, frozen=True):
    """What changed in all tables. A table's name may come more than once (5.1)."""

    tables: tuple[TableUpdate, ...]


class _SingleTable(_Part, frozen=True):
    table_rows: TableUpdate


class Energy(_Part, frozen=True):
    """What a call cost."""

    quanta: int


class Status(_Part, frozen=True, rename={"committed": "Committed", "failed": "Failed", "out_of_energy": "OutOfEnergy"}):
    """How a reducer call ended: exactly one of the fields is there."""

    committed: DatabaseUpdate | msgspec.UnsetType = msgspec.UNSET
    failed: str | msgspec.UnsetType = msgspec.UNSET
    out_of_energy: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET


class ReducerCallInfo(_Part, frozen=True):
    """Which call a transaction came from. `args` is the caller's own text where the caller spoke JSON (4.1)."""

    reducer_name: str
    reducer_id: int
    args: str
    request_id: _U32


class _Maybe(_Part, frozen=True):
    """An Option in an envelope: `{"some": value}` or `{"none": []}`."""

    none: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET


class MaybeNumber(_Maybe, frozen=True):
    """An optional number."""

    some: int | None = None


class MaybeText(_Maybe, frozen=True):
    """An optional text."""

    some: str | None = None


class OneOffTable(_Part, frozen=True):
    """The rows of a one-off query's answer."""

    table_name: str
    rows: tuple[str, ...]


class ProcedureStatus(
    _Part,
    frozen=True,
    rename={"returned": "Returned", "out_of_energy": "OutOfEnergy", "internal_error": "InternalError"},
):
    """How a procedure ended: exactly one of the fields is there. `returned` is a text that holds JSON."""

    returned: str | msgspec.UnsetType = msgspec.UNSET
    out_of_energy: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    internal_error: str | msgspec.UnsetType = msgspec.UNSET


# --- server to client (2.2) ------------------------------------------------------------------------------------------


class IdentityToken(HidesToken, _Part, frozen=True):
    """Who we are: the first message of a connection, and what makes it one (1.5)."""

    identity: IdentityJson
    token: str
    connection_id: ConnectionId


class InitialSubscription(_Part, frozen=True):
    """All rows of the set of a Subscribe."""

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
    """The rows that a SubscribeMulti added."""

    request_id: _U32
    query_id: QueryId
    update: DatabaseUpdate
    total_host_execution_duration_micros: int


class UnsubscribeApplied(_Part, frozen=True):
    """The rows that an Unsubscribe took away, as deletes."""

    request_id: _U32
    query_id: QueryId
    rows: _SingleTable
    total_host_execution_duration_micros: int


class UnsubscribeMultiApplied(_Part, frozen=True):
    """The rows that an UnsubscribeMulti took away, as deletes."""

    request_id: _U32
    query_id: QueryId
    update: DatabaseUpdate
    total_host_execution_duration_micros: int


class SubscriptionError(_Part, frozen=True):
    """A subscription was refused; without a query id, the server dropped all of this connection's (4.7)."""

    request_id: MaybeNumber
    query_id: MaybeNumber
    table_id: MaybeNumber
    error: str
    total_host_execution_duration_micros: int


class TransactionUpdate(_Part, frozen=True):
    """A transaction and the call it came from."""

    status: Status
    timestamp: Timestamp
    caller_identity: IdentityJson
    caller_connection_id: ConnectionId
    reducer_call: ReducerCallInfo
    energy_quanta_used: Energy
    total_host_execution_duration: TimeDuration


class TransactionUpdateLight(_Part, frozen=True):
    """A transaction without a word about its cause. The request id may be another client's (4.4)."""

    request_id: _U32
    update: DatabaseUpdate


class OneOffQueryResponse(_Part, frozen=True):
    """The answer to a OneOffQuery."""

    message_id: str
    error: MaybeText
    tables: tuple[OneOffTable, ...]
    total_host_execution_duration: TimeDuration


class ProcedureResult(_Part, frozen=True):
    """The answer to a CallProcedure."""

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
    """The text frame of a message, in UTF-8."""
    return _encoder.encode({type(message).__name__: message})


def decode(text: str | bytes) -> ServerMessage:
    """The message in a text frame.

    Raises:
        ProtocolError: it is a message of no kind that the protocol has.
        DecodeError: it is not JSON, or a message of a known kind has not that kind's shape.
    """
    try:
        envelope = _decoder.decode(text)
        messages: list[ServerMessage] = [
            part for part in msgspec.structs.astuple(envelope) if part is not msgspec.UNSET
        ]
        if len(messages) == 1:
            return _checked(messages[0])
        kinds = list(msgspec.json.decode(text, type=dict[str, msgspec.Raw]))
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at ")
        raise DecodeError(problem, path=path.strip("`") or "$") from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise DecodeError(f"a message is not JSON text: {error}") from None
    except RecursionError:
        raise DecodeError("a message is nested too deeply") from None
    raise ProtocolError(f"a message of an unknown kind: {', '.join(kinds)[:200] or 'an object without a key'}")


def _checked(message: ServerMessage) -> ServerMessage:
    """The message, if what msgspec cannot check is right too: a status says exactly one thing."""
    if isinstance(message, TransactionUpdate | ProcedureResult):
        said = [part for part in msgspec.structs.astuple(message.status) if part is not msgspec.UNSET]
        if len(said) != 1:
            raise DecodeError("a status must say exactly one thing", path=f"$.{type(message).__name__}.status")
    return message
