"""Hidden attributes: what public objects keep for the runtime, and no editor offers for completion."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Generic, TypeVar

__all__ = ["Hidden"]

T = TypeVar("T")


class Hidden(Generic[T]):
    """Attribute of public objects that their class does not declare, so that editors do not know it.

    Args:
        name: the name of the attribute; with an underscore, so that the completion of a Python prompt hides it too.

    Attributes:
        of: returns the attribute of an object.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.of: Callable[[object], T] = attrgetter(name)

    def set(self, owner: object, value: T) -> None:
        """Set the attribute of an object."""
        setattr(owner, self._name, value)
