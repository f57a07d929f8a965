"""The cache of one table, beside a plain count of the rows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from stdb_runtime._engine.table_cache import TableCache, TableDiff
from stdb_runtime._protocol.v1_json.messages import Rows, TableUpdate
from stdb_runtime._protocol.v1_json.rows import RowReader
from stdb_runtime._sats.annotation import F64, U32, Product
from stdb_runtime.errors import DecodeError, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Player(Product, frozen=True):
    id: U32
    name: str


class Sample(Product, frozen=True):
    x: F64


def named(player: Player) -> str:
    return f'{{"id":{player.id},"name":"{player.name}"}}'


def positional(player: Player) -> str:
    return f'[{player.id},"{player.name}"]'


def message(deletes: Iterable[str] = (), inserts: Iterable[str] = ()) -> list[TableUpdate]:
    return [TableUpdate("player", (Rows(tuple(deletes), tuple(inserts)),))]


ALICE, BOB = Player(1, "Alice"), Player(2, "Bob")


@pytest.fixture
def keyed() -> TableCache[Player]:
    return TableCache(Player, "player", "id", RowReader(Player, "player"))


@pytest.fixture
def keyless() -> TableCache[Player]:
    return TableCache(Player, "player", None, RowReader(Player, "player"))


def test_a_row_that_comes_named_and_goes_positional_is_one_row(keyless: TableCache[Player]) -> None:
    assert keyless.apply(message(inserts=[named(ALICE)])) == TableDiff([], [ALICE], [], [])
    assert ALICE in keyless
    assert keyless.apply(message(deletes=[positional(ALICE)])) == TableDiff([ALICE], [], [], [])
    assert len(keyless) == 0


def test_both_dialects_in_one_list(keyed: TableCache[Player]) -> None:
    assert keyed.apply(message(inserts=[named(ALICE), positional(BOB)])).inserted == [ALICE, BOB]


def test_a_row_is_seen_once_however_many_queries_match_it(keyed: TableCache[Player]) -> None:
    keyed.apply(message(inserts=[named(ALICE)]))
    assert keyed.apply(message(inserts=[named(ALICE)])) == TableDiff([], [], [], [])
    assert keyed.apply(message(deletes=[named(ALICE)])) == TableDiff([], [], [], [])
    assert keyed.apply(message(deletes=[named(ALICE)])) == TableDiff([ALICE], [], [], [])


def test_one_key_out_and_in_is_an_update_also_when_it_comes_twice(keyed: TableCache[Player]) -> None:
    keyed.apply(message(inserts=[named(ALICE), named(ALICE)]))
    renamed = Player(1, "Alicia")
    twice = message(deletes=[positional(ALICE)] * 2, inserts=[positional(renamed)] * 2)
    assert keyed.apply(twice) == TableDiff([], [], [ALICE], [renamed])
    assert keyed.unique("id")[1] == renamed
    assert keyed.apply(message(deletes=[named(renamed)])) == TableDiff([], [], [], [])
    assert keyed.apply(message(deletes=[named(renamed)])) == TableDiff([renamed], [], [], [])


def test_without_a_key_it_is_a_delete_and_an_insert(keyless: TableCache[Player]) -> None:
    keyless.apply(message(inserts=[named(ALICE)]))
    renamed = Player(1, "Alicia")
    diff = keyless.apply(message(deletes=[positional(ALICE)], inserts=[positional(renamed)]))
    assert diff == TableDiff([ALICE], [renamed], [], [])


def test_in_and_out_in_one_message_is_nothing(keyed: TableCache[Player]) -> None:
    assert keyed.apply(message(deletes=[positional(ALICE)], inserts=[positional(ALICE)])) == TableDiff([], [], [], [])
    assert len(keyed) == 0


def test_out_and_in_again_unchanged_is_nothing(keyed: TableCache[Player]) -> None:
    keyed.apply(message(inserts=[named(ALICE)]))
    assert keyed.apply(message(deletes=[positional(ALICE)], inserts=[positional(ALICE)])) == TableDiff([], [], [], [])
    assert keyed.snapshot() == [ALICE]


@pytest.mark.parametrize("table", ["keyed", "keyless"])
def test_a_delete_of_what_is_not_there_is_an_error_and_changes_nothing(
    table: str, request: pytest.FixtureRequest
) -> None:
    rows: TableCache[Player] = request.getfixturevalue(table)
    rows.apply(message(inserts=[named(ALICE)]))
    with pytest.raises(ProtocolError, match="that is not in the cache"):
        rows.apply(message(deletes=[positional(ALICE), positional(BOB)]))
    assert rows.snapshot() == [ALICE]


def test_a_row_that_is_deleted_twice_is_an_error(keyed: TableCache[Player]) -> None:
    keyed.apply(message(inserts=[named(ALICE)]))
    with pytest.raises(ProtocolError, match="that is not in the cache"):
        keyed.apply(message(deletes=[positional(ALICE)] * 2))
    assert keyed.snapshot() == [ALICE]


def test_a_row_that_goes_and_comes_unchanged_beside_another_that_goes_is_no_update(keyed: TableCache[Player]) -> None:
    keyed.apply(message(inserts=[named(ALICE), named(BOB)]))
    diff = keyed.apply(message(deletes=[positional(ALICE), positional(BOB)], inserts=[positional(ALICE)]))
    assert diff == TableDiff([BOB], [], [], [])


def test_two_rows_of_one_key_are_an_error(keyed: TableCache[Player]) -> None:
    with pytest.raises(ProtocolError, match="the same primary key"):
        keyed.apply(message(inserts=[named(ALICE), named(Player(1, "Bob"))]))


def test_a_row_of_another_shape_is_an_error_with_its_place(keyed: TableCache[Player]) -> None:
    with pytest.raises(DecodeError, match="stdb-codegen") as caught:
        keyed.apply(message(inserts=['{"id":1,"name":5}']))
    assert (caught.value.table, caught.value.path) == ("player", "$.name")
    assert len(keyed) == 0


class Gauge(Product, frozen=True):
    id: U32
    x: F64


@pytest.mark.parametrize("key", ["id", None])
def test_replacing_tells_zeros_of_either_sign_apart_and_takes_nan_for_nan(key: str | None) -> None:
    gauges = TableCache(Gauge, "gauge", key, RowReader(Gauge, "gauge"))
    others = gauges.fresh()
    gauges.apply(message(inserts=["[1,0.0]", "[2,-0.0]", "[3,null]", "[4,-0.0]", "[5,1.5]", "[6,1.5]"]))
    others.apply(message(inserts=["[1,-0.0]", "[2,0.0]", "[3,null]", "[4,-0.0]", "[5,2.5]", "[7,null]"]))
    diff = gauges.commit(gauges.plan_replacing(others))
    assert [row.id for row in diff.old] == [row.id for row in diff.new] == ([1, 2, 5] if key else [])
    assert [row.id for row in diff.deleted] == ([6] if key else [1, 2, 5, 6])
    assert [row.id for row in diff.inserted] == ([7] if key else [1, 2, 5, 7])
    assert list(map(repr, sorted(gauges.snapshot(), key=lambda row: row.id))) == list(map(repr, others.snapshot()))
    assert gauges.plan_replacing(others).diff.size == 0


def test_zeros_of_either_sign_are_two_rows_and_nan_is_one() -> None:
    samples = TableCache(Sample, "player", None, RowReader(Sample, "player"))
    diff = samples.apply(message(inserts=["[0.0]", "[-0.0]", "[null]"]))
    assert len(diff.inserted) == len(samples) == 3
    diff = samples.apply(message(deletes=['{"x":-0.0}', '{"x":null}']))
    assert str(diff.deleted[0].x) == "-0.0"
    assert diff.deleted[1].x != diff.deleted[1].x
    assert [str(sample.x) for sample in samples.snapshot()] == ["0.0"]


def test_indexes_follow_every_kind_of_change(keyed: TableCache[Player]) -> None:
    by_name = keyed.unique("name")
    ordered = keyed.sorted("name")
    hashed = keyed.hashed("name")
    keyed.apply(message(inserts=[named(ALICE), named(BOB)]))
    assert (hashed.equal("Alice"), hashed.equal("Bob"), hashed.equal("Carol")) == ([ALICE], [BOB], [])
    assert (by_name["Alice"], by_name["Bob"]) == (ALICE, BOB)
    swapped = [Player(1, "Bob"), Player(2, "Alice")]
    keyed.apply(message(deletes=map(positional, [ALICE, BOB]), inserts=map(positional, swapped)))
    assert (by_name["Bob"], by_name["Alice"]) == tuple(swapped)
    assert ordered.between(ge="Alice") == [swapped[1], swapped[0]]
    assert (hashed.equal("Alice"), hashed.equal("Bob")) == ([swapped[1]], [swapped[0]])
    assert keyed.hashed("id", "name").equal((1, "Bob")) == [swapped[0]]
    assert keyed.hashed("id", "name").equal((1,)) == []
    keyed.apply(message(deletes=map(positional, swapped)))
    assert not by_name
    assert ordered.between(ge="") == []
    assert hashed.equal("Bob") == []


players = st.builds(Player, st.integers(0, 5), st.sampled_from("abc"))


class Multiset(RuleBasedStateMachine):
    """Queries come and go, rows change: what is seen is what a naive multiset has."""

    @initialize(has_key=st.booleans())
    def begin(self, has_key: bool) -> None:
        self.rows = TableCache(Player, "player", "id" if has_key else None, RowReader(Player, "player"))
        self.has_key = has_key
        self.model: Counter[Player] = Counter()
        self.by_name = self.rows.sorted("name")
        self.of_name = self.rows.hashed("name")

    @rule(steps=st.lists(st.tuples(players, st.integers(1, 3), st.booleans()), max_size=6))
    def change(self, steps: list[tuple[Player, int, bool]]) -> None:
        """Put rows in and take rows out such that what is left is what a server can have."""
        deletes: list[str] = []
        inserts: list[str] = []
        after = self.model.copy()
        for player, times, as_named in steps:
            if self.has_key:
                for other in [other for other in after if other.id == player.id and other != player]:
                    deletes += [positional(other)] * after.pop(other)
            after[player] += times
            inserts += [(named if as_named else positional)(player)] * times
        before, self.model = self.model, after
        self.check(before, self.rows.apply(message(deletes, inserts)))

    @rule(data=st.data())
    def take(self, data: st.DataObject) -> None:
        if not self.model:
            return
        player = data.draw(st.sampled_from(sorted(self.model, key=named)))
        times = data.draw(st.integers(1, self.model[player]))
        before, self.model = self.model, self.model - Counter({player: times})
        self.check(before, self.rows.apply(message([positional(player)] * times)))

    def check(self, before: Counter[Player], diff: TableDiff[Player]) -> None:
        gone = [*diff.deleted, *(old for old, _ in diff.updated)]
        come = [*diff.inserted, *(new for _, new in diff.updated)]
        assert Counter(gone) == Counter(before.keys() - self.model.keys())
        assert Counter(come) == Counter(self.model.keys() - before.keys())
        if self.has_key:
            assert not {row.id for row in diff.deleted} & {row.id for row in diff.inserted}
            assert all(old.id == new.id for old, new in diff.updated)
        else:
            assert not diff.updated

    @invariant()
    def the_rows_are_those_of_the_model(self) -> None:
        if hasattr(self, "model"):
            assert Counter(self.rows.snapshot()) == Counter(self.model.keys())
            for name in "abc":
                expected = Counter(row for row in self.model if row.name == name)
                assert Counter(self.by_name.equal(name)) == Counter(self.of_name.equal(name)) == expected
            ordered = self.by_name.between(gt="a")
            assert [row.name for row in ordered] == sorted(row.name for row in self.model if row.name > "a")


TestMultiset = Multiset.TestCase
TestMultiset.settings = settings(max_examples=60, stateful_step_count=15, deadline=None)


@given(
    values=st.lists(st.integers(0, 20)),
    bounds=st.fixed_dictionaries(
        {},
        optional={
            "ge": st.integers(0, 20),
            "gt": st.integers(0, 20),
            "le": st.integers(0, 20),
            "lt": st.integers(0, 20),
        },
    ),
)
def test_a_range_is_what_filtering_by_hand_gives(values: list[int], bounds: dict[str, int]) -> None:
    rows = TableCache(Player, "player", None, RowReader(Player, "player"))
    rows.apply(message(inserts=[positional(Player(value, str(place))) for place, value in enumerate(values)]))
    tests = {"ge": int.__ge__, "gt": int.__gt__, "le": int.__le__, "lt": int.__lt__}
    expected = sorted(value for value in values if all(tests[name](value, bound) for name, bound in bounds.items()))
    assert [row.id for row in rows.sorted("id").between(**bounds)] == expected
