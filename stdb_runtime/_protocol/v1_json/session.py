"""Session of `v1.json.spacetimedb`: requests into text frames, and text frames into events."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from ..._sats.sats import SatsType
from ...errors import DecodeError, NotConnectedError, ProcedureError, ProtocolError, QueryError
from ...events import ArgumentReader, ReducerEvent
from ...types import ConnectionId
from ..encoding import ParameterSource, SessionState
from ..events import (
    CallRefused,
    Event,
    Opened,
    ProcedureReturned,
    QueryAnswered,
    SetSubscribed,
    Subscribed,
    SubscriptionRefused,
    SubscriptionsDropped,
    Transaction,
    Unsubscribed,
)
from . import messages
from .arguments import argument_reader, decode_json, decode_value
from .calls import CallsInFlight

__all__ = ["Session"]


class _Procedure(msgspec.Struct, frozen=True):
    """Procedure call in flight."""

    name: str
    returns: SatsType | None
    request: object


class _Query(msgspec.Struct, frozen=True):
    """One-off query in flight."""

    sql: str
    request: object


class Session:
    """Session of one connection: its requests, and the answers to them. `encoding.Session` describes the methods.

    Args:
        parameters: the declared parameters of reducers; None if there is no generated code.
        ids: the ids of requests, from 1: an answer with id 0 does not tell which request it answers
            (docs/protocol.md, 4.2). The sessions of a client share them, so that ids are unique over reconnections.

    Attributes:
        state: the lifecycle state of the session.
    """

    def __init__(self, parameters: ParameterSource | None = None, ids: Iterator[int] | None = None) -> None:
        self.state = SessionState.OPENING
        self._read_arguments = argument_reader(parameters)
        self._connection_id: ConnectionId | None = None
        self._outgoing: list[bytes] = []
        self._ids = itertools.count(1) if ids is None else ids
        self._calls = CallsInFlight()
        self._queries: dict[str, _Query] = {}
        self._procedures: dict[int, _Procedure] = {}
        self._singles: set[int] = set()
        # Query ids of unanswered requests about subscriptions, by request id.
        self._requests: dict[int, int | None] = {}

    # --- requests -----------------------------------------------------------------------------------------------------

    def call(self, reducer: str, arguments: str, request: object = None) -> int:
        """Request a reducer call."""
        request_id = self._new_request()
        self._calls.add(request_id, reducer, arguments, request)
        self._send(messages.CallReducer(reducer, arguments, request_id, messages.FULL_UPDATE))
        return request_id

    def call_without_reply(self, reducer: str, arguments: str) -> None:
        """Request a reducer call whose result the server does not report (4.3)."""
        self._send(messages.CallReducer(reducer, arguments, self._new_request(), messages.NO_SUCCESS_NOTIFY))

    def call_procedure(
        self, procedure: str, arguments: str, returns: SatsType | None = None, request: object = None
    ) -> int:
        """Request a procedure call. Servers of 1.x close the connection."""
        request_id = self._new_request()
        self._procedures[request_id] = _Procedure(procedure, returns, request)
        self._send(messages.CallProcedure(procedure, arguments, request_id, messages.FULL_UPDATE))
        return request_id

    def query(self, sql: str, request: object = None) -> str:
        """Request a one-off query."""
        message_id = f"{self._new_request():08x}"
        self._queries[message_id] = _Query(sql, request)
        self._send(messages.OneOffQuery(message_id, sql))
        return message_id

    def subscribe(self, queries: Sequence[str], query_id: int | None = None) -> int:
        """Request a subscription to a set of queries."""
        request_id, query_id = self._new_subscription(query_id)
        self._send(messages.SubscribeMulti(tuple(queries), request_id, messages.QueryId(query_id)))
        return query_id

    def subscribe_single(self, query: str, query_id: int | None = None) -> int:
        """Request a subscription to one query by the legacy message (5.3)."""
        request_id, query_id = self._new_subscription(query_id)
        self._singles.add(query_id)
        self._send(messages.SubscribeSingle(query, request_id, messages.QueryId(query_id)))
        return query_id

    def subscribe_set(self, queries: Sequence[str]) -> int:
        """Request a subscription that replaces the legacy set of queries. All rows are sent again (5.3)."""
        request_id = self._new_request()
        self._requests[request_id] = None
        self._send(messages.Subscribe(tuple(queries), request_id))
        return request_id

    def unsubscribe(self, query_id: int) -> int:
        """Request the end of a subscription."""
        request_id = self._new_request()
        self._requests[request_id] = query_id
        kind = messages.Unsubscribe if query_id in self._singles else messages.UnsubscribeMulti
        self._send(kind(request_id, messages.QueryId(query_id)))
        return request_id

    def _new_subscription(self, query_id: int | None) -> tuple[int, int]:
        """Return the request id and the query id of a request to subscribe."""
        request_id = self._new_request()
        query_id = request_id if query_id is None else query_id
        self._requests[request_id] = query_id
        return request_id, query_id

    @property
    def is_settled(self) -> bool:
        """True if every request about a subscription has been answered."""
        return not self._requests

    @property
    def in_flight(self) -> list[object]:
        """Requests in flight: the `request` of each call and query that has no answer yet."""
        queries = [query.request for query in self._queries.values()]
        return [*self._calls.requests, *queries, *(call.request for call in self._procedures.values())]

    def outgoing(self) -> list[bytes]:
        """Return the text frames to send now. Each is returned once."""
        frames, self._outgoing = self._outgoing, []
        return frames

    def _new_request(self) -> int:
        if self.state is not SessionState.OPEN:
            raise NotConnectedError("the connection is not open: connect first, or again")
        return next(self._ids)

    def _send(self, message: messages.ClientMessage) -> None:
        self._outgoing.append(messages.encode(message))

    # --- frames -------------------------------------------------------------------------------------------------------

    def end(self) -> list[object]:
        """End the session. Returns the `request` of each unanswered call and query."""
        self.state = SessionState.ENDED
        unanswered = self.in_flight
        self._outgoing.clear()
        self._calls = CallsInFlight()
        self._queries.clear()
        self._procedures.clear()
        return unanswered

    def receive(self, frame: str | bytes) -> list[Event]:
        """Decode a text frame into events, in the order in which to handle them.

        Raises:
            ProtocolError: the frame is invalid, or not allowed at this point.
        """
        message = messages.decode(frame)
        if self.state is SessionState.OPENING and not isinstance(message, messages.IdentityToken):
            raise ProtocolError(
                f"the first message must be IdentityToken, and the server sent {type(message).__name__}"
            )
        match message:
            case messages.TransactionUpdate():
                return self._transaction(message)
            case messages.TransactionUpdateLight():
                return [Transaction(message.update.tables, None, None)]
            case messages.IdentityToken():
                return [self._opened(message)]
            case messages.OneOffQueryResponse():
                return [self._query_answered(message)]
            case messages.ProcedureResult():
                return [self._procedure_returned(message)]
            case messages.SubscriptionError():
                return self._subscription_error(message)
            case _:
                return [self._subscription_answer(message)]

    def _subscription_answer(
        self,
        message: messages.InitialSubscription
        | messages.SubscribeApplied
        | messages.SubscribeMultiApplied
        | messages.UnsubscribeApplied
        | messages.UnsubscribeMultiApplied,
    ) -> SetSubscribed | Subscribed | Unsubscribed:
        self._requests.pop(message.request_id, None)
        match message:
            case messages.InitialSubscription(request_id=request_id, database_update=update):
                return SetSubscribed(request_id, update.tables)
            case messages.SubscribeMultiApplied(request_id=request_id, query_id=query_id, update=update):
                return Subscribed(request_id, query_id.id, update.tables)
            case messages.UnsubscribeMultiApplied(request_id=request_id, query_id=query_id, update=update):
                return Unsubscribed(request_id, query_id.id, update.tables)
            case messages.SubscribeApplied(request_id=request_id, query_id=query_id, rows=rows):
                return Subscribed(request_id, query_id.id, (rows.table_rows,))
            case _:  # UnsubscribeApplied
                return Unsubscribed(message.request_id, message.query_id.id, (message.rows.table_rows,))

    def _opened(self, message: messages.IdentityToken) -> Opened:
        if self.state is not SessionState.OPENING:
            raise ProtocolError("the server sent IdentityToken twice")
        self.state = SessionState.OPEN
        self._connection_id = message.connection_id
        return Opened(message.identity.value(), message.connection_id, message.token)

    def _subscription_error(self, message: messages.SubscriptionError) -> list[Event]:
        request_id = message.request_id.some
        if request_id is None:
            if message.query_id.some is not None:
                return []
            return [SubscriptionsDropped(message.error)]
        # Some servers send the query id also if another request failed (4.7), so the request id decides.
        query_id = self._requests.pop(request_id, None)
        if query_id is None and message.query_id.some is not None:
            return []
        return [SubscriptionRefused(request_id, query_id, message.error)]

    def _transaction(self, message: messages.TransactionUpdate) -> list[Event]:
        event = _reducer_event(message, self._read_arguments)
        committed = message.status.committed
        tables = () if isinstance(committed, msgspec.UnsetType) else committed.tables
        if message.caller_connection_id != self._connection_id:
            return [Transaction(tables, event, None)]
        if _never_ran(event) and self._calls.hold(event):
            return list(self._calls.settle(event.reducer))
        request_id, request = self._calls.match(message.reducer_call)
        transaction = Transaction(tables, event, request_id, request)
        refused: list[CallRefused] = self._calls.settle(event.reducer)
        return [transaction, *refused]

    def _query_answered(self, message: messages.OneOffQueryResponse) -> QueryAnswered:
        query = self._queries.pop(message.message_id, None)
        if query is None:
            raise ProtocolError(f"the server sent unknown message id {message.message_id}")
        text = message.error.some
        error = None if text is None else QueryError(query.sql, text)
        return QueryAnswered(message.message_id, message.tables, error, query.request)

    def _procedure_returned(self, message: messages.ProcedureResult) -> ProcedureReturned:
        """Return the event of a procedure result. A value that cannot be decoded fails only this call."""
        call = self._procedures.pop(message.request_id, None)
        if call is None:
            raise ProtocolError(f"the server sent unknown procedure request id {message.request_id}")
        value: object = None
        error: ProcedureError | DecodeError | None = None
        status = message.status
        if isinstance(status.returned, str):
            try:
                value = _decoded(call, status.returned)
            except DecodeError as problem:
                error = problem
        else:
            text = status.internal_error if isinstance(status.internal_error, str) else "it ran out of energy"
            error = ProcedureError(call.name, text)
        return ProcedureReturned(message.request_id, value, error, call.request)


def _decoded(call: _Procedure, text: str) -> object:
    """Decode the value that a procedure returned. Raises DecodeError."""
    if call.returns is None:
        value: object = decode_json(text)
        return value
    return decode_value(call.returns, text, f"the values that procedure {call.name} returns")


def _never_ran(event: ReducerEvent) -> bool:
    """Return True for the refusal of a call that never ran, which does not have the arguments of the call."""
    return event.status == "failed" and event.args == "[]" and not event.energy and not event.duration


def _reducer_event(message: messages.TransactionUpdate, read_arguments: ArgumentReader) -> ReducerEvent:
    failed = message.status.failed
    caller = message.caller_connection_id
    if failed is not msgspec.UNSET:
        status: Literal["committed", "failed", "out_of_energy"] = "failed"
    else:
        status = "out_of_energy" if message.status.committed is msgspec.UNSET else "committed"
    return ReducerEvent(
        reducer=message.reducer_call.reducer_name,
        status=status,
        message=failed if isinstance(failed, str) else "",
        timestamp=message.timestamp,
        caller_identity=message.caller_identity.value(),
        caller_connection_id=caller if caller.value else None,
        energy=message.energy_quanta_used.quanta,
        duration=message.total_host_execution_duration,
        args=message.reducer_call.args,
        _read=read_arguments,
    )
