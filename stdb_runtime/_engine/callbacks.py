"""Callbacks of one kind, in the order of registration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["CallbackList"]

F = TypeVar("F", bound=Callable[..., object])


class CallbackList(Generic[F]):
    """Callbacks of one kind, in the order of registration."""

    def __init__(self) -> None:
        self._callbacks: tuple[F, ...] = ()

    @property
    def registered(self) -> tuple[F, ...]:
        """Registered callbacks, as a snapshot: a callback may register and remove others."""
        return self._callbacks

    def add(self, callback: F) -> None:
        """Register a callback. If it is registered twice, it is called twice."""
        self._callbacks = (*self._callbacks, callback)

    def remove(self, callback: F) -> None:
        """Remove one registration of a callback.

        Raises:
            ValueError: the callback is not registered.
        """
        if callback not in self._callbacks:
            raise ValueError(f"{getattr(callback, '__qualname__', callback)} is not registered here")
        kept = list(self._callbacks)
        kept.remove(callback)
        self._callbacks = tuple(kept)
