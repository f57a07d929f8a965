"""Connection without generated code: requests by name and SQL, answers to a handler, whatever the module's schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from .._engine.handler_sink import HandlerSink
from .._protocol.encoding import Encoding
from .._protocol.rows import RowReader
from .._sats.schema import Schema
from ..errors import ArgumentError
from .connection_info import ConnectionInfo
from .request import MessageId, RequestId
from .table import TableSet

__all__ = ["BaseRawConnection", "SchemaForm", "readers_by"]

SchemaForm: TypeAlias = "TableSet | Mapping[str, object] | str | bytes"
"""A schema of version 9 (a mapping, or its JSON text), or a generated package's `tables`."""


class BaseRawConnection(ConnectionInfo[HandlerSink]):
    """Connection without generated code: all of it but what depends on the driver."""

    # --- requests: each is sent at once, and raises NotConnectedError without a connection ----------------------------

    def subscribe(self, queries: Sequence[str]) -> int:
        """Ask for the rows of a set of queries, which replaces the set of the last `subscribe` (docs/protocol.md, 5.3).

        Returns:
            The request id, which `on_initial_subscription` is told.
        """
        return self._engine.sink.subscribe_set(_checked(queries))

    def subscribe_single(self, query: str) -> int:
        """Ask for the rows of one query, by the message that has its own traps (5.3); prefer `subscribe_multi`.

        Returns:
            The query id, which `on_subscribe_applied` is told.
        """
        (sql,) = _checked([query])
        return self._engine.sink.subscribe_single(sql)

    def subscribe_multi(self, queries: Sequence[str]) -> int:
        """Ask for the rows of a set of queries, beside those of other sets.

        Returns:
            The query id, which `on_subscribe_applied` is told.
        """
        return self._engine.sink.subscribe(_checked(queries))

    def unsubscribe(self, query_id: int) -> int:
        """End what `subscribe_single` or `subscribe_multi` began.

        Returns:
            The request id, which `on_unsubscribe_applied` is told.
        """
        return self._engine.sink.unsubscribe(query_id)

    def call_reducer(self, reducer: str, args: Sequence[object] | Mapping[str, object] = ()) -> RequestId:
        """Call a reducer.

        Args:
            reducer: its name, as the module declares it.
            args: JSON values in order, or by the parameters' names.

        Raises:
            ArgumentError: a value cannot be sent.
        """
        return RequestId.of(self._engine.call_reducer(reducer, args))

    def call_procedure(self, procedure: str, args: Sequence[object] | Mapping[str, object] = ()) -> RequestId:
        """Call a procedure. A server of 1.x has none, and closes the connection on a call.

        Args:
            procedure: its name, as the module declares it.
            args: JSON values in order, or by the parameters' names.

        Raises:
            ArgumentError: a value cannot be sent.
        """
        return RequestId.of(self._engine.call_procedure(procedure, args, check_version=False))

    def one_off_query(self, query: str) -> MessageId:
        """Ask a query once.

        Returns:
            The message id, which `on_one_off_query_response` is told.
        """
        (sql,) = _checked([query])
        return MessageId.of(self._engine.query(sql))


def _checked(queries: Sequence[object]) -> tuple[str, ...]:
    """The queries, if they are a list of texts: one text is a sequence of texts, too."""
    if isinstance(queries, str) or not all(isinstance(query, str) for query in queries):
        raise ArgumentError("queries", f"expected a list of SQL texts, got {queries!r}")
    return tuple(map(str, queries))


def readers_by(schema: SchemaForm, encoding: Encoding) -> dict[str, RowReader[Any]]:  # Any: rows of whatever kind
    """Return the readers of tables by a schema: of row classes with a package's tables, else of mappings by column.

    In a mapping, values are as in generated code, but structs are mappings too, and enums `{"Variant": value}`.

    Args:
        schema: a schema of version 9, as a mapping or its JSON text, or a generated package's `tables`.
        encoding: makes the readers.

    Raises:
        SchemaError: it is no schema.
    """
    if isinstance(schema, TableSet):
        return {table.name: encoding.row_reader(table.row, table.name) for table in schema.__declarations__()}
    return {table: encoding.value_reader(row, table) for table, row in Schema(schema).tables.items()}
