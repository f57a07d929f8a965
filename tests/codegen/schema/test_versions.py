"""Both versions of a definition, as servers give them and as modules describe themselves, give the same package."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from stdb_codegen.emit import context, render
from stdb_codegen.errors import SchemaError
from stdb_codegen.schema import ir, lower, rawdef
from stdb_codegen.schema.rawdef import Definition
from stdb_codegen.sources import source
from tests.codegen import schemas
from tests.codegen.schemas import (
    U64,
    array,
    build,
    module,
    one_table,
    option,
    product,
    read,
    reducer,
    ref,
    table,
    version_10,
)
from tests.support.modules import ROOT, module_wasm

if TYPE_CHECKING:
    from stdb_codegen.schema import ir

RECORDINGS = ROOT / "tests" / "recordings"
ARENA_WASM = module_wasm("arena")
NOT_SAID = (
    "schema version 9 does not say which tables are event tables and which reducers are private; "
    "version 10 does: take the schema from the server or from the .wasm"
)


def lowered(path: Path) -> ir.Schema:
    return lower.lower(rawdef.decode(source.from_path(path)))


def package(schema: ir.Schema) -> dict[str, str]:
    return render.render(context.build(schema))


@pytest.mark.parametrize("name", ["probe", "edge"])
@pytest.mark.parametrize("recording", ["1.2.0/{}.schema.json", "2.8.3/{}.schema.json", "2.8.3/{}.schema-v10.json"])
def test_module_and_servers_agree(name: str, recording: str) -> None:
    of_module, of_server = lowered(module_wasm(name)), lowered(RECORDINGS / recording.format(name))
    assert of_module == of_server
    assert package(of_module) == package(of_server)
    assert of_server.warnings == ()


def test_names_of_a_module_become_those_of_its_server() -> None:
    of_module, of_server = lowered(ARENA_WASM), lowered(RECORDINGS / "2.8.3" / "arena.schema-v10.json")
    assert b"StepTo" in source.from_path(ARENA_WASM).data
    assert of_module == of_server
    assert package(of_module) == package(of_server)
    assert of_server.warnings == ()


def test_version_9_says_all_but_events_and_visibility() -> None:
    old, new = (lowered(RECORDINGS / "2.8.3" / f"arena.schema{version}.json") for version in ("", "-v10"))
    assert [table.name for table in new.tables if table.event] == ["hit"]
    assert [reducer.name for reducer in new.reducers if not reducer.public] == ["on_connect", "tick"]
    assert (
        replace(
            new,
            tables=tuple(replace(table, event=False) for table in new.tables),
            reducers=tuple(replace(reducer, public=True) for reducer in new.reducers),
            warnings=(NOT_SAID,),
        )
        == old
    )
    assert new.hash == old.hash


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("wrapped", [False, True])
def test_order_of_sections_does_not_matter(seed: int, wrapped: bool) -> None:
    text = (RECORDINGS / "2.8.3" / "arena.schema-v10.json").read_text()
    raw: dict[str, Any] = json.loads(text)
    shuffle = random.Random(seed).shuffle
    shuffle(raw["sections"])
    for section in raw["sections"]:
        for content in section.values():
            if isinstance(content, list):
                shuffle(cast("list[object]", content))
    assert schemas.generate({"V10": raw} if wrapped else raw) == schemas.generate(json.loads(text))


def test_unknown_sections_are_skipped() -> None:
    raw = version_10(one_table(("id", U64)), Magic=[{"a": 1}], HttpRoutes=[])
    found = build(raw)
    assert [table.name for table in found.tables] == ["thing"]
    assert found.warnings == ("the schema's section 'Magic' is unknown, and skipped",)


def test_unknown_exports_of_version_9_are_skipped() -> None:
    raw = one_table(("id", U64))
    raw["misc_exports"] = [{"Magic": schemas.UNIT}, {"ColumnDefaultValue": {"table": "thing"}}]
    assert build(raw).warnings == ("the schema's part 'Magic' is unknown, and skipped",)


def test_row_level_security_and_defaults_do_no_harm() -> None:
    plain = one_table(("id", U64))
    rules = [{"sql": "SELECT * FROM thing WHERE id = 1"}]
    assert read({**plain, "row_level_security": rules}) == read(plain)
    defaults = {"default_values": [{"col_id": 0, "value": "00"}]}
    tables = [{**table, **defaults} for table in section(version_10(plain), "Tables")]
    assert read(version_10(plain, Tables=tables, RowLevelSecurity=rules)) == read(plain)


def section(raw: schemas.Json, kind: str) -> Any:
    return next(part[kind] for part in raw["sections"] if kind in part)


@pytest.mark.parametrize(
    ("returns", "key"),
    [
        (array(ref(0)), None),
        (option(ref(0)), None),
        (product(("__query__", ref(0))), 0),
    ],
)
def test_rows_of_views(returns: schemas.Json, key: int | None) -> None:
    """A view that is a query has the key of the table whose rows it selects."""
    types = {"Thing": product(("id", U64))}
    raw = module(types, [schemas.table("thing", 0, key=0)], None, [schemas.view("seen", returns)])
    for form in (raw, version_10(raw)):
        (view,) = read(form).views
        assert (view.name, view.row, view.primary_key) == ("seen", "Thing", key)


def test_key_of_a_view() -> None:
    types = {"Thing": product(("id", U64), ("other", U64))}
    raw = version_10(
        module(types, None, None, [schemas.view("seen", array(ref(0)))]),
        ViewPrimaryKeys=[{"view_source_name": "seen", "columns": ["other"]}],
    )
    (view,) = read(raw).views
    assert view.primary_key == 1
    assert "stdb.KeyedTable[types.Thing, Client]" in schemas.generate(raw)["_tables.py"]
    raw["sections"][-1]["ViewPrimaryKeys"][0]["columns"] = ["third"]
    with pytest.raises(SchemaError, match="view 'seen': refers to its column 'third', which does not exist"):
        read(raw)


@pytest.mark.parametrize("returns", [U64, ref(0), array(U64), option(U64), product(("rows", ref(0)))])
def test_views_return_rows(returns: schemas.Json) -> None:
    raw = module({"Thing": product(("id", U64))}, None, None, [schemas.view("seen", returns)])
    with pytest.raises(SchemaError, match="view 'seen': does not return rows of a struct that has a name"):
        read(raw)


def test_parameters_of_views() -> None:
    raw = module({"Thing": product(("id", U64))}, None, None, [schemas.view("seen", array(ref(0)), ("n", U64))])
    for form in (raw, version_10(raw)):
        (view,) = read(form).views
        assert view.parameters == (ir.Field("n", ir.Atom.U64),)
    plain = module({"Thing": product(("id", U64))})
    assert read(raw).hash == read(plain).hash


def test_newer_sections_of_a_wasm_are_one_error() -> None:
    with pytest.raises(SchemaError, match=r"tag 40 is none of .*; build the module again, or generate from"):
        rawdef.decode(Definition(b"\x02\x01\x00\x00\x00\x28", "bsatn", "x.wasm"))


@pytest.mark.parametrize(
    ("columns", "table_name", "parameter", "named"),
    [
        # What a server of 2.x has made, and what it leaves alone.
        (["u_8_value"], "thing", "u8Value", "u_8_value"),
        (["id"], "thing_2", "u8Value", "u_8_value"),
        # What the module's author wrote, and no server changed.
        (["u8_value"], "thing", "u8Value", "u8_value"),
        (["u8Value", "x_1"], "thing", "u8Value", "u8_value"),
        (["id"], "thing2", "u8Value", "u8_value"),
        # Nothing to be alike with.
        (["id"], "thing", "u8Value", "u8_value"),
    ],
)
def test_digits_are_words_of_their_own_where_a_server_made_them_so(
    columns: list[str], table_name: str, parameter: str, named: str
) -> None:
    raw = module(
        {"Thing": product(*((column, U64) for column in columns))},
        [table(table_name, 0)],
        [reducer("change", (parameter, U64))],
    )
    for form in (raw, version_10(raw)):
        (made,) = build(form).reducers
        assert made.method is not None
        assert made.method.parameters[0].python_name == named
