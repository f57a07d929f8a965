"""A real server serves a module's schema: the package is the one that the module's .wasm gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.codegen.golden import texts
from tests.codegen.schemas import GOLDEN
from tests.support.modules import GAME, MODULES, module_wasm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from tests.support.server import Server


PACKAGES = {"game": GAME / "game_client"} | {name: GOLDEN / name / "client" for name in MODULES if name != "game"}
OF_2 = {"arena", "league"}


@pytest.mark.parametrize(
    "module", [pytest.param(name, marks=[pytest.mark.since(2)] if name in OF_2 else []) for name in MODULES]
)
def test_every_source_gives_the_same_package(
    server: Server, run: Callable[..., Result], tmp_path: Path, module: str
) -> None:
    """The module's .wasm, the server, and the schema that the server's command line tool extracts: the served one."""
    wasm = module_wasm(module)
    server.publish(wasm, module)
    wrapped = tmp_path / "extracted.json"
    newest = 10 if server.behaviour.has_version_10 else 9
    wrapped.write_text(f'{{"V{newest}": {server.schema(module, newest)}}}')
    sources = {"wasm": ["--module", wasm], "file": ["--module", wrapped]}
    sources["server"] = ["--module", module, "--server", server.uri]
    for name, source in sources.items():
        result = run(*source, "-o", tmp_path / name)
        assert result.exit_code == 0, result.output
        assert "doubtful" not in result.output
        assert texts(tmp_path / name) == texts(PACKAGES[module]), f"by {name}"


def test_no_such_database(server: Server, fails: Callable[..., str], tmp_path: Path) -> None:
    error = fails("--module", "nobody", "--server", server.uri, "-o", tmp_path)
    assert "no database 'nobody' on this server; publish it there, or check its name" in error


def test_no_such_identity(server: Server, fails: Callable[..., str], tmp_path: Path) -> None:
    identity = "c200" + "0" * 60
    assert f"no database '{identity}' on this server" in fails(
        "--module", identity, "--server", server.uri, "-o", tmp_path
    )


def test_refused_token(server: Server, fails: Callable[..., str], tmp_path: Path) -> None:
    error = fails("--module", "nobody", "--server", server.uri, "-o", tmp_path, SPACETIMEDB_TOKEN="not.a.token")
    assert "the server refuses access (401); give a token of this server with --token" in error
