"""The seam between the engine and an encoding: what a session, its messages' rows and their readers look like.

An encoding is one folder beside this module. It turns requests into frames and frames into events; all that the layers
above see of it are the protocols here and the events of `events`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Protocol, TypeAlias, TypeVar

from .._sats.annotation import Product
from .._sats.parameters import Parameters
from .._sats.sats import SatsType
from .events import Event
from .rows import RowReader

__all__ = [
    "Arguments",
    "Encoding",
    "ParameterSource",
    "Session",
    "SessionState",
    "Values",
]

R = TypeVar("R", bound=Product)

Arguments: TypeAlias = Any  # Any: each encoding's own, which only its session looks into
"""Encoded arguments of a call."""

Values: TypeAlias = Sequence[object] | Mapping[str, object]
"""Arguments of a call: in order or, without generated code, also by the parameters' names."""

ParameterSource: TypeAlias = Callable[[str], Parameters | None]
"""Gives the declared parameters of a reducer by its name in the module, or None if it is not declared."""


class SessionState(Enum):
    """Lifecycle state of a session."""

    OPENING = "opening"
    OPEN = "open"
    ENDED = "ended"


class Session(Protocol):
    """Requests of one connection, and the answers to them.

    The `request` that is given with a request is any object that stands for it: the event of the answer has it, and
    `end` returns those that were not answered. It is the only place where what is in flight is registered.
    """

    @property
    def state(self) -> SessionState:
        """Lifecycle state."""
        ...

    @property
    def is_settled(self) -> bool:
        """True if every request about a subscription has been answered."""
        ...

    @property
    def in_flight(self) -> list[object]:
        """The `request` of each call and query that has no answer yet."""
        ...

    def call(self, reducer: str, arguments: Arguments, request: object = None) -> int:
        """Request a reducer call.

        Args:
            reducer: the reducer's name.
            arguments: its arguments, as the encoding encoded them.
            request: stands for the request.

        Returns:
            The request id of the answer.

        Raises:
            NotConnectedError: the session is not open.
        """
        ...

    def call_without_reply(self, reducer: str, arguments: Arguments) -> None:
        """Request a reducer call whose outcome the server does not report. Raises as `call` does."""
        ...

    def call_procedure(
        self, procedure: str, arguments: Arguments, returns: SatsType | None = None, request: object = None
    ) -> int:
        """Request a procedure call, as `call` does. `returns` is the type of the returned value; None for JSON."""
        ...

    def query(self, sql: str, request: object = None) -> str:
        """Request the rows of a query once. Returns the message id of the answer. Raises as `call` does."""
        ...

    def subscribe(self, queries: Sequence[str], query_id: int | None = None) -> int:
        """Request the rows of a set of queries, and their changes from then on.

        Args:
            queries: SQL.
            query_id: the id of a subscription of an earlier session that is made again.

        Returns:
            The query id of the subscription.

        Raises:
            NotConnectedError: the session is not open.
        """
        ...

    def subscribe_single(self, query: str, query_id: int | None = None) -> int:
        """Request the rows of one query by the legacy message; otherwise as `subscribe`."""
        ...

    def subscribe_set(self, queries: Sequence[str]) -> int:
        """Request the rows of the connection's one legacy set of queries. Returns the request id of the answer."""
        ...

    def unsubscribe(self, query_id: int) -> int:
        """Request the end of a subscription. Returns the request id of the answer. Raises as `subscribe` does."""
        ...

    def outgoing(self) -> list[bytes]:
        """Frames to send now; each is returned once."""
        ...

    def receive(self, frame: bytes) -> list[Event]:
        """Decode a frame into events, in the order in which to act on them.

        Raises:
            ProtocolError: the frame is not allowed here, or not of the protocol.
        """
        ...

    def end(self) -> list[object]:
        """End the session: the connection is lost. Returns the `request` of each that will get no answer."""
        ...


class Encoding(Protocol):
    """An encoding of the protocol."""

    @property
    def subprotocol(self) -> str:
        """Name of the WebSocket subprotocol."""
        ...

    def new_session(self, parameters: ParameterSource | None, ids: Iterator[int]) -> Session:
        """Create the session of a new connection.

        Args:
            parameters: the declared parameters of reducers; None if there is no generated code.
            ids: numbers of requests, shared by all sessions of a client.
        """
        ...

    def arguments(self, values: Values, parameters: Parameters | None) -> Arguments:
        """Encode the arguments of a call.

        Args:
            values: the arguments: one for each parameter, or JSON values where nothing is declared.
            parameters: the declared parameters.

        Raises:
            ArgumentError: an argument cannot be sent.
        """
        ...

    def row_reader(self, row: type[R], table: str) -> RowReader[R]:
        """Create the reader of a table's rows as instances of a row class."""
        ...

    def value_reader(self, row: SatsType | None, table: str) -> RowReader[Any]:  # Any: values of whatever type
        """Create the reader of a table's rows as values of a type; as JSON values without one."""
        ...
