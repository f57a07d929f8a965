"""What generated packages are made of: everything that they use comes from here, and nothing else does.

A package begins with `Bindings(version=...)`, which refuses to work with a runtime that it was not made for.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Generator
from contextvars import ContextVar, copy_context
from typing import Generic, TypeVar

from .annotation import (
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
from .client import Client
from .endpoint import Endpoint
from .errors import BindingsError, NotConnectedError
from .reducer import ReducerCall, ReducerSet, reducer
from .state import TableState
from .table import BTree, KeyedTable, Table, TableSet, Unique
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
    "ConnectionId",
    "Enumeration",
    "Err",
    "Identity",
    "KeyedTable",
    "Ok",
    "Product",
    "ReducerSet",
    "ScheduleAt",
    "Some",
    "Table",
    "TableSet",
    "TimeDuration",
    "Timestamp",
    "Unique",
    "Uuid",
    "Variant",
    "reducer",
]

VERSION = 1
"""What this runtime expects of generated code. It grows when code generated before would not work any more."""

D = TypeVar("D", bound=TableSet)
S = TypeVar("S", bound=ReducerSet)


class _Ambient(Generic[D, S]):
    """The client that `reducers` and `tables` of a package mean without being told.

    That is the innermost open client of the `async with connect(...)` blocks around, else the only open client of this
    event loop.
    """

    def __init__(self, package: str) -> None:
        # Of its own for each package, so that clients of two modules do not get in each other's way.
        self._entered: ContextVar[tuple[Client[D, S], ...]] = ContextVar(f"{package} clients", default=())
        self._clients: list[tuple[asyncio.AbstractEventLoop, Client[D, S]]] = []

    def enter(self, client: Client[D, S]) -> None:
        """From here on, in this context, `client` is meant."""
        self._entered.set((*self._entered.get(), client))

    def leave(self, client: Client[D, S]) -> None:
        """From here on, in this context, `client` is not meant any more, whichever was entered since."""
        self._entered.set(tuple(other for other in self._entered.get() if other is not client))

    @contextlib.contextmanager
    def known(self, client: Client[D, S]) -> Generator[None]:
        """For the time of the block, contexts that entered no client may mean this one."""
        entry = (asyncio.get_running_loop(), client)
        self._clients.append(entry)
        try:
            yield
        finally:
            self._clients.remove(entry)

    def client(self) -> Client[D, S]:
        """The client that is meant.

        Raises:
            NotConnectedError: there is none, or several could be meant.
        """
        for client in reversed(self._entered.get()):
            if client.is_open:
                return client
        loop = asyncio.get_running_loop()
        candidates = [client for where, client in self._clients if where is loop and client.is_open]
        if len(candidates) == 1:
            return candidates[0]
        problem = "several clients are open" if candidates else "no client is open"
        raise NotConnectedError(
            f"{problem} here: use `async with connect(...) as client`, then `client.reducers` and `client.db`"
        )

    def table_state(self, name: str) -> TableState[Product]:
        """The state of a table of the client that is meant."""
        return self.client().table_state(name)

    def call_reducer(self, reducer: str, args: str) -> ReducerCall:
        """Call a reducer on the client that is meant."""
        return self.client().call_reducer(reducer, args)


class Bindings(Generic[D, S]):
    """A generated package: the ways into it.

    Args:
        version: what the package was generated for.
        schema_hash: names the schema that it was generated from.
        tables: the class of its tables.
        reducers: the class of its reducers.

    Attributes:
        tables: the tables of the client that is meant by the context; in `subscribe`, the queries for all their rows.
        reducers: the reducers of the client that is meant by the context.

    Raises:
        BindingsError: the package was generated for another runtime.
    """

    def __init__(self, *, version: int, schema_hash: str, tables: type[D], reducers: type[S]) -> None:
        if version != VERSION:
            older = version < VERSION
            remedy = "run stdb-codegen again" if older else "update it with pip install --upgrade stdb"
            raise BindingsError(
                f"this package was generated for version {version} of the bindings, "
                f"and this runtime has version {VERSION}: {remedy}"
            )
        self._schema_hash = schema_hash
        self._tables = tables
        self._reducers = reducers
        self._ambient: _Ambient[D, S] = _Ambient(tables.__module__)
        self.tables = tables(self._ambient)
        self.reducers = reducers(self._ambient)

    @contextlib.asynccontextmanager
    async def connect(
        self,
        uri: str,
        database: str,
        *,
        token: str | None = None,
        open_timeout: float = 10.0,
        close_timeout: float = 10.0,
    ) -> AsyncGenerator[Client[D, S]]:
        """Connect to a database: `async with connect("http://localhost:3000", "my-module") as client`.

        In the block, `reducers` and `tables` of the package mean this client.

        Args:
            uri: the server's address with scheme http, https, ws or wss.
            database: the database's name, or its identity in hexadecimal digits.
            token: a `client.token` of before, to stay who you were; None for a new identity.
            open_timeout: seconds within which the server must have said who we are.
            close_timeout: seconds that coroutine callbacks may still take at the end.

        Raises:
            DatabaseNameError: the name is none that a database can have.
            ServerUnreachableError: no server answers there, or not in time.
            AuthError: the server refuses the token.
            UnknownDatabaseError: the server has no such database.
            ConnectionRejectedError: the module's client_connected reducer refuses.
            ConnectError: anything else that keeps the connection from being made.
        """
        endpoint = Endpoint.parse(uri, database)
        client = Client(self._tables, self._reducers)
        context = copy_context()
        context.run(self._ambient.enter, client)
        await client.open(endpoint, token, open_timeout, context)
        self._ambient.enter(client)
        try:
            with self._ambient.known(client):
                yield client
        finally:
            self._ambient.leave(client)
            await client.close(close_timeout)
