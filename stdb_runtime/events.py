"""What callbacks are told: why rows changed, and how a reducer call ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

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

ArgumentReader: TypeAlias = Callable[[str, str], tuple[object, ...]]
"""Reads the arguments of a reducer, given its name and their JSON text."""


class ReducerEvent(msgspec.Struct, frozen=True, gc=False):
    """A reducer call that the server told of, ours or somebody else's (docs/protocol.md, 4.1).

    Attributes:
        reducer: the reducer's name, as the module declares it; empty for a change made by SQL.
        status: how it ended. Only of their own calls do clients hear that one failed.
        message: the module's or the server's text, if it failed.
        timestamp: when the server ran it.
        caller_identity: whose call it was.
        caller_connection_id: on which connection; None for a call without one, such as a scheduled one.
        energy: what it cost.
        duration: how long the server took.
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
        """The arguments as values of the declared types. Read when asked for.

        Raises:
            BindingsError: the generated code does not know the reducer.
            DecodeError: they are not what the generated code declares.
        """
        return self._read(self.reducer, self.args)

    def __repr__(self) -> str:
        outcome = f"{self.status}: {self.message}" if self.message else self.status
        return f"<{self.reducer}{self.args[:80]} by {self.caller_identity.to_abbreviated_hex()}: {outcome}>"


class SubscriptionApplied(msgspec.Struct, frozen=True, gc=False):
    """The rows that a subscription brought.

    Attributes:
        queries: its SQL.
    """

    queries: tuple[str, ...]


class SubscriptionEnded(msgspec.Struct, frozen=True, gc=False):
    """The rows that went with a subscription.

    Attributes:
        queries: its SQL.
    """

    queries: tuple[str, ...]


class Reconciled(msgspec.Struct, frozen=True, gc=False):
    """What changed while the connection was lost: the difference of the rows before and after, in one piece."""


class UnknownTransaction(msgspec.Struct, frozen=True, gc=False):
    """A transaction of which the server did not say where it came from (4.4)."""


Cause: TypeAlias = ReducerEvent | SubscriptionApplied | SubscriptionEnded | Reconciled | UnknownTransaction
"""Why rows changed."""


class RowEvent(msgspec.Struct, frozen=True, gc=False):
    """The first argument of each row callback.

    Attributes:
        cause: why the row changed.
        client: the client whose row it is. Its type is the `Client` of the generated package.
    """

    cause: Cause
    client: Any  # Any: only the generated package knows its client's type

    @property
    def identity(self) -> Identity:
        """Who the client is."""
        identity: Identity = self.client.identity
        return identity

    def __repr__(self) -> str:
        return f"RowEvent({self.cause!r})"
