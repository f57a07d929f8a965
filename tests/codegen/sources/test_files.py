"""Files that are pipes, devices or too large are refused, and not waited for."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from stdb_codegen.errors import SourceError
from stdb_codegen.sources import source, wasm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result


@pytest.mark.parametrize("name", ["schema.json", "module.wasm"])
def test_pipes_are_not_waited_for(fails: Callable[..., str], tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    error = fails("--module", tmp_path / name, "-o", tmp_path / "out")
    assert f"{name}: is not a regular file; check that the file can be read" in error


@pytest.mark.parametrize("name", ["pyproject.toml", "Cargo.toml"])
def test_pipes_for_configuration(shell: Callable[..., Result], tmp_path: Path, name: str) -> None:
    (tmp_path / "project").mkdir()
    os.mkfifo(tmp_path / "project" / name)
    result = shell("generate", "--module", "project", "-o", "out")
    assert result.exit_code == 1
    assert "error: project: holds neither a .wasm nor the manifest of a module" in result.stderr
    assert stat.S_ISFIFO((tmp_path / "project" / name).stat().st_mode)


def test_init_does_not_wait_for_a_pipe(shell: Callable[..., Result], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pyproject.toml")
    result = shell("init", "--module", "probe.wasm")
    assert result.stderr == "error: pyproject.toml: is not a regular file; check that the file can be read\n"


def test_devices_are_no_schemas(fails: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "schema.json").symlink_to("/dev/zero")
    error = fails("--module", tmp_path / "schema.json", "-o", tmp_path / "out")
    assert "schema.json: is not a regular file; " in error


@pytest.mark.parametrize(("name", "module"), [("schema.json", source), ("module.wasm", wasm)])
def test_files_have_a_largest_size(
    fails: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: object
) -> None:
    monkeypatch.setattr(module, "LARGEST_MODULE" if module is wasm else "LARGEST", 100)
    (tmp_path / name).write_bytes(b" " * 101)
    error = fails("--module", tmp_path / name, "-o", tmp_path / "out")
    assert f"{name}: is larger than 100 bytes; " in error


def test_standard_input_has_a_largest_size(fails: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wasm, "LARGEST_MODULE", 100)
    error = fails("--module", "-", "-o", "out", input=b" " * 101)
    assert "standard input: is larger than 100 bytes; " in error


@pytest.mark.parametrize("name", ["x" * 5000, "x/" * 5000, "x" * 5000 + ".wasm"])
def test_paths_that_no_system_has(fails: Callable[..., str], tmp_path: Path, name: str) -> None:
    assert fails("--module", name, "-o", tmp_path / "out").startswith("error: ")


@pytest.mark.parametrize("name", ["a\0b", "a\0b.json", "a\0b.wasm"])
def test_paths_that_none_can_be(name: str) -> None:
    for action in (source.Source(name).check, source.Source(name).read):
        with pytest.raises(SourceError, match="no such file or folder|a path cannot hold a NUL character"):
            action()
