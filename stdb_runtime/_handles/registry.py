"""Connections by name, so that other parts of a program find them."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any

from ..errors import ArgumentError, NotConnectedError

__all__ = ["get", "registered"]

_named: dict[str, Any] = {}  # Any: connections and clients; whoever asks knows which


def get(name: str) -> Any:  # Any: a connection, or the client of a generated package, as it was registered
    """The live connection of that name in this process.

    Args:
        name: the `name=` that `connect` was given.

    Raises:
        NotConnectedError: there is none.
    """
    try:
        return _named[name]
    except KeyError:
        known = f"there are {', '.join(sorted(_named))}" if _named else "there is none at all"
        raise NotConnectedError(f"no live connection is named {name!r}: {known}") from None


@contextlib.contextmanager
def registered(name: str | None, connection: object) -> Generator[None]:
    """For the time of the block, `get(name)` finds the connection. Without a name, nothing does.

    Raises:
        ArgumentError: another live connection has the name.
    """
    if name is None:
        yield
        return
    if name in _named:
        raise ArgumentError(
            "name", f"a live connection is named {name!r} already: close it first, or choose another name"
        )
    _named[name] = connection
    try:
        yield
    finally:
        del _named[name]
