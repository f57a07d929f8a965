"""Connection without generated code on asyncio, and `connect`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from contextvars import copy_context
from typing import Self

from .._engine.backoff import Backoff
from .._engine.engine import Engine
from .._engine.handler import Callbacks, HandlerForm
from .._engine.handler_sink import HandlerSink
from .._handles.raw import BaseRawConnection, SchemaForm, readers_by
from .._handles.registry import registered
from .._protocol.endpoint import Endpoint
from .._protocol.rest import schema_path
from ..credentials import TokenStore
from ..errors import ArgumentError, NotConnectedError, StdbError
from .connection import Connection
from .http import fetch
from .options import Options, TokenSource

__all__ = ["RawConnection", "connect"]


class RawConnection(BaseRawConnection):
    """Connection to one database without generated code. `stdb_runtime.connect` makes it; it is used once.

    There are three ways:

    - `async with connect(...) as connection:` it is open in the block.
    - `await connection.run()`: until it is closed; fits an `asyncio.TaskGroup`.
    - `connection.start()`, and `await connection.close()` some time later.
    """

    def __init__(self, connection: Connection[HandlerSink], schema: SchemaForm | None, name: str | None) -> None:
        super().__init__(connection.engine)
        self._connection = connection
        self._schema = schema
        self._name = name
        self._stack = contextlib.AsyncExitStack()
        self._used = False
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._used:
            raise NotConnectedError("a connection is used once: call connect again")
        self._used = True
        async with self._stack:
            connection, schema = self._connection, self._schema
            self._stack.enter_context(registered(self._name, self))
            self._stack.push_async_callback(connection.close)
            if schema == "fetch":
                schema = await fetch(connection.endpoint, schema_path(connection.endpoint), connection.options)
            if schema is not None:
                self._engine.sink.readers = readers_by(schema, self._engine.encoding)
            await connection.open(copy_context())
            self._stack = self._stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def run(self) -> None:
        """Connect, and hand on messages until it is closed.

        Raises:
            StdbError: the connection could not be made, or was lost and cannot be made again.
        """
        async with self:
            error = await self._connection.ended()
        if error is not None:
            raise error

    def start(self) -> None:
        """Run in the background. What `run` would raise goes to `on_error`, or is logged."""
        self._running = asyncio.get_running_loop().create_task(self._run_reporting())

    async def close(self) -> None:
        """Close it. What is in flight fails with ConnectionLost."""
        await self._connection.close()
        if self._running is not None and self._running is not asyncio.current_task():
            await asyncio.wait({self._running})

    async def _run_reporting(self) -> None:
        try:
            await self.run()
        except StdbError as error:
            if not self._engine.was_open:  # a loss after that is reported where it is noticed
                self._engine.sink.report(error)
        except BaseException as error:
            # What a callback raised that is no Exception: the client's end, with this for its cause, is reported too.
            if isinstance(error, asyncio.CancelledError) or not self._engine.was_open:
                raise

    def __repr__(self) -> str:
        return f"<connection to {self._connection.endpoint}: {self.state.value}>"


def connect(
    *,
    handler: HandlerForm,
    host: str | None = None,
    port: int = 3000,
    tls: bool = False,
    uri: str | None = None,
    database: str | None = None,
    token: TokenSource = None,
    token_store: TokenStore | None = None,
    reconnect: bool = True,
    reconnect_delay_ms: int = 500,
    max_reconnect_delay_ms: int = 30_000,
    jitter: float = 0.0,
    subscribe_attempts: int = 5,
    resubscribe: bool = True,
    name: str | None = None,
    schema: SchemaForm | None = None,
    light: bool = False,
    confirmed: bool | None = None,
    open_timeout: float = 10.0,
    close_timeout: float = 10.0,
    max_message_size: int | None = 512 * 1024 * 1024,
    logger: logging.Logger | None = None,
) -> RawConnection:
    """A connection without generated code. Nothing is sent before it is entered, run or started.

    `SPACETIMEDB_URI`, `SPACETIMEDB_DATABASE` and `SPACETIMEDB_TOKEN` fill what is not given.

    Args:
        handler: the callbacks: an object or class with some of the methods of `Handler`, a pair of such and an argument
            that each callback gets last, or a mapping of names to functions.
        host: the server's host name or address.
        port: the server's port.
        tls: whether to use wss.
        uri: in place of host, port and tls: the server's address with scheme http, https, ws or wss.
        database: the database's name, or its identity in hexadecimal digits.
        token: proves an identity; None for a new one. What the server issues is kept over reconnections.
        token_store: where the token is kept between runs, such as `credentials.File("game")`, in place of `token`.
        reconnect: connect again whenever the connection is lost.
        reconnect_delay_ms: milliseconds before the first attempt; doubles with each in a row.
        max_reconnect_delay_ms: milliseconds that no delay exceeds.
        jitter: how much of each delay is left to chance, from 0 to 1.
        subscribe_attempts: how many attempts in a row may fail to bring the rows of all subscriptions before `on_error`
            gets ReconnectError; the connection goes on trying.
        resubscribe: ask again for all subscriptions after a reconnection.
        name: `stdb_runtime.get(name)` finds the connection while it lives.
        schema: `"fetch"`, a schema of version 9 or a generated package's `tables`, for rows with names; None for rows
            as JSON values, as they came.
        light: have the server leave out who changed rows and why.
        confirmed: have a server of 2.x tell only of what is on disk (True), or at once (False).
        open_timeout: seconds within which the server must have said who we are.
        close_timeout: seconds that closing the socket may take, and coroutine callbacks after it.
        max_message_size: bytes that a message of the server may have at most; a larger one ends the connection.
        logger: where to log instead of `stdb_runtime`.

    Raises:
        ArgumentError: an option is missing or has a value that cannot be meant.
        ConnectError: the address or the database's name is none.
    """
    _check_types(
        host=(host, str),
        port=(port, int),
        tls=(tls, bool),
        uri=(uri, str),
        database=(database, str),
        reconnect=(reconnect, bool),
        reconnect_delay_ms=(reconnect_delay_ms, int),
        max_reconnect_delay_ms=(max_reconnect_delay_ms, int),
        resubscribe=(resubscribe, bool),
        name=(name, str),
        light=(light, bool),
    )
    database = database or os.environ.get("SPACETIMEDB_DATABASE")
    if not database:
        raise ArgumentError("database", "give the name of a database, or set SPACETIMEDB_DATABASE")
    try:
        options = Options(
            token=token or (None if token_store is not None else os.environ.get("SPACETIMEDB_TOKEN")),
            token_store=token_store,
            light=light,
            confirmed=confirmed,
            reconnect=reconnect,
            backoff=Backoff(reconnect_delay_ms / 1000, max_reconnect_delay_ms / 1000, jitter),
            subscribe_attempts=subscribe_attempts,
            open_timeout=open_timeout,
            close_timeout=close_timeout,
            max_message_size=max_message_size,
        )
    except (ValueError, TypeError) as error:
        raise ArgumentError("", str(error)) from None
    endpoint = Endpoint.parse(_address(host, port, tls=tls, uri=uri), database)
    callbacks = Callbacks(handler)

    def make_sink(engine: Engine[HandlerSink]) -> HandlerSink:
        return HandlerSink(engine, callbacks, resubscribe=resubscribe, subscribe_attempts=subscribe_attempts)

    return RawConnection(Connection(endpoint, options, make_sink, logger=logger), schema, name)


def _address(host: str | None, port: int, *, tls: bool, uri: str | None) -> str:
    if host is not None and uri is not None:
        raise ArgumentError("uri", "give either uri, or host, port and tls")
    uri = uri or (None if host is not None else os.environ.get("SPACETIMEDB_URI"))
    if uri:
        return uri
    if not host:
        raise ArgumentError("host", "give the server's host, or uri, or set SPACETIMEDB_URI")
    return f"{'wss' if tls else 'ws'}://{f'[{host}]' if ':' in host else host}:{port}"


def _check_types(**given: tuple[object, type]) -> None:
    for option, (value, wanted) in given.items():
        if value is not None and type(value) is not wanted:
            raise ArgumentError(option, f"expected {wanted.__name__}, got {value!r}")
