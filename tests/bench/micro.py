"""How much processor time the engine takes for a message, without a server: `make bench-micro`, in seconds.

The list driver of the engine's tests passes frames to a typed client. A frame is one that a server sent
(`tests/recordings`) with other rows in it. Beside each case stands what msgspec alone takes to decode the same bytes,
into typed lists (see `floor` and `wire`), in the same run and taking turns: the ratio says how many times as much the
engine takes, and is what compares between machines. Each number is the least of some runs, which other programs on the
machine disturb least. Callbacks append to a list.

`make bench-micro CASES="reconcile call"` measures only those.
"""

from __future__ import annotations

import argparse
import functools
import gc
import json
import logging
import sys
import time
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import msgspec

from stdb_runtime._handles.table import TableSet
from stdb_runtime.errors import ConnectionLost
from tests.bench import floor, wire
from tests.bench.bulk import Reducers, Tables
from tests.golden.arena.client import Tables as ArenaTables
from tests.golden.edge.client import Tables as EdgeTables
from tests.golden.probe.client import Tables as ProbeTables
from tests.support.engine import ARENA, LOGGER, PROBE, run, typed_engine
from tests.support.recordings import Recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from stdb_runtime._handles.table import Table
    from tests.bench.wire import WireDecoder

EDGE = Recording("1.2.0", "edge")
REPEATS = 5
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


# --- frames -----------------------------------------------------------------------------------------------------------


def bulk(number: int, x: float | None = None) -> str:
    """A row of `bulk`, as servers send it in a transaction. Reducer `fill` makes the same."""
    return f'[{number},"name-{number}",{number * 0.5 if x is None else x},{-float(number)},{number % 97}]'


def named_bulk(number: int, x: float | None = None) -> str:
    """A row of `bulk`, as a 1.2.0 server sends it in answer to a subscription."""
    columns = zip(("id", "name", "x", "y", "tag"), json.loads(bulk(number, x)), strict=True)
    return json.dumps(dict(columns), separators=(",", ":"))


def rows_like(recording: Recording, table: str, count: int, vary: Callable[[int], dict[str, object]]) -> Iterator[str]:
    """Rows like the last recorded one, each with some columns of its own."""
    texts = [text for name, rows in recording.rows() if name == table for text in rows if text.startswith("{")]
    recorded = json.loads(texts[-1])
    for number in range(count):
        yield json.dumps(recorded | vary(number), separators=(",", ":"), ensure_ascii=False)


def update(table: str, deletes: Sequence[str], inserts: Sequence[str]) -> msgspec.Raw:
    """The part of a message that holds the rows."""
    recorded = _payload("SubscribeMultiApplied", "Rec2")["update"]["tables"][0]
    part = {"deletes": deletes, "inserts": inserts}
    changed = recorded | {"table_name": table, "num_rows": len(deletes) + len(inserts), "updates": [part]}
    return msgspec.Raw(msgspec.json.encode({"tables": [changed]}))


def subscribed(request: bytes, rows: msgspec.Raw) -> bytes:
    """The answer to a request to subscribe."""
    sent = msgspec.json.decode(request)["SubscribeMulti"]
    ids = {"request_id": sent["request_id"], "query_id": sent["query_id"]}
    return msgspec.json.encode({"SubscribeMultiApplied": _payload("SubscribeMultiApplied") | ids | {"update": rows}})


def transaction(rows: msgspec.Raw, request_id: int | None = None) -> bytes:
    """A committed transaction of reducer `bump`: this client's with a request id, and another's without."""
    recorded = _payload("TransactionUpdate")
    called = recorded["reducer_call"] | {"reducer_name": "bump", "args": "[0,0]", "request_id": request_id or 1}
    changed = {"status": {"Committed": rows}, "reducer_call": called}
    if request_id is None:
        changed["caller_connection_id"] = {"__connection_id__": 1}
    return msgspec.json.encode({"TransactionUpdate": recorded | changed})


@functools.cache
def _payload(kind: str, text: str = "") -> dict[str, Any]:
    return PROBE.payload(kind, text)


# --- clients ----------------------------------------------------------------------------------------------------------


class MicroClient(Generic[T]):
    """A connected client of the list driver.

    Attributes:
        heard: what callbacks were called with: the rows.
    """

    def __init__(self, tables: type[T]) -> None:
        self.engine, self._driver = typed_engine(tables, Reducers)
        self._driver.connect()
        self.tables = tables(lambda: self.engine)
        self.reducers = Reducers(lambda: self.engine)
        self.heard: list[object] = []

    def subscribe(self, rows: msgspec.Raw) -> bytes:
        """Subscribe, and return the frame that answers."""
        self.engine.sink.subscribe(("SELECT * FROM any",))
        return subscribed(self._driver.sent[-1], rows)

    def reconnect(self, rows: msgspec.Raw) -> bytes:
        """Lose the connection and make it again, and return the frame with the rows."""
        self.engine.disconnected(ConnectionLost("lost"))
        self._driver.connect()
        return subscribed(self._driver.sent[-1], rows)

    def receive(self, *frames: bytes, hears: int) -> None:
        """Receive frames. So many callbacks must run."""
        for frame in frames:
            self.engine.receive(frame)
        assert len(self.heard) == hears


def bulk_client(rows: msgspec.Raw) -> MicroClient[Tables]:
    """A client that has rows of `bulk`, and hears of updates from now on."""
    client = MicroClient(Tables)
    client.receive(client.subscribe(rows), hears=0)
    client.tables.bulk.on_update(lambda event, old, new: client.heard.append(new))
    return client


# --- cases ------------------------------------------------------------------------------------------------------------


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


REQUEST = b'{"SubscribeMulti":{"request_id":1,"query_id":{"id":1}}}'

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


# --- measuring --------------------------------------------------------------------------------------------------------


class Figure(NamedTuple):
    """What a case took: seconds of processor time."""

    decode: float
    engine: float


def measure(case: Case, repeats: int = REPEATS) -> Figure:
    """Measure a case, taking turns. What was dropped before is collected before."""
    turns: list[Figure] = []
    for _ in range(repeats):
        decode = _seconds(case.decode)
        turns.append(Figure(decode, _seconds(case.prepare())))
    return Figure(min(turn.decode for turn in turns), min(turn.engine for turn in turns))


def _seconds(function: Callable[[], object]) -> float:
    gc.collect()
    started = time.process_time()
    result = function()
    seconds = time.process_time() - started
    del result  # freed outside of the measured time
    return seconds


HEAD = f"{'':9} {'':66} {'decode':>8} {'engine':>8} {'ratio':>6}"


def line(name: str, case: Case, figure: Figure) -> str:
    """The line of a case: nanoseconds of a row, microseconds of a call or of a message."""
    factor, unit = (1e9, "ns a row") if case.unit == "row" else (1e6, f"us a {case.unit}")
    decode, engine = (seconds / case.size * factor for seconds in figure)
    title = f"{case.title}, {unit}"
    return f"{name:9} {title:66} {decode:8.2f} {engine:8.2f} {engine / decode:6.2f}"


def main() -> None:
    """Measure the cases that are named, or all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"one of {', '.join(CASES)}; all by default")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="runs of each case (%(default)s)")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.cases if name not in CASES]
    if unknown:
        parser.error(f"unknown case {unknown[0]}: choose from {', '.join(CASES)}")
    LOGGER.setLevel(logging.ERROR)  # a lost connection is a warning
    sys.stdout.write(HEAD + "\n")
    for name in arguments.cases or CASES:
        case = CASES[name](1.0)
        sys.stdout.write(line(name, case, measure(case, arguments.repeats)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
