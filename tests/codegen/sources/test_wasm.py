"""A `.wasm` describes itself, or one line says why it does not."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import wasmtime

from stdb_codegen.errors import SourceError
from stdb_codegen.sources import wasm
from tests.support.modules import module_wasm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SINK = '(import "s" "bytes_sink_write" (func $write (param i32 i32 i32) (result i32)))'
MEMORY = '(memory (export "memory") 1)'
DESCRIBE = '(func (export "__describe_module__") (param i32)'


def assembled(text: str) -> bytes:
    return bytes(wasmtime.wat2wasm(f"(module {text})"))


class TestWasm:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "it has no function __describe_module__"),
            ('(memory (export "__describe_module__") 1)', "it has no function __describe_module__"),
            (f"{DESCRIBE} (loop (br 0)))", "it does not end"),
            (f'(func (export "__preinit__1") unreachable) {DESCRIBE})', "cannot describe itself: "),
            (f"(memory 9999) {DESCRIBE})", "cannot describe itself: memory minimum size"),
            ('(import "a" "b" (memory 1))', "it imports 'b', which is not a function"),
            (
                f"{SINK} {MEMORY} {DESCRIBE} (drop (call $write (i32.const 0) (i32.const 0) (i32.const -2))))",
                "it points outside of its memory",
            ),
            (
                f"{SINK} {DESCRIBE} (drop (call $write (i32.const 0) (i32.const 0) (i32.const 0))))",
                "it has no memory",
            ),
            (f'(import "a" "b" (func $f)) {DESCRIBE} (loop (call $f) (br 0)))', "it does not end"),
            (
                '(func (export "__describe_module__") (result i64) i64.const 0)',
                "has another signature than in Sp",
            ),
            (
                f'(func (export "__preinit__1") (param i32)) {DESCRIBE})',
                "has another signature than in SpacetimeDB",
            ),
            (
                '(import "s" "bytes_sink_write" (func (param f64 i32 i32) (result i32)))',
                "another signature than in ",
            ),
            (
                '(import "s" "bytes_sink_write" (func (param i32 i32 i32)))',
                "with another signature than in Spacetime",
            ),
        ],
    )
    def test_modules_that_do_not_describe_themselves(self, text: str, message: str) -> None:
        with pytest.raises(SourceError) as caught:
            wasm.describe(assembled(text), "x.wasm", fuel=100_000)
        assert message in str(caught.value)
        assert "give the .wasm of a SpacetimeDB module" in str(caught.value)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("kind", ["v128", "anyref", "exnref"])
    @pytest.mark.parametrize("place", ["param", "result"])
    def test_what_aborts_wasmtime_is_an_error(self, kind: str, place: str) -> None:
        with pytest.raises(SourceError, match="x.wasm: the module cannot describe itself: "):
            wasm.describe(assembled(f'(import "a" "b" (func ({place} {kind}))) {DESCRIBE})'), "x.wasm")

    @pytest.mark.parametrize("kind", ["externref", "funcref"])
    @pytest.mark.parametrize("place", ["param", "result"])
    def test_imports_that_know_more_than_numbers(self, kind: str, place: str) -> None:
        with pytest.raises(SourceError, match="it imports 'b', which takes or returns values that are not numbers"):
            wasm.describe(assembled(f'(import "a" "b" (func ({place} {kind}))) {DESCRIBE})'), "x.wasm")

    @pytest.mark.parametrize("kinds", ["f32", "f64", "i64", "f32 i64"])
    def test_imports_answer_with_zeros(self, kinds: str) -> None:
        drops = "(drop) " * len(kinds.split())
        text = f'(import "a" "b" (func $f (result {kinds}))) {DESCRIBE} (call $f) {drops})'
        assert wasm.describe(assembled(text), "x.wasm") == b""

    def test_calls_of_the_host_are_counted(self) -> None:
        text = f'(import "a" "b" (func $f)) {DESCRIBE} (loop (call $f) (br 0)))'
        with pytest.raises(SourceError, match="it calls its host more than 100,000 times; give the .wasm"):
            wasm.describe(assembled(text), "x.wasm")

    def test_deadline(self) -> None:
        with pytest.raises(SourceError, match="it takes longer than 0.5 seconds; give the .wasm"):
            wasm.describe(assembled(f"{DESCRIBE} (loop (br 0)))"), "x.wasm", fuel=2**62, deadline=0.5)

    def test_tables_do_not_grow_without_end(self) -> None:
        """Asked for more elements than there may be, a table answers -1."""
        text = f"""(table 0 funcref) {DESCRIBE}
            (if (i32.ne (table.grow 0 (ref.null func) (i32.const 1000001)) (i32.const -1)) (then unreachable)))"""
        assert wasm.describe(assembled(text), "x.wasm") == b""

    def test_many_types_in_few_bytes(self, fails: Callable[..., str], tmp_path: Path) -> None:
        """60 million types, in memory that nobody wrote; 10 bytes say so, and 3 million zeros are the first ones."""
        length, types = r"\0a\00\30\00", r"\02\01\00\00\00\00\00\87\93\03"
        text = f"""{SINK} (memory (export "memory") 50)
            (data (i32.const 0) "{length}") (data (i32.const 8) "{types}")
            {DESCRIBE} (drop (call $write (local.get 0) (i32.const 8) (i32.const 0))))"""
        (tmp_path / "x.wasm").write_bytes(assembled(text))
        error = fails("--quiet", "--module", tmp_path / "x.wasm", "-o", tmp_path / "out")
        assert "its definition is damaged: it has more than 500,000 parts; build the module again" in error

    def test_memory_of_the_process_is_limited(self) -> None:
        program = "from stdb_codegen.sources import sandbox; sandbox._limit_process(); bytearray(sandbox.PROCESS_DATA)"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert done.stderr.endswith("MemoryError\n")

    def test_modules_do_not_see_the_token(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """A stand-in for the package tells what the process has in its environment."""
        (tmp_path / "wasmtime.py").write_text("import os, sys; sys.exit(' '.join(sorted(os.environ)))")
        monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
        monkeypatch.setenv("SPACETIMEDB_TOKEN", "se.cr.et")
        with pytest.raises(SourceError, match="the sandbox ended with exit code 1: ") as caught:
            wasm.describe(b"", "x.wasm")
        assert "PYTHONPATH" in str(caught.value)
        assert "SPACETIMEDB_TOKEN" not in str(caught.value)

    def test_working_folder_holds_no_modules(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "wasmtime.py").write_text("raise SystemExit('not mine')")
        (tmp_path / "json.py").write_text("raise SystemExit('not mine')")
        monkeypatch.chdir(tmp_path)
        assert wasm.describe(assembled(f"{DESCRIBE})"), "x.wasm") == b""

    def test_description_may_come_in_parts(self) -> None:
        text = f"""{SINK}
            (import "s" "log" (func $log (param i64) (result i64)))
            {MEMORY}
            (data (i32.const 8) "\\02\\00\\00\\00ab")
            {DESCRIBE}
                (drop (call $log (i64.const 1)))
                (drop (call $write (local.get 0) (i32.const 12) (i32.const 8)))
                (drop (call $write (local.get 0) (i32.const 12) (i32.const 8))))"""
        assert wasm.describe(assembled(text), "x.wasm") == b"abab"

    @pytest.mark.parametrize(
        ("tag", "message"),
        [
            (
                0,
                "its schema has version 8, which SpacetimeDB used before 1.0; build the module with SpacetimeDB 1.0 or",
            ),
            (3, "its definition is damaged: its version tag is 3; build the module again, or"),
        ],
    )
    def test_another_format(self, fails: Callable[..., str], tmp_path: Path, tag: int, message: str) -> None:
        text = f"""{SINK} {MEMORY} (data (i32.const 8) "\\01\\00\\00\\00\\{tag:02x}")
            {DESCRIBE} (drop (call $write (local.get 0) (i32.const 12) (i32.const 8))))"""
        (tmp_path / "x.wasm").write_bytes(assembled(text))
        assert message in fails("--module", tmp_path / "x.wasm", "-o", tmp_path / "out")

    def test_of_before_1_0(self, fails: Callable[..., str], tmp_path: Path) -> None:
        text = '(func (export "__describe_module__") (result i64) i64.const 0)'
        (tmp_path / "x.wasm").write_bytes(assembled(text))
        error = fails("--module", tmp_path / "x.wasm", "-o", tmp_path / "out")
        assert "cannot describe itself: " in error
        assert "give the .wasm of a SpacetimeDB module" in error

    def test_endless_description(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(wasm, "LARGEST", 10)
        with pytest.raises(SourceError, match="its description is too long"):
            wasm.describe(module_wasm("probe").read_bytes(), "x.wasm")

    @pytest.mark.parametrize("size", [0, 4, 1000])
    def test_truncated(self, fails: Callable[..., str], tmp_path: Path, size: int) -> None:
        broken = tmp_path / "broken.wasm"
        broken.write_bytes(module_wasm("probe").read_bytes()[:size])
        assert "broken.wasm: the module cannot describe itself: " in fails("--module", broken, "-o", tmp_path / "out")

    def test_without_the_extra(
        self, fails: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "wasmtime", None)
        error = fails("--module", module_wasm("probe"), "-o", tmp_path)
        assert "needs the package wasmtime; run: pip install 'stdb[wasm]'" in error
