"""Names that the user chose."""

from __future__ import annotations

import pytest

from stdb_codegen.errors import NameCollisionError, SchemaError
from tests.codegen.features import FEATURES
from tests.codegen.schemas import (
    U64,
    build,
    generate,
    module,
    one_table,
    product,
    reducer,
    ref,
    sum_,
    table,
    version_10,
)

RENAMES = FEATURES["renames"]


def test_collisions_are_settled() -> None:
    """Each of these names collides with another one of its module."""
    rename: dict[str, str] = RENAMES.options["rename"]
    assert build(RENAMES.raw, rename=rename).warnings[1:] == ()
    needed = ["Player.aB", "table:Player", "geo.Point", "Shape.dot", "Team.RED", "reducer:player.self_"]
    for key in needed:
        if key == "geo.Point":
            continue  # `GeoPoint` and `Point` differ without it.
        fewer = {other: name for other, name in rename.items() if other != key}
        with pytest.raises(NameCollisionError, match="by a rename in the configuration"):
            build(RENAMES.raw, rename=fewer)


def test_classes_of_tables_collide() -> None:
    raw = module({"Row": product(("id", U64))}, [table("large", 0), table("large_table", 0)])
    with pytest.raises(NameCollisionError, match="'large' and 'large_table' both become 'LargeTable'.* by a rename in"):
        build(raw)
    for key, classes in (("large", ["BigTable", "LargeTable"]), ("table:large_table", ["LargeTable", "BigTable"])):
        package = build(raw, rename={key: "big"})
        assert {table.name: table.class_name for table in package.tables} == dict(
            zip(["large", "large_table"], classes, strict=True)
        )


def test_wire_names_stay() -> None:
    files = generate(one_table(("class", U64), name="type"), rename={"type": "kind", "type.class": "klass"})
    assert 'name="type"' in files["_tables.py"]
    assert "kind: KindTable" in files["_tables.py"]
    assert "klass: stdb.Column[stdb.U64]" in files["types.py"]
    assert '"klass": "class"' in files["types.py"]


@pytest.mark.parametrize("key", ["thing.id", "Thing.id", "table:thing.id", "type:Thing.id"])
def test_a_column_is_a_field_of_its_row(key: str) -> None:
    raw = one_table(("id", U64), key=0)
    files = generate(raw, rename={key: "number"})
    assert "    number: stdb.Column[stdb.U64]" in files["types.py"]
    assert 'primary_key="number"' in files["_tables.py"]
    assert 'number = stdb.Unique[types.Thing, stdb.U64]("number")' in files["_tables.py"]


@pytest.mark.parametrize(
    ("rename", "message"),
    [
        ({"thing": "Thing"}, "rename 'thing': 'Thing' does not follow the naming rules; write 'thing'"),
        ({"thing": "two words"}, "'two words' does not follow the naming rules; write 'two_words'"),
        ({"thing": "class"}, "'class' does not follow the naming rules; write 'class_'"),
        (
            {"thing": "x = 1\nimport os"},
            r"'x = 1\nimport os' does not follow the naming rules; write 'x_1_import_os'",
        ),
        ({"thing": ""}, "'' does not follow the naming rules; write 'n'"),
        ({"thing.id": "__id"}, "'__id' does not follow the naming rules; write 'id'"),
        ({"thing.id": "self", "Thing.id": "number"}, "rename the same part to two names; keep one of them"),
        ({"Thing": "thing"}, "'thing' does not follow the naming rules; write 'Thing'"),
        ({"Thing": "Client"}, "'Client' does not follow the naming rules; write 'Client_'"),
    ],
)
def test_impossible_renames(rename: dict[str, str], message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        build(one_table(("id", U64)), rename=rename)
    assert message in str(caught.value)


def test_keys_that_mean_several_things() -> None:
    raw = module({"thing": product(("id", U64))}, [table("thing", 0)], [reducer("thing", ("id", U64))])
    with pytest.raises(SchemaError, match="is ambiguous; write one of reducer:thing, table:thing, type:thing"):
        build(raw, rename={"thing": "x"})
    with pytest.raises(SchemaError, match=r"rename 'thing\.id': is ambiguous"):
        build(raw, rename={"thing.id": "x"})
    found = build(raw, rename={"table:thing": "x", "reducer:thing.id": "y"})
    assert (found.tables[0].python_name, found.reducers[0].python_name) == ("x", "thing")


@pytest.mark.parametrize("key", ["nothing", "thing.nothing", "reducer:thing", ""])
def test_keys_that_mean_nothing_are_warned_of(key: str) -> None:
    found = build(one_table(("id", U64)), rename={key: "x"})
    assert found.warnings == (f"rename {key!r}: the schema has no such part",)


def test_a_rename_can_collide() -> None:
    with pytest.raises(NameCollisionError, match="fields of type 'Thing': 'a' and 'b' both become 'b'"):
        build(one_table(("a", U64), ("b", U64)), rename={"thing.a": "b"})


def test_variants_follow_their_sum() -> None:
    raw = module({"Shape": sum_(("Dot", U64))}, None, [reducer("draw", ("shape", ref(0)))])
    assert "class FigureDot(" in generate(raw, rename={"Shape": "Figure"})["types.py"]
    assert "class Spot(" in generate(raw, rename={"Shape": "Figure", "Shape.Dot": "Spot"})["types.py"]


@pytest.mark.parametrize("prefix", ["", "table:"])
@pytest.mark.parametrize("name", ["Stuff", "myThings2"])
def test_what_has_two_names_is_called_by_either(prefix: str, name: str) -> None:
    """The module's own name, and the one that the server uses."""
    raw = module({"Thing": product(("id", U64))}, [table("myThings2", 0)], [reducer("doIt1", ("aParam1", U64))])
    entries = [
        {"Table": {"source_name": "myThings2", "canonical_name": "Stuff"}},
        {"Function": {"source_name": "doIt1", "canonical_name": "do_it_1"}},
    ]
    served = version_10(raw, ExplicitNames={"entries": entries})
    (handle,) = build(served).tables
    assert (handle.python_name, handle.name) == ("my_things_2", "Stuff")
    (made,) = build(served).reducers
    assert made.method is not None
    assert (made.method.python_name, made.name, made.method.parameters[0].python_name) == (
        "do_it_1",
        "do_it_1",
        "a_param_1",
    )
    rename = {f"{prefix}{name}": "goods", f"{prefix}{name}.id": "number"}
    found = build(served, rename=rename)
    assert (found.tables[0].python_name, found.types[0].parts[0].python_name, found.warnings) == ("goods", "number", ())
