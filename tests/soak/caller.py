"""A client's calls, each noted in the book, sent, and awaited in a task of its own."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

from stdb_runtime import ConnectionLost, NotConnectedError, QueryError, ReconnectError, ReducerError, SubscriptionError
from tests.soak.calls import End
from tests.soak.rows import BARRIER

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from game_client import Client
    from stdb_runtime import Subscription
    from tests.soak.calls import Book, Call, Effect


class Caller:
    """Makes the calls of one client.

    Args:
        name: begins the texts of all its rows; its last letter is a digit.
        client: the client.
        book: where its calls are noted.
        durable: whether the server tells it only of what is on disk.

    Attributes:
        tasks: those that wait for an outcome.
        wrong: what was seen to be wrong.
        not_sent: how many calls were not sent, because the connection was lost.
    """

    def __init__(self, name: str, client: Client, book: Book, *, durable: bool) -> None:
        self.name = name
        self.client = client
        self.book = book
        self.tasks: set[asyncio.Task[None]] = set()
        self.wrong: list[str] = []
        self.not_sent = 0
        self._durable = durable
        self._numbers = itertools.count(1)

    def text(self) -> str:
        """A text that no other row has."""
        return f"{self.name}-{next(self._numbers)}"

    def number(self) -> int:
        """A number that no other call has, and that a float of 32 bits holds."""
        return next(self._numbers) * 8 + int(self.name[-1])

    def call(
        self, text: str, effect: Effect | None, send: Callable[[], Awaitable[Any]], *, refusable: bool = True
    ) -> None:
        """Make a call, unless the connection is lost.

        Args:
            text: the call as it is shown.
            effect: what it does.
            send: sends it, and gives its outcome.
            refusable: whether the module may have a reason to refuse it.
        """
        call = self.book.begin(self.name, text, effect, durable=self._durable, refusable=refusable)
        try:
            outcome = send()
        except NotConnectedError:
            self.book.withdraw(call)
            self.not_sent += 1
        else:
            self.start(self._finish(call, outcome))

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Have something awaited."""
        task = asyncio.create_task(work, name=f"load {self.name}")
        self.tasks.add(task)
        task.add_done_callback(self._done)

    async def barrier(self) -> None:
        """Make a call of no meaning: when it is answered, all that went before has arrived."""
        await self.client.reducers.send_message(f"{BARRIER}{self.text()}")

    def _done(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.wrong.append(f"awaiting raised {error!r}")

    async def _finish(self, call: Call, outcome: Awaitable[Any]) -> None:
        try:
            await outcome
        except (ReducerError, QueryError):
            self.book.finish(call, End.REFUSED)
        except ConnectionLost:
            self.book.finish(call, End.UNKNOWN)
        else:
            self.book.finish(call, End.DONE)

    async def rows_of(self, subscription: Subscription) -> None:
        """Wait for the rows of a subscription, however many attempts it takes, or for its early end."""
        while True:
            try:
                await subscription
            except ReconnectError:
                continue
            except SubscriptionError as error:
                if subscription.state.value not in {"ending", "ended"}:
                    self.wrong.append(f"the server refused a subscription: {error}")
            return
