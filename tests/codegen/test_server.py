"""A real server serves a module's schema: the package is the one that the module's .wasm gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.codegen.golden import texts
from tests.codegen.schemas import GOLDEN
from tests.support.modules import GAME, module_wasm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from tests.support.server import Server


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("game", GAME / "game_client"),
        ("probe", GOLDEN / "probe" / "client"),
        ("edge", GOLDEN / "edge" / "client"),
        ("echo", GOLDEN / "echo" / "client"),
    ],
)
def test_server_gives_what_the_module_says(
    server: Server, run: Callable[..., Result], tmp_path: Path, module: str, package: Path
) -> None:
    server.publish(module_wasm(module), module)
    result = run("--module", module, "--server", server.uri, "-o", tmp_path)
    assert result.exit_code == 0, result.output
    assert texts(tmp_path) == texts(package)


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
