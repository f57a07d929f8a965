"""Client of one module on asyncio, and `connect`."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextvars import copy_context
from functools import lru_cache
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from .._engine.cache_sink import CacheSink
from .._engine.hidden import Hidden
from .._handles.client import BaseClient
from .._handles.current import CurrentClient
from .._handles.procedure import ProcedureSet
from .._handles.query import QueryLike
from .._handles.reducer import ReducerSet, parameters_of
from .._handles.registry import registered
from .._handles.schema_difference import schema_difference
from .._handles.subscription import Subscription
from .._handles.table import TableSet, declarations_of
from .._protocol.endpoint import Endpoint
from .._protocol.rest import schema_path
from .._sats.schema import Schema
from ..errors import BindingsError, ConnectError, SchemaError, StdbError
from .connection import Connection
from .http import fetch
from .options import Options

__all__ = ["CONNECTION", "Client", "Module", "connect"]

D = TypeVar("D", bound=TableSet)
S = TypeVar("S", bound=ReducerSet)
P = TypeVar("P", bound=ProcedureSet)
C = TypeVar("C", bound="Client[Any, Any, Any]")  # Any: the class of a package has its own

_MAX_DIFFERENCES = 5  # in one message

CONNECTION: Hidden[Connection[CacheSink]] = Hidden("_connection")
"""Connection of a client."""


class Client(BaseClient[D, S, P]):
    """Client of one database, open within its `async with connect(...)` block.

    Attributes:
        db: the tables, with the cached rows of the active subscriptions.
        reducers: the reducers; calling one sends the call at once.
        procedures: the procedures; calling one sends the call at once.
    """

    def __init__(
        self, connection: Connection[CacheSink], tables: type[D], reducers: type[S], procedures: type[P]
    ) -> None:
        super().__init__(connection.engine, tables, reducers, procedures)
        CONNECTION.set(self, connection)

    @contextlib.asynccontextmanager
    async def subscription(self, *queries: QueryLike | Sequence[QueryLike]) -> AsyncGenerator[Subscription]:
        """Subscribe for the duration of an `async with` block, in which the rows are in the cache.

        Args:
            queries: tables, typed queries and SQL, as for `subscribe`.

        Raises:
            SubscriptionError: the server refused a query.
            ArgumentError: no query is given, or something else than a query.
            NotConnectedError: there is no open connection.
        """
        subscription = self.subscribe(*queries)
        try:
            await subscription
        except BaseException:
            subscription.unsubscribe()  # its rows may still come
            raise
        try:
            yield subscription
        finally:
            ended = subscription.unsubscribe()
            if self.is_active:
                await ended

    # --- lifecycle ----------------------------------------------------------------------------------------------------

    async def closed(self) -> None:
        """Wait until the client is closed.

        Raises:
            StdbError: the client gave up, because reconnecting is disabled or cannot succeed.
        """
        error = await CONNECTION.of(self).ended()
        if error is not None:
            raise error

    async def run_forever(self) -> None:
        """Run callbacks until the client is closed, as bots do. Raises as `closed` does."""
        await self.closed()

    async def drain(self) -> None:
        """Wait until no request is unanswered and no coroutine callback is running."""
        await CONNECTION.of(self).drain()

    async def close(self) -> None:
        """Close the client. Requests in flight fail with ConnectionLost; the cached rows stay readable.

        Waits up to `close_timeout` seconds for coroutine callbacks, and then cancels them. A coroutine callback that
        calls this does not wait for itself.
        """
        await CONNECTION.of(self).close()

    def __repr__(self) -> str:
        return f"<client of {CONNECTION.of(self).endpoint}: {self.state.value}>"


class Module(NamedTuple, Generic[C]):
    """Declarations of a generated package, and its current client."""

    client: type[C]
    tables: type[TableSet]
    reducers: type[ReducerSet]
    procedures: type[ProcedureSet]
    current: CurrentClient


@contextlib.asynccontextmanager
async def connect(
    module: Module[C],
    endpoint: Endpoint,
    options: Options,
    *,
    verify_schema: Literal["warn", "error", "off"],
    on_connect: Callable[[], object] | None,
    on_disconnect: Callable[[StdbError | None], object] | None,
    name: str | None,
    logger: logging.Logger | None,
) -> AsyncGenerator[C]:
    """Connect to a database for the duration of an `async with` block. See `Bindings.connect`."""
    declarations = declarations_of(module.tables)
    connection = Connection(
        endpoint,
        options,
        lambda engine: CacheSink(engine, declarations),
        parameters_of(module.reducers).get,
        logger,
    )
    engine = connection.engine
    client = module.client(connection, module.tables, module.reducers, module.procedures)
    if on_connect is not None:
        engine.sink.on_connect.add(on_connect)
    if on_disconnect is not None:
        engine.sink.on_disconnect.add(on_disconnect)
    context = copy_context()
    context.run(module.current.enter, engine)
    with registered(name, client):
        await connection.open(context)
        module.current.enter(engine)
        try:
            if verify_schema != "off":
                await _verify(module, connection, strict=verify_schema == "error")
            with module.current.known(engine):
                yield client
                await connection.settle()
        finally:
            module.current.leave(engine)
            await connection.close()


async def _verify(module: Module[C], connection: Connection[CacheSink], *, strict: bool) -> None:
    """Compare a package with the server's schema.

    Raises:
        BindingsError: they differ, and `strict` is True.
        ConnectError: the schema cannot be fetched, and `strict` is True.
        SchemaError: the schema cannot be read, and `strict` is True.
    """
    endpoint, engine = connection.endpoint, connection.engine
    try:
        text = await fetch(endpoint, schema_path(endpoint), connection.options, engine.token)
        changed = _difference(module, text)
    except (ConnectError, SchemaError) as error:
        if strict:
            raise
        engine.logger.warning("the schema of %s could not be verified: %s", endpoint, error)
        return
    if changed:
        problem = f"the schema of {endpoint} differs from the one of this package: {_listed(changed)}"
        if strict:
            raise BindingsError(f"{problem}; run stdb-codegen again")
        engine.logger.warning("%s; run stdb-codegen again", problem)


@lru_cache(maxsize=8)  # many clients of one program connect to the same databases, each once
def _difference(module: Module[Any], schema: bytes) -> tuple[str, ...]:  # Any: sets of any package
    """Return the differences between a package and the text of a schema. Raises SchemaError if it cannot be read."""
    return tuple(schema_difference(module.tables, module.reducers, Schema(schema)))


def _listed(differences: Sequence[str]) -> str:
    """Return differences as one line: all if they are few, else the first ones, and how to see the others."""
    if len(differences) <= _MAX_DIFFERENCES:
        return "; ".join(differences)
    first = "; ".join(differences[:_MAX_DIFFERENCES])
    return f"{len(differences)} differences: {first}; ... (see all with stdb-codegen generate --check)"
