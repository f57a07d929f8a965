"""Errors of the runtime, in one tree.

::

    StdbError
    +-- ConnectError                 the connection was never established
    |   +-- ServerUnreachableError   nothing answered at the address, or not in time
    |   +-- AuthError                the token was refused (HTTP 401)
    |   +-- TokenSourceError         the function or the store that gives the token failed
    |   +-- UnknownDatabaseError     the server has no such database (HTTP 404)
    |   +-- DatabaseNameError        the text is not a valid database name
    |   +-- SubprotocolError         the peer does not support v1.json.spacetimedb
    |   +-- ConnectionRejectedError  the module's client_connected reducer returned an error
    +-- CredentialsError             a saved token cannot be read or written
    +-- ConnectionLost               an established connection ended
    |   +-- ReconnectError           attempts in a row to reconnect failed
    +-- NotConnectedError            there is no open connection to use
    +-- EventLoopError               the client was used from another event loop or thread
    +-- ArgumentError                a value cannot be sent as the declared type
    +-- ReducerError                 a reducer returned an error, or could not run
    |   +-- OutOfEnergyError         the call ran out of energy
    +-- ProcedureError               a procedure failed, or the server has no procedures
    +-- SubscriptionError            the server refused a subscription
    +-- QueryError                   the server refused a one-off query
    +-- SlowConsumerError            an iterator over changes fell too far behind
    +-- ProtocolError                the peer sent something that the protocol does not allow
    |   +-- DecodeError              a message or a row does not have the declared shape
    +-- SchemaError                  a module's schema cannot be read
    +-- BindingsError                generated code does not fit the runtime or the schema

Data that a program may need is in attributes; the text says what happened and what to do. No text contains a token.
"""

from __future__ import annotations

from pathlib import Path

from .text import printable, printable_queries

__all__ = [
    "ArgumentError",
    "AuthError",
    "BindingsError",
    "ConnectError",
    "ConnectionLost",
    "ConnectionRejectedError",
    "CredentialsError",
    "DatabaseNameError",
    "DecodeError",
    "EventLoopError",
    "NotConnectedError",
    "OutOfEnergyError",
    "ProcedureError",
    "ProtocolError",
    "QueryError",
    "ReconnectError",
    "ReducerError",
    "SchemaError",
    "ServerUnreachableError",
    "SlowConsumerError",
    "StdbError",
    "SubprotocolError",
    "SubscriptionError",
    "TokenSourceError",
    "UnknownDatabaseError",
]


# Texts of the module may be longer in messages than other texts from outside.
_MAX_LENGTH = 2_000


def _reason(message: str, query: str) -> str:
    """Return an error text of the server for a query in printable form, and short even if it repeats the query."""
    return printable(message.replace(query, printable_queries((query,))) if query else message)


class StdbError(Exception):
    """Base of the errors of this package."""


class ConnectError(StdbError):
    """The connection could not be established."""


class ServerUnreachableError(ConnectError):
    """Nothing answered at the address, or not within `open_timeout`."""


class AuthError(ConnectError):
    """The server refused the token (HTTP 401)."""


class TokenSourceError(ConnectError):
    """The function that gives the token, or the token store, raised an error or returned something other than a str.

    `__cause__` is the error that it raised. While reconnecting this counts as a failed attempt, and the next attempt
    calls it again.
    """


class UnknownDatabaseError(ConnectError):
    """The server has no database of that name or identity (HTTP 404)."""


class DatabaseNameError(ConnectError):
    """The text is neither a valid database name nor an identity."""


class SubprotocolError(ConnectError):
    """The peer does not support the subprotocol `v1.json.spacetimedb`."""


class ConnectionRejectedError(ConnectError):
    """The server closed the connection before it sent the identity token message.

    It does so if the module's `client_connected` reducer returns an error: the socket is closed without a close frame
    (docs/protocol.md, 1.5).
    """


class CredentialsError(StdbError):
    """A saved token cannot be read or written.

    Attributes:
        path: the file.
        problem: the problem, and what to do about it.
    """

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"the credentials in {path}: {problem}")
        self.path = path
        self.problem = problem


class ConnectionLost(StdbError):
    """An established connection ended. The outcome of calls in flight is unknown."""


class ReconnectError(ConnectionLost):
    """Several attempts in a row to reconnect and subscribe failed. The client keeps trying.

    Attributes:
        attempts: the number of attempts that failed in a row.
        errors: the error of each attempt, the latest last; of many attempts, the latest ones only.
    """

    def __init__(self, attempts: int, errors: tuple[StdbError, ...]) -> None:
        texts = [str(error) for error in errors]
        first = attempts - len(texts) + 1
        lines: list[str] = []
        while texts:
            alike = next((i for i, text in enumerate(texts) if text != texts[0]), len(texts))
            last = first + alike - 1
            lines.append(f"{first} to {last}: {texts[0]}" if alike > 1 else f"{first}: {texts[0]}")
            first, texts = last + 1, texts[alike:]
        super().__init__(
            f"{attempts} attempts in a row failed to bring the rows, and the client keeps trying ({'; '.join(lines)})"
        )
        self.attempts = attempts
        self.errors = errors


class NotConnectedError(StdbError):
    """There is no open connection, or there are several and the current one is ambiguous."""


class EventLoopError(StdbError, RuntimeError):
    """The client was used from another event loop or thread than the one that it was connected in."""


class ArgumentError(StdbError, ValueError):
    """A value cannot be sent as the type that the module declares. Nothing was sent.

    Attributes:
        argument: the path of the value, such as `position.x` or `tags[3]`.
        problem: the problem with it.
    """

    def __init__(self, argument: str, problem: str) -> None:
        super().__init__(f"{argument}: {problem}" if argument else problem)
        self.argument = argument
        self.problem = problem


class ReducerError(StdbError):
    """A reducer returned an error, or could not run. Nothing was committed.

    Attributes:
        reducer: the name of the reducer, as the module declares it.
        message: the error text of the module or the server.
    """

    def __init__(self, reducer: str, message: str) -> None:
        super().__init__(f"{reducer}: {printable(message, limit=_MAX_LENGTH)}")
        self.reducer = reducer
        self.message = message


class OutOfEnergyError(ReducerError):
    """A reducer call ran out of energy. Nothing was committed."""


class ProcedureError(StdbError):
    """A procedure failed, or could not run.

    Attributes:
        procedure: the name of the procedure, as the module declares it.
        message: the error text of the server.
    """

    def __init__(self, procedure: str, message: str) -> None:
        super().__init__(f"{procedure}: {printable(message, limit=_MAX_LENGTH)}")
        self.procedure = procedure
        self.message = message


class QueryError(StdbError):
    """The server refused a one-off query. The text shows the beginning of a long query.

    Attributes:
        query: the whole SQL of the query.
        message: the whole error text of the server.
    """

    def __init__(self, query: str, message: str) -> None:
        super().__init__(f"{_reason(message, query)} (in {printable_queries((query,))})")
        self.query = query
        self.message = message


class SlowConsumerError(StdbError):
    """The buffer of an iterator over changes is full; later changes are not delivered to it.

    Attributes:
        limit: the size of the buffer, in changes.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"more than {limit} changes wait in the buffer: take them faster, give a larger limit, "
            'or choose a policy that drops or merges changes ("drop_oldest", "coalesce")'
        )
        self.limit = limit


class SubscriptionError(StdbError):
    """The server refused a subscription. The text shows the query that failed, or the beginning of a long one.

    Attributes:
        queries: the SQL of all queries of the subscription: one bad query fails all of them.
        query: the SQL of the query that failed; None if it is one of several and the server does not say which.
        message: the whole error text of the server.
    """

    def __init__(self, queries: tuple[str, ...], message: str) -> None:
        # Servers repeat the query that failed at the end of their text (docs/protocol.md, 4.7).
        endings = {query: f", executing: `{query}`" for query in queries}
        named = [query for query, ending in endings.items() if message.endswith(ending)]
        query = max(named, key=len) if named else queries[0] if len(queries) == 1 else None
        if query is None:
            text = printable(message)
            super().__init__(f"{text} (in {printable_queries(queries)})" if queries else text)
        else:
            which = "" if len(queries) == 1 else f"query {queries.index(query) + 1} of {len(queries)}: "
            reason = _reason(message.removesuffix(endings[query]), query)
            super().__init__(f"{reason} (in {which}{printable_queries((query,))})")
        self.queries: tuple[str, ...] = queries
        self.query = query
        self.message = message


class ProtocolError(StdbError):
    """The peer sent something that the protocol does not allow at this point."""


class DecodeError(ProtocolError):
    """A message or a row does not have the declared shape.

    Attributes:
        table: the table of the row, or None if it is not about a row.
        path: the path in the message or row, such as `$.position.x`.
        problem: the problem there.
    """

    def __init__(self, problem: str, *, table: str | None = None, path: str = "$") -> None:
        self.table = table
        self.path = path
        self.problem = problem
        problem = printable(problem, limit=_MAX_LENGTH)
        if table is None:
            super().__init__(f"{problem} - at {path}")
        else:
            super().__init__(
                f"a row of table {table!r} is not what the generated code declares: {problem} - at {path}; "
                "if the module was published anew, run stdb-codegen again"
            )


class SchemaError(StdbError):
    """A module's schema cannot be read.

    Attributes:
        place: the part of the module, such as `table player`; empty for the schema as a whole.
        problem: the problem with it.
    """

    def __init__(self, place: str, problem: str) -> None:
        where = f" at {place}" if place else ""
        super().__init__(
            f"the schema cannot be read{where}: {problem}; expected a schema of version 9, "
            "as GET /v1/database/NAME/schema?version=9 gives it"
        )
        self.place = place
        self.problem = problem


class BindingsError(StdbError):
    """Generated code does not fit this runtime or the server's schema; the text says which side to update."""
