"""What stands behind a connection without generated code: from the session's events to a handler's callbacks."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeAlias

import msgspec

from .. import messages
from .._protocol.endpoint import Endpoint
from .._protocol.events import (
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
from .._protocol.v1_json.messages import OneOffTable, TableUpdate
from .._protocol.v1_json.session import Session
from ..aio.connection import Connection
from ..aio.options import Options
from ..errors import DecodeError, ProtocolError, ReconnectError, StdbError
from ..events import ReducerEvent
from ..stats import Stats
from ..text import shown
from .dispatcher import Dispatcher
from .handler import Callbacks
from .pending import Ledger, as_loss
from .unretrieved import Unawaited

__all__ = ["Relay", "RowMaker", "json_rows", "json_value"]

RowMaker: TypeAlias = Callable[[str, Sequence[str]], Sequence[Any]]  # Any: rows of whatever kind
"""Makes rows of a table, given its name, from their JSON texts. Raises DecodeError."""


def json_rows(table: str, texts: Sequence[str]) -> Sequence[Any]:  # Any: JSON values
    """Rows as JSON values, in the dialect in which they came."""
    try:
        return [msgspec.json.decode(text) for text in texts]
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise DecodeError(f"a row is not JSON: {error}", table=table) from None


def json_value(text: str) -> Any:  # Any: a JSON value
    """A JSON value from its text. Raises DecodeError."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise DecodeError(f"not JSON: {error}") from None


class Relay:
    """The working part of a connection without generated code.

    Args:
        endpoint: where to connect.
        options: how to connect.
        handler: the callbacks.
        rows: makes rows.
        resubscribe: ask again for all subscriptions after a reconnection.
        logger: where errors that nobody takes go.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        options: Options,
        handler: Callbacks,
        rows: RowMaker,
        *,
        resubscribe: bool,
        logger: logging.Logger,
    ) -> None:
        self.stats = Stats()
        self.rows = rows
        self.opened_as: Opened | None = None
        self.connection = Connection(endpoint, options, self, _json_arguments, self.stats, logger)
        self.dispatcher = Dispatcher(logger, self.stats)
        self.dispatcher.on_error.add(lambda error, _: self.report(error))
        self._unawaited = Unawaited(logger, self.connection.call_soon)
        self.ledger = Ledger(self.connection.new_future, self._unawaited.add, time.perf_counter, self.stats)
        # How to ask again for each subscription, by query id, and for the set of queries.
        self.wanted: dict[int | None, Callable[[Session], object]] = {}
        self._handler = handler
        self._resubscribe = resubscribe
        self._logger = logger

    @contextlib.contextmanager
    def asking(self) -> Generator[Session]:
        """The session to make requests of, which are sent at the end of the block. Raises NotConnectedError."""
        yield self.connection.session
        self.connection.flush()

    def report(self, error: Exception) -> None:
        """Tell the handler of an error, or log it if the handler does not listen."""
        if not self._tell("on_error", error):
            self._logger.error("an error that no on_error takes", exc_info=error)

    # --- what the connection tells ------------------------------------------------------------------------------------

    def opened(self, opened: Opened, *, again: bool) -> None:
        """The connection is there, for the first time or again."""
        self.opened_as = opened
        self.stats.connections += 1
        if again and self._resubscribe:
            with self.asking() as session:
                for ask in self.wanted.values():
                    ask(session)
        self._tell("on_identity_token", messages.IdentityToken(opened.identity, opened.token, opened.connection_id))
        if again:
            self._tell("on_reconnect")

    def lost(self, error: StdbError | None) -> None:
        """The connection is gone, and with it what was in flight."""
        self.ledger.lose(as_loss(error, "the connection was closed"))
        self._tell("on_disconnect", error)

    def failing(self, error: StdbError) -> None:
        """Attempt after attempt failed; `on_error` is told once a row."""
        if isinstance(error, ReconnectError) and error.attempts == self.connection.options.subscribe_attempts:
            self.report(error)

    def ended(self, error: StdbError | None) -> None:
        """There will be no connection any more."""
        self.ledger.report()
        self._unawaited.report()
        if error is not None and self.opened_as is not None:
            self.report(error)

    def received(self, event: Event) -> None:
        """Act on one event of the session: the handler first, then whoever waits."""
        match event:
            case Transaction(tables=tables, call=call, request_id=request_id):
                self._transaction(tables, call, request_id)
            case CallRefused(request_id=request_id, call=call):
                self._transaction((), call, request_id)
            case QueryAnswered():
                self._query_answered(event)
            case ProcedureReturned():
                self._procedure_returned(event)
            case Opened():
                pass  # told by `opened`
            case _:
                self._subscription_event(event)

    def _transaction(self, tables: Sequence[TableUpdate], call: ReducerEvent | None, request_id: int | None) -> None:
        made = self._tables(tables)
        if call is None:
            update = messages.TransactionUpdate(made)
        else:
            update = messages.TransactionUpdate(
                made,
                call.status,
                call.message,
                call.timestamp,
                call.caller_identity,
                call.caller_connection_id,
                messages.ReducerCallInfo(call.reducer, call.args, request_id),
                call.energy,
                call.duration,
            )
        heard = self._tell("on_transaction_update", update)
        if call is not None and request_id is not None:
            self.ledger.answer(request_id, call, seen=heard)

    def _query_answered(self, answer: QueryAnswered) -> None:
        """Rows that cannot be read fail this query alone."""
        rows: list[Sequence[Any]] = []
        problem: StdbError | None = None
        try:
            rows = [self.rows(table.table_name, table.rows) for table in answer.tables]
        except StdbError as error:
            problem = error
        named = zip(answer.tables, rows, strict=problem is None)
        tables = tuple(messages.TableUpdate(table.table_name, tuple(made), ()) for table, made in named)
        text = answer.error if problem is None else str(problem)
        self._tell("on_one_off_query_response", messages.OneOffQueryResponse(answer.message_id, tables, text))
        made = iter(rows)

        def read(_: OneOffTable) -> Sequence[Any]:
            if problem is not None:
                raise problem
            return next(made)

        self.ledger.answer_query(answer, read)

    def _procedure_returned(self, answer: ProcedureReturned) -> None:
        """A value that cannot be read fails this call alone."""
        value, text = None, answer.error
        try:
            value = None if answer.value is None else json_value(answer.value)
        except StdbError as error:
            text = str(error)
        self._tell("on_procedure_result", messages.ProcedureResult(answer.request_id, value, text))
        self.ledger.answer_procedure(answer)

    def _subscription_event(
        self, event: Subscribed | SetSubscribed | Unsubscribed | SubscriptionRefused | SubscriptionsDropped
    ) -> None:
        match event:
            case SetSubscribed(request_id=request_id, tables=tables):
                rows = self._tables(tables)
                self._tell("on_initial_subscription", messages.InitialSubscription(request_id, rows))
            case Subscribed(request_id=request_id, query_id=query_id, tables=tables):
                rows = self._tables(tables)
                self._tell("on_subscribe_applied", messages.SubscribeApplied(request_id, query_id, rows))
            case Unsubscribed(request_id=request_id, query_id=query_id, tables=tables):
                rows = self._tables(tables)
                self._tell("on_unsubscribe_applied", messages.UnsubscribeApplied(request_id, query_id, rows))
            case SubscriptionRefused(request_id=request_id, query_id=query_id, message=message):
                self.wanted.pop(query_id, None)
                self._tell("on_subscription_error", messages.SubscriptionError(request_id, query_id, message))
            case SubscriptionsDropped(message=message):
                self._tell("on_subscription_error", messages.SubscriptionError(None, None, message))
                raise ProtocolError(f"the server dropped all subscriptions of this connection: {shown(message)}")

    def _tables(self, tables: Sequence[TableUpdate]) -> tuple[messages.TableUpdate, ...]:
        """Each table once, with all that the message says of it."""
        inserts: dict[str, list[str]] = {}
        deletes: dict[str, list[str]] = {}
        for table in tables:
            for part in table.updates:
                inserts.setdefault(table.table_name, []).extend(part.inserts)
                deletes.setdefault(table.table_name, []).extend(part.deletes)
        return tuple(
            messages.TableUpdate(name, tuple(self.rows(name, texts)), tuple(self.rows(name, deletes[name])))
            for name, texts in inserts.items()
        )

    # --- telling ------------------------------------------------------------------------------------------------------

    def _tell(self, name: str, *args: object) -> bool:
        """Run a callback, if the handler has it; tells whether it has."""
        found = self._handler.get(name)
        if found is None:
            return False
        function, extra = found
        self.dispatcher.run(function, *args, *extra)
        return True


def _json_arguments(_: str, args: str) -> tuple[object, ...]:
    """Arguments without generated code: the JSON values of an array, or one object of all by name."""
    value: list[object] | dict[str, object] = json_value(args)
    return tuple(value) if isinstance(value, list) else (value,)
