from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from stdb_codegen.cli import main
from tests.codegen.loopback import SCHEMA, serving
from tests.support.modules import module_wasm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

    from tests.codegen.loopback import Loopback


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command, without the user's token."""
    monkeypatch.delenv("SPACETIMEDB_TOKEN", raising=False)

    def invoke(*arguments: object, input: bytes | None = None, **environment: str) -> Result:
        return CliRunner().invoke(main, ["generate", *map(str, arguments)], input=input, env=environment)

    return invoke


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The whole command, in a folder that holds `probe.wasm` and `schema.json`, with no configuration above it."""
    monkeypatch.delenv("SPACETIMEDB_TOKEN", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "probe.wasm").write_bytes(module_wasm("probe").read_bytes())
    (tmp_path / "schema.json").write_bytes(SCHEMA)

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(main, [*map(str, arguments)])

    return invoke


@pytest.fixture
def fails(run: Callable[..., Result]) -> Callable[..., str]:
    """The command, when it must fail: gives its one line of error."""

    def invoke(*arguments: object, input: bytes | None = None, **environment: str) -> str:
        result = run(*arguments, input=input, **environment)
        assert (result.exit_code, result.stdout) == (1, ""), result.output
        assert result.stderr.startswith("error: ")
        assert result.stderr.count("\n") == 1, result.stderr
        return result.stderr

    return invoke


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """A server that answers what a real one will not answer on demand."""
    with serving() as server:
        yield server
