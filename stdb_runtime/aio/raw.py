"""Connection without generated code on asyncio, and `connect`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from contextvars import copy_context
from ssl import SSLContext
from typing import Self

from .._engine.backoff import Backoff
from .._engine.engine import Engine
from .._engine.handler import Callbacks, HandlerForm
from .._engine.handler_sink import HandlerSink
from .._handles.connection_info import engine_of
from .._handles.raw import BaseRawConnection, SchemaForm, readers_by
from .._handles.registry import registered
from .._protocol.endpoint import Endpoint
from .._protocol.rest import schema_path
from ..credentials import TokenStore
from ..errors import ArgumentError, EventLoopError, NotConnectedError, StdbError
from ..types import ConnectionId
from .connection import Connection
from .http import fetch
from .options import DEFAULT_BACKOFF, Options, TokenSource

__all__ = ["RawConnection", "connect"]


class RawConnection(BaseRawConnection):
    """Connection to a database without generated code, as `stdb_runtime.connect` creates it.

    Use it once, in one of three ways:

    - `async with connect(...) as connection:` opens it for the duration of the block.
    - `await connection.run()` runs it until it is closed, for example in an `asyncio.TaskGroup`.
    - `connection.start()` runs it in the background until `await connection.close()`.
    """

    def __init__(self, connection: Connection[HandlerSink], schema: SchemaForm | None, name: str | None) -> None:
        super().__init__(connection.engine)
        self._connection = connection
        self._schema = schema
        self._name = name
        self._stack = contextlib.AsyncExitStack()
        self._used = False
        self._running: asyncio.Task[None] | None = None
        self._is_closing = False

    async def __aenter__(self) -> Self:
        if self._used:
            raise NotConnectedError("a connection can be used once only: call connect again")
        self._used = True
        async with self._stack:
            connection, schema = self._connection, self._schema
            self._stack.enter_context(registered(self._name, self))
            self._stack.push_async_callback(connection.close)
            if schema == "fetch":
                schema = await fetch(connection.endpoint, schema_path(connection.endpoint), connection.options)
            if schema is not None:
                engine_of(self).sink.readers = readers_by(schema, engine_of(self).encoding)
            await connection.open(copy_context())
            self._stack = self._stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def run(self) -> None:
        """Connect, and pass messages to the handler until the connection is closed.

        Raises:
            StdbError: connecting failed, or the connection was lost and reconnecting is disabled or cannot succeed.
        """
        async with self:
            error = await self._connection.ended()
        if error is not None:
            raise error

    def start(self) -> None:
        """Run in the background. Errors that `run` would raise go to the handler's `on_error`, or are logged.

        Raises:
            EventLoopError: no event loop is running.
            NotConnectedError: it was started or closed already.
        """
        if self._running is not None or engine_of(self).is_closed:
            raise NotConnectedError("the connection was started or closed already: call connect for another one")
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise EventLoopError(
                "no event loop is running: call start() in an `async def` that asyncio.run(...) runs"
            ) from None
        self._running = loop.create_task(self._run_reporting())

    async def close(self) -> None:
        """Close the connection. Requests in flight fail with ConnectionLost."""
        self._is_closing = True
        with self._connection.detached():
            await self._connection.close()
            if self._running is not None and self._running is not asyncio.current_task():
                if not engine_of(self).was_open:
                    self._running.cancel()  # it fetches the schema
                await asyncio.wait({self._running})

    async def _run_reporting(self) -> None:
        try:
            await self.run()
        except StdbError as error:
            # The engine reports what ends an open connection.
            if not engine_of(self).was_open and not self._is_closing:
                engine_of(self).sink.report(error)
        except BaseException as error:
            # Not an Exception, such as SystemExit in a callback: the engine reports it as the cause of the end.
            if isinstance(error, asyncio.CancelledError) or not engine_of(self).was_open:
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
    light: bool = False,
    confirmed: bool | None = None,
    connection_id: ConnectionId | None = None,
    reconnect: bool = True,
    backoff: Backoff = DEFAULT_BACKOFF,
    reconnect_delay_ms: int | None = None,
    max_reconnect_delay_ms: int | None = None,
    jitter: float | None = None,
    subscribe_attempts: int = 5,
    resubscribe: bool = True,
    open_timeout: float = 10.0,
    close_timeout: float = 10.0,
    max_message_size: int | None = 512 * 1024 * 1024,
    ping_interval: float | None = 30.0,
    ping_timeout: float | None = 60.0,
    ssl: SSLContext | None = None,
    proxy: str | None = None,
    schema: SchemaForm | None = None,
    name: str | None = None,
    logger: logging.Logger | None = None,
) -> RawConnection:
    """Create a connection without generated code. It connects once it is entered, run or started.

    The environment variables `SPACETIMEDB_URI`, `SPACETIMEDB_DATABASE` and `SPACETIMEDB_TOKEN` are the defaults of the
    address, the database and the token.

    Args:
        handler: an object or class with some of the methods of `Handler`, a tuple of such a handler and an argument
            that is passed last to each callback, or a mapping of names to functions.
        host: the host name or IP address of the server.
        port: the port of the server.
        tls: True to connect with TLS (wss).
        uri: the address of the server, with scheme http, https, ws or wss, instead of `host`, `port` and `tls`.
        database: the name of the database, or its identity in hexadecimal digits.
        token: the token to authenticate with, or a function that returns one for each attempt to connect; None for a
            new identity, which is kept over reconnections.
        token_store: the store that keeps the token between runs, such as `credentials.File("game")`, instead of
            `token`. Its token is used if it has one, and the token that the server issues is saved in it.
        light: True to have transactions of other clients reported without their reducer call, which saves bytes.
        confirmed: True to have a server of 2.x report transactions only once they are durable, False to have them
            reported at once; None for the server's default.
        connection_id: the id of the first connection; None to let the server choose.
        reconnect: True to reconnect whenever the connection is lost.
        backoff: the delays before attempts to reconnect; `Backoff()` by default.
        reconnect_delay_ms: instead of `backoff`, the delay before the first attempt to reconnect, in milliseconds;
            doubled for each further attempt in a row; 500 by default.
        max_reconnect_delay_ms: instead of `backoff`, the maximum delay, in milliseconds; 30,000 by default.
        jitter: instead of `backoff`, the random share of each delay, from 0 (none, the default) to 1 (all of it).
        subscribe_attempts: failed attempts to reconnect in a row after which `on_error` gets ReconnectError; the
            connection keeps trying.
        resubscribe: True to subscribe again after a reconnection.
        open_timeout: seconds that connecting may take, up to the identity token message.
        close_timeout: seconds that closing the socket may take; then that coroutine callbacks have to finish.
        max_message_size: the size in bytes of the largest message to accept, which keeps a hostile server from filling
            the memory; None for no limit. A larger message ends the connection.
        ping_interval: seconds between keepalive pings; None for no pings.
        ping_timeout: seconds after which an unanswered ping ends the connection; None for no limit.
        ssl: the TLS context for https and wss, instead of the default one.
        proxy: the address of an HTTP or SOCKS proxy.
        schema: a schema of version 9, `"fetch"` to get it from the server, or a generated package's `tables`: rows are
            then mappings by column, or row classes. None for rows as the JSON values that the server sent.
        name: the name under which `stdb_runtime.get(name)` finds the connection until it is closed.
        logger: the logger to use instead of `stdb_runtime`; frames are logged at level DEBUG.

    Raises:
        ArgumentError: an option is missing, of a wrong type or out of range, or two of them exclude one another.
        ConnectError: the address or the name of the database is invalid.
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
    in_milliseconds = (reconnect_delay_ms, max_reconnect_delay_ms, jitter) != (None, None, None)
    if in_milliseconds and backoff is not DEFAULT_BACKOFF:
        raise ArgumentError("backoff", "give either backoff, or reconnect_delay_ms, max_reconnect_delay_ms and jitter")
    try:
        options = Options(
            token=token or (None if token_store is not None else os.environ.get("SPACETIMEDB_TOKEN")),
            token_store=token_store,
            light=light,
            confirmed=confirmed,
            connection_id=connection_id,
            reconnect=reconnect,
            backoff=_backoff(reconnect_delay_ms, max_reconnect_delay_ms, jitter) if in_milliseconds else backoff,
            subscribe_attempts=subscribe_attempts,
            open_timeout=open_timeout,
            close_timeout=close_timeout,
            max_message_size=max_message_size,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            ssl=ssl,
            proxy=proxy,
        )
    except (ValueError, TypeError) as error:
        raise ArgumentError("", str(error)) from None
    endpoint = Endpoint.parse(_address(host, port, tls=tls, uri=uri), database)
    callbacks = Callbacks(handler)

    def make_sink(engine: Engine[HandlerSink]) -> HandlerSink:
        return HandlerSink(engine, callbacks, resubscribe=resubscribe, subscribe_attempts=subscribe_attempts)

    return RawConnection(Connection(endpoint, options, make_sink, logger=logger), schema, name)


def _backoff(initial_ms: int | None, max_ms: int | None, jitter: float | None) -> Backoff:
    """Return a backoff of milliseconds, with the defaults of `Backoff`. Raises ValueError and TypeError."""
    given = {"initial_delay": initial_ms, "max_delay": max_ms}
    delays = {name: milliseconds / 1000 for name, milliseconds in given.items() if milliseconds is not None}
    return Backoff(**delays, jitter=0.0 if jitter is None else jitter)


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
