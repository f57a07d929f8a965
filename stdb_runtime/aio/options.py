"""How to connect: everything about a connection that is not where it goes."""

from __future__ import annotations

from collections.abc import Callable
from ssl import SSLContext
from typing import TypeAlias

from .._engine.backoff import Backoff
from ..credentials import TokenStore
from ..text import HidesToken
from ..types import ConnectionId

__all__ = ["Options", "TokenSource"]

TokenSource: TypeAlias = "str | Callable[[], str | None] | None"
"""A token, a function that gives the one to use now, or None for a new identity."""


class Options(HidesToken, frozen=True, kw_only=True):
    """How to connect. The arguments of `connect` describe each.

    Raises:
        ValueError: a value cannot be meant.
    """

    token: TokenSource = None
    token_store: TokenStore | None = None
    light: bool = False
    confirmed: bool | None = None
    connection_id: ConnectionId | None = None
    reconnect: bool = True
    backoff: Backoff = Backoff()
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
                raise ValueError(f"{name} must be seconds, 0 or more, got {seconds!r}")

        if self.max_message_size is not None and self.max_message_size < 1:
            raise ValueError(f"max_message_size must be bytes, 1 or more, got {self.max_message_size!r}")
        if self.subscribe_attempts < 1:
            raise ValueError(f"subscribe_attempts must be 1 or more, got {self.subscribe_attempts!r}")

    def query(self, *, again: bool) -> dict[str, str]:
        """The parameters of the subscribe address (docs/protocol.md, 1.2).

        Args:
            again: whether this is a reconnection. The server makes a new connection id then, because it
                may not yet have noticed that the old connection is gone.
        """
        query: dict[str, str] = {}
        if self.connection_id is not None and not again:
            query["connection_id"] = self.connection_id.to_hex()
        if self.light:
            query["light"] = "true"
        if self.confirmed is not None:
            query["confirmed"] = str(self.confirmed).lower()
        return query
