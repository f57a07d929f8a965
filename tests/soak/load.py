"""A client with its load: calls without a pause, overlapping subscriptions, and an ear for all that it is told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.soak.actions import Actions
from tests.soak.caller import Caller
from tests.soak.ear import Ear
from tests.soak.rows import Answers, Plain, TableName, Watched, counted, plain

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from game_client import Client
    from tests.soak.calls import Book

IN_FLIGHT = 24


class Load:
    """A client under load.

    Args:
        name: begins the texts of all its rows; its last letter is a digit.
        client: the client.
        book: where its calls are noted.
        rng: what its choices are made with.
        watched: its subscriptions, each some queries.
        extra: another one, which comes and goes.
        pace: seconds from call to call, in the mean.
        durable: whether the server tells it only of what is on disk.
    """

    def __init__(
        self,
        name: str,
        client: Client,
        book: Book,
        rng: random.Random,
        watched: Sequence[Sequence[Watched]],
        extra: Watched,
        *,
        pace: float,
        durable: bool,
    ) -> None:
        self.name = name
        self.client = client
        self.ear = Ear(client, extra.sql)
        self.caller = Caller(name, client, book, durable=durable)
        self._actions = Actions(self.caller, rng, extra)
        self._book = book
        self._rng = rng
        self._watched = watched
        self._extra = extra
        self._pace = pace
        self._flowing = asyncio.Event()

    async def subscribe(self) -> None:
        """Ask for the rows of all its subscriptions, and wait for them."""
        for queries in self._watched:
            await self.client.subscribe(*(query.sql for query in queries))
        self.ear.settled_in()

    async def run(self) -> None:
        """Act and act, while it is to flow."""
        while await self._flowing.wait():
            await asyncio.sleep(self._rng.uniform(0, 2 * self._pace))
            if self._flowing.is_set() and len(self.caller.tasks) < IN_FLIGHT:
                self._actions.act()

    def flow(self) -> None:
        """Begin to act, or go on."""
        self._flowing.set()

    def pause(self) -> None:
        """Act no more."""
        self._flowing.clear()

    async def quiet(self) -> None:
        """Wait until the client is connected, and everything has its outcome."""
        while True:
            await self.ear.active.wait()
            if self.caller.tasks:
                await asyncio.wait(self.caller.tasks)
            await self.client.drain()
            await asyncio.sleep(0)  # callbacks of tasks that are done come first
            if self.client.is_active and not self.caller.tasks:
                return

    def queries(self) -> list[Watched]:
        """The queries whose rows it is to hold now."""
        queries = [query for queries in self._watched for query in queries]
        return [*queries, self._extra] if self._actions.extra_subscription is not None else queries

    def held(self) -> dict[TableName, list[Plain]]:
        """The rows that it holds."""
        return {
            "player": counted(map(plain, self.client.db.player)),
            "message": counted(map(plain, self.client.db.message)),
        }

    def expected(self, table: TableName, answers: Answers) -> set[Plain]:
        """The rows that it is to hold of a table."""
        return {row for query in self.queries() if query.table == table for row in answers[query.sql]}

    def wrong(self) -> list[str]:
        """What was seen to be wrong since the last time: callbacks that do not fit the rows, and errors."""
        seen = [*self.ear.wrong, *self.caller.wrong]
        self.ear.wrong.clear()
        self.caller.wrong.clear()
        return seen + self.ear.replay()

    def mistold(self) -> list[str]:
        """Where its calls since the last time were not told as they should be."""
        return self.ear.mistold(call for call in self._book.calls if call.client == self.name)
