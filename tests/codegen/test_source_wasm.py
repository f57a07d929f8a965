"""A `.wasm` describes itself, or one line says why it does not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
import wasmtime

from stdb_codegen import wasm
from stdb_codegen.errors import SourceError
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
            (f"{DESCRIBE} (loop (br 0)))", "it runs without end"),
            (f'(func (export "__preinit__1") unreachable) {DESCRIBE})', "cannot describe itself: "),
            (f"(memory 9999) {DESCRIBE})", "cannot describe itself: memory minimum size"),
            ('(import "a" "b" (memory 1))', "it imports 'b', which is no function"),
            (
                f"{SINK} {MEMORY} {DESCRIBE} (drop (call $write (i32.const 0) (i32.const 0) (i32.const -2))))",
                "it points outside of its memory",
            ),
            (
                f"{SINK} {DESCRIBE} (drop (call $write (i32.const 0) (i32.const 0) (i32.const 0))))",
                "it has no memory",
            ),
        ],
    )
    def test_modules_that_do_not_describe_themselves(self, text: str, message: str) -> None:
        with pytest.raises(SourceError) as caught:
            wasm.describe(assembled(text), "x.wasm", fuel=100_000)
        assert message in str(caught.value)
        assert "give the .wasm of a SpacetimeDB module" in str(caught.value)
        assert "\n" not in str(caught.value)

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
