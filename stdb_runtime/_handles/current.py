"""Current client: the one that `reducers` and `tables` of a generated package refer to."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from contextvars import ContextVar

from .._engine.cache_sink import TypedEngine
from ..errors import NotConnectedError

__all__ = ["CurrentClient"]


class CurrentClient:
    """Current client of a generated package.

    That is the client of the innermost `async with connect(...)` around the caller that is not closed; else the only
    client that is open in the caller's event loop.

    Args:
        package: the name of the generated package.
    """

    def __init__(self, package: str) -> None:
        # One for each package, so that a program can use clients of several packages at once.
        self._entered: ContextVar[tuple[TypedEngine, ...]] = ContextVar(f"{package} clients", default=())
        self._engines: list[TypedEngine] = []

    def enter(self, engine: TypedEngine) -> None:
        """Make a client the current one in the context of the caller."""
        self._entered.set((*self._entered.get(), engine))

    def leave(self, engine: TypedEngine) -> None:
        """Undo `enter`, also if other clients were entered since."""
        self._entered.set(tuple(other for other in self._entered.get() if other is not engine))

    @contextlib.contextmanager
    def known(self, engine: TypedEngine) -> Generator[None]:
        """During the block, make a client available to contexts in which no client was entered."""
        self._engines.append(engine)
        try:
            yield
        finally:
            self._engines.remove(engine)

    def engine(self) -> TypedEngine:
        """Return the engine of the current client.

        Raises:
            NotConnectedError: no client is open, or several are.
        """
        for engine in reversed(self._entered.get()):
            if not engine.is_closed:
                return engine
        engines = [engine for engine in self._engines if not engine.is_closed]
        candidates = [engine for engine in engines if engine.driver.is_here]
        if len(candidates) == 1:
            return candidates[0]
        raise NotConnectedError(_SEVERAL if candidates else _ELSEWHERE if engines else _NONE)


_SEVERAL = "several clients are open here: say which by `client.reducers`, `client.db` and `client.procedures`"
_ELSEWHERE = (
    "no client is open here, only in another event loop or thread: hand the work over with "
    "loop.call_soon_threadsafe(...) or asyncio.run_coroutine_threadsafe(...)"
)
_NONE = (
    "no client is open here: connect first, by `async with connect(uri, database) as client:` in an `async def` that "
    "asyncio.run(...) runs, and use `reducers`, `tables` and `procedures` within that block"
)
