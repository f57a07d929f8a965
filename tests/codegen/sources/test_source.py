"""Sources by their names, and reading of files and standard input."""

from __future__ import annotations

import io
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from stdb_codegen.sources.source import Source
from tests.codegen.loopback import SCHEMA
from tests.support.modules import GAME, module_wasm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.codegen.loopback import Loopback

PROBE = module_wasm("probe")


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Puts bytes into standard input."""

    def pipe(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))

    return pipe


def test_server_decides_even_where_a_file_has_that_name(
    loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "probe").mkdir()
    monkeypatch.chdir(tmp_path)
    assert Source("probe", loopback.uri).read().data == SCHEMA


def test_standard_input_goes_before_a_file_of_that_name(
    piped: Callable[[bytes], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "-").mkdir()
    monkeypatch.chdir(tmp_path)
    piped(SCHEMA)
    assert Source("-").read().data == SCHEMA


def test_standard_input_holds_a_wasm(piped: Callable[[bytes], None]) -> None:
    piped(PROBE.read_bytes())
    found = Source("-").read()
    assert (found.data, found.encoding, found.place) == (Source(str(PROBE)).read().data, "bsatn", "standard input")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_json_is_read_as_shells_write_it(tmp_path: Path, encoding: str) -> None:
    schema = tmp_path / "schema.json"
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    schema.write_bytes((mark + SCHEMA.decode()).encode(encoding))
    assert Source(str(schema)).read().data == SCHEMA


def test_json_in_half_an_encoding(tmp_path: Path, fails: Callable[..., str]) -> None:
    schema = tmp_path / "schema.json"
    schema.write_bytes(b"\xff\xfe{")
    assert "schema.json: holds text that cannot be decoded; save it as UTF-8" in fails("--module", schema, "-o", "out")


@pytest.mark.parametrize("wrapping", ["%s", '{"V9": %s}', ' {"V9":%s}\n'])
def test_schema_may_be_wrapped(tmp_path: Path, wrapping: str) -> None:
    (tmp_path / "schema.json").write_text(wrapping % SCHEMA.decode())
    command = [sys.executable, "-m", "stdb_codegen", "generate", "--module", "-", "-o", "client"]
    done = subprocess.run(
        command, cwd=tmp_path, input=(tmp_path / "schema.json").read_bytes(), capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "client" / "types.py").is_file()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "standard input: is empty; pipe a .wasm or a JSON schema into the command"),
        (b"hello", "standard input: JSON is malformed"),
        (b"\0asm", "standard input: the module cannot describe itself: "),
        (b"{}", "standard input: "),
    ],
)
def test_standard_input_holds_no_schema(fails: Callable[..., str], data: bytes, message: str) -> None:
    assert message in fails("--module", "-", "-o", "out", input=data)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"V8BackCompat": {}}',
            "version 8, which SpacetimeDB used before 1.0; build the module with SpacetimeDB 1.0 or",
        ),
        ('{"typespace": {"types": []}, "tables": [], "reducers": []}', "its schema has version 8"),
        ('{"V11": {}}', "its schema has the format 'V11', and known are V9 and V10; update stdb-codegen"),
        ("[]", "Expected `object`, got `array`; give the schema of a module, as the server or"),
        ("", "Input data was truncated; give the schema of a module"),
    ],
)
def test_json_of_another_format(fails: Callable[..., str], tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "schema.json").write_text(text)
    error = fails("--module", tmp_path / "schema.json", "-o", tmp_path)
    assert error.startswith(f"error: {tmp_path}/schema.json: ")
    assert message in error


def test_nothing_there(fails: Callable[..., str], tmp_path: Path) -> None:
    error = fails("--module", tmp_path / "nothing", "-o", tmp_path)
    assert "nothing: no such file or folder; give a .wasm, a .json or a module's folder (for a database" in error
    assert error.endswith("add --server URL)\n")


@pytest.mark.parametrize("name", ["nothing.wasm", "nothing.json", "no/such/folder.wasm"])
def test_no_such_file(fails: Callable[..., str], tmp_path: Path, name: str) -> None:
    assert f"{name}: no such file or folder; give a" in fails("--module", tmp_path / name, "-o", tmp_path)


def test_neither_wasm_nor_json(fails: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "lib.rs").write_text("")
    assert "is neither a .wasm nor a .json" in fails("--module", tmp_path / "lib.rs", "-o", tmp_path)


def test_file_cannot_be_read(fails: Callable[..., str], tmp_path: Path) -> None:
    # Nobody can read what lies at address 0 of his own memory, whatever his rights.
    (tmp_path / "schema.json").symlink_to("/proc/self/mem")
    error = fails("--module", tmp_path / "schema.json", "-o", "out")
    assert "schema.json: Input/output error; check that the file can be read" in error


def test_files_are_not_built(fails: Callable[..., str], tmp_path: Path) -> None:
    error = fails("--module", PROBE, "--build", "-o", tmp_path)
    assert f"{PROBE}: is not a project, so it cannot be built; omit --build" in error


def test_names_for_messages() -> None:
    assert str(Source("-")) == "standard input"
    assert str(Source(str(GAME))) == str(GAME)
    assert str(Source("game", "http://localhost:3000")) == "database 'game' on http://localhost:3000"
