"""The packages of `tests/golden`, used: what each feature is for works at run time."""

from __future__ import annotations

import inspect
from typing import Generic, TypeVar

import pytest

from stdb_runtime import Err, Ok, Some, SubscriptionError
from stdb_runtime._handles.query import sql_of
from stdb_runtime._handles.table import TableSet
from stdb_runtime._protocol.v1_json.arguments import decode, decode_value, encode
from stdb_runtime._protocol.v1_json.messages import Rows, TableUpdate
from stdb_runtime._sats.parameters import Parameters
from tests.golden.arena import client as arena
from tests.golden.events import client as events
from tests.golden.indexes import client as indexes
from tests.golden.options import client as options
from tests.golden.private import client as private
from tests.golden.procedures import client as procedures
from tests.golden.queries import client as queries
from tests.golden.recursion import client as recursion
from tests.golden.renames import client as renames
from tests.golden.schedules import client as schedules
from tests.golden.shared import client as shared
from tests.golden.views import client as views
from tests.support.declarations import of_procedure, of_reducer
from tests.support.engine import typed_engine

T = TypeVar("T", bound=TableSet)


class Cache(Generic[T]):
    """The rows of tables, without a client; `tables` are the handles on them."""

    def __init__(self, tables: type[T]) -> None:
        engine, _ = typed_engine(tables)
        self._cache = engine.sink.cache
        self.tables = tables(lambda: engine)

    def insert(self, table: str, *rows: str) -> None:
        self._cache.table(table).rows.apply([TableUpdate(table, (Rows((), rows),))])


def encoded(parameters: Parameters, args: tuple[object, ...], kwargs: dict[str, object]) -> str:
    return encode(parameters, parameters.bind(args, kwargs))


def returned(method: object, text: str) -> object:
    procedure = of_procedure(method)
    return decode_value(procedure.returns, text, procedure.name)


def test_composite_indexes_are_searched_by_their_first_columns() -> None:
    cache = Cache(indexes.Tables)
    point = cache.tables.point
    rest = "0.5,7,8,9"
    for n, x, y in ((1, 1, "a"), (2, 1, "b"), (3, 2, "a"), (4, 1, "a")):
        cache.insert("point", f'[{n},{x},"{y}",[5],["0x1"],{rest}]')
    assert sorted(row.id for row in point.by_x_y.filter((1,))) == [1, 2, 4]
    assert sorted(row.id for row in point.by_x_y.filter((1, "a"))) == [1, 4]
    assert [row.id for row in point.by_x_y.filter(ge=(1, "b"), le=(2, "a"))] == [2, 3]
    assert point.id.find(3) == point.by_y_x.filter(("a", 2))[0]
    assert len(point.where_.filter(7)) == 4
    assert len(point.count_.filter((8, 9))) == 4


def test_event_tables_are_never_subscribed_to() -> None:
    assert sql_of(events.tables.hero) == "SELECT * FROM hero"
    for table in (events.tables.hit, arena.tables.hit):
        with pytest.raises(SubscriptionError, match="hit is an event table"):
            sql_of(table)
        with pytest.raises(SubscriptionError, match="hit is an event table"):
            table.where(lambda hit: hit.damage == 1)


def test_views_are_read_like_tables() -> None:
    cache = Cache(views.Tables)
    tables = cache.tables
    cache.insert("all_ranks", '{"player":7,"place":1}')
    assert tables.all_ranks.player.find(7) == views.Rank(player=7, place=1)
    query = tables.high_levels.where(lambda p: p.level >= 3)
    assert query.sql == "SELECT * FROM high_levels WHERE level >= 3"
    assert not hasattr(tables, "secret")


def test_procedures_send_and_read() -> None:
    declared = procedures.Procedures
    assert encoded(of_procedure(declared.add).parameters, (1, 2), {}) == "[1,2]"
    assert returned(declared.add, "3") == 3
    assert returned(declared.announce, "[]") is None
    assert encoded(of_procedure(declared.best_cell).parameters, ("a",), {"self_": 5}) == '["a",5]'
    assert returned(declared.best_cell, "[0,[1,2]]") == procedures.Cell(1, 2)
    assert returned(declared.best_cell, "[1,[]]") is None
    assert returned(declared.decide, "[1,[]]") is procedures.Side.RIGHT
    assert returned(declared.nested, "[0,[1,[]]]") == Some(None)
    assert returned(declared.plan, "[[0,[]],[1,[3,4]]]") == (
        procedures.MoveRest(),
        procedures.MoveStepTo(procedures.Cell(3, 4)),
    )
    assert returned(declared.try_it, "[0,[1,2]]") == Ok(procedures.Cell(1, 2))
    assert returned(declared.try_it, '[1,"no"]') == Err("no")
    assert returned(arena.Procedures.roll, "[6,4]") == arena.Cell(6, 4)


def test_nested_options_survive() -> None:
    nest = options.Nest(
        deep=Some(Some(None)),
        list=("a", None),
        maybe_list=(Some(None), Some(5), None),
        unit=Some(None),
        outcome=Err(None),
        maybe_outcome=Ok(None),
        maybe_id=None,
        maybe_when=None,
        inner=None,
        kind=options.KindSome(Some(Some(None))),
    )
    parameters = of_reducer(options.Reducers.put).parameters
    text = encode(parameters, (nest, Some(None)))
    assert decode(parameters, text) == (nest, Some(None))


def test_recursive_values_survive() -> None:
    tree = recursion.TreeBranch(recursion.Pair(recursion.TreeLeaf(1), recursion.TreeLeaf(2)))
    folder = recursion.Folder("a", (recursion.Folder("b", (), None),), recursion.Folder("c", (), None))
    even = recursion.EvenAfter(recursion.OddAfter(recursion.EvenZero()))
    outcome = recursion.Outcome(Err(recursion.Outcome(Ok(5))))
    parameters = of_reducer(recursion.Reducers.grow).parameters
    values = (tree, folder, even, outcome)
    assert decode(parameters, encode(parameters, values)) == values


def test_renamed_things_keep_their_wire_names() -> None:
    cache = Cache(renames.Tables)
    tables = cache.tables
    cache.insert("player", '{"class":"mage","aB":1,"a_b":2}')
    cache.insert("Player", '["old",3,4]')
    assert tables.player.first_ab.find(1) == renames.Gamer(klass="mage", first_ab=1, a_b=2)
    assert tables.player.by_abs.filter((1, 2)) == [renames.Gamer("mage", 1, 2)]
    assert list(tables.old_players) == [renames.Gamer("old", 3, 4)]
    assert tables.old_players.where(lambda p: p.klass == "old").sql == "SELECT * FROM Player WHERE class = 'old'"
    shape = renames.ShapeSmallDot(renames.Place(5))
    assert encoded(of_reducer(renames.Reducers.add_player).parameters, (1,), {"shape": shape}) == "[1,[1,[5]]]"
    assert of_reducer(renames.Reducers.add_player).name == "player"
    assert renames.Team.DARK_RED.value == "RED"
    assert of_procedure(renames.Procedures.roll_dice).name == "roll"


def test_lifecycle_reducers_are_not_called() -> None:
    declared = vars(schedules.Reducers)
    assert {"on_joined", "on_left", "on_tick", "tick"} <= declared.keys()
    assert not {"joined", "left", "start", "on_start"} & declared.keys()
    assert inspect.getdoc(type(schedules.tables.timer)) == (
        "Table `timer`, with primary key `id`.\n\nColumn `id` is auto-inc. "
        "The server calls `tick` at the times in its rows."
    )
    assert "Scheduled: " in str(schedules.Reducers.tick.__doc__)
    assert "rows of table `slot`" in str(schedules.Procedures.run.__doc__)


def test_private_parts_are_there_when_asked_for() -> None:
    assert not hasattr(schedules.tables, "slot")
    assert "Private: " in str(type(private.tables.slot).__doc__)
    assert "Private: " in str(private.Reducers.tick.__doc__)
    assert "Private: " in str(private.Procedures.run.__doc__)
    assert of_reducer(private.Reducers.tick).name == "tick"


def test_tables_share_a_row_class() -> None:
    cache = Cache(shared.Tables)
    tables = cache.tables
    for table in ("bag", "shop", "ground"):
        cache.insert(table, "[1,[2],[3]]")
    row = shared.Item(1, shared.GeoPoint(2), shared.ScreenUiPoint(3))
    assert [*tables.bag, *tables.shop, *tables.ground] == [row, row, row]
    assert tables.ground.id.find(1) == row
    assert shared.Item.__doc__ == "Row of tables `bag` and `ground` and `shop`."


def test_columns_by_their_names_in_the_module() -> None:
    query = queries.tables.rows.where(lambda r: (r.größe_x == 3) & r.of_bool)
    assert query.sql == """SELECT * FROM rows WHERE "größe 'x'" = 3 AND of_bool = true"""
    with pytest.raises(TypeError, match="column of_enum: SQL has no literals of its type"):
        queries.tables.rows.where(lambda r: r.of_enum == queries.Kind.A)  # type: ignore[arg-type,return-value,comparison-overlap]  # pyright: ignore[reportArgumentType]  # what checkers refuse, the runtime refuses too
