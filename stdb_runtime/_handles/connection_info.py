"""Connection info: the identity and the state of a connection, with generated code and without."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from .._engine.engine import Engine
from .._engine.hidden import Hidden
from .._engine.lifecycle import ConnectionState
from .._engine.sink import Sink
from .._protocol.events import Opened
from ..errors import NotConnectedError
from ..stats import Stats
from ..types import ConnectionId, Identity

__all__ = ["ConnectionInfo", "engine_of"]


S = TypeVar("S", bound=Sink)

_ENGINE: Hidden[Engine[Any]] = Hidden("_engine")  # Any: `engine_of` tells the kind of its sink


class ConnectionInfo(Generic[S]):
    """Identity and state of a connection.

    Attributes:
        stats: counters of messages, rows and callbacks, and latencies.
    """

    def __init__(self, engine: Engine[S]) -> None:
        self.stats: Stats = engine.stats
        _ENGINE.set(self, engine)

    @property
    def identity(self) -> Identity:
        """Identity of this client: the same on every connection with the same token.

        Raises:
            NotConnectedError: the handshake is not done yet.
        """
        return _opened(engine_of(self)).identity

    @property
    def connection_id(self) -> ConnectionId:
        """Id of this connection; a new one after a reconnection. Raises as `identity` does."""
        return _opened(engine_of(self)).connection_id

    @property
    def token(self) -> str:
        """Token of the identity. Keep it secret, and pass it to the next `connect` to have the same identity.

        Raises:
            NotConnectedError: the handshake is not done yet.
        """
        return _opened(engine_of(self)).token

    @property
    def state(self) -> ConnectionState:
        """Lifecycle state of the connection."""
        return engine_of(self).state

    @property
    def latency(self) -> float | None:
        """Round-trip time of the last ping, in seconds; None before the first answer, and without a connection."""
        return engine_of(self).driver.latency


def engine_of(connection: ConnectionInfo[S]) -> Engine[S]:
    """Return the engine of a connection."""
    return _ENGINE.of(connection)


def _opened(engine: Engine[Any]) -> Opened:  # Any: of any kind
    if engine.opened is None:
        raise NotConnectedError("the server has not sent the identity yet: connect first")
    return engine.opened
