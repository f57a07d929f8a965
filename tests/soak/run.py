"""One run: a server, three clients, and one fault after the other, with everything checked in between."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import tracemalloc
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from game_client import connect
from stdb_runtime import Backoff, ConnectionLost, NotConnectedError
from tests.soak import leaks
from tests.soak.calls import Book, Effect, End
from tests.soak.checks import contradictions, differing_rows, without_one_outcome
from tests.soak.faults import CLIENTS, Fault, Ground, name, plan
from tests.soak.load import Load
from tests.soak.report import Errors, Settings, SoakFailure, Summary, logged_errors
from tests.soak.rows import MESSAGES, PLAYERS, Answers, TableName, Watched, ask, stored
from tests.support.modules import module_wasm
from tests.support.proxy import Proxy
from tests.support.server import Server

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence

    from tests.soak.calls import Key
    from tests.soak.checks import Stored
    from tests.support.binary import Program
    from tests.support.server import Database

T = TypeVar("T")

Say: TypeAlias = "Callable[[str], None]"
Step: TypeAlias = tuple[float, Fault, float]
"""A fault, and the seconds of load before and after it."""

TABLES: tuple[TableName, ...] = ("player", "message")
MOST_MESSAGES = 200
LONGEST_WARM_UP = 20

STRONG = Watched("player", "SELECT * FROM player WHERE level >= 3")
ONLINE = Watched("player", "SELECT * FROM player WHERE online = true")
WEAK = Watched("player", "SELECT * FROM player WHERE level < 2")
ALL_PLAYERS, ALL_MESSAGES = Watched("player", PLAYERS), Watched("message", MESSAGES)


def soak(program: Program, settings: Settings, say: Say) -> Summary:
    """Run on a server of its own.

    Raises:
        SoakFailure: a check failed.
    """
    with Server(program, in_memory=False) as server:
        database = server.publish(module_wasm("game"), "soak")
        return asyncio.run(soak_on(database, settings, say))


async def soak_on(database: Database, settings: Settings, say: Say, faults: Sequence[Fault] | None = None) -> Summary:
    """Run on a database, whose server is killed and restarted: its rows must survive that.

    Args:
        database: it runs the game.
        settings: how the run goes.
        say: is given a line for each fault.
        faults: what strikes, in place of what the seed has it.

    Raises:
        SoakFailure: a check failed.
    """
    rng = random.Random(settings.seed)
    seeds = [rng.getrandbits(64) for _ in range(CLIENTS)]
    chosen = list(plan(rng, settings.count, settings.scale)) if faults is None else faults
    steps = [(rng.uniform(0.05, 0.4), fault, rng.choice((0.0, rng.uniform(0, 0.4)))) for fault in chosen]
    with logged_errors() as errors:
        async with _ground(database, settings, seeds) as ground:
            run = Soak(database, ground, settings, errors, say)
            await run.run(steps)
            return run.summary


@contextlib.asynccontextmanager
async def _ground(database: Database, settings: Settings, seeds: Sequence[int]) -> AsyncGenerator[Ground]:
    """The clients, with a proxy each, and a task that has each of them act."""
    book = Book(time.monotonic)
    ground = Ground(database.server, [], [], book)
    durable = database.server.program.major >= 2  # which tells only of what is on disk, where that is asked for
    async with contextlib.AsyncExitStack() as stack:
        for number, seed in enumerate(seeds):
            proxy = await stack.enter_async_context(Proxy(database.uri))
            client = await stack.enter_async_context(
                connect(
                    proxy.uri,
                    database.name,
                    confirmed=True if durable else None,
                    backoff=Backoff(initial_delay=0.02, max_delay=0.3, jitter=0.5),
                    open_timeout=3,
                    close_timeout=2,
                    ping_interval=0.4,
                    ping_timeout=0.8,
                )
            )
            own = Watched("message", f"SELECT * FROM message WHERE sender = 0x{client.identity.to_hex()}")
            watched, extra = [
                ([[ALL_PLAYERS], [STRONG], [ALL_MESSAGES]], WEAK),
                ([[STRONG, ALL_MESSAGES], [ONLINE]], ALL_PLAYERS),
                ([[ALL_PLAYERS, WEAK], [own]], ALL_MESSAGES),
            ][number]
            load = Load(
                name(number), client, book, random.Random(seed), watched, extra, pace=settings.pace, durable=durable
            )
            await load.subscribe()
            task = asyncio.create_task(load.run(), name=f"load {load.name}")
            stack.callback(task.cancel)
            ground.proxies.append(proxy)
            ground.loads.append(load)
        yield ground


class Soak:
    """A run on its ground."""

    def __init__(self, database: Database, ground: Ground, settings: Settings, errors: Errors, say: Say) -> None:
        self.summary = Summary()
        self._database = database
        self._ground = ground
        self._settings = settings
        self._errors = errors
        self._say = say
        self._number = 0
        self._fault: Fault | None = None
        self._most_tasks = 0

    async def run(self, steps: Sequence[Step]) -> None:
        """Strike with each fault in turn.

        Raises:
            SoakFailure: a check failed.
        """
        await self._check()
        warm_up = min(len(steps) // 2, LONGEST_WARM_UP)
        if self._settings.traced:
            tracemalloc.start()
        try:
            await self._strike_all(steps[:warm_up])
            before = await self._usage() if self._settings.traced else None
            await self._strike_all(steps[warm_up:])
            if before is not None:
                after = await self._usage()
                self._fail(leaks.growth(before, after))
                self.summary.growth = f"{before.memory:,} bytes after {warm_up} faults, {after.memory:,} in the end"
        finally:
            tracemalloc.stop()
        self.summary.losses = self._losses()
        self.summary.events = sum(load.ear.events for load in self._ground.loads)
        self.summary.not_sent = sum(load.caller.not_sent for load in self._ground.loads)

    async def _strike_all(self, steps: Sequence[Step]) -> None:
        for before, fault, after in steps:
            self._number += 1
            self._fault = fault
            losses, calls = self._losses(), self._ground.book.made
            await self._strike(before, fault, after)
            await self._check()
            self.summary.kinds[fault.kind] += 1
            lost, made = self._losses() - losses, self._ground.book.made - calls
            self._say(f"{self._number:>4}  {fault.kind:<13}{fault} ({made} calls, connections lost: {lost})")

    async def _strike(self, before: float, fault: Fault, after: float) -> None:
        for load in self._ground.loads:
            load.flow()
        await asyncio.sleep(before)
        await self._patiently(fault.strike(self._ground), "the fault to strike")
        await asyncio.sleep(after)
        for load in self._ground.loads:
            load.pause()

    def _losses(self) -> int:
        return sum(load.ear.losses for load in self._ground.loads)

    # --- checks -------------------------------------------------------------------------------------------------------

    async def _check(self, most_messages: int = MOST_MESSAGES) -> None:
        """Wait until all is quiet, and check everything. If there are too many messages, delete them."""
        answers, problems = await self._patiently(self._still(), "everybody to be quiet")
        rows, twice = stored(answers)
        book = self._ground.book
        problems += [*twice, *without_one_outcome(book.calls), *contradictions(book.calls, rows), *self._errors.texts]
        problems += [f"{load.name}: {problem}" for load in self._ground.loads for problem in load.mistold()]
        self._fail(problems)
        await self._patiently(self._tasks_end(), "tasks to end")
        self.summary.calls.update(call.end.value for call in book.calls if call.age == 0 and call.end)
        book.forget(rows)
        if len(answers[MESSAGES]) > most_messages:
            await self._sweep(rows)

    async def _still(self) -> tuple[Answers, list[str]]:
        """Wait until nothing changes any more. Gives what the server has, and what clients have wrong."""
        loads = self._ground.loads
        queries = {query.sql for load in loads for query in load.queries()}
        problems: list[str] = []
        while True:
            for load in loads:
                await load.quiet()
            before = await asyncio.to_thread(ask, self._database, queries)
            try:
                for load in loads:
                    await load.caller.barrier()
            except (ConnectionLost, NotConnectedError):
                continue
            held = {load: load.held() for load in loads}
            problems += [f"{load.name}: {problem}" for load in loads for problem in load.wrong()]
            after = await asyncio.to_thread(ask, self._database, queries)
            if before == after:
                return after, problems + [
                    f"{load.name}, table {table}: {problem}"
                    for load in loads
                    for table in TABLES
                    for problem in differing_rows(held[load][table], load.expected(table, after))
                ]

    async def _tasks_end(self) -> None:
        """Wait until there are no more tasks than there were in the beginning."""
        tasks = asyncio.all_tasks()
        self._most_tasks = self._most_tasks or len(tasks)
        while len(tasks) > self._most_tasks:
            await asyncio.wait(tasks - {asyncio.current_task()}, return_when=asyncio.FIRST_COMPLETED)
            tasks = asyncio.all_tasks()

    async def _usage(self) -> leaks.Usage:
        """What is in use without messages, of which there may be many or few."""
        await self._check(most_messages=0)
        await self._check()
        return leaks.usage()

    async def _sweep(self, rows: Mapping[Key, Stored]) -> None:
        """Delete all messages, by SQL, so that they do not become ever more."""
        book = self._ground.book
        effects = [Effect("delete", key) for key in rows if key[0] == "message"]
        calls = [book.begin("owner", "DELETE FROM message", effect, durable=False) for effect in effects]
        await asyncio.to_thread(self._database.sql, "DELETE FROM message")
        for call in calls:
            book.finish(call, End.DONE)

    # --- patience -----------------------------------------------------------------------------------------------------

    async def _patiently(self, work: Coroutine[Any, Any, T], what: str) -> T:
        """Wait for something, but not for ever, and not when a client has given up."""
        task = asyncio.create_task(work, name=what)
        closed = {asyncio.create_task(load.client.closed()): load for load in self._ground.loads}
        try:
            await asyncio.wait([task, *closed], timeout=self._settings.patience, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                given_up = [
                    f"{load.name} gave up: {each.exception()!r}" for each, load in closed.items() if each.done()
                ]
                raise self._failure([f"waited for {what}", *given_up, *self._state()])
            return task.result()
        finally:
            for each in (task, *closed):
                each.cancel()
            await asyncio.gather(task, *closed, return_exceptions=True)

    def _state(self) -> list[str]:
        """Where everybody is, for a report."""
        lines: list[str] = []
        for load in self._ground.loads:
            client = load.client
            lines.append(f"{load.name}: {client!r}, is_active {client.is_active}, told so {load.ear.active.is_set()}")
        lines += [f"no outcome: {call}" for call in self._ground.book.calls if call.end is None]
        lines += [f"{count} tasks of {coroutine}" for coroutine, count in leaks.tasks().items()]
        return [*lines, *self._errors.texts, f"the server's log ends:\n{self._ground.server.log_tail(10)}"]

    def _failure(self, problems: Sequence[str]) -> SoakFailure:
        return SoakFailure(self._settings.seed, self._number, self._fault, problems)

    def _fail(self, problems: Sequence[str]) -> None:
        if problems:
            raise self._failure(problems)
