"""`stdb-codegen inspect`: for people, for programs, as a diagram."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.codegen.schemas import GOLDEN, STRING, U64, array, module, option, product, reducer, result, table
from tests.support.modules import module_wasm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from tests.codegen.loopback import Loopback

ARENA = GOLDEN / "arena" / "schema.json"
HOSTILE = 'a\x1b[2J\n"x" \'\u202e`\\'


def test_for_people(shell: Callable[..., Result]) -> None:
    printed = shell("inspect", "--module", ARENA)
    assert (printed.exit_code, printed.stderr) == (0, "")
    assert printed.stdout.startswith(
        """\
table hero: public, rows are Hero
  id         u64                  primary key, auto-inc, btree
  name       String               unique, btree
  level      u32                  btree
  owner      Identity
"""
    )
    for part in (
        "\nevent table hit: public, rows are Hit\n  hero    u64\n",
        "\ntable secret: private, rows are Secret\n",
        "\ntable tick_timer: private, rows are TickTimer, schedules tick\n",
        "\nview strong: public, rows are Cell\n  x  i32\n  y  i32\n",
        "\nreducers\n  create_hero(name: String)\n",
        "\n  on_connect()                    called when a client connects\n",
        "\n  tick(_t: TickTimer)             called by the schedule of tick_timer\n",
        "\n  roll(sides: u32) -> Cell\n",
        "\ntypes\n  Move  rest | stepTo(Cell) | say(String)\n",
    ):
        assert part in printed.stdout


def test_groups_of_columns_and_other_types(shell: Callable[..., Result], tmp_path: Path) -> None:
    raw = module(
        {"Row": product(("a", U64), ("b", STRING)), "Empty": product(), "Pair": product(("l", U64), ("r", U64))},
        [table("rows", 0, unique=[[0, 1]], indexes=[{"BTree": [1, 0]}])],
        [reducer("f", ("x" * 60, option(array(STRING)))), reducer("g", ("r", result(U64, STRING)))],
    )
    (tmp_path / "groups.json").write_text(json.dumps(raw))
    lines = shell("inspect", "--module", "groups.json").stdout.splitlines()
    assert lines[:-2] == [
        "table rows: public, rows are Row",
        "  a  u64",
        "  b  String",
        "  unique (a, b)",
        "  btree (b, a)",
        "",
        "reducers",
        f"  f({'x' * 60}: Option<Vec<String>>)",
        "  g(r: Result<u64, String>)",
        "",
        "types",
        "  Empty  {}",
        "  Pair   { l: u64, r: u64 }",
    ]


def test_for_programs(shell: Callable[..., Result]) -> None:
    printed = shell("inspect", "--module", ARENA, "--json")
    assert (printed.exit_code, printed.stderr) == (0, "")
    found: dict[str, Any] = json.loads(printed.stdout)
    assert list(found) == ["hash", "tables", "reducers", "procedures", "types", "warnings"]
    hero, hit, _, timer, *_, strong = found["tables"]
    assert hero["columns"][0] == {"name": "id", "type": "u64", "keys": ["primary key", "auto-inc", "btree"]}
    assert (hero["primary_key"], hero["unique"]) == ("id", [["id"], ["name"]])
    assert {"columns": ["level"], "algorithm": "btree"} in hero["indexes"]
    assert (hit["kind"], strong["kind"], timer["schedule"], timer["public"]) == ("event table", "view", "tick", False)
    assert {
        "name": "tick",
        "parameters": [{"name": "_t", "type": "TickTimer"}],
        "public": timer["public"],
        "lifecycle": None,
        "scheduled_by": "tick_timer",
    } in [{**one, "public": False} for one in found["reducers"]]
    assert [(one["name"], one["returns"]) for one in found["procedures"]] == [("fail", "u32"), ("roll", "Cell")]
    assert found["types"][-1]["kind"] == "struct"


def test_hash_is_that_of_packages(shell: Callable[..., Result], tmp_path: Path) -> None:
    digest = json.loads(shell("inspect", "--module", "probe.wasm", "--json").stdout)["hash"]
    assert shell("inspect", "--module", "schema.json").stdout.endswith(f"schema {digest}\n")
    shell("generate", "--module", "probe.wasm", "-o", "client")
    assert digest in (tmp_path / "client" / "__init__.py").read_text()


ATTRIBUTE = re.compile(r'        [A-Za-z_][\w\-\[\]()]* [A-Za-z_][\w\-\[\]()]*( (PK|UK))?( "[a-z, -]+")?')


def test_diagram(shell: Callable[..., Result]) -> None:
    printed = shell("inspect", "--module", ARENA, "--mermaid")
    assert (printed.exit_code, printed.stderr) == (0, "")
    assert printed.stdout.startswith(
        """\
erDiagram
    "hero" {
        u64 id PK "auto-inc, btree"
        String name UK "btree"
        u32 level "btree"
        Identity owner
        Timestamp at
        Move last_move
        Option[Uuid] badge
        Result[u32-String] outcome
    }
"""
    )


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    # No server allows the worst of names for columns.
    row = product(("a\u202e {} %%<b>", U64), ("1 x", option(U64)))
    raw = module({HOSTILE: row}, [table(HOSTILE, 0)], [reducer(HOSTILE)])
    (tmp_path / "hostile.json").write_text(json.dumps(raw))
    return tmp_path / "hostile.json"


def test_hostile_names_stay_words_of_the_diagram(shell: Callable[..., Result], hostile: Path) -> None:
    first, name, *columns, last = shell("inspect", "--module", hostile, "--mermaid").stdout.splitlines()
    assert (first, last) == ("erDiagram", "    }")
    assert re.fullmatch(r'    "[^"\\]+" {', name)
    assert len(columns) == 2
    assert all(ATTRIBUTE.fullmatch(column) for column in columns)


def test_hostile_names_do_not_reach_the_terminal(shell: Callable[..., Result], hostile: Path) -> None:
    printed = shell("inspect", "--module", hostile).output
    assert all(char.isprintable() or char == "\n" for char in printed)
    assert "a\\x1b[2J\\n" in printed


def test_warnings_do_not_disturb_programs(shell: Callable[..., Result], tmp_path: Path) -> None:
    raw = module({"Row": product(("a", U64))}, [table("rows", 0)])
    (tmp_path / "new.json").write_text(json.dumps({**raw, "misc_exports": [{"Telepathy": {"name": "guess"}}]}))
    printed = shell("inspect", "--module", "new.json")
    assert printed.stderr.startswith("warning: ")
    assert "elepathy" in printed.stderr
    as_json = shell("inspect", "--module", "new.json", "--json")
    assert as_json.stderr == ""
    assert [f"warning: {warning}\n" for warning in json.loads(as_json.stdout)["warnings"]] == [printed.stderr]


def test_database(shell: Callable[..., Result], loopback: Loopback) -> None:
    assert "table player: public" in shell("inspect", "--module", "my-module", "--server", loopback.uri).stdout


def test_configured_module(shell: Callable[..., Result]) -> None:
    shell("init", "--module", "probe.wasm")
    assert "table player: public" in shell("inspect").stdout
    shell("init", "--module", "schema.json")
    several = shell("inspect")
    assert (several.exit_code, several.stdout) == (2, "")
    assert "several modules are configured; choose one: probe, schema" in several.stderr
    assert "table player: public" in shell("inspect", "schema").stdout


def test_errors(shell: Callable[..., Result]) -> None:
    assert shell("inspect", "--module", "nothing").exit_code == 1
    assert shell("inspect", "--module", "probe.wasm", "--json", "--mermaid").exit_code == 2


def test_names_of_the_module_stand_beside_those_of_the_server(shell: Callable[..., Result]) -> None:
    wasm = module_wasm("league")
    text = shell("inspect", "--module", wasm).stdout
    assert "table BadgeTable: public, rows are Badge, badge in the source\n" in text
    assert "view TheFirst: public, rows are Player1, first_player in the source\n" in text
    assert "table private_note: public, rows are PrivateNote\n" in text
    assert re.search(r"PromotePerson\(id: u64\) +promote in the source\n", text)
    assert re.search(r"blow_whistle_2\(.*\) +called by the schedule of half_time_2, blowWhistle2 in the source\n", text)
    found = json.loads(shell("inspect", "--module", wasm, "--json").stdout)
    named = {table["name"]: table.get("source_name") for table in found["tables"]}
    assert (named["BadgeTable"], named["private_note"]) == ("badge", None)
