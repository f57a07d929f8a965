"""Values of every kind, there and back through the real server, bit for bit.

Each is sent by one client, and compared as it comes back in the reducer echo, in the delta (positional), in a fresh
subscription of another client (named) and in a one-off query; then its row is deleted and leaves both caches.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import itertools
import math
import random
import struct
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_socket
from websockets.typing import Subprotocol

from stdb_runtime import ReducerEvent, RowEvent
from stdb_runtime._handles.query import sql_of
from stdb_runtime._protocol.v1_json import messages as wire
from stdb_runtime._protocol.v1_json.arguments import decode
from stdb_runtime._protocol.v1_json.rows import RowReader
from stdb_runtime._sats.literal import double_literal, server_double
from tests.golden.echo import client as echo_client
from tests.golden.echo.client import types as echo
from tests.support.declarations import of_reducer
from tests.support.echo import KINDS
from tests.support.values import LEISURE, has_literal, kind_of, single

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Iterator

    from stdb_runtime._handles.table import Table
    from tests.conftest import Publish
    from tests.support.server import Database

T = TypeVar("T")

PATIENCE = 30.0


def row_class(table: str) -> Any:
    """The class of a table's rows: `EchoVecU8` of `echo_vec_u8`."""
    return getattr(echo, table.title().replace("_", ""))


def arguments(event: ReducerEvent) -> tuple[object, ...]:
    """What the server said that the arguments of a call were."""
    declared = of_reducer(getattr(echo_client.Reducers, event.reducer))
    return decode(declared.parameters, event.args)


class Sent(NamedTuple):
    """A row, and the arguments of the calls that insert and delete it."""

    row: Any
    insert: tuple[Any, ...]
    delete: tuple[Any, ...]


class Stage:
    """A database with three clients: one that sends and watches all, one that looks afresh, one without a runtime."""

    def __init__(self, sender: echo_client.Client, watcher: echo_client.Client, socket: ClientConnection) -> None:
        self.sender = sender
        self.watcher = watcher
        self._socket = socket
        self.numbers = itertools.count(1)

    @classmethod
    async def open(cls, database: Database, stack: contextlib.AsyncExitStack) -> Stage:
        sender = await stack.enter_async_context(echo_client.connect(database.uri, database.name))
        watcher = await stack.enter_async_context(echo_client.connect(database.uri, database.name))
        await sender.subscribe("SELECT * FROM *")
        socket = await stack.enter_async_context(plain_socket(database))
        await socket.recv()
        return cls(sender, watcher, socket)

    async def query(self, table: str) -> list[Any]:
        """All rows of a table, asked for once."""
        message_id = f"{next(self.numbers):08x}"
        await self._socket.send(
            wire.encode(wire.OneOffQuery(message_id, sql_of(self.table(self.sender, table)))).decode()
        )
        answer = wire.decode(await self._socket.recv())
        assert isinstance(answer, wire.OneOffQueryResponse)
        assert answer.message_id == message_id
        (found,) = answer.tables
        return RowReader(row_class(table), table).read(found.rows)

    async def call_unchecked(self, reducer: str, args: str) -> wire.TransactionUpdate:
        """Call a reducer with a text that the runtime would perhaps refuse."""
        await self._socket.send(wire.encode(wire.CallReducer(reducer, args, 1, wire.FULL_UPDATE)).decode())
        answer = wire.decode(await self._socket.recv())
        assert isinstance(answer, wire.TransactionUpdate)
        return answer

    async def there_and_back(self, table: str, suffix: str, sent: list[Sent]) -> None:
        """Insert rows, compare each way back, delete them, and see them go."""
        try:
            await self._there_and_back(table, suffix, sent)
        except BaseException:  # the next example must not find the rows of one that failed
            await self.sender.reducers.clear()
            await self.watcher.subscribe(self.table(self.watcher, table)).unsubscribe()
            raise

    async def _there_and_back(self, table: str, suffix: str, sent: list[Sent]) -> None:
        here, there = self.table(self.sender, table), self.table(self.watcher, table)
        expected = in_order(each.row for each in sent)

        with watching(here) as seen:
            events = await self.call(f"insert_{suffix}", [each.insert for each in sent])
            assert in_order(seen.inserted) == expected
        for event, each in zip(events, sent, strict=True):
            assert repr(arguments(event)) == repr(each.insert)

        subscription = await self.watcher.subscribe(there)
        assert in_order(there) == expected
        assert in_order(await self.query(table)) == expected

        with watching(here) as seen, watching(there) as seen_there:
            await self.call(f"delete_{suffix}", [each.delete for each in sent])
            await seen_there.until_deleted(len(sent))
            assert in_order(seen.deleted) == in_order(seen_there.deleted) == expected
        assert (here.count(), there.count()) == (0, 0)
        await subscription.unsubscribe()

    async def call(self, reducer: str, arguments: list[tuple[Any, ...]]) -> list[ReducerEvent]:
        """Call a reducer many times at once."""
        bound: Callable[..., Awaitable[ReducerEvent]] = getattr(self.sender.reducers, reducer)
        calls = [bound(*each) for each in arguments]
        return [await call for call in calls]

    @staticmethod
    def table(client: echo_client.Client, name: str) -> Table[Any]:
        found: Table[Any] = getattr(client.db, name)
        return found


class Seen:
    """What row callbacks were told."""

    def __init__(self) -> None:
        self.inserted: list[Any] = []
        self.deleted: list[Any] = []
        self._changed = asyncio.Event()

    def on_insert(self, event: RowEvent, row: Any) -> None:
        assert isinstance(event.cause, ReducerEvent)
        self.inserted.append(row)

    def on_delete(self, event: RowEvent, row: Any) -> None:
        assert isinstance(event.cause, ReducerEvent)
        self.deleted.append(row)
        self._changed.set()

    async def until_deleted(self, count: int) -> None:
        while len(self.deleted) < count:
            self._changed.clear()
            await self._changed.wait()


@contextlib.contextmanager
def watching(table: Table[Any]) -> Generator[Seen]:
    """What happens to a table's rows during the block."""
    seen = Seen()
    table.on_insert(seen.on_insert)
    table.on_delete(seen.on_delete)
    yield seen
    table.remove_on_insert(seen.on_insert)
    table.remove_on_delete(seen.on_delete)


def plain_socket(database: Database) -> connect_socket:
    """A connection without the runtime."""
    uri = f"{database.uri.replace('http', 'ws', 1)}/v1/database/{database.name}/subscribe"
    return connect_socket(
        uri, subprotocols=[Subprotocol(wire.SUBPROTOCOL)], max_size=None, compression=None, proxy=None
    )


def in_order(rows: Any) -> list[str]:
    """Rows as texts that show every bit: -0.0 is not 0.0, and 1 is not True."""
    return sorted(map(repr, rows))


class Run:
    """Runs coroutines of the tests of this file in the one event loop that the stage's clients live in."""

    def __init__(self, runner: asyncio.Runner, stage: Stage) -> None:
        self._runner = runner
        self.stage = stage

    def __call__(self, coroutine: Awaitable[T]) -> T:
        return self._runner.run(asyncio.wait_for(coroutine, PATIENCE))


@pytest.fixture(scope="module")
def run(publish: Publish) -> Iterator[Run]:
    stack = contextlib.AsyncExitStack()
    with asyncio.Runner() as runner:
        stage = runner.run(asyncio.wait_for(Stage.open(publish("echo"), stack), PATIENCE))
        yield Run(runner, stage)
        runner.run(stack.aclose())


# --- every kind -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@settings(LEISURE, max_examples=10)
@given(data=st.data())
def test_kind(run: Run, kind: str, data: st.DataObject) -> None:
    row = row_class(f"echo_{kind}")
    values = data.draw(st.lists(kind_of(get_type_hints(row, include_extras=True)["v"]).values, min_size=1, max_size=12))
    numbered = list(zip(run.stage.numbers, values, strict=False))
    run(run.stage.there_and_back(f"echo_{kind}", kind, [Sent(row(n, v), (n, v), (n,)) for n, v in numbered]))


@settings(LEISURE, max_examples=5)
@given(rows=st.lists(kind_of(echo.Everything).values, min_size=1, max_size=3, unique_by=repr))
def test_everything_without_a_key(run: Run, rows: list[Any]) -> None:
    run(run.stage.there_and_back("everything", "everything", [Sent(row, (row,), (row,)) for row in rows]))


@settings(LEISURE, max_examples=8)
@given(rows=st.lists(kind_of(echo.KeylessFloat).values, min_size=1, max_size=12, unique_by=repr))
def test_floats_without_a_key(run: Run, rows: list[echo.KeylessFloat]) -> None:
    sent = [Sent(row, (row.x, row.y), (row.x, row.y)) for row in rows]
    run(run.stage.there_and_back("keyless_float", "keyless_float", sent))


# --- arguments of other types than rows have --------------------------------------------------------------------------

OTHER_FORMS: list[tuple[str, Any, Any]] = [
    ("vec_u64", [1, 2**64 - 1], (1, 2**64 - 1)),
    ("vec_u64", range(3), (0, 1, 2)),
    ("vec_string", collections.deque(["a", "b"]), ("a", "b")),
    ("vec_vec_u32", [[1], (), range(2)], ((1,), (), (0, 1))),
    ("option_vec_u32", [5], (5,)),
    ("vec_bytes", [bytearray(b"a"), memoryview(b"b")], (b"a", b"b")),
    ("bytes", bytearray(b"\x00\xff"), b"\x00\xff"),
    ("bytes", memoryview(b"\x00\x01\xff")[::2], b"\x00\xff"),
    ("f64", 2**60, 2.0**60),
    ("f32", -3, -3.0),
    ("vec_f64", [1, 2.5], (1.0, 2.5)),
]


@pytest.mark.parametrize(("suffix", "given", "held"), OTHER_FORMS, ids=lambda part: str(part)[:30])
def test_arguments_of_other_types_than_rows_have(run: Run, suffix: str, given: Any, held: Any) -> None:
    async def check() -> None:
        number = next(run.stage.numbers)
        (event,) = await run.stage.call(f"insert_{suffix}", [(number, given)])
        assert repr(event.arguments) == repr((number, held))
        (row,) = [row for row in Stage.table(run.stage.sender, f"echo_{suffix}") if row.n == number]
        assert repr(row.v) == repr(held)
        await run.stage.call(f"delete_{suffix}", [(number,)])

    run(check())


# --- rows that look alike ---------------------------------------------------------------------------------------------


def test_zeros_of_both_signs_are_four_rows(run: Run) -> None:
    zeros = list(itertools.product((0.0, -0.0), repeat=2))

    async def check() -> None:
        rows = run.stage.sender.db.keyless_float
        await run.stage.call("insert_keyless_float", zeros)
        assert in_order(rows) == in_order(itertools.starmap(echo.KeylessFloat, zeros))
        for position, zero in enumerate(zeros, 1):
            await run.stage.call("delete_keyless_float", [zero])
            assert in_order(rows) == in_order(itertools.starmap(echo.KeylessFloat, zeros[position:]))

    run(check())


@pytest.mark.parametrize("fresh", [False, True])
def test_what_json_cannot_carry_is_one_row_as_long_as_there_is_any(run: Run, fresh: bool) -> None:
    async def check() -> None:
        await run.stage.call("insert_odd", [()])
        client = run.stage.watcher if fresh else run.stage.sender
        subscription = await client.subscribe("SELECT * FROM keyless_odd") if fresh else None
        rows, seen = client.db.keyless_odd, Seen()
        rows.on_delete(seen.on_delete)
        assert in_order(rows) == ["KeylessOdd(x=-0.0, y=-0.0)", "KeylessOdd(x=0.0, y=0.0)", "KeylessOdd(x=nan, y=nan)"]
        (nan,) = [row for row in rows if math.isnan(row.x)]
        assert nan in rows
        for index in (4, 1, 0, 2, 3):
            await run.stage.call("delete_one_odd", [(index,)])
        await seen.until_deleted(3)
        assert [repr(row.x) for row in seen.deleted] == ["0.0", "nan", "-0.0"]
        assert seen.deleted[1] == nan
        assert rows.count() == 0
        rows.remove_on_delete(seen.on_delete)
        if subscription is not None:
            await subscription.unsubscribe()

    run(check())


# --- doubles ----------------------------------------------------------------------------------------------------------


def random_floats(count: int, layout: str, seed: int) -> list[float]:
    """Finite floats with random bits, of the size of a `struct` layout."""
    rng, size = random.Random(seed), struct.calcsize(layout)
    values = (struct.unpack(layout, rng.randbytes(size))[0] for _ in itertools.count())
    return list(itertools.islice(filter(math.isfinite, values), count))


def echoed(run: Run, reducer: str, table: str, values: list[float]) -> list[float]:
    """Floats as the server gives them back, sent as one array."""

    async def call() -> list[float]:
        number = next(run.stage.numbers)
        await run.stage.call(f"insert_{reducer}", [(number, tuple(values))])
        (row,) = [row for row in Stage.table(run.stage.sender, table) if row.n == number]
        await run.stage.call(f"delete_{reducer}", [(number,)])
        return list(row.v)

    return run(call())


def test_searched_literals_come_back_exact(run: Run) -> None:
    inexact = [value for value in random_floats(2_000, "<d", seed=11) if server_double(repr(value)) != value]
    searched = [value for value in inexact if has_literal(value)]
    assert len(searched) >= 300
    assert list(map(repr, echoed(run, "vec_f64", "echo_vec_f64", searched))) == list(map(repr, searched))


def test_the_server_reads_every_literal_as_we_say(run: Run) -> None:
    values = random_floats(10_000, "<d", seed=12)
    back = echoed(run, "vec_f64", "echo_vec_f64", values)
    assert list(map(repr, back)) == [repr(server_double(double_literal(value))) for value in values]
    changed = [(value, got) for value, got in zip(values, back, strict=True) if repr(value) != repr(got)]
    assert len(changed) < 30
    for value, got in changed:
        assert got in {math.nextafter(value, math.inf), math.nextafter(value, -math.inf)}


def test_singles_come_back_exact(run: Run) -> None:
    values = [single(value) for value in random_floats(5_000, "<f", seed=13)]
    assert list(map(repr, echoed(run, "vec_f32", "echo_vec_f32", values))) == list(map(repr, values))


# --- recursion --------------------------------------------------------------------------------------------------------


def tree(depth: int) -> echo.Tree:
    found = echo.Tree(depth, ())
    for level in range(depth - 1, 0, -1):
        found = echo.Tree(level, (found, echo.Tree(0, ())))
    return found


def test_trees_as_deep_as_the_server_takes_them(run: Run) -> None:
    async def check() -> None:
        number = next(run.stage.numbers)
        (event,) = await run.stage.call("insert_tree", [(number, tree(63))])
        row = run.stage.sender.db.echo_tree.n.find(number)
        assert row is not None
        assert [node for node in row.v if node.value] == [echo.TreeNode(level, level - 1) for level in range(1, 64)]
        assert arguments(event) == (number, tree(63))
        await run.stage.call("delete_tree", [(number,)])

    run(check())


def test_sums_as_deep_as_the_server_takes_them(run: Run) -> None:
    value: echo.Expr = echo.ExprTotal((echo.ExprNumber(7),))
    for _ in range(123):
        value = echo.ExprNegative(value)

    async def check() -> None:
        number = next(run.stage.numbers)
        await run.stage.call("insert_expr", [(number, value)])
        row = run.stage.sender.db.echo_expr.n.find(number)
        assert row is not None
        assert row.v == (*[echo.ExprTokenNegative()] * 123, echo.ExprTokenTotal(1), echo.ExprTokenNumber(7))
        await run.stage.call("delete_expr", [(number,)])

    run(check())


def test_the_server_takes_no_level_more(run: Run) -> None:
    async def call(levels: int) -> wire.Status:
        text = f"[{next(run.stage.numbers)},{'[1,' * (levels - 2)}[0,7]{']' * (levels - 2)}]"
        return (await run.stage.call_unchecked("insert_expr", text)).status

    assert run(call(127)).committed is not msgspec.UNSET
    assert "recursion limit" in str(run(call(128)).failed)
