"""Interface between the engine and an encoding of the protocol.

An encoding is a folder beside this module. It turns requests into frames, and frames into events. Other layers use it
only by the protocols of this module and the events of `events`.
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

Arguments: TypeAlias = Any  # Any: of a type of the encoding, which only its session knows
"""Encoded arguments of a call."""

Values: TypeAlias = Sequence[object] | Mapping[str, object]
"""Arguments of a call: in the order of the parameters or, without generated code, also by their names."""

ParameterSource: TypeAlias = Callable[[str], Parameters | None]
"""Function that returns the declared parameters of a reducer, given its name in the module; None if undeclared."""


class SessionState(Enum):
    """Lifecycle state of a session."""

    OPENING = "opening"
    OPEN = "open"
    ENDED = "ended"


class Session(Protocol):
    """Session of one connection: its requests, and the answers to them.

    The argument `request` is any object that stands for a request. The event of the answer has it, and `end` returns
    those of unanswered requests: requests in flight are registered nowhere else.
    """

    @property
    def state(self) -> SessionState:
        """Lifecycle state of the session."""
        ...

    @property
    def is_settled(self) -> bool:
        """True if every request about a subscription has been answered."""
        ...

    @property
    def in_flight(self) -> list[object]:
        """Requests in flight: the `request` of each call and query that has no answer yet."""
        ...

    def call(self, reducer: str, arguments: Arguments, request: object = None) -> int:
        """Request a reducer call.

        Args:
            reducer: the name of the reducer.
            arguments: its encoded arguments.
            request: the object that stands for the request.

        Returns:
            The request id, which the answer has too.

        Raises:
            NotConnectedError: the session is not open.
        """
        ...

    def call_without_reply(self, reducer: str, arguments: Arguments) -> None:
        """Request a reducer call whose result the server does not report. Raises as `call` does."""
        ...

    def call_procedure(
        self, procedure: str, arguments: Arguments, returns: SatsType | None = None, request: object = None
    ) -> int:
        """Request a procedure call, as `call` does. `returns` is the type of the returned value; None for JSON."""
        ...

    def query(self, sql: str, request: object = None) -> str:
        """Request a one-off query. Returns the message id, which the answer has too. Raises as `call` does."""
        ...

    def subscribe(self, queries: Sequence[str], query_id: int | None = None) -> int:
        """Request a subscription to a set of queries.

        Args:
            queries: the SQL of the queries.
            query_id: the query id to use again, if the subscription existed on an earlier connection.

        Returns:
            The query id of the subscription.

        Raises:
            NotConnectedError: the session is not open.
        """
        ...

    def subscribe_single(self, query: str, query_id: int | None = None) -> int:
        """Request a subscription to one query by the legacy message; otherwise as `subscribe`."""
        ...

    def subscribe_set(self, queries: Sequence[str]) -> int:
        """Request a subscription that replaces the connection's legacy set of queries. Returns the request id."""
        ...

    def unsubscribe(self, query_id: int) -> int:
        """Request the end of a subscription. Returns the request id. Raises as `subscribe` does."""
        ...

    def outgoing(self) -> list[bytes]:
        """Return the frames to send now. Each is returned once."""
        ...

    def receive(self, frame: bytes) -> list[Event]:
        """Decode a frame into events, in the order in which to handle them.

        Raises:
            ProtocolError: the frame is invalid, or not allowed at this point.
        """
        ...

    def end(self) -> list[object]:
        """End the session: the connection is lost. Returns the `request` of each unanswered call and query."""
        ...


class Encoding(Protocol):
    """Encoding of the protocol."""

    @property
    def subprotocol(self) -> str:
        """Name of the WebSocket subprotocol."""
        ...

    def new_session(self, parameters: ParameterSource | None, ids: Iterator[int]) -> Session:
        """Create the session of a new connection.

        Args:
            parameters: the declared parameters of reducers; None if there is no generated code.
            ids: the ids of requests, shared by all sessions of a client.
        """
        ...

    def arguments(self, values: Values, parameters: Parameters | None) -> Arguments:
        """Encode the arguments of a call.

        Args:
            values: the arguments: one for each parameter, or JSON values without declared parameters.
            parameters: the declared parameters; None if there is no generated code.

        Raises:
            ArgumentError: an argument cannot be sent.
        """
        ...

    def row_reader(self, row: type[R], table: str) -> RowReader[R]:
        """Create the decoder of a table's rows as instances of a row class."""
        ...

    def value_reader(self, row: SatsType | None, table: str) -> RowReader[Any]:  # Any: values of any type
        """Create the decoder of a table's rows as values of a type; as JSON values without one."""
        ...
