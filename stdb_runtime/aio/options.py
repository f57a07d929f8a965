"""Options of a connection."""

from __future__ import annotations

from collections.abc import Callable
from ssl import SSLContext
from typing import TypeAlias

from .._engine.backoff import Backoff
from ..credentials import TokenStore
from ..text import HidesToken
from ..types import ConnectionId

__all__ = ["DEFAULT_BACKOFF", "Options", "TokenSource"]

TokenSource: TypeAlias = "str | Callable[[], str | None] | None"
"""Token, a function that returns the token to use, or None for a new identity."""


DEFAULT_BACKOFF = Backoff()
"""Backoff that is used if none is given."""


class Options(HidesToken, frozen=True, kw_only=True):
    """Options of a connection, documented as arguments of both `connect`.

    Both repeat the names, types and defaults, for editors to show them: a test compares them with these.

    Raises:
        ValueError: a value is out of range, or both a token and a token store are given.
    """

    token: TokenSource = None
    token_store: TokenStore | None = None
    light: bool = False
    confirmed: bool | None = None
    connection_id: ConnectionId | None = None
    reconnect: bool = True
    backoff: Backoff = DEFAULT_BACKOFF
    subscribe_attempts: int = 5
    open_timeout: float = 10.0
    close_timeout: float = 10.0
    max_message_size: int | None = 512 * 1024 * 1024
    ping_interval: float | None = 30.0
    ping_timeout: float | None = 60.0
    ssl: SSLContext | None = None
    proxy: str | None = None

    def __post_init__(self) -> None:
        if self.token is not None and self.token_store is not None:
            raise ValueError("give a token or a token_store, not both")
        for name in ("open_timeout", "close_timeout", "ping_interval", "ping_timeout"):
            seconds = getattr(self, name)
            if seconds is not None and not seconds >= 0:
                raise ValueError(f"{name} must be a number of seconds, 0 or more, got {seconds!r}")

        if self.max_message_size is not None and self.max_message_size < 1:
            raise ValueError(f"max_message_size must be a number of bytes, 1 or more, got {self.max_message_size!r}")
        if self.subscribe_attempts < 1:
            raise ValueError(f"subscribe_attempts must be 1 or more, got {self.subscribe_attempts!r}")

    def query_parameters(self, *, reconnecting: bool) -> dict[str, str]:
        """Return the query parameters of the WebSocket URL (docs/protocol.md, 1.2).

        Args:
            reconnecting: True if this is a reconnection. The connection id is then left to the server, which may not
                have noticed yet that the old connection is lost.
        """
        parameters: dict[str, str] = {}
        if self.connection_id is not None and not reconnecting:
            parameters["connection_id"] = self.connection_id.to_hex()
        if self.light:
            parameters["light"] = "true"
        if self.confirmed is not None:
            parameters["confirmed"] = str(self.confirmed).lower()
        return parameters
