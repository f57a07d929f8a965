"""Callbacks of one kind, in the order of registration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["CallbackList"]

F = TypeVar("F", bound=Callable[..., object])


class CallbackList(Generic[F]):
    """Callbacks of one kind, in the order of registration.

    Attributes:
        registered: the registered callbacks, as a snapshot: a callback may register and remove others.
    """

    def __init__(self) -> None:
        self.registered: tuple[F, ...] = ()

    def add(self, callback: F) -> None:
        """Register a callback. If it is registered twice, it is called twice."""
        self.registered = (*self.registered, callback)

    def remove(self, callback: F) -> None:
        """Remove one registration of a callback.

        Raises:
            ValueError: the callback is not registered.
        """
        if callback not in self.registered:
            raise ValueError(f"{getattr(callback, '__qualname__', callback)} is not registered here")
        kept = list(self.registered)
        kept.remove(callback)
        self.registered = tuple(kept)
