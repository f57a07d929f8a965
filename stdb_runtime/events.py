"""Events that callbacks receive: causes of row changes, and results of reducer calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, cast

import msgspec

from .types import ConnectionId, Identity, TimeDuration, Timestamp

__all__ = [
    "ArgumentReader",
    "Cause",
    "Reconciled",
    "ReducerEvent",
    "RowEvent",
    "SubscriptionApplied",
    "SubscriptionEnded",
    "UnknownTransaction",
]

if TYPE_CHECKING:
    from typing_extensions import TypeVar  # checkers have it built in; `typing` knows defaults only since Python 3.13

    C = TypeVar("C", default=Any)  # Any: whoever writes `RowEvent` alone does not say which client
else:
    from typing import TypeVar

    C = TypeVar("C")

ArgumentReader: TypeAlias = Callable[[str, str], tuple[object, ...]]
"""Function that decodes the arguments of a reducer, given its name and their JSON text."""


class ReducerEvent(msgspec.Struct, frozen=True, gc=False):
    """Reducer call that the server reported, of this client or another one (docs/protocol.md, 4.1).

    Attributes:
        reducer: the name of the reducer, as the module declares it; empty for a change made by SQL.
        status: the status of the call. Failed calls are reported only to their caller.
        message: the error text of the module or the server, if the call failed.
        timestamp: the time at which the server ran it.
        caller_identity: the identity of the caller.
        caller_connection_id: the connection of the caller; None for a call without one, such as a scheduled one.
        energy: the energy used.
        duration: the execution time on the server.
        args: the JSON text of the arguments, as the caller wrote it.
    """

    reducer: str
    status: Literal["committed", "failed", "out_of_energy"]
    message: str
    timestamp: Timestamp
    caller_identity: Identity
    caller_connection_id: ConnectionId | None
    energy: int
    duration: TimeDuration
    args: str
    _read: ArgumentReader

    @property
    def arguments(self) -> tuple[object, ...]:
        """Arguments of the call, as values of the declared types; decoded at each access.

        Raises:
            BindingsError: the generated code does not know the reducer.
            DecodeError: the arguments do not have the types that the generated code declares.
        """
        return self._read(self.reducer, self.args)

    def __repr__(self) -> str:
        outcome = f"{self.status}: {self.message}" if self.message else self.status
        return f"<{self.reducer}{self.args[:80]} by {self.caller_identity.to_abbreviated_hex()}: {outcome}>"


class SubscriptionApplied(msgspec.Struct, frozen=True, gc=False):
    """Start of a subscription, which inserted its rows.

    Attributes:
        queries: the SQL of the subscription.
    """

    queries: tuple[str, ...]


class SubscriptionEnded(msgspec.Struct, frozen=True, gc=False):
    """End of a subscription, which deleted its rows.

    Attributes:
        queries: the SQL of the subscription.
    """

    queries: tuple[str, ...]


class Reconciled(msgspec.Struct, frozen=True, gc=False):
    """Reconnection: rows changed while the connection was lost, and all changes are applied at once."""


class UnknownTransaction(msgspec.Struct, frozen=True, gc=False):
    """Transaction whose origin the server did not report (4.4)."""


Cause: TypeAlias = ReducerEvent | SubscriptionApplied | SubscriptionEnded | Reconciled | UnknownTransaction
"""Cause of a row change."""


class RowEvent(msgspec.Struct, Generic[C], frozen=True):  # seen by the garbage collector: it refers to the client
    """First argument of each row callback.

    Its type argument is the class of the client, which can be left out: `RowEvent[Client]`, or `RowEvent`.

    Attributes:
        cause: the cause of the change.
        client: the client whose cache changed.
    """

    cause: Cause
    client: C

    @property
    def identity(self) -> Identity:
        """Identity of the client."""
        return cast("Identity", cast("Any", self.client).identity)  # Any: each client has one

    def __repr__(self) -> str:
        return f"RowEvent({self.cause!r})"
