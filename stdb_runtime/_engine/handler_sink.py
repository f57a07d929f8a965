"""Sink of clients without generated code: it passes messages to the callbacks of a handler."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from .. import messages
from .._protocol.encoding import Session
from .._protocol.events import (
    CallRefused,
    Opened,
    ProcedureReturned,
    QueryAnswered,
    SetSubscribed,
    Subscribed,
    SubscriptionEvent,
    SubscriptionRefused,
    Transaction,
    Unsubscribed,
)
from .._protocol.rows import RowList, RowReader, TableUpdate
from ..errors import ConnectionLost, ProcedureError, ProtocolError, StdbError
from ..text import printable
from .dispatcher import ErrorCallback
from .engine import Engine
from .handler import Callbacks
from .result import PendingResult

__all__ = ["HandlerSink"]


class HandlerSink:
    """Sink of clients without generated code.

    Args:
        engine: the engine of the client.
        handler: the callbacks of the handler.
        resubscribe: True to subscribe again after a reconnection.
        subscribe_attempts: failed attempts in a row after which `on_error` gets an error.

    Attributes:
        readers: the row readers by table; rows of other tables are JSON values.
    """

    is_ready = True

    def __init__(
        self, engine: Engine[HandlerSink], handler: Callbacks, *, resubscribe: bool, subscribe_attempts: int
    ) -> None:
        self.readers: Mapping[str, RowReader[Any]] = {}  # Any: rows of any type
        self._json_readers: dict[str, RowReader[Any]] = {}
        self._engine = engine
        self._handler = handler
        self._resubscribe = resubscribe
        self._subscribe_attempts = subscribe_attempts
        # Functions that subscribe again, by query id; None is the id of the legacy set of queries.
        self._subscriptions: dict[int | None, Callable[[Session], object]] = {}
        found = handler.get("on_error")
        if found is not None:
            engine.dispatcher.on_error.add(_error_callback(*found))

    # --- for handles --------------------------------------------------------------------------------------------------

    def subscribe(self, queries: Sequence[str]) -> int:
        """Send a subscription. Returns its query id."""
        query_id = self._engine.session.subscribe(queries)
        self._subscriptions[query_id] = lambda session: session.subscribe(queries, query_id)
        self._engine.driver.flush()
        return query_id

    def subscribe_single(self, query: str) -> int:
        """Send a subscription of one query by the legacy message. Returns its query id."""
        query_id = self._engine.session.subscribe_single(query)
        self._subscriptions[query_id] = lambda session: session.subscribe_single(query, query_id)
        self._engine.driver.flush()
        return query_id

    def subscribe_set(self, queries: Sequence[str]) -> int:
        """Replace the legacy set of queries. Returns the request id."""
        request_id = self._engine.session.subscribe_set(queries)
        self._subscriptions[None] = lambda session: session.subscribe_set(queries)
        self._engine.driver.flush()
        return request_id

    def unsubscribe(self, query_id: int) -> int:
        """Request the end of a subscription. Returns the request id."""
        request_id = self._engine.session.unsubscribe(query_id)
        self._subscriptions.pop(query_id, None)
        self._engine.driver.flush()
        return request_id

    def report(self, error: Exception) -> None:
        """Pass an error to the handler, or log it if the handler has no `on_error`."""
        if self._engine.dispatcher.on_error.registered:
            self._engine.dispatcher.report(error, self.report)
        else:
            self._engine.logger.error("unhandled error: the handler has no on_error", exc_info=error)

    # --- lifecycle ----------------------------------------------------------------------------------------------------

    def opened(self, opened: Opened, *, again: bool) -> None:
        """Subscribe again after a reconnection, and run callbacks."""
        if again and self._resubscribe:
            session = self._engine.session
            for subscribe in self._subscriptions.values():
                subscribe(session)
            self._engine.driver.flush()
        self._run("on_identity_token", messages.IdentityToken(opened.identity, opened.token, opened.connection_id))
        if again:
            self._run("on_reconnect")

    def disconnected(self, error: StdbError | None) -> None:
        """Run callbacks."""
        self._run("on_disconnect", error)

    def retries_failing(self, error: StdbError, attempts: int) -> None:
        """Report the error, once for each series of attempts."""
        if attempts == self._subscribe_attempts:
            self.report(error)

    def ending(self, loss: ConnectionLost) -> None:
        """Do nothing: requests in flight have failed, and there are no other results."""

    def ended(self, error: StdbError | None) -> None:
        """Report the error that ended the client."""
        if error is not None and self._engine.was_open:
            self.report(error)

    def unretrieved(self, error: StdbError) -> bool:
        """Return False: no callback gets the error, so it is logged."""
        return False

    def unanswered(self) -> list[PendingResult[Any]]:  # Any: results of any kind
        """Return no results: the answers to subscriptions go to callbacks only."""
        return []

    # --- transactions and answers -------------------------------------------------------------------------------------

    def transaction(self, event: Transaction | CallRefused) -> bool:
        """Pass on a transaction. Returns True if the handler has the callback."""
        tables = self._tables(event.tables) if isinstance(event, Transaction) else ()
        call = event.call
        if call is None:
            return self._run("on_transaction_update", messages.TransactionUpdate(tables))
        update = messages.TransactionUpdate(
            tables,
            call.status,
            call.message,
            call.timestamp,
            call.caller_identity,
            call.caller_connection_id,
            messages.ReducerCallInfo(call.reducer, call.args, event.request_id),
            call.energy,
            call.duration,
        )
        return self._run("on_transaction_update", update)

    def query_answered(self, event: QueryAnswered, result: PendingResult[Any]) -> None:
        """Pass the rows of a one-off query, or its error, to the handler, and settle its result."""
        tables: tuple[messages.TableUpdate, ...] = ()
        error: StdbError | None = event.error
        text = None if event.error is None else event.error.message
        try:
            tables = tuple(
                messages.TableUpdate(table.table_name, tuple(self._read(table.table_name, table.rows)), ())
                for table in event.tables
            )
        except StdbError as problem:
            error, text = problem, str(problem)
        response = messages.OneOffQueryResponse(event.message_id, tables, text)
        handled = self._run("on_one_off_query_response", response)
        if error is None:
            result.resolve([row for table in tables for row in table.inserts])
        else:
            self._engine.errors.fail(result, error, handled=handled)

    def procedure_returned(self, event: ProcedureReturned, result: PendingResult[Any]) -> None:
        """Pass the value that a procedure returned, or its error, to the handler, and settle its result."""
        error = event.error
        text = error.message if isinstance(error, ProcedureError) else str(error or "")
        message = messages.ProcedureResult(event.request_id, event.value, text)
        handled = self._run("on_procedure_result", message)
        if error is None:
            result.resolve(event.value)
        else:
            self._engine.errors.fail(result, error, handled=handled)

    def subscription_event(self, event: SubscriptionEvent) -> None:
        """Pass on the answer to a request about a subscription."""
        match event:
            case SetSubscribed(request_id=request_id, tables=tables):
                rows = self._tables(tables)
                self._run("on_initial_subscription", messages.InitialSubscription(request_id, rows))
            case Subscribed(request_id=request_id, query_id=query_id, tables=tables):
                rows = self._tables(tables)
                self._run("on_subscribe_applied", messages.SubscribeApplied(request_id, query_id, rows))
            case Unsubscribed(request_id=request_id, query_id=query_id, tables=tables):
                rows = self._tables(tables)
                self._run("on_unsubscribe_applied", messages.UnsubscribeApplied(request_id, query_id, rows))
            case SubscriptionRefused(request_id=request_id, query_id=query_id, message=message):
                self._subscriptions.pop(query_id, None)
                self._run("on_subscription_error", messages.SubscriptionError(request_id, query_id, message))
            case _:  # SubscriptionsDropped
                message = event.message
                self._run("on_subscription_error", messages.SubscriptionError(None, None, message))
                raise ProtocolError(f"the server dropped all subscriptions of this connection: {printable(message)}")

    # --- rows and callbacks -------------------------------------------------------------------------------------------

    def _tables(self, tables: Sequence[TableUpdate]) -> tuple[messages.TableUpdate, ...]:
        """Return the decoded changes of a message, each table once."""
        inserts: dict[str, list[RowList]] = {}
        deletes: dict[str, list[RowList]] = {}
        for table in tables:
            for part in table.updates:
                inserts.setdefault(table.table_name, []).append(part.inserts)
                deletes.setdefault(table.table_name, []).append(part.deletes)
        return tuple(
            messages.TableUpdate(name, tuple(self._read(name, *lists)), tuple(self._read(name, *deletes[name])))
            for name, lists in inserts.items()
        )

    def _read(self, table: str, *lists: RowList) -> list[Any]:
        """Decode rows of a table, as JSON values if it has no reader."""
        reader = self.readers.get(table) or self._json_readers.get(table)
        if reader is None:
            reader = self._json_readers[table] = self._engine.encoding.value_reader(None, table)
        return reader.read(*lists)

    def _run(self, name: str, *args: object) -> bool:
        """Run a callback if the handler has it. Returns True if it has."""
        found = self._handler.get(name)
        if found is None:
            return False
        function, extra = found
        self._engine.dispatcher.run(function, *args, *extra)
        return True


def _error_callback(function: Callable[..., object], extra: tuple[object, ...]) -> ErrorCallback:
    """Return the `on_error` of a handler as a callback of the dispatcher, which logs what such callbacks raise."""

    @wraps(function)
    def on_error(error: Exception, _: object) -> object:
        return function(error, *extra)

    return on_error
