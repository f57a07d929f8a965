"""Modules that show one feature each. The packages of them stand in `tests/golden`, under the same names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.codegen import schemas
from tests.codegen.schemas import (
    IDENTITY,
    SCHEDULE_AT,
    STRING,
    TIMESTAMP,
    U64,
    UNIT,
    UUID,
    Json,
    array,
    indexed,
    module,
    named,
    option,
    procedure,
    product,
    reducer,
    ref,
    result,
    simple,
    sum_,
    table,
    version_10,
    view,
)

BYTES = array(simple("U8"))
U32 = simple("U32")


@dataclass
class Feature:
    """A module, and what its package is built with."""

    raw: Json
    options: dict[str, Any] = field(default_factory=dict[str, Any])


def _views() -> Feature:
    types = {
        "Player": product(("id", U64), ("name", STRING), ("level", U32)),
        "Rank": product(("player", U64), ("place", U32)),
    }
    views = [
        view("all_ranks", array(ref(1))),
        view("best", option(ref(1))),
        view("high_levels", product(("__query__", ref(0)))),
        view("me", option(ref(0))),
        view("secret", array(ref(0)), public=False),
    ]
    keys = [{"view_source_name": "all_ranks", "columns": ["player"]}]
    return Feature(version_10(module(types, [table("player", 0, key=0)], None, views), ViewPrimaryKeys=keys))


def _procedures() -> Feature:
    types = {
        "Cell": product(("x", simple("I32")), ("y", simple("I32"))),
        "Side": sum_(("Left", UNIT), ("Right", UNIT)),
        "Move": sum_(("Rest", UNIT), ("StepTo", ref(0))),
    }
    return Feature(
        module(
            types,
            exports=[
                procedure("add", U32, ("a", U32), ("b", U32)),
                procedure("announce", UNIT, ("text", STRING)),
                procedure("bestCell", option(ref(0)), ("class", STRING), ("self", U32)),
                procedure("decide", ref(1)),
                procedure("nested", option(option(U32))),
                procedure("plan", array(ref(2)), ("start", ref(0))),
                procedure("try_it", result(ref(0), STRING), ("moves", array(ref(2)))),
                procedure(
                    "with_a_name_that_is_so_long_that_its_signature_needs_several_lines",
                    array(option(ref(0))),
                    ("first_parameter", STRING),
                    ("second_parameter", BYTES),
                ),
            ],
        )
    )


def _events() -> Feature:
    types = {"Hit": product(("hero", U64), ("damage", U32)), "Hero": product(("id", U64), ("name", STRING))}
    raw = version_10(module(types, [table("hero", 1, key=0), table("hit", 0, indexes=[{"BTree": [0]}])]))
    tables = next(section["Tables"] for section in raw["sections"] if "Tables" in section)
    tables[1]["is_event"] = True
    return Feature(raw)


def _indexes() -> Feature:
    columns = [
        ("id", U64),
        ("x", U32),
        ("y", STRING),
        ("at", TIMESTAMP),
        ("owner", IDENTITY),
        ("score", simple("F64")),
        ("where", U32),
        ("a_column_with_quite_a_long_name", U64),
        ("another_column_with_a_name_that_is_not_short", U64),
    ]
    algorithms: list[Json] = [
        {"BTree": [1, 2]},
        indexed({"BTree": [4, 3, 1]}, "by_owner"),
        {"BTree": [2, 1]},
        {"BTree": [1, 5]},
        {"Hash": [1, 4]},
        {"Hash": [4]},
        {"Direct": 6},
        {"Direct": 0},
        indexed({"BTree": [7, 8]}, "count"),
        {"BTree": [7, 8, 4]},
        indexed({"BTree": [3]}, "by_time"),
    ]
    return Feature(module({"Point": product(*columns)}, [table("point", 0, key=0, indexes=algorithms)]))


def _options() -> Feature:
    types = {
        "Nest": product(
            ("deep", option(option(option(simple("U8"))))),
            ("list", array(option(STRING))),
            ("maybe_list", option(array(option(option(U64))))),
            ("unit", option(UNIT)),
            ("outcome", result(option(U64), option(STRING))),
            ("maybe_outcome", option(result(UNIT, UNIT))),
            ("maybe_id", option(UUID)),
            ("maybe_when", option(SCHEDULE_AT)),
            ("inner", option(ref(0))),
            ("kind", option(ref(1))),
        ),
        "Kind": sum_(("None", UNIT), ("Some", option(option(UNIT)))),
    }
    return Feature(module(types, [table("nest", 0)], [reducer("put", ("nest", ref(0)), ("deep", option(option(U64))))]))


def _recursion() -> Feature:
    types = {
        "Tree": sum_(("Leaf", U64), ("Branch", ref(1))),
        "Pair": product(("left", ref(0)), ("right", ref(0))),
        "Folder": product(("name", STRING), ("folders", array(ref(2))), ("parent", option(ref(2)))),
        "Even": sum_(("Zero", UNIT), ("After", ref(4))),
        "Odd": sum_(("Never", UNIT), ("After", ref(3))),
        "Outcome": product(("result", result(U64, ref(5)))),
    }
    parameters = (("tree", ref(0)), ("folder", ref(2)), ("even", ref(3)), ("outcome", ref(5)))
    return Feature(module(types, None, [reducer("grow", *parameters)]))


def _renames() -> Feature:
    types = {
        "Player": product(("class", STRING), ("aB", U64), ("a_b", U64)),
        "geo.Point": product(("x", U64)),
        "Point": product(("x", U64)),
        "Shape": sum_(("Dot", UNIT), ("dot", ref(1))),
        "Team": sum_(("Red", UNIT), ("RED", UNIT)),
    }
    tables = [table("player", 0, key=1, indexes=[indexed({"BTree": [1, 2]}, "both")]), table("Player", 0)]
    reducers = [
        reducer("player", ("self", U64), ("self_", ref(3))),
        reducer("on_player", ("team", ref(4)), ("point", ref(2))),
    ]
    rename = {
        "table:player.class": "klass",
        "Player.aB": "first_ab",
        "table:Player": "old_players",
        "index:player.both": "by_abs",
        "geo.Point": "Place",
        "Shape.dot": "ShapeSmallDot",
        "Team.RED": "DARK_RED",
        "reducer:player": "add_player",
        "reducer:player.self_": "shape",
        "type:Player": "Gamer",
        "roll": "roll_dice",
    }
    return Feature(module(types, tables, reducers, [procedure("roll", U64)]), {"rename": rename})


def _schedules() -> Feature:
    types = {
        "Timer": product(("id", U64), ("scheduled_at", SCHEDULE_AT)),
        "Slot": product(("id", U64), ("scheduled_at", SCHEDULE_AT), ("what", STRING)),
    }
    tables = [
        table("timer", 0, key=0, schedule="tick", auto_inc=[0]),
        table("slot", 1, key=0, schedule="run", auto_inc=[0], access="Private"),
    ]
    reducers = [
        reducer("tick", ("timer", ref(0))),
        reducer("start", lifecycle="Init"),
        reducer("joined", lifecycle="OnConnect"),
        reducer("left", lifecycle="OnDisconnect"),
    ]
    return Feature(module(types, tables, reducers, [procedure("run", UNIT, ("slot", ref(1)))]))


def _private() -> Feature:
    feature = _schedules()
    raw = version_10(feature.raw)
    for section in raw["sections"]:
        for part in (*section.get("Reducers", ()), *section.get("Procedures", ())):
            part["visibility"] = {"Private": []}
    return Feature(raw, {"include_private": True})


def _shared() -> Feature:
    types = {
        "Item": product(("id", U64), ("at", ref(1)), ("on", ref(2))),
        "geo.Point": product(("x", simple("I32"))),
        "screen.ui.Point": product(("pixel", U32)),
    }
    return Feature(module(types, [table("bag", 0, key=0), table("shop", 0), table("ground", 0, unique=[[0]])]))


def _queries() -> Feature:
    columns = [(f"of_{name.lower()}", simple(name)) for name in ("Bool", "String", "I8", "U128", "I256", "F32", "F64")]
    columns += [
        ("of_bytes", BYTES),
        ("of_identity", IDENTITY),
        ("of_connection", schemas.CONNECTION_ID),
        ("of_timestamp", TIMESTAMP),
        ("of_duration", schemas.TIME_DURATION),
        ("of_uuid", UUID),
        ("of_schedule", SCHEDULE_AT),
        ("of_option", option(U64)),
        ("of_array", array(U64)),
        ("of_unit", UNIT),
        ("of_enum", ref(1)),
        ("größe 'x'", U64),
        ("a_column_whose_name_is_so_long_that_its_declaration_is_broken_into_lines", U64),
    ]
    return Feature(module({"Row": product(*columns), "Kind": sum_(("A", UNIT))}, [table("rows", 0)]))


def _submodules() -> Feature:
    """The module of `tests/codegen/shop.py`, as a server serves it."""
    shop = module(
        {"StockItem": product(("id", U64), ("name", STRING))},
        [table("stockItem", 0, key=0, indexes=[indexed({"BTree": [0]}, "id")])],
        [reducer("addItem", ("id", U64), ("name", STRING))],
        [procedure("countItems", U64), view("allItems", array(ref(0)))],
    )
    functions = {"addItem": "add_item", "countItems": "count_items", "allItems": "all_items"}
    names = [named("Table", "stockItem", "stock_item"), *(named("Function", *pair) for pair in functions.items())]
    inner = version_10(shop, ExplicitNames={"entries": names})
    return Feature(version_10(module(reducers=[reducer("ping")]), Submodules=[{"namespace": "shop", "module": inner}]))


FEATURES = {
    "empty": Feature(module()),
    "events": _events(),
    "indexes": _indexes(),
    "options": _options(),
    "private": _private(),
    "procedures": _procedures(),
    "queries": _queries(),
    "recursion": _recursion(),
    "renames": _renames(),
    "schedules": _schedules(),
    "shared": _shared(),
    "submodules": _submodules(),
    "views": _views(),
}
