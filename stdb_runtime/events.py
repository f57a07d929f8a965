"""What callbacks are told: why rows changed, and how a reducer call ended."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from .types import ConnectionId, Identity, TimeDuration, Timestamp

__all__ = [
    "Cause",
    "ReducerEvent",
    "RowEvent",
    "SubscriptionApplied",
    "SubscriptionEnded",
    "UnknownTransaction",
]


class ReducerEvent(msgspec.Struct, frozen=True, gc=False):
    """A reducer call that the server told of, ours or somebody else's (protocol notes, 4.1).

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


class UnknownTransaction(msgspec.Struct, frozen=True, gc=False):
    """A transaction of which the server did not say where it came from (4.4)."""


Cause: TypeAlias = ReducerEvent | SubscriptionApplied | SubscriptionEnded | UnknownTransaction
"""Why rows changed."""


class RowEvent(msgspec.Struct, frozen=True, gc=False):
    """The first argument of each row callback.

    Attributes:
        cause: why the row changed.
    """

    cause: Cause
