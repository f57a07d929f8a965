"""Submodules: their parts have the names that are on the wire, and types of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stdb_codegen.errors import NameCollisionError, SchemaError
from stdb_codegen.schema import rawdef
from tests.codegen import golden, shop
from tests.codegen.features import FEATURES
from tests.codegen.schemas import (
    SCHEDULE_AT,
    STRING,
    U64,
    UNIT,
    Json,
    array,
    build,
    module,
    named,
    one_table,
    option,
    procedure,
    product,
    read,
    reducer,
    ref,
    sum_,
    table,
    version_10,
    view,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def mounted(namespace: str, raw: Json, **sections: Any) -> Json:
    return {"namespace": namespace, "module": version_10(raw, **sections)}


def containing(raw: Json, *submodules: Json) -> Json:
    return version_10(raw, Submodules=submodules)


def names(parts: Iterable[Any]) -> list[str]:
    return [part.name for part in parts]


SHOP = module(
    {"Item": product(("id", U64), ("kind", ref(1))), "Kind": sum_(("Big", UNIT), ("Other", ref(2))), "Note": product()},
    [table("item", 0, key=0)],
    [reducer("add", ("item", ref(0)), ("notes", array(ref(2))))],
    [procedure("best", option(ref(0)), ("kind", ref(1))), view("all", array(ref(0)))],
)


def test_names_and_types() -> None:
    found = read(containing(one_table(("id", U64), name="item"), mounted("shop", SHOP)))
    assert names(found.types) == ["Thing", "shop.Item", "shop.Kind", "shop.Note"]
    assert [(table.name, table.row, table.primary_key) for table in found.tables] == [
        ("item", "Thing", None),
        ("shop.item", "shop.Item", 0),
    ]
    assert [(view.name, view.row) for view in found.views] == [("shop.all", "shop.Item")]
    (reducer,), (procedure,) = found.reducers, found.procedures
    assert (reducer.name, str(reducer.parameters).count("Named(name='shop.")) == ("shop.add", 2)
    assert (procedure.name, str(procedure).count("Named(name='shop.")) == ("shop.best", 2)


def test_python_names() -> None:
    package = build(containing(one_table(("id", U64), name="item"), mounted("shop", SHOP)))
    assert [(table.python_name, table.name) for table in package.tables] == [
        ("item", "item"),
        ("shop_all", "shop.all"),
        ("shop_item", "shop.item"),
    ]
    classes = [type_.python_name for type_ in package.types if type_.kind == "product"]
    assert classes == ["ShopItem", "ShopNote", "Thing"]


def test_submodules_of_submodules() -> None:
    """Each has its own typespace, in which its first type is type 0."""
    parts = one_table(("id", U64), name="part")
    store = containing(one_table(("name", STRING), name="place"), mounted("parts", parts))
    raw = version_10(module(), Submodules=[{"namespace": "store", "module": store}, mounted("parts", parts)])
    found = read(raw)
    assert [(table.name, table.row) for table in found.tables] == [
        ("parts.part", "parts.Thing"),
        ("store.parts.part", "store.parts.Thing"),
        ("store.place", "store.Thing"),
    ]


def test_names_that_the_server_derives() -> None:
    """Version 10 has the names of the source, and the canonical ones beside them, without the namespace."""
    entries = [named("Table", "stockItem", "stock_item"), named("Function", "tickAll", "tick_all")]
    timer = {"at": SCHEDULE_AT}
    raw = module({"StockItem": product(*timer.items())}, [table("stockItem", 0)], [reducer("tickAll")])
    schedule: Json = {"table_name": "stock_item", "schedule_at_col": 0, "function_name": "tick_all"}
    inner = mounted("shop2", raw, ExplicitNames={"entries": entries}, Schedules=[schedule])
    (found,) = read(containing(module(), inner)).tables
    assert (found.name, found.source_name, found.schedule) == ("shop2.stock_item", "shop2.stockItem", "shop2.tick_all")


@pytest.mark.parametrize(("table_name", "column"), [("a", "u_8"), ("a_1", "id")])
def test_digits_of_namespaces_tell_nothing(table_name: str, column: str) -> None:
    """Those of tables and columns tell how the server splits names, and it leaves namespaces as they are."""
    raw = module({"A": product((column, U64))}, [table(table_name, 0)], [reducer("f", ("u8Value", U64))])
    (called,) = build(containing(module(), mounted("shop2", raw))).reducers
    assert called.method is not None
    assert called.method.parameters[0].python_name == "u_8_value"


def test_names_in_a_wasm(tmp_path: Path) -> None:
    """A `.wasm` has the names of the source alone, and gives what the server serves."""
    (tmp_path / "shop.wasm").write_bytes(shop.wasm())
    assert golden.lowered(tmp_path / "shop.wasm") == read(FEATURES["submodules"].raw)


def test_keys_of_views() -> None:
    key = {"view_source_name": "all", "columns": ["id"]}
    (found,) = read(containing(module(), mounted("shop", SHOP, ViewPrimaryKeys=[key]))).views
    assert found.primary_key == 0


def test_python_names_that_collide() -> None:
    raw = containing(one_table(("id", U64), name="shop_item"), mounted("shop", SHOP))
    with pytest.raises(NameCollisionError, match="'shop.item' and 'shop_item' both become 'shop_item'"):
        build(raw)
    assert "stock" in [table.python_name for table in build(raw, rename={"shop.item": "stock"}).tables]


@pytest.mark.parametrize(
    ("namespace", "error"),
    [
        ("", "submodule '': its namespace is not an identifier; rename it in the module"),
        ("a.b", "submodule 'a.b': its namespace is not an identifier; rename it in the module"),
        ("n" * 256, "its namespace has 256 characters, and 255 are allowed; shorten it in the module"),
    ],
)
def test_namespaces(namespace: str, error: str) -> None:
    with pytest.raises(SchemaError) as caught:
        read(containing(module(), mounted(namespace, SHOP)))
    assert str(caught.value).endswith(error)


def test_namespaces_are_short_together() -> None:
    raw = version_10(module())
    for _ in range(90):
        raw = version_10(module(), Submodules=[{"namespace": "ab", "module": raw}])
    with pytest.raises(SchemaError, match="has 257 characters, and 255 are allowed"):
        read(raw)


def test_references_stay_in_their_submodule() -> None:
    """Type 1 of the submodule is not the type of the next one."""
    one = module({"A": product(("other", ref(1)))}, [table("a", 0)])
    with pytest.raises(SchemaError, match="submodule 'one': refers to type 1, of 1; build the module again"):
        read(containing(module(), mounted("one", one), mounted("two", one)))


def test_very_deep_ones_are_one_error() -> None:
    deep = b'{"sections":[{"Submodules":[{"namespace":"a","module":' * 5000 + b"0" + b"}]}]}" * 5000
    with pytest.raises(SchemaError, match="nested too deeply"):
        rawdef.decode(rawdef.Definition(deep, "json", "x"))
    tags = b"\x01\x00\x00\x00\x0e\x01\x00\x00\x00\x01\x00\x00\x00a"
    with pytest.raises(SchemaError, match="nested too deeply"):
        rawdef.decode(rawdef.Definition(b"\x02" + tags * 5000 + bytes(4), "bsatn", "x"))


def test_a_submodule_without_a_module_is_one_error() -> None:
    with pytest.raises(SchemaError, match="missing required field `module`"):
        read(version_10(module(), Submodules=[{"namespace": "shop"}]))
