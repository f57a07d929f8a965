"""What generated packages are made of: everything that they use comes from here, and nothing else does.

A package begins with `Bindings(version=...)`, which refuses to work with a runtime that it was not made for.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from ssl import SSLContext
from typing import Generic, Literal, TypeVar

from ._engine.backoff import Backoff
from ._handles.current import CurrentClient
from ._handles.index import BTree, Hash, Unique
from ._handles.procedure import ProcedureSet, procedure
from ._handles.query import Column, Columns, OpaqueColumn, Selectable
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
    Enumeration,
    Product,
)
from .aio.client import Client, Module, connect
from .aio.options import Options, TokenSource
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
    "Client",
    "Column",
    "Columns",
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
    "ProcedureSet",
    "Product",
    "ReducerSet",
    "ScheduleAt",
    "Selectable",
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

VERSION = 1
"""What this runtime expects of generated code. It grows when code generated before would not work any more."""

D = TypeVar("D", bound=TableSet)
S = TypeVar("S", bound=ReducerSet)
P = TypeVar("P", bound=ProcedureSet)


class Bindings(Generic[D, S, P]):
    """A generated package: the ways into it.

    Args:
        version: what the package was generated for.
        schema_hash: names the schema that it was generated from.
        tables: the class of its tables.
        reducers: the class of its reducers.
        procedures: the class of its procedures.

    Attributes:
        tables: the tables of the client that is meant by the context; in `subscribe`, the queries for all their rows.
        reducers: the reducers of the client that is meant by the context.
        procedures: the procedures of the client that is meant by the context.

    Raises:
        BindingsError: the package was generated for another runtime.
    """

    def __init__(
        self, *, version: int, schema_hash: str, tables: type[D], reducers: type[S], procedures: type[P]
    ) -> None:
        if version != VERSION:
            remedy = "run stdb-codegen again" if version < VERSION else "update it with pip install --upgrade stdb"
            raise BindingsError(
                f"this package was generated for version {version} of the bindings, "
                f"and this runtime has version {VERSION}: {remedy}"
            )
        self.schema_hash = schema_hash
        current = CurrentClient(tables.__module__)
        self._module = Module(tables, reducers, procedures, current)
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
        backoff: Backoff = Backoff(),  # noqa: B008 - immutable
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
    ) -> AsyncGenerator[Client[D, S, P]]:
        """Connect to a database: `async with connect("http://localhost:3000", "my-module") as client`.

        In the block, `reducers` and `tables` of the package mean this client.

        Args:
            uri: the server's address with scheme http, https, ws or wss.
            database: the database's name, or its identity in hexadecimal digits.
            token: a `client.token` of before, to stay who you were, or a function that gives one for each attempt; None
                for a new identity, which is then kept over reconnections.
            token_store: where the token is kept between runs, such as `credentials.File("game")`, in place of `token`:
                the one that is there is shown, and the one that the server issues is kept.
            light: have the server leave out who changed rows and why, which saves bytes.
            confirmed: have a server of 2.x tell only of what is on disk (True), or at once (False); None for its
                default.
            connection_id: the connection's id, if it is not to be the server's choice.
            reconnect: connect again whenever the connection is lost.
            backoff: how long to wait before each attempt to connect again.
            subscribe_attempts: how many attempts in a row may fail to bring the rows of a subscription before whoever
                awaits it gets ReconnectError; the client goes on trying.
            open_timeout: seconds within which the server must have said who we are.
            close_timeout: seconds that requests in flight have to be answered at the end of the block, that closing the
                socket may take, and coroutine callbacks after it.
            max_message_size: bytes that a message of the server may have at most, so that a hostile one cannot fill the
                memory; None for any number. A larger one ends the connection.
            ping_interval: seconds between pings that notice a dead connection; None for no pings.
            ping_timeout: seconds that the answer to a ping may take.
            ssl: for https and wss, if the default is not right.
            proxy: the address of an HTTP or SOCKS proxy.
            verify_schema: compare the package with the server's schema: log what does not fit ("warn"), refuse to work
                with it ("error"), or do not ask ("off").
            on_connect: called as the method `on_connect` calls it, from the first connection on.
            on_disconnect: called as the method `on_disconnect` calls it, from the first connection on.
            name: `stdb_runtime.get(name)` finds the client while it lives.
            logger: where to log instead of `stdb_runtime`; frames are logged at level DEBUG.

        Raises:
            DatabaseNameError: the name is none that a database can have.
            ServerUnreachableError: no server answers there, or not in time.
            AuthError: the server refuses the token.
            UnknownDatabaseError: the server has no such database.
            ConnectionRejectedError: the module's client_connected reducer refuses.
            CredentialsError: the token cannot be read from its store, or not be kept there.
            ConnectError: anything else that keeps the connection from being made.
            BindingsError: the package does not fit the server's schema, and `verify_schema` is "error".
            SchemaError: the server's schema cannot be read, and `verify_schema` is "error".
            ArgumentError: another live client has the name.
            ValueError: an option has a value that cannot be meant.
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
