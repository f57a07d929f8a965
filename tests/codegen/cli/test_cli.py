"""The command: what it prints where, its exit codes, its help."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.codegen.golden import texts
from tests.codegen.schemas import GOLDEN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from tests.codegen.loopback import Loopback

COMMAND = [sys.executable, "-m", "stdb_codegen"]
GENERATE = ("generate", "--module", "probe.wasm", "-o", "client")


class TestCheck:
    def test_up_to_date(self, shell: Callable[..., Result]) -> None:
        shell(*GENERATE)
        result = shell(*GENERATE, "--check")
        assert (result.exit_code, result.stdout, result.stderr) == (0, "client/: up to date\n", "")

    def test_difference(self, shell: Callable[..., Result], tmp_path: Path) -> None:
        shell(*GENERATE)
        types = tmp_path / "client" / "types.py"
        types.write_text(types.read_text().replace("    name: stdb.Column[str]", "    name: int", 1))
        before = texts(tmp_path / "client")
        result = shell(*GENERATE, "--check")
        assert result.exit_code == 1
        assert result.stderr == ("error: client/: is not up to date; run this command without --check\n")
        header, *lines = result.stdout.splitlines()
        assert header == "--- client/types.py"
        assert [line for line in lines if line.startswith(("-", "+"))] == [
            "+++ client/types.py",
            "-    name: int",
            "+    name: stdb.Column[str]",
        ]
        assert texts(tmp_path / "client") == before

    def test_nothing_is_made(self, shell: Callable[..., Result], tmp_path: Path) -> None:
        result = shell(*GENERATE, "--check")
        assert result.exit_code == 1
        assert "--- /dev/null\n+++ client/types.py\n" in result.stdout
        assert not (tmp_path / "client").exists()

    def test_quiet_says_it_by_the_exit_code(self, shell: Callable[..., Result]) -> None:
        assert (shell(*GENERATE, "--check", "--quiet").exit_code, shell(*GENERATE, "-q").stdout) == (1, "")
        result = shell(*GENERATE, "--check", "--quiet")
        assert (result.exit_code, result.output) == (0, "")


def test_force(shell: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "client").mkdir()
    (tmp_path / "client" / "types.py").write_text("mine\n")
    refused = shell(*GENERATE)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "types.py: exists, and was not written by stdb-codegen; move it away, overwrite it with --" in refused.stderr
    assert shell(*GENERATE, "--force").exit_code == 0
    assert shell(*GENERATE, "--check").exit_code == 0


class TestWarnings:
    @pytest.fixture
    def doubtful(self) -> list[object]:
        """A module of which something is left out."""
        return ["generate", "--module", GOLDEN / "features" / "schema.json", "-o", "client"]

    def test_each_once_on_a_line(self, shell: Callable[..., Result], doubtful: list[object]) -> None:
        result = shell(*doubtful)
        lines = result.stderr.splitlines()
        assert result.exit_code == 0
        assert lines
        assert all(line.startswith("warning: ") for line in lines)
        assert len(lines) == len(set(lines))

    def test_strict_makes_them_errors(
        self, shell: Callable[..., Result], doubtful: list[object], tmp_path: Path
    ) -> None:
        result = shell(*doubtful, "--strict")
        *warnings, error = result.stderr.splitlines()
        assert (result.exit_code, result.stdout) == (1, "")
        assert all(line.startswith("warning: ") for line in warnings)
        assert f"schema.json: {len(warnings)} warning" in error
        assert "fix them, or omit --strict" in error
        assert not (tmp_path / "client").exists()

    def test_quiet_prints_them(self, shell: Callable[..., Result], doubtful: list[object]) -> None:
        result = shell(*doubtful, "--quiet")
        assert result.stdout == ""
        assert "warning: " in result.stderr


@pytest.mark.parametrize(
    ("name", "better"), [("my-client", "my_client"), ("class", "client_class"), ("2d", "client_2d")]
)
def test_folder_that_cannot_be_imported(shell: Callable[..., Result], name: str, better: str) -> None:
    result = shell("generate", "--module", "schema.json", "-o", name)
    assert result.exit_code == 0
    assert result.stderr == f"warning: {name}/: a package of this name cannot be imported; name it {better!r}\n"


def test_private_tables_are_included(shell: Callable[..., Result], tmp_path: Path) -> None:
    arguments = ("generate", "--module", GOLDEN / "arena" / "schema.json", "-o", "client")
    shell(*arguments)
    assert "class SecretTable(" not in (tmp_path / "client" / "_tables.py").read_text()
    shell(*arguments, "--include-private")
    assert "class SecretTable(" in (tmp_path / "client" / "_tables.py").read_text()


def test_verbose_tells_more_beside_the_result(shell: Callable[..., Result]) -> None:
    result = shell(*GENERATE, "--verbose")
    assert result.stdout == shell(*GENERATE[:-1], "other").stdout.replace("other", "client")
    assert re.search(r"  probe\.wasm: \d+ bytes of bsatn\n", result.stderr)
    assert "  client/types.py: written\n" in result.stderr
    failed = shell("generate", "--module", "my-module", "--server", "http://127.0.0.1:9", "-o", "x", "-v")
    assert "\n  from ConnectionRefusedError: " in failed.stderr


def test_progress_shows_after_a_second(loopback: Loopback, tmp_path: Path) -> None:
    arguments = ["generate", "--module", "held", "--server", loopback.uri, "-o", str(tmp_path / "client")]
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
        assert command.stderr is not None
        assert command.stderr.readline() == f"reading database 'held' on {loopback.uri} ...\n"
        loopback.released.set()
        output, errors = command.communicate()
    assert (command.returncode, errors) == (0, "")
    assert output.endswith(" files written\n")


def test_no_progress_when_it_is_fast(shell: Callable[..., Result]) -> None:
    assert shell(*GENERATE).stderr == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no module is given, and none is configured: give --module X, or run `stdb-codegen init`"),
        (["--module", "probe.wasm"], "--module needs --output, the folder of the package"),
        (["-o", "client"], "--output needs --module; configured modules have their own"),
        (["--server", "http://a"], "--server needs --module, which names the database there"),
        (["game", "--module", "probe.wasm"], "'game' names a configured module, and --module another one: give one"),
        ([*GENERATE[1:], "--check", "--watch"], "--check and --watch exclude each other"),
        ([*GENERATE[1:], "-q", "-v"], "--quiet and --verbose exclude each other"),
        (["--module", "-", "-o", "client", "--watch"], "standard input cannot be watched"),
        (["--nonsense"], "--nonsense"),
    ],
)  # fmt: skip
def test_wrong_use_exits_with_2(
    shell: Callable[..., Result], tmp_path: Path, arguments: list[str], message: str
) -> None:
    result = shell("generate", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert not (tmp_path / "client").exists()


def test_unknown_name(shell: Callable[..., Result]) -> None:
    shell("init", "--module", "probe.wasm")
    result = shell("generate", "chat")
    assert result.exit_code == 2
    assert "no module 'chat' is configured; configured are: probe\n" in result.stderr
    result = shell("generate", "probe.wasm")
    assert result.exit_code == 2
    assert "configured are: probe (for the file or folder probe.wasm: --module probe.wasm)\n" in result.stderr


@pytest.mark.parametrize("command", [[], ["generate"], ["inspect"], ["init"]])
def test_help_reads_well_at_80_columns(shell: Callable[..., Result], command: list[str]) -> None:
    result = shell(*command, "--help")
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert shell(*command, "-h").stdout == result.stdout
    if command:
        assert "Exit codes:\n    0  success" in result.stdout


def test_help_keeps_its_lists(shell: Callable[..., Result]) -> None:
    lines = shell("generate", "--help").stdout.splitlines()
    assert "    -          standard input: a .wasm or a JSON schema" in lines
    assert "    X.json     a schema, as a server or `extract-schema` prints it" in lines


def test_terminal_without_the_letters(tmp_path: Path) -> None:
    folder = tmp_path / "шахматы"
    arguments = ["generate", "--module", str(GOLDEN / "probe" / "schema.json"), "-o", str(folder)]
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run([*COMMAND, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u0448\\u0430\\u0445\\u043c\\u0430\\u0442\\u044b/: " in done.stdout


class TestCompletion:
    @pytest.fixture
    def complete(self, tmp_path: Path, shell: Callable[..., Result]) -> Callable[..., str]:
        """Completions of the shell after these words."""

        def complete(*words: str) -> str:
            environment: dict[str, Any] = {
                **os.environ,
                "_STDB_CODEGEN_COMPLETE": "bash_complete",
                "COMP_WORDS": " ".join(words),
                "COMP_CWORD": str(len(words) - 1),
            }
            return subprocess.run(
                COMMAND, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
            ).stdout

        return complete

    def test_options_and_names(self, complete: Callable[..., str], shell: Callable[..., Result]) -> None:
        shell("init", "--module", "probe.wasm")
        assert complete("stdb-codegen", "gen") == "plain,generate\n"
        assert complete("stdb-codegen", "generate", "--che") == "plain,--check\n"
        assert complete("stdb-codegen", "generate", "pr") == "plain,probe\n"
        assert complete("stdb-codegen", "generate", "x").strip() == ""

    def test_nothing_is_configured(self, complete: Callable[..., str], tmp_path: Path) -> None:
        assert complete("stdb-codegen", "generate", "pr").strip() == ""
        (tmp_path / "pyproject.toml").write_text("[[[")
        assert complete("stdb-codegen", "generate", "pr").strip() == ""

    def test_script_for_the_shell(self) -> None:
        environment = {**os.environ, "_STDB_CODEGEN_COMPLETE": "zsh_source"}
        done = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.startswith("#compdef stdb-codegen")
