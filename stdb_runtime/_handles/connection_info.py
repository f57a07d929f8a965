"""Connection info: the identity and the state of a connection, with generated code and without."""

from __future__ import annotations

from typing import Generic, TypeVar

from .._engine.engine import Engine
from .._engine.lifecycle import ConnectionState
from .._engine.sink import Sink
from .._protocol.events import Opened
from ..errors import NotConnectedError
from ..stats import Stats
from ..types import ConnectionId, Identity

__all__ = ["ConnectionInfo"]


S = TypeVar("S", bound=Sink)


class ConnectionInfo(Generic[S]):
    """Identity and state of a connection.

    Attributes:
        stats: counters of messages, rows and callbacks, and latencies.
    """

    def __init__(self, engine: Engine[S]) -> None:
        self.stats: Stats = engine.stats
        self._engine = engine

    @property
    def identity(self) -> Identity:
        """Identity of this client: the same on every connection with the same token.

        Raises:
            NotConnectedError: the handshake is not done yet.
        """
        return self._opened.identity

    @property
    def connection_id(self) -> ConnectionId:
        """Id of this connection; a new one after a reconnection. Raises as `identity` does."""
        return self._opened.connection_id

    @property
    def token(self) -> str:
        """Token of the identity. Keep it secret, and pass it to the next `connect` to have the same identity.

        Raises:
            NotConnectedError: the handshake is not done yet.
        """
        return self._opened.token

    @property
    def state(self) -> ConnectionState:
        """Lifecycle state of the connection."""
        return self._engine.state

    @property
    def latency(self) -> float | None:
        """Round-trip time of the last ping, in seconds; None before the first answer, and without a connection."""
        return self._engine.driver.latency

    @property
    def _opened(self) -> Opened:
        if self._engine.opened is None:
            raise NotConnectedError("the server has not sent the identity yet: connect first")
        return self._engine.opened
