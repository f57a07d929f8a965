"""Current client: the one that a package's `reducers` and `tables` mean where none is named."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from contextvars import ContextVar

from .._engine.cache_sink import TypedEngine
from ..errors import NotConnectedError

__all__ = ["CurrentClient"]


class CurrentClient:
    """Finds the client that `reducers` and `tables` of a package mean.

    That is the innermost client that is not closed of the `async with connect(...)` blocks around, else the only such
    client that runs where the caller does, such as in its event loop.

    Args:
        package: the name of the generated package, which has a current client of its own.
    """

    def __init__(self, package: str) -> None:
        # Of its own for each package, so that clients of two modules do not get in each other's way.
        self._entered: ContextVar[tuple[TypedEngine, ...]] = ContextVar(f"{package} clients", default=())
        self._engines: list[TypedEngine] = []

    def enter(self, engine: TypedEngine) -> None:
        """Make a client the current one, from here on in this context."""
        self._entered.set((*self._entered.get(), engine))

    def leave(self, engine: TypedEngine) -> None:
        """Undo `enter`, whichever was entered since."""
        self._entered.set(tuple(other for other in self._entered.get() if other is not engine))

    @contextlib.contextmanager
    def known(self, engine: TypedEngine) -> Generator[None]:
        """For the time of the block, let contexts that entered no client find this one."""
        self._engines.append(engine)
        try:
            yield
        finally:
            self._engines.remove(engine)

    def engine(self) -> TypedEngine:
        """Return the engine of the current client.

        Raises:
            NotConnectedError: there is none, or several could be meant.
        """
        for engine in reversed(self._entered.get()):
            if not engine.is_closed:
                return engine
        candidates = [engine for engine in self._engines if not engine.is_closed and engine.driver.is_here]
        if len(candidates) == 1:
            return candidates[0]
        problem = "several clients are open" if candidates else "no client is open"
        raise NotConnectedError(
            f"{problem} here: use `async with connect(...) as client`, then `client.reducers` and `client.db`"
        )
