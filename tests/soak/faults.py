"""The kinds of fault. Each draws its particulars from a random number generator, and then strikes."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, Self

from tests.support.proxy import DIRECTIONS, Direction

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from tests.soak.calls import Book
    from tests.soak.load import Load
    from tests.support.proxy import Proxy
    from tests.support.server import Server

CLIENTS = 3
SOME_DIRECTIONS: tuple[tuple[Direction, ...], ...] = (("to the server",), ("to the client",), DIRECTIONS)

# How long before the server's end a success must have been told to be certain to survive, where nothing says it.
DURABLE_AFTER = 0.3
# How long a cut in a frame waits for the frame.
FRAME_PATIENCE = 2.0


@dataclass(frozen=True)
class Ground:
    """What faults strike: a server, and clients with a proxy each."""

    server: Server
    proxies: list[Proxy]
    loads: list[Load]
    book: Book


class Fault(Protocol):
    """A fault with all its particulars; as a text it says what it does."""

    kind: ClassVar[str]

    @classmethod
    def draw(cls, rng: random.Random, scale: float) -> Self:
        """Choose the particulars, with all times multiplied by a scale."""
        ...

    async def strike(self, ground: Ground) -> None:
        """Do it, and end it: what follows is the client's."""
        ...


def name(client: int) -> str:
    """The name of a client, which ends with a digit."""
    return f"c{client}"


@dataclass(frozen=True)
class Cut:
    """The end of one client's connection."""

    kind: ClassVar[str] = "cut"
    client: int
    how: Literal["reset", "cut"]

    @classmethod
    def draw(cls, rng: random.Random, scale: float) -> Self:
        return cls(rng.randrange(CLIENTS), rng.choice(("reset", "reset", "cut")))

    async def strike(self, ground: Ground) -> None:
        _end(ground.proxies[self.client], self.how)

    def __str__(self) -> str:
        return f"{self.how} of {name(self.client)}"


@dataclass(frozen=True)
class CutInFrame:
    """A reset after some bytes of a direction, of this connection or of the next one."""

    kind: ClassVar[str] = "cut in frame"
    client: int
    direction: Direction
    count: int
    fresh: bool

    @classmethod
    def draw(cls, rng: random.Random, scale: float) -> Self:
        direction, fresh = rng.choice(DIRECTIONS), rng.random() < 0.5
        most = 2_000 if direction == "to the server" else 40_000 if fresh else 10_000
        return cls(rng.randrange(CLIENTS), direction, int(most ** rng.uniform(0.2, 1)), fresh)

    async def strike(self, ground: Ground) -> None:
        proxy = ground.proxies[self.client]
        if self.fresh:
            proxy.reset()
        await proxy.reset_after(self.count, self.direction, FRAME_PATIENCE)

    def __str__(self) -> str:
        which = "the next connection" if self.fresh else "the connection"
        return f"reset of {which} of {name(self.client)} after {self.count} more bytes {self.direction}"


@dataclass(frozen=True)
class Stall:
    """Nothing is handed on for a while, and then everything, or the connection is cut."""

    kind: ClassVar[str] = "stall"
    client: int
    directions: tuple[Direction, ...]
    seconds: float
    then: Literal["thaw", "reset", "cut"]

    @classmethod
    def draw(cls, rng: random.Random, scale: float) -> Self:
        directions = rng.choice(SOME_DIRECTIONS)
        return cls(
            rng.randrange(CLIENTS), directions, _seconds(rng, 0.1, 1.6, scale), rng.choice(("thaw", "reset", "cut"))
        )

    async def strike(self, ground: Ground) -> None:
        proxy = ground.proxies[self.client]
        proxy.freeze(*self.directions)
        try:
            await asyncio.sleep(self.seconds)
            if self.then != "thaw":
                _end(proxy, self.then)
        finally:
            proxy.thaw()

    def __str__(self) -> str:
        return (
            f"{name(self.client)} gets nothing {' and '.join(self.directions)} for {self.seconds} s, then {self.then}"
        )


@dataclass(frozen=True)
class Drip:
    """Bytes come one by one for a while, of this connection or of the next one."""

    kind: ClassVar[str] = "drip"
    client: int
    directions: tuple[Direction, ...]
    seconds: float
    fresh: bool

    @classmethod
    def draw(cls, rng: random.Random, scale: float) -> Self:
        directions = rng.choice(SOME_DIRECTIONS)
        return cls(rng.randrange(CLIENTS), directions, _seconds(rng, 0.2, 1.5, scale), rng.random() < 0.5)

    async def strike(self, ground: Ground) -> None:
        proxy = ground.proxies[self.client]
        with proxy.dripping(*self.directions):
            if self.fresh:
                proxy.reset()
            await asyncio.sleep(self.seconds)

    def __str__(self) -> str:
        which = " of the next connection" if self.fresh else ""
        return f"{name(self.client)}: bytes{which} one by one {' and '.join(self.directions)} for {self.seconds} s"


@dataclass(frozen=True)
class Refusal:
    """The end of a connection, after which new ones are refused for a while: by reset, or because nobody listens."""

    kind: ClassVar[str] = "refusal"
    client: int
    how: Literal["reset", "shut"]
    seconds: float

    @classmethod
    def draw(cls, rng: random.Random, scale: float) -> Self:
        return cls(rng.randrange(CLIENTS), rng.choice(("reset", "shut")), _seconds(rng, 0.2, 2.0, scale))

    async def strike(self, ground: Ground) -> None:
        proxy = ground.proxies[self.client]
        if self.how == "shut":
            proxy.shut()
        else:
            proxy.refusing = True
        proxy.reset()
        await asyncio.sleep(self.seconds)
        proxy.refusing = False
        if self.how == "shut":
            await proxy.reopen()

    def __str__(self) -> str:
        how = "nobody listens" if self.how == "shut" else "new connections are reset"
        return f"reset of {name(self.client)}, and {how} for {self.seconds} s"


@dataclass(frozen=True)
class Storm:
    """Cuts in quick succession, some of several clients at once."""

    kind: ClassVar[str] = "storm"
    cuts: tuple[tuple[tuple[int, ...], float], ...]

    @classmethod
    def draw(cls, rng: random.Random, scale: float) -> Self:
        return cls(
            tuple(
                (tuple(rng.sample(range(CLIENTS), rng.randint(1, CLIENTS))), round(rng.uniform(0, 0.15), 3))
                for _ in range(rng.randint(3, 12))
            )
        )

    async def strike(self, ground: Ground) -> None:
        for clients, pause in self.cuts:
            for client in clients:
                ground.proxies[client].reset()
            await asyncio.sleep(pause)

    def __str__(self) -> str:
        cuts = (f"{'+'.join(map(name, clients))} {pause * 1000:.0f} ms" for clients, pause in self.cuts)
        return f"resets of {', '.join(cuts)}"


@dataclass(frozen=True)
class Kill:
    """The server is killed, and started again."""

    kind: ClassVar[str] = "kill"
    grace: ClassVar[float] = 0.0
    down: float

    @classmethod
    def draw(cls, rng: random.Random, scale: float) -> Self:
        return cls(rng.choice((0.0, _seconds(rng, 0.05, 1.0, scale))))

    async def strike(self, ground: Ground) -> None:
        since = time.monotonic() - DURABLE_AFTER
        await asyncio.to_thread(ground.server.stop, grace=self.grace)
        await asyncio.sleep(self.down)
        await asyncio.to_thread(ground.server.start)
        ground.book.doubt(since)

    def __str__(self) -> str:
        return f"the server is ended by {'SIGTERM' if self.grace else 'SIGKILL'}, and down for {self.down} s"


@dataclass(frozen=True)
class Restart(Kill):
    """The server is ended politely, and started again."""

    kind: ClassVar[str] = "restart"
    grace: ClassVar[float] = 5.0


@dataclass(frozen=True)
class Block:
    """A callback that blocks the event loop for longer than any should."""

    kind: ClassVar[str] = "blocked loop"
    client: int
    seconds: float

    @classmethod
    def draw(cls, rng: random.Random, scale: float) -> Self:
        return cls(rng.randrange(CLIENTS), _seconds(rng, 0.2, 1.6, scale))

    async def strike(self, ground: Ground) -> None:
        await ground.loads[self.client].ear.block(self.seconds)

    def __str__(self) -> str:
        return f"a callback of {name(self.client)} blocks for {self.seconds} s"


KINDS: tuple[type[Fault], ...] = (Cut, CutInFrame, Stall, Drip, Refusal, Storm, Kill, Restart, Block)


def plan(rng: random.Random, count: int, scale: float) -> Iterator[Fault]:
    """So many faults, each kind as often as the others, in random order."""
    bag: list[type[Fault]] = []
    for _ in range(count):
        if not bag:
            bag = rng.sample(KINDS, len(KINDS))
        yield bag.pop().draw(rng, scale)


def _seconds(rng: random.Random, least: float, most: float, scale: float) -> float:
    return round(rng.uniform(least, most) * scale, 3)


def _end(proxy: Proxy, how: Literal["reset", "cut"]) -> None:
    if how == "reset":
        proxy.reset()
    else:
        proxy.cut()
