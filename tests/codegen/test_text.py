"""Foreign text is shown as text: it moves no cursor, turns nothing around, is not endless and tells no secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stdb_codegen.cli.console import Console
from stdb_codegen.errors import SchemaError
from stdb_codegen.text import LONGEST, escaped_json, shown
from tests.codegen.schemas import U64, module, one_table, product, reducer, table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from tests.codegen.loopback import Loopback

# What a terminal acts on, or what turns text around; and how each is shown.
CONTROLS = {
    "\x1b[2J": r"\x1b[2J",
    "\r": r"\r",
    "\x07": r"\x07",
    "\x9b31m": r"\x9b31m",
    "\u202e": r"\u202e",
    "\u2066": r"\u2066",
    "\u200f": r"\u200f",
    "\u2028": r"\u2028",
    "\U000e0001": r"\U000e0001",
}
TOKEN = "se.cr.et"


class TestShown:
    @pytest.mark.parametrize(("control", "expected"), CONTROLS.items())
    def test_controls_are_escaped(self, control: str, expected: str) -> None:
        assert shown(f"a{control}b") == f"a{expected}b"

    @given(st.text())
    def test_all_is_printable_and_no_longer_than_asked(self, text: str) -> None:
        assert shown(text).isprintable()
        assert shown(text, 20).isprintable()
        assert len(shown(text, 20)) <= 20

    @pytest.mark.parametrize("text", ["é", "日本", "\u0647\u0645", "a b", "\U0001f980", 'it\'s "x"'])
    def test_letters_of_all_scripts_stay(self, text: str) -> None:
        assert shown(text) == text

    def test_beginning_and_end_are_shown(self) -> None:
        text = shown(f"begin{'x' * 1_000_000}end", 100)
        assert len(text) == 100
        assert text.startswith("beginx")
        assert text.endswith("xend")
        assert " ... " in text

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("http://me:pass@host/x", "http://***@host/x"),
            ("see https://me@host and ws://a:b@c", "see https://***@host and ws://***@c"),
            ("http://me:p/a@s?s@host", "http://***@host"),
            ("http://host/x", "http://host/x"),
            ("me@host", "me@host"),
        ],
    )
    def test_addresses_tell_no_password(self, text: str, expected: str) -> None:
        assert shown(text) == expected

    def test_passwords_are_found_in_long_texts(self) -> None:
        text = f"http://me:pass@host{'x' * LONGEST}http://me:pass@host"
        for limit in range(20, 400):
            assert "pass" not in shown(text, limit)

    @given(st.text())
    def test_json_means_the_same(self, text: str) -> None:
        encoded = escaped_json(json.dumps({"a": text}, ensure_ascii=False, indent=2))
        assert json.loads(encoded) == {"a": text}
        assert all(char.isprintable() or char == "\n" for char in encoded)


class TestErrors:
    @pytest.mark.parametrize("part", ["place", "problem", "remedy"])
    def test_each_part_is_shown(self, part: str) -> None:
        parts = {"place": "place", "problem": "problem", "remedy": "remedy"}
        text = str(SchemaError(**parts | {part: "\x1b\u202e http://a:b@c " + "x" * 1_000_000}))
        assert text.isprintable()
        assert r"\x1b\u202e http://***@c xxx" in text
        assert len(text) < LONGEST + 50
        assert all(word in text for name, word in parts.items() if name != part)


class TestConsole:
    def test_every_way_out(self, capfd: pytest.CaptureFixture[str]) -> None:
        foreign = "".join(CONTROLS)
        text = f"{foreign} http://me:pass@host {TOKEN}"
        console = Console(verbose=True, secret=TOKEN)
        console.say(text)
        console.detail(text)
        console.warn(text)
        error = SchemaError(text, text)
        error.__cause__ = ValueError(text)
        console.fail(error, text)
        captured = capfd.readouterr()
        for line in (*captured.out.splitlines(), *captured.err.splitlines()):
            assert line.isprintable()
            assert f"{''.join(CONTROLS.values())} http://***@host ***" in line
            assert TOKEN not in line
        assert (captured.out.count("\n"), captured.err.count("\n")) == (1, 4)

    def test_warnings_are_not_endless(self, capfd: pytest.CaptureFixture[str]) -> None:
        console = Console()
        for number in (*range(1000), *range(1000)):
            console.warn(f"number {number}")
        lines = capfd.readouterr().err.splitlines()
        assert lines[:-1] == [f"warning: number {number}" for number in range(100)]
        assert lines[-1] == "warning: there are more than 100 warnings, and the others are not printed"

    def test_causes_are_not_endless(self, capfd: pytest.CaptureFixture[str]) -> None:
        error = SchemaError("a", "b")
        error.__cause__ = ValueError("x" * 1_000_000)
        Console(verbose=True).fail(error)
        assert len(capfd.readouterr().err) < 2 * LONGEST

    def test_results_have_as_many_lines_as_they_have(self, capfd: pytest.CaptureFixture[str]) -> None:
        Console().say("a\nb")
        assert capfd.readouterr().out == "a\nb\n"

    def test_short_texts_are_no_tokens(self, capfd: pytest.CaptureFixture[str]) -> None:
        Console(secret="a").say("a table")
        assert capfd.readouterr().out == "a table\n"


class TestCommand:
    NAME = "".join(CONTROLS) + " http://me:pass@host " + TOKEN

    @pytest.fixture
    def hostile(self, shell: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SPACETIMEDB_TOKEN", TOKEN)
        types = {"Row": product(("id", U64)), self.NAME: product(("id", U64))}
        raw = module(types, [table(self.NAME, 0, key=0)], [reducer(self.NAME, (self.NAME, U64))])
        (tmp_path / "schema.json").write_text(json.dumps(raw))

    def expect(self, text: str) -> None:
        assert all(char.isprintable() or char == "\n" for char in text)
        assert "me:pass" not in text
        assert TOKEN not in text
        assert "http://***@host ***" in text

    @pytest.mark.parametrize("how", [[], ["--json"]])
    def test_inspect(self, hostile: None, shell: Callable[..., Result], how: list[str]) -> None:
        result = shell("inspect", "--module", "schema.json", *how)
        assert result.exit_code == 0
        self.expect(result.stdout)
        if how:
            controls = "".join(CONTROLS)
            assert json.loads(result.stdout)["tables"][0]["name"] == f"{controls} http://***@host ***"

    def test_check(self, hostile: None, shell: Callable[..., Result], tmp_path: Path) -> None:
        (tmp_path / "client").mkdir()
        old = f"# Generated by stdb-codegen.\n# {self.NAME}\n"
        (tmp_path / "client" / "types.py").write_text(old, newline="")
        result = shell("generate", "--module", "schema.json", "-o", "client", "--check")
        assert result.exit_code == 1
        self.expect(result.stdout)

    def test_names_of_the_configuration(self, shell: Callable[..., Result], tmp_path: Path) -> None:
        name = json.dumps("\u202e\x1b http://me:pass@host")
        (tmp_path / "pyproject.toml").write_text(
            f"[tool.stdb-codegen.modules.{name}]\nmodule = 'a'\noutput = 'b'\n"
            "[tool.stdb-codegen.modules.other]\nmodule = 'a'\noutput = 'c'\n"
        )
        for arguments in (["inspect"], ["generate"], ["generate", "nobody"]):
            result = shell(*arguments)
            assert result.exit_code in (1, 2)
            assert all(char.isprintable() or char == "\n" for char in result.stderr)
            assert r"\u202e\x1b http://***@host" in result.stderr

    def test_what_a_server_says(self, loopback: Loopback, fails: Callable[..., str], tmp_path: Path) -> None:
        loopback.reason = f"Bearer {TOKEN} \x1b[2J http://me:pass@host {'x' * 10_000}"
        error = fails("--module", "status-500", "--server", loopback.uri, "-o", tmp_path, SPACETIMEDB_TOKEN=TOKEN)
        assert r"the server answered 500 Bearer *** \x1b[2J http://***@host xxx" in error
        assert len(error) < 3 * LONGEST

    def test_where_a_server_leads(self, loopback: Loopback, fails: Callable[..., str], tmp_path: Path) -> None:
        loopback.location = "ftp://me:pass@host/x"
        error = fails("--module", "redirected", "--server", loopback.uri, "-o", tmp_path)
        assert "it redirects to 'ftp://***@host/x', which is no address of http or https; " in error

    def test_passwords_that_are_no_part_of_an_address(self, fails: Callable[..., str], tmp_path: Path) -> None:
        error = fails("--module", "m", "--server", "http://me:pa/ss@host", "-o", tmp_path)
        assert "--server 'http://***@host': is not an address of a server" in error

    def test_warnings(self, shell: Callable[..., Result], tmp_path: Path) -> None:
        raw = one_table(("id", U64))
        raw["misc_exports"] = [{f"\x1b\u202e{'x' * 10_000}": {}}]
        (tmp_path / "schema.json").write_text(json.dumps(raw))
        result = shell("generate", "--module", "schema.json", "-o", "client")
        assert result.exit_code == 0
        assert r"warning: the schema's part '\x1b\u202exxx" in result.stderr
        assert len(result.stderr) < 2 * LONGEST
