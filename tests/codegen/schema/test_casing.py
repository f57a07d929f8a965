from __future__ import annotations

import pytest

from stdb_codegen.schema import casing, ir, lower, v10
from tests.codegen import schemas
from tests.codegen.schemas import U64, array, module, option, product, reducer, ref, sum_, table, version_10


@pytest.mark.parametrize(
    ("name", "snake", "camel", "pascal"),
    [
        ("StepTo", "step_to", "stepTo", "StepTo"),
        ("step_to", "step_to", "stepTo", "StepTo"),
        ("Rest", "rest", "rest", "Rest"),
        ("OneU8", "one_u_8", "oneU8", "OneU8"),
        ("insert_one_u32", "insert_one_u_32", "insertOneU32", "InsertOneU32"),
        ("HTTPServer", "http_server", "httpServer", "HttpServer"),
        ("http2Server", "http_2_server", "http2Server", "Http2Server"),
        ("x", "x", "x", "X"),
        ("ABC", "abc", "abc", "Abc"),
    ],
)
def test_rules(name: str, snake: str, camel: str, pascal: str) -> None:
    assert (casing.snake(name), casing.camel(name), casing.pascal(name)) == (snake, camel, pascal)


def source(**sections: object) -> v10.ModuleDefV10:
    """A module as its source names it."""
    move = sum_(("StepTo", U64), ("Maybe", option(ref(0))))
    thing = product(("lastMove", ref(1)), ("who", schemas.IDENTITY), ("at", schemas.SCHEDULE_AT))
    raw = module(
        {"aThing": thing, "my_scope.move": move},
        [table("MyThings", 0, schedule="doTick")],
        [reducer("doTick", ("aParam", ref(0))), reducer("onConnect", lifecycle="OnConnect")],
        [schemas.procedure("rollDice", U64, ("nSides", U64)), schemas.view("seenThings", array(ref(0)))],
    )
    keys = [{"view_source_name": "seenThings", "columns": ["lastMove"]}]
    return v10.from_values(version_10(raw, ViewPrimaryKeys=keys, **sections))


def test_names_of_everything() -> None:
    found = lower.lower(casing.canonical(source()))
    thing, move = found.types
    assert (thing.name, move.name) == ("AThing", "MyScope.Move")
    (things,) = found.tables
    assert (things.name, things.schedule) == ("my_things", "do_tick")
    assert [(part.name, part.public, part.lifecycle) for part in found.reducers] == [
        ("do_tick", False, None),
        ("on_connect", False, "client_connected"),
    ]
    assert [part.name for part in found.procedures] == ["roll_dice"]
    assert [(view.name, view.primary_key) for view in found.views] == [("seen_things", 0)]
    assert found.warnings == ()
    # Parameters are not columns, and special types are the server's own.
    functions: list[ir.Reducer | ir.Procedure] = [*found.reducers, *found.procedures]
    parameters = [field.name for part in functions for field in part.parameters]
    assert parameters == ["aParam", "nSides"]
    assert isinstance(thing, ir.Product)
    assert [field.name for field in thing.fields] == ["last_move", "who", "at"]
    assert [field.type for field in thing.fields[1:]] == [ir.Atom.IDENTITY, ir.Atom.SCHEDULE_AT]
    assert isinstance(move, ir.Sum)
    assert [variant.name for variant in move.variants] == ["stepTo", "maybe"]
    assert move.variants[1].type == ir.Option(ir.Named("AThing"))


def test_module_can_set_names() -> None:
    entries = [
        {"Table": {"source_name": "MyThings", "canonical_name": "Stuff"}},
        {"Function": {"source_name": "doTick", "canonical_name": "TICK"}},
        {"Index": {"source_name": "rollDice", "canonical_name": "no"}},
    ]
    found = lower.lower(casing.canonical(source(ExplicitNames={"entries": entries})))
    assert (found.tables[0].name, found.tables[0].schedule) == ("Stuff", "TICK")
    assert [part.name for part in found.reducers] == ["TICK", "on_connect"]
    assert [part.name for part in found.procedures] == ["roll_dice"]


def test_module_can_switch_the_rules_off() -> None:
    found = lower.lower(casing.canonical(source(CaseConversionPolicy={"None": []})))
    thing, move = found.types
    assert (thing.name, move.name) == ("aThing", "my_scope.move")
    assert found.tables[0].name == "MyThings"
    assert isinstance(move, ir.Sum)
    assert move.variants[0].name == "StepTo"


@pytest.mark.parametrize("name", ["_hidden", "größe", "two__words", "end_", "a-b"])
def test_doubtful_names_are_warned_of(name: str) -> None:
    raw = module({"Thing": product((name, U64))}, [table("thing", 0)])
    schema = lower.lower(casing.canonical(v10.from_values(version_10(raw))))
    assert schema.warnings == (
        f"the server may derive another name for {name!r}: if it does, take the schema from the server",
    )
    assert schema.types != ()


def test_served_names_are_left_alone() -> None:
    raw = version_10(module({"Thing": product(("aB", U64), ("_c", U64))}, [table("T", 0)]))
    schema = schemas.read(raw)
    assert schema.tables[0].name == "T"
    assert schema.warnings == ()
