"""Every error of the runtime, in one tree.

::

    StdbError
    +-- ConnectError                 the connection was never established
    |   +-- ServerUnreachableError   nothing answered at the address, or not in time
    |   +-- AuthError                the token was refused (HTTP 401)
    |   +-- TokenSourceError         the function or the store that gives the token failed
    |   +-- UnknownDatabaseError     the server has no such database (HTTP 404)
    |   +-- DatabaseNameError        the text cannot be a database name
    |   +-- SubprotocolError         the peer does not speak v1.json.spacetimedb
    |   +-- ConnectionRejectedError  the module's client_connected reducer said no
    +-- CredentialsError             a kept token cannot be read or written
    +-- ConnectionLost               an established connection ended
    |   +-- ReconnectError           attempt after attempt to make it again failed
    +-- NotConnectedError            there is no open connection to use
    +-- EventLoopError               the client was used from another event loop or thread
    +-- ArgumentError                a value cannot be sent as the declared type
    +-- ReducerError                 the module refused a reducer call
    |   +-- OutOfEnergyError         the call ran out of energy
    +-- ProcedureError               the module's procedure failed, or the server has no procedures
    +-- SubscriptionError            the server refused a subscription
    +-- QueryError                   the server refused a one-off query
    +-- SlowConsumerError            an iterator over changes fell too far behind
    +-- ProtocolError                the peer sent what the protocol does not allow
    |   +-- DecodeError              a message or a row does not have the declared shape
    +-- SchemaError                  a module's schema cannot be read
    +-- BindingsError                generated code and runtime do not fit together

What a program may want to look at is an attribute; the text says what happened and what to do.
No text ever holds a token.
"""

from __future__ import annotations

from pathlib import Path

from .text import printable

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


# A module's own words are shown longer than a stranger's.
_MAX_LENGTH = 2_000


class StdbError(Exception):
    """Root of every error that this package raises on purpose."""


class ConnectError(StdbError):
    """The connection could not be established."""


class ServerUnreachableError(ConnectError):
    """Nothing answered at the address, or not within `open_timeout`."""


class AuthError(ConnectError):
    """The server refused the token (HTTP 401)."""


class TokenSourceError(ConnectError):
    """The function that gives the token, or the token store, raised an error or gave no text.

    `__cause__` is what it raised. On a reconnection it counts as a failed attempt, and is asked again.
    """


class UnknownDatabaseError(ConnectError):
    """The server has no database of that name or identity (HTTP 404)."""


class DatabaseNameError(ConnectError):
    """The text is neither a database name nor an identity, so no server can have it."""


class SubprotocolError(ConnectError):
    """The peer does not offer the subprotocol `v1.json.spacetimedb`."""


class ConnectionRejectedError(ConnectError):
    """The server dropped the connection before it said who we are.

    That is what a `client_connected` reducer that returns an error looks like from outside: the server
    drops the socket without a close frame (docs/protocol.md, 1.5).
    """


class CredentialsError(StdbError):
    """A kept token cannot be read or written.

    Attributes:
        path: the file.
        problem: what is wrong with it, and what to do.
    """

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"the credentials in {path}: {problem}")
        self.path = path
        self.problem = problem


class ConnectionLost(StdbError):
    """An established connection ended. The outcome of a call that was in flight is unknown."""


class ReconnectError(ConnectionLost):
    """Attempt after attempt to have the rows of a subscription failed. The client goes on trying.

    Attributes:
        attempts: how many failed in a row.
        errors: what ended each of them, the latest last; of many attempts, those of the latest.
    """

    def __init__(self, attempts: int, errors: tuple[StdbError, ...]) -> None:
        texts = [str(error) for error in errors]
        first = attempts - len(texts) + 1
        told: list[str] = []
        while texts:
            alike = next((i for i, text in enumerate(texts) if text != texts[0]), len(texts))
            last = first + alike - 1
            told.append(f"{first} to {last}: {texts[0]}" if alike > 1 else f"{first}: {texts[0]}")
            first, texts = last + 1, texts[alike:]
        super().__init__(
            f"{attempts} attempts in a row failed to bring the rows, and the client goes on trying ({'; '.join(told)})"
        )
        self.attempts = attempts
        self.errors = errors


class NotConnectedError(StdbError):
    """There is no open connection to send on, or several, and none was named."""


class EventLoopError(StdbError, RuntimeError):
    """The client was used from another event loop or thread than the one that it was connected in."""


class ArgumentError(StdbError, ValueError):
    """A value cannot be sent as the type that the module declares. Nothing was sent.

    Attributes:
        argument: where the value stands, such as `position.x` or `tags[3]`.
        problem: what is wrong with it.
    """

    def __init__(self, argument: str, problem: str) -> None:
        super().__init__(f"{argument}: {problem}" if argument else problem)
        self.argument = argument
        self.problem = problem


class ReducerError(StdbError):
    """The module refused a reducer call, or it could not run. Nothing of it was committed.

    Attributes:
        reducer: the reducer's name, as the module declares it.
        message: the module's or the server's text.
    """

    def __init__(self, reducer: str, message: str) -> None:
        super().__init__(f"{reducer}: {printable(message, limit=_MAX_LENGTH)}")
        self.reducer = reducer
        self.message = message


class OutOfEnergyError(ReducerError):
    """The call ran out of energy and was rolled back."""


class ProcedureError(StdbError):
    """A procedure failed, or could not run.

    Attributes:
        procedure: the procedure's name, as the module declares it.
        message: the server's text.
    """

    def __init__(self, procedure: str, message: str) -> None:
        super().__init__(f"{procedure}: {printable(message, limit=_MAX_LENGTH)}")
        self.procedure = procedure
        self.message = message


class QueryError(StdbError):
    """The server refused a one-off query.

    Attributes:
        query: its SQL.
        message: the server's text.
    """

    def __init__(self, query: str, message: str) -> None:
        super().__init__(f"{printable(message, limit=_MAX_LENGTH)} (in {query})")
        self.query = query
        self.message = message


class SlowConsumerError(StdbError):
    """An iterator over changes fell so far behind that its buffer is full; what came after is lost to it.

    Attributes:
        limit: how many changes the buffer holds.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"more than {limit} changes wait to be taken: take them faster, give a larger limit, "
            'or choose a policy that drops or merges changes ("drop_oldest", "coalesce")'
        )
        self.limit = limit


class SubscriptionError(StdbError):
    """The server refused a subscription.

    Attributes:
        queries: the SQL of the whole set: one bad query fails all of them.
        message: the server's text.
    """

    def __init__(self, queries: tuple[str, ...], message: str) -> None:
        text = printable(message, limit=_MAX_LENGTH)
        super().__init__(f"{text} (in {'; '.join(queries)})" if queries else text)
        self.queries = queries
        self.message = message


class ProtocolError(StdbError):
    """The peer sent something that the protocol does not allow at this point."""


class DecodeError(ProtocolError):
    """A message or a row does not have the declared shape.

    Attributes:
        table: the table of the row, or None where it is not about a row.
        path: where in the message or row, such as `$.position.x`.
        problem: what is wrong there.
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
        problem: what is wrong with it.
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
    """Generated code and this runtime do not fit together; the text says which side to update."""
