"""A real client under random subscriptions, calls and lost connections: after every step its tables are what the server
says over HTTP, and what its callbacks told adds up to the same.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, Literal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

import tests.golden.edge.client as edge
from stdb_runtime import Backoff
from tests.support.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from stdb_runtime._handles.subscription import Subscription
    from stdb_runtime._handles.table import KeyedTable
    from tests.conftest import Publish
    from tests.support.server import Database

EXAMPLES = int(os.environ.get("STDB_STATE_MACHINE_EXAMPLES", "120"))
STEPS = 25

JOIN = "FROM left l JOIN right r ON l.id = r.left_id"
QUERIES: dict[str, Literal["left", "right"]] = {
    "SELECT * FROM left": "left",
    "select * from left": "left",
    "SELECT * FROM left WHERE tag = 1": "left",
    "SELECT * FROM left WHERE tag < 2": "left",
    "SELECT * FROM right": "right",
    "SELECT * FROM right WHERE note = 'n0'": "right",
    f"SELECT l.* {JOIN}": "left",
    f"SELECT r.* {JOIN}": "right",
    f"SELECT l.* {JOIN} WHERE l.tag = 1": "left",
    f"SELECT r.* {JOIN} WHERE l.tag = 1": "right",
    f"SELECT l.* {JOIN} WHERE r.note = 'n1'": "left",
}
IDS, TAGS = st.integers(1, 4), st.integers(0, 2)
SETS = st.lists(st.sampled_from(sorted(QUERIES)), min_size=1, max_size=3)


class ClientMachine(RuleBasedStateMachine):
    """One client, before which a proxy cuts connections."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.active: list[tuple[list[str], Subscription]] = []
        self.told: dict[str, dict[Any, Any]] = {"left": {}, "right": {}}
        self.wrong: list[str] = []
        for table in ("left", "right"):
            self.database.sql(f"DELETE FROM {table}")
        self.run(self.begin())

    def run(self, step: Coroutine[Any, Any, None]) -> None:
        self.runner.run(asyncio.wait_for(step, 20))

    async def begin(self) -> None:
        self.proxy = await Proxy(self.database.uri).__aenter__()
        backoff = Backoff(initial_delay=0, max_delay=0)
        self.connecting = edge.connect(self.proxy.uri, self.database.name, backoff=backoff, verify_schema="off")
        self.client = await self.connecting.__aenter__()
        self.again = asyncio.Event()
        self.client.on_connect(self.again.set)
        self.client.on_error(lambda error, callback: self.wrong.append(repr(error)))
        self.listen(self.client.db.left, self.told["left"])
        self.listen(self.client.db.right, self.told["right"])

    @staticmethod
    def listen(table: KeyedTable[Any], told: dict[Any, Any]) -> None:
        """Keep account of what callbacks say, each of which must fit what was said before."""

        def insert(event: object, row: Any) -> None:
            assert row.id not in told, f"{row} comes, and it is there"
            told[row.id] = row

        def delete(event: object, row: Any) -> None:
            assert told.pop(row.id) == row, f"{row} goes, and it was another"

        def update(event: object, old: Any, new: Any) -> None:
            assert told[old.id] == old != new, f"{old} becomes {new}"
            told[new.id] = new

        table.on_insert(insert)
        table.on_delete(delete)
        table.on_update(update)

    def teardown(self) -> None:
        self.run(self.end())
        self.runner.close()

    async def end(self) -> None:
        await self.connecting.__aexit__(None, None, None)
        await self.proxy.__aexit__(None, None, None)

    # --- steps ----------------------------------------------------------------------------------------------------

    @rule(queries=SETS)
    def subscribe(self, queries: list[str]) -> None:
        async def step() -> None:
            self.active.append((queries, await self.client.subscribe(*queries)))

        self.run(step())

    @precondition(lambda self: self.active)
    @rule(data=st.data())
    def unsubscribe(self, data: st.DataObject) -> None:
        _, subscription = self.active.pop(data.draw(st.integers(0, len(self.active) - 1)))

        async def step() -> None:
            await subscription.unsubscribe()

        self.run(step())

    @rule(queries=SETS)
    def unsubscribe_before_the_rows(self, queries: list[str]) -> None:
        async def step() -> None:
            await self.client.subscribe(*queries).unsubscribe()

        self.run(step())

    @rule(queries=SETS, id=IDS, tag=TAGS)
    def subscribe_and_call_at_once(self, queries: list[str], id: int, tag: int) -> None:
        async def step() -> None:
            subscription = self.client.subscribe(*queries)
            calls = [self.client.reducers.retag(id, tag), self.client.reducers.delete_and_reinsert(id)]
            await asyncio.gather(subscription.applied(), *calls, return_exceptions=True)
            self.active.append((queries, subscription))

        self.run(step())

    @rule(id=IDS, tag=TAGS, rights=st.integers(0, 3))
    def pair(self, id: int, tag: int, rights: int) -> None:
        self.call(lambda: self.client.reducers.pair(id, tag, rights))

    @rule(id=IDS, number=st.integers(0, 2))
    def unpair_one(self, id: int, number: int) -> None:
        self.call(lambda: self.client.reducers.unpair_one(id * 100 + number))

    @rule(id=IDS, tag=TAGS)
    def retag(self, id: int, tag: int) -> None:
        self.call(lambda: self.client.reducers.retag(id, tag))

    @rule(old=IDS, new=IDS)
    def swap_left(self, old: int, new: int) -> None:
        self.call(lambda: self.client.reducers.swap_left(old, new))

    @rule(id=IDS)
    def delete_and_reinsert(self, id: int) -> None:
        self.call(lambda: self.client.reducers.delete_and_reinsert(id))

    def call(self, reducer: Callable[[], Any]) -> None:
        """Call a reducer, which may be refused: rows with that key may be there, or not."""

        async def step() -> None:
            await asyncio.gather(reducer(), return_exceptions=True)

        self.run(step())

    @rule(id=IDS, tag=TAGS, old=IDS, meanwhile=st.booleans())
    def lose_the_connection(self, id: int, tag: int, old: int, meanwhile: bool) -> None:
        async def step() -> None:
            self.again.clear()
            self.proxy.cut()
            if meanwhile:
                self.database.sql(f"DELETE FROM left WHERE id = {old}")
                self.database.sql(f"UPDATE left SET tag = {tag} WHERE id = {id}")
                self.database.sql(f"DELETE FROM right WHERE left_id = {id}")
            await self.again.wait()

        self.run(step())

    # --- what must be so ------------------------------------------------------------------------------------------

    @invariant()
    def the_tables_are_what_the_server_has(self) -> None:
        expected: dict[str, set[tuple[object, ...]]] = {"left": set(), "right": set()}
        for query in {query for queries, _ in self.active for query in queries}:
            expected[QUERIES[query]] |= {tuple(row) for row in self.database.sql(query)}
        db = self.client.db
        assert {(row.id, row.tag) for row in db.left} == expected["left"]
        assert {(row.id, row.left_id, row.note) for row in db.right} == expected["right"]
        assert (len(db.left), len(db.right)) == (len(expected["left"]), len(expected["right"]))
        assert (set(self.told["left"].values()), set(self.told["right"].values())) == (set(db.left), set(db.right))
        assert self.wrong == []
        by_left = [row for id in range(5) for row in db.right.left_id.filter(id)]
        assert sorted(by_left, key=lambda row: row.id) == sorted(db.right, key=lambda row: row.id)


def test_a_client_under_random_steps(publish: Publish) -> None:
    ClientMachine.database = publish("edge")
    run_state_machine_as_test(
        ClientMachine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
