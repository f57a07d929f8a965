from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from stdb_codegen.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command, without the user's token."""
    monkeypatch.delenv("SPACETIMEDB_TOKEN", raising=False)

    def invoke(*arguments: object, **environment: str) -> Result:
        return CliRunner().invoke(main, ["generate", *map(str, arguments)], env=environment)

    return invoke


@pytest.fixture
def fails(run: Callable[..., Result]) -> Callable[..., str]:
    """The command, when it must fail: gives its one line of error."""

    def invoke(*arguments: object, **environment: str) -> str:
        result = run(*arguments, **environment)
        assert (result.exit_code, result.stdout) == (1, ""), result.output
        assert result.stderr.startswith("error: ")
        assert result.stderr.count("\n") == 1, result.stderr
        return result.stderr

    return invoke
