"""Names that generated packages import: all that they use, and nothing else.

A package begins with `Bindings(version=...)`, which raises BindingsError if the runtime does not fit.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from ssl import SSLContext
from typing import Any, Generic, Literal, TypeVar

from ._engine.backoff import Backoff
from ._engine.result import PendingResult, ReducerCall
from ._handles.current import CurrentClient
from ._handles.index import BTree, Hash, Unique
from ._handles.procedure import ProcedureSet, procedure
from ._handles.query import Column, OpaqueColumn
from ._handles.reducer import OnReducer, ReducerSet, reducer
from ._handles.table import EventTable, KeyedTable, Table, TableSet
from ._protocol.endpoint import Endpoint
from ._sats.annotation import (
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    I128,
    I256,
    U8,
    U16,
    U32,
    U64,
    U128,
    U256,
    BytesLike,
    Enumeration,
    Product,
)
from .aio.client import Client, Module, connect
from .aio.options import DEFAULT_BACKOFF, Options, TokenSource
from .credentials import TokenStore
from .errors import BindingsError, StdbError
from .types import ConnectionId, Err, Identity, Ok, ScheduleAt, Some, TimeDuration, Timestamp, Uuid, Variant

__all__ = [
    "F32",
    "F64",
    "I8",
    "I16",
    "I32",
    "I64",
    "I128",
    "I256",
    "U8",
    "U16",
    "U32",
    "U64",
    "U128",
    "U256",
    "VERSION",
    "BTree",
    "Bindings",
    "BytesLike",
    "Client",
    "Column",
    "ConnectionId",
    "Enumeration",
    "Err",
    "EventTable",
    "Hash",
    "Identity",
    "KeyedTable",
    "Ok",
    "OnReducer",
    "OpaqueColumn",
    "PendingResult",
    "ProcedureSet",
    "Product",
    "ReducerCall",
    "ReducerSet",
    "ScheduleAt",
    "Sequence",
    "Some",
    "Table",
    "TableSet",
    "TimeDuration",
    "Timestamp",
    "Unique",
    "Uuid",
    "Variant",
    "procedure",
    "reducer",
]

VERSION = 3
"""Version of the bindings, which grows when code that was generated before no longer works."""

D = TypeVar("D", bound=TableSet)
S = TypeVar("S", bound=ReducerSet)
P = TypeVar("P", bound=ProcedureSet)
C = TypeVar("C", bound=Client[Any, Any, Any])  # Any: the class of a package has its own


class Bindings(Generic[C, D, S, P]):
    """Entry point of a generated package: `connect`, and the tables, reducers and procedures of the current client.

    The current client is that of the `async with connect(...)` around the caller, else the only open one.

    Args:
        version: the version of the bindings that the package was generated for.
        schema_hash: the hash of the schema that it was generated from.
        client: the class of its clients.
        tables: the class of its tables.
        reducers: the class of its reducers.
        procedures: the class of its procedures.

    Attributes:
        tables: the tables of the current client; as arguments of `subscribe`, the queries for all their rows.
        reducers: the reducers of the current client.
        procedures: the procedures of the current client.

    Raises:
        BindingsError: the package was generated for another version of the bindings.
    """

    def __init__(
        self,
        *,
        version: int,
        schema_hash: str,
        client: type[C],
        tables: type[D],
        reducers: type[S],
        procedures: type[P],
    ) -> None:
        if version != VERSION:
            remedy = "run stdb-codegen again" if version < VERSION else "update it with pip install --upgrade stdb"
            raise BindingsError(
                f"this package was generated for version {version} of the bindings, "
                f"and this runtime has version {VERSION}: {remedy}"
            )
        self.schema_hash = schema_hash
        current = CurrentClient(tables.__module__)
        self._module = Module(client, tables, reducers, procedures, current)
        self.tables = tables(current.engine)
        self.reducers = reducers(current.engine)
        self.procedures = procedures(current.engine)

    @contextlib.asynccontextmanager
    async def connect(
        self,
        uri: str,
        database: str,
        *,
        token: TokenSource = None,
        token_store: TokenStore | None = None,
        light: bool = False,
        confirmed: bool | None = None,
        connection_id: ConnectionId | None = None,
        reconnect: bool = True,
        backoff: Backoff = DEFAULT_BACKOFF,
        subscribe_attempts: int = 5,
        open_timeout: float = 10.0,
        close_timeout: float = 10.0,
        max_message_size: int | None = 512 * 1024 * 1024,
        ping_interval: float | None = 30.0,
        ping_timeout: float | None = 60.0,
        ssl: SSLContext | None = None,
        proxy: str | None = None,
        verify_schema: Literal["warn", "error", "off"] = "warn",
        on_connect: Callable[[], object] | None = None,
        on_disconnect: Callable[[StdbError | None], object] | None = None,
        name: str | None = None,
        logger: logging.Logger | None = None,
    ) -> AsyncGenerator[C]:
        """Connect to a database: `async with connect("http://localhost:3000", "my-module") as client`.

        In the block, `reducers` and `tables` of the package refer to this client.

        Args:
            uri: the address of the server, with scheme http, https, ws or wss.
            database: the name of the database, or its identity in hexadecimal digits.
            token: the token to authenticate with, such as an earlier `client.token`, or a function that returns one
                for each attempt to connect; None for a new identity, which is kept over reconnections.
            token_store: the store that keeps the token between runs, such as `credentials.File("game")`, instead of
                `token`. Its token is used if it has one, and the token that the server issues is saved in it.
            light: True to have transactions of other clients reported without their reducer call, which saves bytes;
                the cause of their changes is then `UnknownTransaction`.
            confirmed: True to have a server of 2.x report transactions only once they are durable, False to have them
                reported at once; None for the server's default.
            connection_id: the id of the first connection; None to let the server choose.
            reconnect: True to reconnect whenever the connection is lost.
            backoff: the delays before attempts to reconnect; `Backoff()` by default.
            subscribe_attempts: failed attempts to reconnect in a row after which code that awaits a subscription gets
                ReconnectError; the client keeps trying.
            open_timeout: seconds that connecting may take, up to the identity token message.
            close_timeout: seconds that requests in flight have at the end of the block to be answered; then that
                closing the socket may take; then that coroutine callbacks have to finish.
            max_message_size: the size in bytes of the largest message to accept, which keeps a hostile server from
                filling the memory; None for no limit. A larger message ends the connection.
            ping_interval: seconds between keepalive pings; None for no pings.
            ping_timeout: seconds after which an unanswered ping ends the connection; None for no limit.
            ssl: the TLS context for https and wss, instead of the default one.
            proxy: the address of an HTTP or SOCKS proxy.
            verify_schema: compare the package with the server's schema, and log the differences ("warn") or raise
                BindingsError ("error"); or do not compare ("off").
            on_connect: a callback as for `client.on_connect`, which is called for the first connection too: before the
                block is entered, when the package's `reducers` and `tables` can be used already.
            on_disconnect: a callback as for `client.on_disconnect`.
            name: the name under which `stdb_runtime.get(name)` finds the client until it is closed.
            logger: the logger to use instead of `stdb_runtime`; frames are logged at level DEBUG.

        Raises:
            DatabaseNameError: the text is neither a valid database name nor an identity.
            ServerUnreachableError: no server answers at the address, or not in time.
            AuthError: the server refuses the token.
            UnknownDatabaseError: the server has no such database.
            ConnectionRejectedError: the module's client_connected reducer returned an error.
            TokenSourceError: the function or the store that gives the token failed.
            CredentialsError: the token cannot be read from its store, or not be saved in it.
            ConnectError: the connection cannot be established for another reason.
            BindingsError: the package does not fit the server's schema, and `verify_schema` is "error".
            SchemaError: the server's schema cannot be read, and `verify_schema` is "error".
            ArgumentError: another open client has the name.
            ValueError: the value of an option is out of range, or both `token` and `token_store` are given.
        """
        options = Options(
            token=token,
            token_store=token_store,
            light=light,
            confirmed=confirmed,
            connection_id=connection_id,
            reconnect=reconnect,
            backoff=backoff,
            subscribe_attempts=subscribe_attempts,
            open_timeout=open_timeout,
            close_timeout=close_timeout,
            max_message_size=max_message_size,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            ssl=ssl,
            proxy=proxy,
        )
        async with connect(
            self._module,
            Endpoint.parse(uri, database),
            options,
            verify_schema=verify_schema,
            on_connect=on_connect,
            on_disconnect=on_disconnect,
            name=name,
            logger=logger,
        ) as client:
            yield client
