"""Whole packages: written anew, they equal what is committed."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stdb_codegen.emit import render
from tests.codegen import schemas
from tests.codegen.emit.lines import overlong_lines
from tests.codegen.golden import CASES, built, origin, texts
from tests.codegen.schemas import GOLDEN
from tests.support.modules import GAME, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result


@pytest.mark.parametrize("case", CASES)
def test_package_is_as_committed(case: str) -> None:
    assert render.render(built(case)) == texts(GOLDEN / case / "client")


@pytest.mark.parametrize("case", ["arena", "echo"])
def test_command_writes_the_package(case: str, run: Callable[..., Result], tmp_path: Path) -> None:
    result = run("--module", origin(case), "-o", tmp_path / "client")
    assert result.exit_code == 0, result.output
    assert texts(tmp_path / "client") == texts(GOLDEN / case / "client")


def test_example_is_as_committed(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(GAME)
    assert run("--module", "my_module", "-o", tmp_path).exit_code == 0
    assert texts(tmp_path) == texts(GAME / "game_client")


def test_hash_tells_schemas_apart() -> None:
    one = schemas.read(schemas.one_table(("id", schemas.U64)))
    other = schemas.read(schemas.one_table(("id", schemas.STRING)))
    assert one.hash != other.hash


@pytest.mark.parametrize("seed", range(5))
def test_order_of_the_parts_does_not_matter(seed: int) -> None:
    raw: dict[str, Any] = json.loads((GOLDEN / "features" / "schema.json").read_text())
    files = schemas.generate(raw)
    shuffle = random.Random(seed).shuffle
    for part in ("tables", "reducers", "types"):
        shuffle(raw[part])
    for table in raw["tables"]:
        shuffle(table["indexes"])
        shuffle(table["constraints"])
    assert schemas.generate(raw) == files


def test_wrapped_schema_is_the_same(run: Callable[..., Result], tmp_path: Path) -> None:
    wrapped = tmp_path / "wrapped.json"
    wrapped.write_text('{"V9": ' + (GOLDEN / "probe" / "schema.json").read_text() + "}")
    assert run("--module", wrapped, "-o", tmp_path / "client").exit_code == 0
    assert texts(tmp_path / "client") == texts(GOLDEN / "probe" / "client")


def test_warnings_are_told(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run("--module", origin("features"), "-o", tmp_path)
    assert result.stderr.splitlines() == [
        "warning: table 'ranking': its index on score gets no accessor: a column of this type, not supported",
    ]


def test_module_of_nothing_gives_a_package() -> None:
    files = schemas.generate(schemas.module())
    assert set(files) == {"__init__.py", "_reducers.py", "_tables.py", "py.typed"}
    assert "types" not in files["_reducers.py"]


def test_files_that_would_be_empty_are_not_written(run: Callable[..., Result], tmp_path: Path) -> None:
    """Of an earlier package they are removed."""
    client = tmp_path / "client"
    assert run("--module", origin("arena"), "-o", client).exit_code == 0
    assert (client / "_procedures.py").exists()
    arguments = ("--module", origin("probe"), "-o", client)
    found = run(*arguments, "--check")
    assert found.exit_code == 1
    assert f"--- {(client / '_procedures.py').as_posix()}\n+++ /dev/null\n" in found.stdout
    assert run(*arguments).stdout.endswith("4 files written, 1 file removed\n")
    assert texts(client) == texts(GOLDEN / "probe" / "client")
    assert '"procedures"' not in (client / "__init__.py").read_text()


@pytest.mark.parametrize("case", CASES)
def test_no_line_is_long(case: str) -> None:
    assert overlong_lines(texts(GOLDEN / case / "client")) == []


@pytest.mark.parametrize("length", [88, 100, 120])
def test_formatter_leaves_packages_alone(length: int) -> None:
    folders = [str(GOLDEN), str(GAME / "game_client")]
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--check", f"--line-length={length}", *folders]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("seed", ["1", "2"])
def test_package_does_not_depend_on_the_order_of_sets(tmp_path: Path, seed: str) -> None:
    command = [sys.executable, "-m", "stdb_codegen", "generate", "--module", str(origin("features")), "-o", "client"]
    environment = {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert texts(tmp_path / "client") == texts(GOLDEN / "features" / "client")


def test_python_m_is_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "stdb_codegen", "generate", "--module", str(origin("probe")), "-o", "client"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("client/: 5 files written\n")
