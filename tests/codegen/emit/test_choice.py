"""What a package declares: views with parameters are refused by name, and parts are left out where the user says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from stdb_codegen.errors import SchemaError
from tests.codegen.schemas import (
    U64,
    UNIT,
    Json,
    array,
    build,
    module,
    procedure,
    product,
    reducer,
    ref,
    table,
    version_10,
    view,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

TYPES: dict[str, Json] = {"Thing": product(("id", U64))}


def views(*exports: Json) -> Json:
    return module(TYPES, [table("thing", 0)], [reducer("seen")], list(exports))


OF_VERSION_9 = views(view("seen", array(ref(0)), ("n", U64)))
SEEN = version_10(OF_VERSION_9)


@pytest.mark.parametrize("raw", [OF_VERSION_9, SEEN])
def test_views_with_parameters_are_refused(raw: Json) -> None:
    with pytest.raises(SchemaError) as caught:
        build(raw)
    assert str(caught.value) == (
        "view 'seen': takes parameters, for which neither queries nor messages have a place; "
        'leave it out: --exclude seen (or exclude = ["seen"] in the configuration)'
    )


def test_all_of_them_are_named() -> None:
    raw = views(*(view(name, array(ref(0)), ("n", U64)) for name in ("b", "a; rm")))
    with pytest.raises(SchemaError) as caught:
        build(raw, exclude=("c",))
    assert str(caught.value) == (
        "views 'a; rm', 'b': take parameters, for which neither queries nor messages have a place; "
        'leave them out: --exclude \'a; rm\' --exclude b (or exclude = ["a; rm", "b"] in the configuration)'
    )


def test_private_ones_are_not_declared_anyway() -> None:
    raw = views(view("seen", array(ref(0)), ("n", U64), public=False))
    assert [table.name for table in build(raw).tables] == ["thing"]
    with pytest.raises(SchemaError, match="view 'seen': takes parameters"):
        build(raw, include_private=True)


@pytest.mark.parametrize(
    ("exclude", "tables", "reducers"),
    [(["table:seen"], ["thing"], ["seen"]), (["seen"], ["thing"], []), (["seen", "thing"], [], [])],
)
def test_parts_that_are_left_out(exclude: list[str], tables: list[str], reducers: list[str]) -> None:
    package = build(SEEN, exclude=exclude)
    assert [table.name for table in package.tables] == tables
    assert [reducer.name for reducer in package.reducers] == reducers
    assert package.warnings == ()
    assert bool(package.types) == bool(tables)


def test_source_names_are_names_too() -> None:
    mapping = {"source_name": "rollDice", "canonical_name": "roll_dice"}
    raw = version_10(module(exports=[procedure("rollDice", UNIT)]), ExplicitNames={"entries": [{"Function": mapping}]})
    for key in ("rollDice", "roll_dice", "procedure:rollDice"):
        assert build(raw, exclude=[key]).procedures == ()


def test_submodules_are_left_out_as_a_whole() -> None:
    inner = {"namespace": "inner", "module": SEEN}
    outer = {"namespace": "outer", "module": version_10(module(reducers=[reducer("go")]), Submodules=[inner])}
    raw = version_10(module(reducers=[reducer("outside")]), Submodules=[outer])
    with pytest.raises(SchemaError, match="view 'outer.inner.seen': takes parameters"):
        build(raw)
    for exclude, left in ((["outer"], ["outside"]), (["outer.inner"], ["outer.go", "outside"])):
        package = build(raw, exclude=exclude)
        assert ([reducer.name for reducer in package.reducers], package.tables) == (left, ())
    for useless in ("out", "inner", "outer.in", "reducer:outer"):
        assert build(raw, exclude=["outer.inner", useless]).warnings == (
            f"exclude {useless!r}: the schema has no such part",
        )


def test_command_and_configuration(run: Callable[..., Result], shell: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "seen.json").write_text(json.dumps(SEEN))
    refused = run("--module", "seen.json", "-o", "client")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("error: view 'seen': takes parameters")
    assert not (tmp_path / "client").exists()
    done = run("--module", "seen.json", "-o", "client", "--exclude", "seen", "--exclude", "nothing")
    assert done.exit_code == 0
    assert "warning: exclude 'nothing': the schema has no such part\n" in done.stderr
    strict = run("--module", "seen.json", "-o", "client", "--exclude", "seen", "--exclude", "nothing", "--strict")
    assert (strict.exit_code, "--strict makes them errors" in strict.stderr) == (1, True)
    section = '[tool.stdb-codegen]\nmodule = "seen.json"\noutput = "client"\nexclude = %s\n'
    (tmp_path / "pyproject.toml").write_text(section % '["table:seen"]')
    done = shell("generate", "--exclude", "reducer:seen")
    assert (done.exit_code, done.stdout.startswith("seen.json: 1 tables, 0 reducers")) == (0, True), done.output
    for wrong in ('"seen"', "[1]", "true"):
        (tmp_path / "pyproject.toml").write_text(section % wrong)
        assert "tool.stdb-codegen.exclude: is " in shell("generate").stderr


def test_inspection_shows_them(shell: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "seen.json").write_text(json.dumps(SEEN))
    printed = shell("inspect", "--module", "seen.json")
    assert (printed.exit_code, printed.stderr) == (0, "")
    assert "\nview seen(n: u64): public, rows are Thing\n" in printed.stdout
    reported = json.loads(shell("inspect", "--module", "seen.json", "--json").stdout)
    assert [table.get("parameters") for table in reported["tables"]] == [None, [{"name": "n", "type": "u64"}]]
