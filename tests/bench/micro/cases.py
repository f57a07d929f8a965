"""What is measured, by the name that `make bench-micro CASES=...` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from stdb_runtime._handles.table import TableSet
from tests.bench import floor
from tests.bench.bulk import Tables
from tests.bench.micro import wire
from tests.bench.micro.client import MicroClient, bulk_client
from tests.bench.micro.frames import REQUEST, bulk, named_bulk, rows_like, subscribed, transaction, update
from tests.golden.arena.client import Tables as ArenaTables
from tests.golden.edge.client import Tables as EdgeTables
from tests.golden.probe.client import Tables as ProbeTables
from tests.support.engine import ARENA, PROBE, run
from tests.support.recordings import Recording

if TYPE_CHECKING:
    from collections.abc import Callable

    from stdb_runtime._handles.table import Table
    from tests.bench.micro.wire import WireDecoder

EDGE = Recording("1.2.0", "edge")
T = TypeVar("T", bound=TableSet)


class Case(NamedTuple):
    """One thing that is measured.

    Attributes:
        title: what it is.
        unit: what is counted.
        size: how many of it a run handles.
        decode: decodes the same bytes with msgspec alone.
        prepare: makes a fresh client, and returns the function to measure.
    """

    title: str
    unit: str
    size: int
    decode: Callable[[], object]
    prepare: Callable[[], Callable[[], object]]


def subscription(
    title: str,
    tables: type[T],
    name: str,
    texts: list[str],
    decoder: WireDecoder | None = None,
    use: Callable[[T], object] = lambda tables: None,
) -> Case:
    """The rows of a subscription, with `on_insert`. Indexes are in use once `use` has used them."""
    rows = update(name, [], texts)
    decoded = subscribed(REQUEST, rows)

    def prepare() -> Callable[[], object]:
        client = MicroClient(tables)
        table: Table[Any] = getattr(client.tables, name)  # Any: rows of any type
        table.on_insert(lambda event, row: client.heard.append(row))
        use(client.tables)
        frame = client.subscribe(rows)
        return lambda: client.receive(frame, hears=len(texts))

    return Case(title, "row", len(texts), lambda: floor.read_subscription(decoded, decoder), prepare)


def of_bulk(scale: float) -> Case:
    texts = list(map(named_bulk, range(int(200_000 * scale))))
    return subscription("subscription", Tables, "bulk", texts)


def of_bulk_with_indexes(scale: float) -> Case:
    def use(tables: Tables) -> None:
        assert tables.bulk.name.find("") is None
        assert tables.bulk.x.filter(ge=0.0) == tables.bulk.tag.filter(ge=0) == []

    texts = list(map(named_bulk, range(int(200_000 * scale))))
    title = "subscription, with a unique and two btree indexes"
    return subscription(title, Tables, "bulk", texts, use=use)


def of_player(scale: float) -> Case:
    texts = rows_like(
        PROBE,
        "player",
        int(20_000 * scale),
        lambda n: {"id": n, "name": f"name-{n}", "level": n % 97, "owner": {"__identity__": f"0xc200{n:060x}"}},
    )
    return subscription("subscription to `player`, with many identities", ProbeTables, "player", [*texts], wire.PLAYER)


def of_hero(scale: float) -> Case:
    moves: tuple[list[object], ...] = ([0, {}], [1, {"x": 1, "y": -2}], [2, "hi"])
    texts = rows_like(
        ARENA,
        "hero",
        int(20_000 * scale),
        lambda n: {
            "id": n,
            "name": f"name-{n}",
            "level": n % 97,
            "last_move": moves[n % 3],
            "badge": [0, {"__uuid__": n}],
        },
    )
    return subscription("subscription to `hero`, with one identity", ArenaTables, "hero", [*texts], wire.HERO)


def of_reading(scale: float) -> Case:
    texts = rows_like(
        EDGE,
        "reading",
        int(20_000 * scale),
        lambda n: {"label": f"label-{n}", "a": n + 0.1, "b": 0.1, "seen": [n + 0.1, 1.0], "maybe": [0, 0.1]},
    )
    return subscription("subscription to `reading`, keyless with floats", EdgeTables, "reading", [*texts], wire.READING)


def of_every(scale: float) -> Case:
    texts = rows_like(PROBE, "every", int(20_000 * scale), lambda n: {"big": n, "d": n + 0.1})
    return subscription("subscription to `every`, keyless", ProbeTables, "every", [*texts], wire.EVERY)


def of_update(scale: float) -> Case:
    count = int(50_000 * scale)
    rows = update("bulk", [], list(map(named_bulk, range(2 * count))))
    changed = range(count)
    frame = transaction(update("bulk", [bulk(n) for n in changed], [bulk(n, n * 0.5 + 1) for n in changed]))

    def prepare() -> Callable[[], object]:
        client = bulk_client(rows)
        return lambda: client.receive(frame, hears=count)

    return Case("one transaction that updates many rows", "row", count, lambda: floor.read_transaction(frame), prepare)


def of_small(scale: float) -> Case:
    count = int(5_000 * scale)
    rows = update("bulk", [], list(map(named_bulk, range(count))))
    frames = [transaction(update("bulk", [bulk(n)], [bulk(n, n * 0.5 + 1)])) for n in range(count)]

    def prepare() -> Callable[[], object]:
        client = bulk_client(rows)
        return lambda: client.receive(*frames, hears=count)

    def decode() -> None:
        for frame in frames:
            floor.read_transaction(frame)

    return Case("transactions of another client, each updates a row", "message", count, decode, prepare)


def of_calls(scale: float) -> Case:
    count = int(3_000 * scale)
    answers = [transaction(msgspec.Raw(b'{"tables":[]}'), n) for n in range(1, count + 1)]
    return _calls("calls, each awaited before the next", answers, MicroClient, hears=0)


def of_calls_with_row(scale: float) -> Case:
    count = int(3_000 * scale)
    rows = update("bulk", [], list(map(named_bulk, range(count))))
    # The request with the id 1 is that of the subscription.
    answers = [transaction(update("bulk", [bulk(n)], [bulk(n, n * 0.5 + 1)]), n + 2) for n in range(count)]
    return _calls("calls that update a row, each awaited", answers, lambda tables: bulk_client(rows), hears=count)


def _calls(
    title: str, answers: list[bytes], make: Callable[[type[Tables]], MicroClient[Tables]], *, hears: int
) -> Case:
    def prepare() -> Callable[[], object]:
        client = make(Tables)
        receive, bump = client.engine.receive, client.reducers.bump

        def measured() -> None:
            for answer in answers:
                call = bump(0, 0)
                receive(answer)
                run(call)
            assert len(client.heard) == hears

        return measured

    def decode() -> None:
        for request_id, answer in enumerate(answers):
            floor.write_bump(0, 0, request_id)
            floor.read_transaction(answer)

    return Case(title, "call", len(answers), decode, prepare)


def of_reconcile(scale: float) -> Case:
    count = int(200_000 * scale)
    first = update("bulk", [], list(map(named_bulk, range(count))))
    changed = {n: n * 0.5 + 1 for n in range(0, count, count // 100)}
    then = update("bulk", [], [named_bulk(n, changed.get(n)) for n in range(count)])
    decoded = subscribed(REQUEST, then)

    def prepare() -> Callable[[], object]:
        client = bulk_client(first)
        frame = client.reconnect(then)
        return lambda: client.receive(frame, hears=len(changed))

    title = "rows after a reconnection, 100 of them changed"
    return Case(title, "row", count, lambda: floor.read_subscription(decoded), prepare)


def of_ticks(scale: float) -> Case:
    return _ticks("updates of all rows, again and again", scale, lambda tables: None)


def of_ticks_with_index(scale: float) -> Case:
    def near(tables: Tables) -> None:
        assert len(tables.bulk.x.filter(ge=5.0, lt=6.0)) == 2

    return _ticks("the same with a btree index, one filter each time", scale, near)


def _ticks(title: str, scale: float, after: Callable[[Tables], object]) -> Case:
    count, ticks = int(10_000 * scale), 6
    rows = update("bulk", [], list(map(named_bulk, range(count))))
    states = [[bulk(n) for n in range(count)], [bulk(n, n * 0.5 + 0.25) for n in range(count)]]
    frames = [transaction(update("bulk", states[n % 2], states[(n + 1) % 2])) for n in range(2)] * (ticks // 2)

    def prepare() -> Callable[[], object]:
        client = bulk_client(rows)
        after(client.tables)

        def measured() -> None:
            for frame in frames:
                client.engine.receive(frame)
                after(client.tables)
            assert len(client.heard) == ticks * count

        return measured

    def decode() -> None:
        for frame in frames:
            floor.read_transaction(frame)

    return Case(title, "row", ticks * count, decode, prepare)


CASES: dict[str, Callable[[float], Case]] = {
    "subscribe": of_bulk,
    "indexes": of_bulk_with_indexes,
    "update": of_update,
    "small": of_small,
    "call": of_calls,
    "callrow": of_calls_with_row,
    "reconcile": of_reconcile,
    "tick": of_ticks,
    "tickindex": of_ticks_with_index,
    "player": of_player,
    "hero": of_hero,
    "reading": of_reading,
    "every": of_every,
}
