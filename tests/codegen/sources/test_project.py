"""A module's project folder: which `.wasm` is its own, and how `--build` makes it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from stdb_codegen.errors import SourceError
from stdb_codegen.sources import project
from stdb_codegen.sources.source import Source
from tests.support.modules import GAME, module_wasm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

TARGET = "target/wasm32-unknown-unknown"
PROBE = module_wasm("probe")
MANIFEST = '[package]\nname = "my-module"\nversion = "0.1.0"\nedition = "2021"\n\n[lib]\ncrate-type = ["cdylib"]\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in a folder of its own, not built yet."""
    monkeypatch.delenv("CARGO_TARGET_DIR", raising=False)
    folder = tmp_path / "workspace" / "module"
    (folder / "src").mkdir(parents=True)
    (folder / "Cargo.toml").write_text(MANIFEST)
    (folder / "src" / "lib.rs").write_text("")
    return folder


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(PROBE.read_bytes())
    return path


def test_places_in_their_order(folder: Path) -> None:
    outer = folder.parent
    (outer / "Cargo.toml").write_text('[workspace]\nmembers = ["module"]\n')
    places = [
        put(outer / TARGET / "release/my_module.wasm"),
        put(folder / "beside.wasm"),
        put(folder / TARGET / "debug/x.wasm"),
        put(folder / TARGET / "release/x.wasm"),
    ]
    while places:
        assert project.find_wasm(folder) == places[-1]
        places.pop().unlink()


def test_target_folder_of_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CARGO_TARGET_DIR", str(tmp_path / "elsewhere"))
    built = put(tmp_path / "elsewhere/wasm32-unknown-unknown/release/my_module.wasm")
    put(built.with_name("other.wasm"))
    assert project.find_wasm(folder) == built


def test_smaller_twin_is_not_another_module(folder: Path) -> None:
    built = put(folder / TARGET / "release/x.wasm")
    built.with_name("x.opt.wasm").write_bytes(b"")
    assert project.find_wasm(folder) == built


def test_crate_of_the_manifest_among_several(folder: Path) -> None:
    put(folder / TARGET / "release/another.wasm")
    own = put(folder / TARGET / "release/my_module.wasm")
    assert project.find_wasm(folder) == own
    (folder / "Cargo.toml").write_text(MANIFEST.replace("[lib]", '[lib]\nname = "another"'))
    assert project.find_wasm(folder) == own.with_name("another.wasm")


@pytest.mark.parametrize("manifest", ["", "\xff", "[[[", '[package]\nname = "other"', "package = 1"])
def test_several(folder: Path, fails: Callable[..., str], manifest: str) -> None:
    (folder / "Cargo.toml").write_bytes(manifest.encode("latin-1"))
    put(folder / "a.wasm")
    put(folder / "b.wasm")
    error = fails("--module", folder, "-o", folder / "out")
    assert "holds several modules: a.wasm, b.wasm; give one of these files with --module" in error


def test_not_built(folder: Path, fails: Callable[..., str]) -> None:
    error = fails("--module", folder, "-o", folder / "out")
    assert "this module has no .wasm yet; build it with --build (or by hand: spacetime build, cargo build -" in error


def test_no_project(fails: Callable[..., str], tmp_path: Path) -> None:
    error = fails("--module", tmp_path, "-o", tmp_path / "out")
    assert (
        "holds neither a .wasm nor the manifest of a module; give the folder of a module, with Cargo.toml, a" in error
    )


def test_example_is_a_project() -> None:
    assert Source(str(GAME / "my_module")).read().place == str(module_wasm("game"))


class TestBuild:
    @pytest.fixture
    def programs(self, tmp_path: Path) -> Path:
        """All that is installed."""
        (tmp_path / "bin").mkdir()
        return tmp_path / "bin"

    @pytest.fixture
    def generate(self, folder: Path, programs: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
        """The command with --build, in a process of its own: builders write to its standard error."""
        command = [sys.executable, "-m", "stdb_codegen", "generate", "--build"]
        command += ["--module", str(folder), "-o", str(folder / "out")]

        def generate(**options: Any) -> subprocess.CompletedProcess[str]:
            environment = {**os.environ, "PATH": str(programs), **options}
            return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

        return generate

    @staticmethod
    def install(programs: Path, name: str, wasm: str) -> None:
        """A builder that makes a `.wasm` and says how it was called."""
        script = (
            f'#!/bin/sh\necho "{name} $* in $PWD"\n/bin/mkdir -p {TARGET}/release\n/bin/cp {wasm} {TARGET}/release/'
        )
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)

    def test_spacetime_goes_before_cargo(
        self, folder: Path, programs: Path, generate: Callable[..., subprocess.CompletedProcess[str]]
    ) -> None:
        self.install(programs, "spacetime", str(PROBE))
        self.install(programs, "cargo", "/nothing")
        done = generate()
        assert done.returncode == 0, done.stderr
        assert done.stderr == f"spacetime build in {folder}\n"
        assert "probe.wasm: 3 tables" in done.stdout

    def test_cargo(
        self, folder: Path, programs: Path, generate: Callable[..., subprocess.CompletedProcess[str]]
    ) -> None:
        self.install(programs, "cargo", str(PROBE))
        done = generate()
        assert done.returncode == 0, done.stderr
        assert done.stderr == f"cargo build --release --target wasm32-unknown-unknown in {folder}\n"

    def test_cargo_fails(self, folder: Path, generate: Callable[..., subprocess.CompletedProcess[str]]) -> None:
        (folder / "src" / "lib.rs").write_text("this is no Rust")
        done = generate(PATH=os.environ["PATH"])
        *said, last = done.stderr.splitlines()
        assert done.returncode == 1
        assert any(line.startswith("error") for line in said), done.stderr
        problem = "`cargo build --release --target wasm32-unknown-unknown` failed with exit code "
        assert last.startswith(f"error: {folder}: {problem}")
        assert not (folder / "out").exists()

    def test_builder_cannot_be_run(
        self, folder: Path, programs: Path, generate: Callable[..., subprocess.CompletedProcess[str]]
    ) -> None:
        (programs / "cargo").write_text("#!/no/such/interpreter\n")
        (programs / "cargo").chmod(0o755)
        assert (
            generate().stderr == f"error: {folder}: cargo cannot be run: No such file or directory; install it again\n"
        )

    def test_no_builder(self, generate: Callable[..., subprocess.CompletedProcess[str]]) -> None:
        error = generate().stderr
        assert "building needs the program spacetime or cargo, and neither is installed; install one of them" in error

    def test_nothing_to_build(self, folder: Path) -> None:
        (folder / "Cargo.toml").unlink()
        with pytest.raises(
            SourceError, match="has no manifest of a module, so there is nothing to build; omit --build"
        ):
            Source(str(folder), build=True).read()
