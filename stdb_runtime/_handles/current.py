"""The client that is meant where none is named."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Generator, Hashable
from contextvars import ContextVar
from typing import Any, TypeVar

from .._engine.cache_sink import Core
from .._engine.result import Outcome
from .._engine.stream import SlowConsumerPolicy, Stream
from .._engine.table_state import CallbackList, TableState
from .._sats.annotation import Product
from ..errors import NotConnectedError
from .reducer import ReducerCall

__all__ = ["Ambient"]

T = TypeVar("T")


class Ambient:
    """The client that `reducers` and `tables` of a package mean without being told.

    That is the innermost client that is not closed of the `async with connect(...)` blocks around, else the only such
    client of this event loop.

    Args:
        package: names the generated package, which has an ambient client of its own.
    """

    def __init__(self, package: str) -> None:
        # Of its own for each package, so that clients of two modules do not get in each other's way.
        self._entered: ContextVar[tuple[Core, ...]] = ContextVar(f"{package} clients", default=())
        self._clients: list[tuple[asyncio.AbstractEventLoop, Core]] = []

    def enter(self, client: Core) -> None:
        """From here on, in this context, `client` is meant."""
        self._entered.set((*self._entered.get(), client))

    def leave(self, client: Core) -> None:
        """From here on, in this context, `client` is not meant any more, whichever was entered since."""
        self._entered.set(tuple(other for other in self._entered.get() if other is not client))

    @contextlib.contextmanager
    def known(self, client: Core) -> Generator[None]:
        """For the time of the block, contexts that entered no client may mean this one."""
        entry = (asyncio.get_running_loop(), client)
        self._clients.append(entry)
        try:
            yield
        finally:
            self._clients.remove(entry)

    def client(self) -> Core:
        """The client that is meant.

        Raises:
            NotConnectedError: there is none, or several could be meant.
        """
        for client in reversed(self._entered.get()):
            if not client.is_closed:
                return client
        loop = asyncio.get_running_loop()
        candidates = [client for where, client in self._clients if where is loop and not client.is_closed]
        if len(candidates) == 1:
            return candidates[0]
        problem = "several clients are open" if candidates else "no client is open"
        raise NotConnectedError(
            f"{problem} here: use `async with connect(...) as client`, then `client.reducers` and `client.db`"
        )

    # What handles ask for goes to the client that is meant.

    def table_state(self, name: str) -> TableState[Product]:
        """The state of a table."""
        return self.client().table_state(name)

    def stream(
        self,
        limit: int,
        policy: SlowConsumerPolicy,
        *,
        key: Callable[[T], Hashable] | None = None,
        join: Callable[[T, T], T | None] | None = None,
        view: Callable[[T], T | None] | None = None,
    ) -> Stream[T]:
        """A stream of the client."""
        return self.client().stream(limit, policy, key=key, join=join, view=view)

    async def within(self, seconds: float | None, awaitable: Awaitable[T]) -> T:
        """Await something for so long at most."""
        return await self.client().within(seconds, awaitable)

    def call_reducer(self, reducer: str, args: str) -> ReducerCall:
        """Call a reducer."""
        return self.client().call_reducer(reducer, args)

    def call_reducer_unheard(self, reducer: str, args: str) -> None:
        """Call a reducer whose outcome nobody hears."""
        self.client().call_reducer_unheard(reducer, args)

    def reducer_callbacks(self, reducer: str) -> CallbackList[Callable[..., object]]:
        """The callbacks on calls of a reducer."""
        return self.client().reducer_callbacks(reducer)

    def call_procedure(self, procedure: str, args: str, read: Callable[[str], Any]) -> Outcome[Any]:
        """Call a procedure."""
        return self.client().call_procedure(procedure, args, read)
