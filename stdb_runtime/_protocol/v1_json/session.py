"""The life of one connection, without the connection: texts in, events out.

A session matches answers to requests. It never awaits, sleeps or opens a socket: whoever drives it feeds it what
arrived (`receive`), sends what it has to say (`outgoing`) and tells it when the connection is gone (`end`).
Reconnecting means a new session.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Literal

import msgspec

from ...errors import BindingsError, NotConnectedError, ProtocolError
from ...events import ArgumentReader, ReducerEvent
from ...types import ConnectionId
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
from . import messages as wire

__all__ = ["Session", "SessionState"]


def _undeclared(reducer: str, args: str) -> tuple[object, ...]:
    """Stands in where no generated code declares reducers."""
    raise BindingsError(f"without generated code, the arguments of {reducer} are text: {args[:80]}")


class SessionState(Enum):
    """Where in its life a session is."""

    OPENING = "opening"
    OPEN = "open"
    ENDED = "ended"


class _Call(msgspec.Struct, frozen=True):
    """A call that waits for its answer."""

    reducer: str
    args: str


class Session:
    """One connection's requests and the answers to them.

    Args:
        read_arguments: what `ReducerEvent.arguments` reads them with.
        ids: gives a new id for each request. From 1 up: an answer that says 0 does not know which request it answers
            (docs/protocol.md, 4.2). Shared by the sessions of a connection, so that an id keeps its meaning over
            reconnections.
    """

    def __init__(self, read_arguments: ArgumentReader = _undeclared, ids: Iterator[int] | None = None) -> None:
        self.state = SessionState.OPENING
        self._read_arguments = read_arguments
        self._connection_id: ConnectionId | None = None
        self._outgoing: deque[bytes] = deque()
        self._ids = itertools.count(1) if ids is None else ids
        self._calls: dict[int, _Call] = {}
        self._singles: set[int] = set()
        # The query id of each request about a subscription that waits for its answer.
        self._requests: dict[int, int] = {}
        # Refusals of calls that never ran, which name the reducer alone; held until one call is left to be meant (4.2).
        self._held: list[ReducerEvent] = []

    # --- what the user asks for ---------------------------------------------------------------------------------------

    def call(self, reducer: str, args: str) -> int:
        """Ask for a reducer to run.

        Args:
            reducer: its name.
            args: the JSON text of an array of its arguments.

        Returns:
            The request id that the answer will carry.

        Raises:
            NotConnectedError: the session is not open.
        """
        request_id = self._new_request()
        self._calls[request_id] = _Call(reducer, args)
        self._send(wire.CallReducer(reducer, args, request_id, wire.FULL_UPDATE))
        return request_id

    def call_unheard(self, reducer: str, args: str) -> None:
        """Ask for a reducer to run, without an answer: neither success nor failure is told (4.3).

        Raises:
            NotConnectedError: the session is not open.
        """
        self._send(wire.CallReducer(reducer, args, self._new_request(), wire.NO_SUCCESS_NOTIFY))

    def call_procedure(self, procedure: str, args: str) -> int:
        """Ask for a procedure to run, which servers of 1.x answer by closing the connection.

        Returns:
            The request id that the answer will carry.

        Raises:
            NotConnectedError: the session is not open.
        """
        request_id = self._new_request()
        self._send(wire.CallProcedure(procedure, args, request_id, wire.FULL_UPDATE))
        return request_id

    def query(self, sql: str) -> str:
        """Ask a query once.

        Returns:
            The message id that the answer will carry.

        Raises:
            NotConnectedError: the session is not open.
        """
        message_id = f"{self._new_request():08x}"
        self._send(wire.OneOffQuery(message_id, sql))
        return message_id

    def subscribe(self, queries: Sequence[str], query_id: int | None = None) -> int:
        """Ask for the rows of a set of queries, and their changes from then on.

        Args:
            queries: SQL.
            query_id: the id of a subscription of an earlier session that is made again.

        Returns:
            The query id that names the subscription.

        Raises:
            NotConnectedError: the session is not open.
        """
        request_id, query_id = self._new_subscription(query_id)
        self._send(wire.SubscribeMulti(tuple(queries), request_id, wire.QueryId(query_id)))
        return query_id

    def subscribe_single(self, query: str, query_id: int | None = None) -> int:
        """As `subscribe`, for one query and by the message that has its own traps (5.3)."""
        request_id, query_id = self._new_subscription(query_id)
        self._singles.add(query_id)
        self._send(wire.SubscribeSingle(query, request_id, wire.QueryId(query_id)))
        return query_id

    def subscribe_set(self, queries: Sequence[str]) -> int:
        """Replace the set of queries of this connection, whose rows all come again (5.3).

        Returns:
            The request id that the answer will carry.

        Raises:
            NotConnectedError: the session is not open.
        """
        request_id = self._new_request()
        self._send(wire.Subscribe(tuple(queries), request_id))
        return request_id

    def unsubscribe(self, query_id: int) -> int:
        """Ask for a subscription to end.

        Returns:
            The request id that the answer will carry.

        Raises:
            NotConnectedError: the session is not open.
        """
        request_id = self._new_request()
        self._requests[request_id] = query_id
        kind = wire.Unsubscribe if query_id in self._singles else wire.UnsubscribeMulti
        self._send(kind(request_id, wire.QueryId(query_id)))
        return request_id

    def _new_subscription(self, query_id: int | None) -> tuple[int, int]:
        """The request id and the query id of a request to subscribe."""
        request_id = self._new_request()
        query_id = request_id if query_id is None else query_id
        self._requests[request_id] = query_id
        return request_id, query_id

    @property
    def is_settled(self) -> bool:
        """Whether every request about a subscription has been answered."""
        return not self._requests

    def outgoing(self) -> list[bytes]:
        """The text frames that are to be sent now, each handed out once."""
        frames = list(self._outgoing)
        self._outgoing.clear()
        return frames

    def _new_request(self) -> int:
        if self.state is not SessionState.OPEN:
            raise NotConnectedError("the connection is not open: connect first, or again")
        return next(self._ids)

    def _send(self, message: wire.ClientMessage) -> None:
        self._outgoing.append(wire.encode(message))

    # --- what arrives -------------------------------------------------------------------------------------------------

    def end(self) -> None:
        """The connection is gone."""
        self.state = SessionState.ENDED
        self._outgoing.clear()

    def receive(self, text: str | bytes) -> list[Event]:
        """What a text frame means, in the order in which it is to be acted on.

        Raises:
            ProtocolError: the peer said what the protocol does not allow here.
        """
        message = wire.decode(text)
        if self.state is SessionState.OPENING and not isinstance(message, wire.IdentityToken):
            raise ProtocolError(f"the server must begin with IdentityToken, and sent {type(message).__name__}")
        match message:
            case wire.TransactionUpdate():
                return self._transaction(message)
            case wire.TransactionUpdateLight():
                return [Transaction(message.update.tables, None, None)]
            case wire.IdentityToken():
                return [self._opened(message)]
            case wire.OneOffQueryResponse():
                return [QueryAnswered(message.message_id, message.tables, message.error.some)]
            case wire.ProcedureResult():
                return [_procedure_returned(message)]
            case wire.SubscriptionError():
                return self._subscription_error(message)
            case _:
                return [self._subscription_answer(message)]

    def _subscription_answer(
        self,
        message: wire.InitialSubscription
        | wire.SubscribeApplied
        | wire.SubscribeMultiApplied
        | wire.UnsubscribeApplied
        | wire.UnsubscribeMultiApplied,
    ) -> SetSubscribed | Subscribed | Unsubscribed:
        self._requests.pop(message.request_id, None)
        match message:
            case wire.InitialSubscription(request_id=request_id, database_update=update):
                return SetSubscribed(request_id, update.tables)
            case wire.SubscribeMultiApplied(request_id=request_id, query_id=query_id, update=update):
                return Subscribed(request_id, query_id.id, update.tables)
            case wire.UnsubscribeMultiApplied(request_id=request_id, query_id=query_id, update=update):
                return Unsubscribed(request_id, query_id.id, update.tables)
            case wire.SubscribeApplied(request_id=request_id, query_id=query_id, rows=rows):
                return Subscribed(request_id, query_id.id, (rows.table_rows,))
            case wire.UnsubscribeApplied(request_id=request_id, query_id=query_id, rows=rows):
                return Unsubscribed(request_id, query_id.id, (rows.table_rows,))

    def _opened(self, message: wire.IdentityToken) -> Opened:
        if self.state is not SessionState.OPENING:
            raise ProtocolError("the server sent IdentityToken twice")
        self.state = SessionState.OPEN
        self._connection_id = message.connection_id
        return Opened(message.identity.value(), message.connection_id, message.token)

    def _subscription_error(self, message: wire.SubscriptionError) -> list[Event]:
        request_id = message.request_id.some
        if request_id is None:
            if message.query_id.some is not None:
                return []
            self._requests.clear()
            return [SubscriptionsDropped(message.error)]
        # Some servers name the query although another request was at fault (4.7): the request decides.
        query_id = self._requests.pop(request_id, None)
        if query_id is None and message.query_id.some is not None:
            return []
        return [SubscriptionRefused(request_id, query_id, message.error)]

    def _transaction(self, message: wire.TransactionUpdate) -> list[Event]:
        event = _reducer_event(message, self._read_arguments)
        committed = message.status.committed
        tables = () if isinstance(committed, msgspec.UnsetType) else committed.tables
        if message.caller_connection_id != self._connection_id:
            return [Transaction(tables, event, None)]
        if _never_ran(event) and any(call.reducer == event.reducer for call in self._calls.values()):
            self._held.append(event)
            return list(self._settle(event.reducer))
        transaction = Transaction(tables, event, self._match(message.reducer_call))
        return [transaction, *self._settle(event.reducer)] if self._held else [transaction]

    # --- which call an answer answers (4.2) ---------------------------------------------------------------------------

    def _match(self, info: wire.ReducerCallInfo) -> int | None:
        """The request that a transaction of ours answers, or None if it is none of them."""
        if info.request_id:
            return info.request_id if self._calls.pop(info.request_id, None) else None
        for request_id, call in self._calls.items():
            if call.reducer == info.reducer_name and call.args == info.args:
                del self._calls[request_id]
                return request_id
        return None

    def _settle(self, reducer: str) -> list[CallRefused]:
        """Give held refusals of a reducer to its calls, as far as it is certain which ones they mean."""
        settled: list[CallRefused] = []
        for event in [held for held in self._held if held.reducer == reducer]:
            waiting = [request_id for request_id, call in self._calls.items() if call.reducer == reducer]
            held = sum(1 for other in self._held if other.reducer == reducer)
            alike = len({self._calls[request_id].args for request_id in waiting}) == 1
            if waiting and (alike or len(waiting) <= held):
                call = self._calls.pop(waiting[0])
                self._held.remove(event)
                # The refusal does not echo the arguments, and we know them.
                settled.append(CallRefused(waiting[0], msgspec.structs.replace(event, args=call.args)))
        return settled


def _procedure_returned(message: wire.ProcedureResult) -> ProcedureReturned:
    status = message.status
    if isinstance(status.returned, str):
        return ProcedureReturned(message.request_id, status.returned, "")
    failed = status.internal_error if isinstance(status.internal_error, str) else "it ran out of energy"
    return ProcedureReturned(message.request_id, None, failed)


def _never_ran(event: ReducerEvent) -> bool:
    """Whether this is the refusal of a call that never ran, which does not echo the call's arguments."""
    return event.status == "failed" and event.args == "[]" and not event.energy and not event.duration


def _reducer_event(message: wire.TransactionUpdate, read_arguments: ArgumentReader) -> ReducerEvent:
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
