"""`stdb-codegen init`: what it adds to pyproject.toml, and that it adds only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stdb_codegen.cli import config

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

SECTION = """\
[tool.stdb-codegen]
# `stdb-codegen generate` generates a package for each of the modules below.
# Keys that they share belong here: server, strict, include-private, build, templates.

"""
PROBE = """\
[tool.stdb-codegen.modules.probe]
module = "probe.wasm"
output = "probe_client"

[tool.stdb-codegen.modules.probe.rename]
# Custom Python names: "player" = "gamer", "player.class" = "kind", "reducer:player" = "add_player"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pyproject.toml"


def test_new_file(shell: Callable[..., Result], file: Path) -> None:
    result = shell("init", "--module", "probe.wasm")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "pyproject.toml: module probe, from probe.wasm into probe_client/\nnext: stdb-codegen generate\n"
    )
    assert file.read_text() == SECTION + PROBE
    assert shell("generate").stdout.endswith("probe_client/: 5 files written\n")


@pytest.mark.parametrize(
    ("before", "added"),
    [
        ("[project]\nname = 'x' # mine\n", f"\n{SECTION}{PROBE}"),
        ("[project]\nname = 'x'", f"\n\n{SECTION}{PROBE}"),
        ("[project]\r\nname = 'ü'\r\n", f"\n{SECTION}{PROBE}".replace("\n", "\r\n")),
        ("[tool.stdb-codegen]\nstrict = true\n", f"\n{PROBE}"),
        (SECTION + PROBE.replace("probe", "other"), f"\n{PROBE}"),
    ],
)
def test_every_byte_stays(shell: Callable[..., Result], file: Path, before: str, added: str) -> None:
    file.write_bytes(before.encode())
    assert shell("init", "--module", "probe.wasm").exit_code == 0
    assert file.read_bytes().decode() == before + added


def test_all_that_can_be_said(shell: Callable[..., Result], file: Path) -> None:
    result = shell("init", "--module", "my-game", "--server", "https://a.b", "-o", 'a "b"/ü', "--name", "g-1")
    assert result.exit_code == 0, result.output
    (target,) = config.load(file)
    assert (target.name, str(target.source)) == ("g-1", "database 'my-game' on https://a.b")
    assert target.output.parts[-2:] == ('a "b"', "ü")


def test_name_of_a_database_makes_a_package(shell: Callable[..., Result], file: Path) -> None:
    shell("init", "--module", "my-game", "--server", "https://a.b")
    assert [(target.name, target.output.name) for target in config.load(file)] == [("my-game", "my_game_client")]


def test_the_only_module_here(shell: Callable[..., Result], tmp_path: Path, file: Path) -> None:
    assert shell("init").exit_code == 2
    for name, dependency in (("game", "spacetimedb"), ("tool", "serde")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Cargo.toml").write_text(f'[dependencies]\n{dependency} = "1"\n')
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "Cargo.toml").write_text("[[[")
    assert "module game, from game into game_client/" in shell("init").stdout
    (tmp_path / "tool" / "Cargo.toml").write_text('[dependencies]\nspacetimedb = "1"\n')
    result = shell("init")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "there are several modules here: game, tool; choose one with --module" in result.stderr
    assert shell("init", "--server", "http://a").exit_code == 2


def test_a_module_in_this_folder(shell: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text('[dependencies]\nspacetimedb = "1"\n')
    assert f"module {tmp_path.name}, from . into {tmp_path.name}_client/" in shell("init", "--module", ".").stdout


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("", ["--module", "nothing"], "nothing: no such file or folder; give a .wasm"),
        ("", ["--module", "my_game", "--server", "http://a"], "did you mean 'my-game'?"),
        ("", ["--module", "my-game", "--server", "a"], "is not the address of a server"),
        ("", ["--name", "a b"], "--name 'a b': is not a key of a TOML table; use letters, digits, - and _"),
        ("[[[", [], "pyproject.toml: is not TOML"),
        (SECTION + PROBE, [], "pyproject.toml: tool.stdb-codegen.modules.probe: exists already; edit it, or choose"),
        ('[tool.stdb-codegen]\nmodule = "x"', [], "tool.stdb-codegen: has a module without a name; move its keys"),
        ("tool = {}", [], "pyproject.toml: the section cannot be added: "),
        ("[tool]\nstdb-codegen = { strict = true }", [], "the section cannot be added: "),
    ],
)
def test_errors_change_nothing(
    shell: Callable[..., Result], file: Path, text: str, arguments: list[str], message: str
) -> None:
    file.write_text(text)
    result = shell("init", "--module", "probe.wasm", *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr
    assert file.read_text() == text


def test_file_cannot_be_written(shell: Callable[..., Result], file: Path) -> None:
    file.mkdir()
    assert "pyproject.toml: Is a directory; check that the file can be" in shell("init", "--module", "-").stderr
