"""Registry of the open connections that have a name."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any

from ..errors import ArgumentError, NotConnectedError

__all__ = ["get", "registered"]

_named: dict[str, Any] = {}  # Any: connections and clients; the caller of `get` knows which


def get(name: str) -> Any:  # Any: a connection, or the client of a generated package, as it was registered
    """Return the open connection of a name in this process.

    Args:
        name: the name, as it was passed to `connect`.

    Returns:
        The client of a generated package, or the `RawConnection`.

    Raises:
        NotConnectedError: no open connection has that name.
    """
    try:
        return _named[name]
    except KeyError:
        known = f"there are {', '.join(sorted(_named))}" if _named else "no connection has a name"
        raise NotConnectedError(f"no open connection is named {name!r}: {known}") from None


@contextlib.contextmanager
def registered(name: str | None, connection: object) -> Generator[None]:
    """During the block, make a connection available to `get`. Does nothing without a name.

    Raises:
        ArgumentError: another open connection has the name.
    """
    if name is None:
        yield
        return
    if name in _named:
        raise ArgumentError(
            "name", f"an open connection is named {name!r} already: close it first, or choose another name"
        )
    _named[name] = connection
    try:
        yield
    finally:
        del _named[name]
