"""Connection without generated code: requests by name and SQL, and answers as messages for a handler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from .._engine.handler_sink import HandlerSink
from .._protocol.encoding import Encoding
from .._protocol.rows import RowReader
from .._sats.schema import Schema
from ..errors import ArgumentError
from .connection_info import ConnectionInfo, engine_of
from .request import MessageId, RequestId
from .table import TableSet, declarations_of

__all__ = ["BaseRawConnection", "SchemaForm", "readers_by"]

SchemaForm: TypeAlias = "TableSet | Mapping[str, object] | str | bytes"
"""Schema of version 9 (a mapping, or its JSON text), or a generated package's `tables`."""


class BaseRawConnection(ConnectionInfo[HandlerSink]):
    """Connection without generated code: the part that does not depend on the driver."""

    # --- requests: each is sent at once, and raises NotConnectedError if there is no open connection ------------------

    def subscribe(self, queries: Sequence[str]) -> int:
        """Subscribe to a set of queries, which replaces that of the last `subscribe` (docs/protocol.md, 5.3).

        Args:
            queries: SQL.

        Returns:
            The request id, which the message of `on_initial_subscription` has too.

        Raises:
            NotConnectedError: there is no open connection.
        """
        return engine_of(self).sink.subscribe_set(_checked(queries))

    def subscribe_single(self, query: str) -> int:
        """Subscribe to one query by the legacy message; prefer `subscribe_multi` (5.3).

        Args:
            query: SQL.

        Returns:
            The query id, which the message of `on_subscribe_applied` has too.

        Raises:
            NotConnectedError: there is no open connection.
        """
        (sql,) = _checked([query])
        return engine_of(self).sink.subscribe_single(sql)

    def subscribe_multi(self, queries: Sequence[str]) -> int:
        """Subscribe to a set of queries, in addition to other sets.

        Args:
            queries: SQL.

        Returns:
            The query id, which the message of `on_subscribe_applied` has too.

        Raises:
            NotConnectedError: there is no open connection.
        """
        return engine_of(self).sink.subscribe(_checked(queries))

    def unsubscribe(self, query_id: int) -> int:
        """Unsubscribe from the queries of a `subscribe_single` or `subscribe_multi`.

        Args:
            query_id: the query id that it returned.

        Returns:
            The request id, which the message of `on_unsubscribe_applied` has too.

        Raises:
            NotConnectedError: there is no open connection.
        """
        return engine_of(self).sink.unsubscribe(query_id)

    def call_reducer(self, reducer: str, args: Sequence[object] | Mapping[str, object] = ()) -> RequestId:
        """Call a reducer.

        Args:
            reducer: the name of the reducer, as the module declares it.
            args: JSON values in the order of the parameters, or by their names.

        Returns:
            The request id. Await it to wait for the result of the call.

        Raises:
            ArgumentError: a value cannot be sent.
            NotConnectedError: there is no open connection.
        """
        return RequestId(engine_of(self).call_reducer(reducer, args))

    def call_procedure(self, procedure: str, args: Sequence[object] | Mapping[str, object] = ()) -> RequestId:
        """Call a procedure. A server of 1.x has no procedures, and closes the connection.

        Args:
            procedure: the name of the procedure, as the module declares it.
            args: JSON values in the order of the parameters, or by their names.

        Returns:
            The request id. Await it to wait for the value that the procedure returns.

        Raises:
            ArgumentError: a value cannot be sent.
            NotConnectedError: there is no open connection.
        """
        return RequestId(engine_of(self).call_procedure(procedure, args, check_version=False))

    def one_off_query(self, query: str) -> MessageId:
        """Run a query once.

        Args:
            query: SQL.

        Returns:
            The message id, which the message of `on_one_off_query_response` has too. Await it to wait for the rows.

        Raises:
            NotConnectedError: there is no open connection.
        """
        (sql,) = _checked([query])
        return MessageId(engine_of(self).query(sql))


def _checked(queries: Sequence[object]) -> tuple[str, ...]:
    """Return the queries as a tuple. Raises ArgumentError for a single text, which is a sequence of texts too."""
    if isinstance(queries, str) or not all(isinstance(query, str) for query in queries):
        raise ArgumentError("queries", f"expected a list of SQL texts, got {queries!r}")
    return tuple(map(str, queries))


def readers_by(schema: SchemaForm, encoding: Encoding) -> dict[str, RowReader[Any]]:  # Any: rows of any type
    """Return the row readers of a schema, by table.

    Rows are instances of row classes if the schema is a generated package's `tables`; else they are mappings by column,
    whose values are as in generated code, except that structs are mappings too, and enums `{"Variant": value}`.

    Args:
        schema: a schema of version 9, as a mapping or its JSON text, or a generated package's `tables`.
        encoding: the encoding of the rows.

    Raises:
        SchemaError: the schema cannot be read.
    """
    if isinstance(schema, TableSet):
        return {table.name: encoding.row_reader(table.row, table.name) for table in declarations_of(type(schema))}
    return {table: encoding.value_reader(row, table) for table, row in Schema(schema).tables.items()}
