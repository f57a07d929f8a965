"""The client that is measured: a typed one, on the list driver of the engine's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from stdb_runtime._handles.table import TableSet
from stdb_runtime.errors import ConnectionLost
from tests.bench.bulk import Reducers, Tables
from tests.bench.micro.frames import subscribed
from tests.support.engine import typed_engine

if TYPE_CHECKING:
    import msgspec

T = TypeVar("T", bound=TableSet)


class MicroClient(Generic[T]):
    """A connected client of the list driver.

    Attributes:
        heard: what callbacks were called with: the rows.
    """

    def __init__(self, tables: type[T]) -> None:
        self.engine, self._driver = typed_engine(tables, Reducers)
        self._driver.connect()
        self.tables = tables(lambda: self.engine)
        self.reducers = Reducers(lambda: self.engine)
        self.heard: list[object] = []

    def subscribe(self, rows: msgspec.Raw) -> bytes:
        """Subscribe, and return the frame that answers."""
        self.engine.sink.subscribe(("SELECT * FROM any",))
        return subscribed(self._driver.sent[-1], rows)

    def reconnect(self, rows: msgspec.Raw) -> bytes:
        """Lose the connection and make it again, and return the frame with the rows."""
        self.engine.disconnected(ConnectionLost("lost"))
        self._driver.connect()
        return subscribed(self._driver.sent[-1], rows)

    def receive(self, *frames: bytes, hears: int) -> None:
        """Receive frames. So many callbacks must run."""
        for frame in frames:
            self.engine.receive(frame)
        assert len(self.heard) == hears


def bulk_client(rows: msgspec.Raw) -> MicroClient[Tables]:
    """A client that has rows of `bulk`, and hears of updates from now on."""
    client = MicroClient(Tables)
    client.receive(client.subscribe(rows), hears=0)
    client.tables.bulk.on_update(lambda event, old, new: client.heard.append(new))
    return client
