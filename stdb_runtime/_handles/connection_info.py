"""Who a connection is and how it is doing, for the client of a generated package and the raw connection alike."""

from __future__ import annotations

from typing import Protocol

from .._protocol.events import Opened
from ..aio.connection import Connection, ConnectionState
from ..errors import NotConnectedError
from ..stats import Stats
from ..types import ConnectionId, Identity

__all__ = ["Presence"]


class Engine(Protocol):
    """What stands behind either."""

    connection: Connection
    stats: Stats
    opened_as: Opened | None


class Presence:
    """Who a connection is and how it is doing.

    Attributes:
        stats: what was counted.
    """

    def __init__(self, engine: Engine) -> None:
        self.stats: Stats = engine.stats
        self._engine = engine

    @property
    def identity(self) -> Identity:
        """Who this is, the same wherever it connects with the same token. NotConnectedError before it is known."""
        return self._opened.identity

    @property
    def connection_id(self) -> ConnectionId:
        """Which connection this is; another one after a reconnection. NotConnectedError before it is known."""
        return self._opened.connection_id

    @property
    def token(self) -> str:
        """The token that proves the identity. Keep it secret, and give it to the next `connect` to stay who you are.

        Raises:
            NotConnectedError: the server has issued none yet.
        """
        return self._opened.token

    @property
    def state(self) -> ConnectionState:
        """Where in its life the connection is."""
        return self._engine.connection.state

    @property
    def latency(self) -> float | None:
        """Seconds that the last ping took to be answered; None before the first answer, and without a connection."""
        return self._engine.connection.latency

    @property
    def _opened(self) -> Opened:
        if self._engine.opened_as is None:
            raise NotConnectedError("the server has not said yet who this is: connect first")
        return self._engine.opened_as
