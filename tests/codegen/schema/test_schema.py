"""Valid and invalid schemas."""

from __future__ import annotations

from typing import Any

import pytest

from stdb_codegen.emit import context, naming, pytypes
from stdb_codegen.errors import NameCollisionError, SchemaError
from stdb_codegen.schema import ir
from stdb_codegen.schema.ir import Array, Atom, Option, Result
from tests.codegen import schemas
from tests.codegen.schemas import (
    STRING,
    U64,
    UNIT,
    array,
    generate,
    module,
    one_table,
    option,
    product,
    read,
    reducer,
    ref,
    simple,
    sum_,
    table,
)


@pytest.mark.parametrize(
    ("type_", "annotation"),
    [
        (Atom.BOOL, "bool"),
        (Atom.U8, "stdb.U8"),
        (Atom.I256, "stdb.I256"),
        (Atom.F32, "stdb.F32"),
        (Atom.STRING, "str"),
        (Atom.BYTES, "bytes"),
        (Atom.UNIT, "None"),
        (Atom.SCHEDULE_AT, "stdb.ScheduleAt"),
        (Array(Atom.STRING), "tuple[str, ...]"),
        (Option(Atom.STRING), "str | None"),
        (Option(Atom.UNIT), "stdb.Some[None] | None"),
        (Option(Option(Atom.BOOL)), "stdb.Some[bool | None] | None"),
        (Option(Array(Option(Atom.BOOL))), "tuple[bool | None, ...] | None"),
        (Result(Atom.UNIT, Atom.STRING), "stdb.Ok[None] | stdb.Err[str]"),
        (ir.Named("player"), "types.Player"),
    ],
)
def test_annotations(type_: ir.Type, annotation: str) -> None:
    names = {"player": naming.type_name("player")}
    assert pytypes.annotation(type_, names, "types.") == annotation


@pytest.mark.parametrize(
    ("raw", "lowered"),
    [
        (schemas.IDENTITY, Atom.IDENTITY),
        (schemas.CONNECTION_ID, Atom.CONNECTION_ID),
        (schemas.TIMESTAMP, Atom.TIMESTAMP),
        (schemas.TIME_DURATION, Atom.TIME_DURATION),
        (schemas.UUID, Atom.UUID),
        (schemas.SCHEDULE_AT, Atom.SCHEDULE_AT),
        (array(simple("U8")), Atom.BYTES),
        (array(simple("I8")), Array(Atom.I8)),
        (UNIT, Atom.UNIT),
        (option(U64), Option(Atom.U64)),
        (schemas.result(U64, STRING), Result(Atom.U64, Atom.STRING)),
    ],
)
def test_special_types_are_recognised(raw: schemas.Json, lowered: ir.Type) -> None:
    """Inline, and through a reference to a type that has a name."""
    schema = read(module({"Thing": product(("inline", raw), ("named", ref(1))), "Alias": raw}, [table("thing", 0)]))
    (thing, *others) = sorted(schema.types, key=lambda type_: type_.name != "Thing")
    assert isinstance(thing, ir.Product)
    assert thing.fields[0].type == lowered
    if raw is UNIT:  # A struct without fields has a class of its own once it has a name.
        assert others == [ir.Product("Alias", ())]
    else:
        assert thing.fields[1].type == lowered
        assert others == []


@pytest.mark.parametrize(
    "almost",
    [
        product(("__identity__", simple("U128"))),
        product(("__identity__", simple("U256")), ("more", U64)),
        sum_(("some", U64), ("none", U64)),
        sum_(("none", UNIT), ("some", U64)),
        sum_(("Interval", U64), ("Time", U64)),
    ],
)
def test_look_alikes_are_not_special(almost: schemas.Json) -> None:
    schema = read(module({"Thing": product(("x", ref(1))), "Almost": almost}, [table("thing", 0)]))
    assert {type_.name for type_ in schema.types} == {"Thing", "Almost"}
    with pytest.raises(SchemaError, match=r"Thing\.x: its type is a struct or an enum without a name"):
        read(one_table(("x", almost)))


def test_recursion_through_arrays_options_and_sums_is_fine() -> None:
    assert generate(
        module(
            {
                "Node": product(("children", array(ref(0))), ("next", option(ref(0))), ("tree", ref(1))),
                "Tree": sum_(("Leaf", UNIT), ("Branch", ref(1)), ("Node", ref(0))),
            },
            [],
            [reducer("grow", ("node", ref(0)))],
        )
    )


def test_only_what_a_client_meets_is_declared() -> None:
    files = generate(
        module(
            {"Shown": product(("part", array(ref(1)))), "Part": product(("n", U64)), "Hidden": product(("n", U64))},
            [table("shown", 0), table("hidden", 2, access="Private")],
            [reducer("start", ("hidden", ref(2)), lifecycle="Init"), reducer("play")],
        )
    )
    assert "class Part(" in files["types.py"]
    assert "Hidden" not in "".join(files.values())
    assert "def play(" in files["_reducers.py"]
    assert "start" not in files["_reducers.py"]


@pytest.mark.parametrize(
    ("type_", "unique", "indexed"),
    [
        (STRING, True, True),
        (array(simple("U8")), True, True),
        (schemas.UUID, True, True),
        (simple("Bool"), True, True),
        (simple("I256"), True, True),
        (simple("F64"), False, False),
        (option(U64), False, False),
        (array(U64), False, False),
        (UNIT, False, False),
        (ref(1), True, True),
        (ref(2), False, False),
        (ref(3), False, False),
    ],
)
def test_which_columns_get_an_accessor(type_: schemas.Json, unique: bool, indexed: bool) -> None:
    types = {
        "Thing": product(("x", type_)),
        "Team": sum_(("Red", UNIT)),
        "Move": sum_(("To", U64)),
        "Point": product(("x", U64)),
    }
    made_unique, made_indexed = table("thing", 0, unique=[[0]]), table("thing", 0, indexes=[{"BTree": [0]}])
    for declared, expected in (made_unique, unique), (made_indexed, indexed):
        (handle,) = context.build(read(module(types, [declared]))).tables
        assert bool(handle.indexes) == expected
        assert bool(handle.warnings) != expected


@pytest.mark.parametrize(
    ("algorithm", "accessor", "declared"),
    [
        ({"BTree": [0]}, None, 'x = stdb.BTree[types.Thing, stdb.U64]("x")'),
        ({"Hash": [0]}, None, 'x = stdb.BTree[types.Thing, stdb.U64]("x")'),
        ({"Direct": 0}, None, 'x = stdb.BTree[types.Thing, stdb.U64]("x")'),
        ({"BTree": [0]}, "by_it", 'x = stdb.BTree[types.Thing, stdb.U64]("x")'),
        (
            {"BTree": [1, 0]},
            None,
            'by_y_x = stdb.BTree[types.Thing, tuple[str] | tuple[str, stdb.U64]]("y", "x")',
        ),
        (
            {"BTree": [0, 1]},
            "byBoth",
            'by_both = stdb.BTree[types.Thing, tuple[stdb.U64] | tuple[stdb.U64, str]]("x", "y")',
        ),
        ({"Hash": [0, 1]}, None, 'by_x_y = stdb.BTree[types.Thing, tuple[stdb.U64, str]]("x", "y")'),
    ],
)
def test_accessors_of_indexes(algorithm: schemas.Json, accessor: str | None, declared: str) -> None:
    index = schemas.indexed(algorithm, accessor)
    files = generate(one_table(("x", U64), ("y", STRING), indexes=[index]))
    assert f"    {declared}\n" in files["_tables.py"]


def test_accessors_can_collide() -> None:
    index = schemas.indexed({"BTree": [0, 1]}, "y")
    raw = one_table(("x", U64), ("y", STRING), unique=[[1]], indexes=[index])
    with pytest.raises(NameCollisionError, match="indexes of table 'thing': 'x, y' and 'y' both become 'y'"):
        generate(raw)
    assert "by_both = " in generate(raw, rename={"index:thing.y": "by_both"})["_tables.py"]


def edited(**parts: Any) -> schemas.Json:
    return {**one_table(("id", U64)), **parts}


def nested(depth: int) -> schemas.Json:
    type_ = U64
    for _ in range(depth):
        type_ = array(type_)
    return type_


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (edited(tables=[table("t", 5)]), "type 't': refers to type 5, of 1; build the module again"),
        (edited(tables=[table("t", 0, key=7)]), "table 't': refers to its column 7, of 1; build the module again"),
        (edited(tables=[table("t", 0, indexes=[{"BTree": [0, 9]}])]), "table 't': refers to its column 9, of 1"),
        (one_table(("x", ref(3))), "Thing.x: refers to type 3, of 1"),
        (one_table(("x", array(product(("y", U64))))), "Thing.x[]: its type is a struct or an enum without a name"),
        (one_table(("x", nested(60))), "its type is nested more than 50 deep; give inner types names"),
        (module({"A": product(("b", ref(1))), "B": product(("a", ref(0)))}), "type 'A': contains itself by value"),
        (module({"A": product(("a", ref(0)))}), "type 'A': contains itself by value; hold it in an Option or a Vec"),
        (module({"A": array(ref(0)), "B": product(("a", ref(0)))}), "its type is nested more than 50 deep"),
        (module({"A": option(ref(0)), "B": product(("a", ref(0)))}), "its type is nested more than 50 deep"),
        (
            module({"Never": sum_()}),
            "type 'Never': is an enum without variants, which has no value; give it one",
        ),
        (module({"E": sum_(("a", UNIT))}, [table("t", 0)]), "table 't': the type of its rows is not a struct"),
        (module({"S": STRING}, [table("t", 0)]), "table 't': the type of its rows is not a struct"),
        (edited(typespace={}), "Object missing required field `types` - at `$.typespace`"),
        (edited(typespace={"types": [{}]}), "Expected exactly one of Ref, Sum"),
        (edited(typespace={"types": [{"U8": [], "I8": []}]}), "Expected exactly one of Ref, Sum"),
        (edited(typespace={"types": [{"Char": []}]}), "unknown field `Char` - at `$.typespace.types[0]`"),
        (edited(tables=[{"name": 5}]), "Expected `str`, got `int` - at `$.tables[0].name`"),
        ([], "Expected `object`, got `array`"),
        ({"V10": {}}, "Object missing required field `sections`"),
        (
            {"sections": [{"Tables": [{"source_name": 5}]}]},
            "Expected `str`, got `int` - at `$[0].source_name` (in section Tables)",
        ),
        ({"V9": {}}, "Object missing required field `typespace`"),
    ],
)
def test_errors_say_where_and_what(raw: schemas.Json, message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        generate(raw)
    assert message in str(caught.value)


def test_element_without_a_name() -> None:
    raw = one_table(("x", U64))
    raw["typespace"]["types"][0]["Product"]["elements"][0]["name"] = {"none": []}
    with pytest.raises(SchemaError, match="Thing: one of its parts has no name"):
        generate(raw)


def test_two_names_for_a_type() -> None:
    raw = one_table(("x", U64))
    raw["types"] += [{**raw["types"][0], "name": {"scope": ["a"], "name": "Other"}}]
    with pytest.raises(SchemaError, match=r"type 'Thing': is also named 'a\.Other'"):
        generate(raw)


@pytest.mark.parametrize(
    ("raw", "place", "names"),
    [
        (one_table(("aB", U64), ("a_b", U64)), "fields of type 'Thing'", ("aB", "a_b")),
        (one_table(("a", U64), ("a", U64)), "fields of type 'Thing'", ("a", "a")),
        (module({"A": product(("n", U64))}, [table("t", 0), table("T", 0)]), "tables", ("T", "t")),
        (module({"A": product(("n", U64))}, [table("a_1", 0), table("a1", 0)]), "table classes", ("a1", "a_1")),
        (module(None, None, [reducer("x"), reducer("__x")]), "reducers", ("__x", "x")),
        (
            module(None, None, [reducer("r", ("self", U64), ("self_", U64))]),
            "parameters of reducer 'r'",
            ("self", "self_"),
        ),
        (module(None, None, [reducer("x"), reducer("on_x")]), "reducers", ("x (its listener)", "on_x")),
        (
            module({"E": sum_(("a", UNIT), ("A", UNIT))}, None, [reducer("r", ("e", ref(0)))]),
            "variants of type 'E'",
            ("a", "A"),
        ),
        (
            module({"a_b": sum_(("c", U64)), "AB": product()}, None, [reducer("r", ("x", ref(0)), ("y", ref(1)))]),
            "types",
            ("AB", "a_b"),
        ),
        (
            module(
                {"Move": sum_(("To", U64)), "MoveTo": product()}, None, [reducer("r", ("x", ref(0)), ("y", ref(1)))]
            ),
            "types",
            ("Move.To", "MoveTo"),
        ),
    ],
)
def test_collisions_name_both_sides(raw: schemas.Json, place: str, names: tuple[str, ...]) -> None:
    with pytest.raises(NameCollisionError) as caught:
        generate(raw)
    assert caught.value.place == place
    assert {caught.value.first, caught.value.second} == set(names)


def test_equal_names_of_types() -> None:
    raw = module({"A": product(), "B": product()})
    raw["types"][1]["name"]["name"] = "A"
    with pytest.raises(NameCollisionError, match="types: 'A' and 'A'"):
        generate(raw)
