"""`generate --watch`, as a process of its own, told by the lines that it prints."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from stdb_codegen.cli.watch import Watched
from tests.codegen.loopback import SCHEMA
from tests.support.modules import module_wasm

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.codegen.loopback import Loopback

LIMIT = 30


class Watching:
    """A running command; both its outputs are one."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.lines = process.stdout

    def read(self, *starts: str) -> None:
        """Wait for lines that begin like this, and for nothing else."""
        for start in starts:
            line = self.lines.readline()
            assert line.startswith(start)

    def end(self) -> None:
        self.process.send_signal(signal.SIGINT)
        assert self.process.communicate()[0] == "\nended\n"
        assert self.process.returncode == 0


@contextmanager
def watching(folder: Path, *arguments: str) -> Generator[Watching]:
    command = [sys.executable, "-m", "stdb_codegen", "generate", "--watch", *arguments]
    environment = {**os.environ, "SPACETIMEDB_TOKEN": ""}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        # A line that never comes shall fail the test, and not hang it.
        limit = threading.Timer(LIMIT, process.kill)
        limit.start()
        try:
            yield Watching(process)
        finally:
            limit.cancel()
            process.kill()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "schema.json").write_bytes(SCHEMA)
    return tmp_path


def replace(path: Path, old: bytes, new: bytes) -> None:
    path.write_bytes(path.read_bytes().replace(old, new))


def test_file(folder: Path) -> None:
    with watching(folder, "--module", "schema.json", "-o", "client") as command:
        command.read("schema.json: 3 tables", "client/: 5 files", "watching schema.json (Ctrl-C ends this)\n")
        replace(folder / "schema.json", b'"create_player"', b'"make_player"')
        command.read("schema.json: 3 tables", "client/: 4 files written\n")
        assert "make_player" in (folder / "client" / "_reducers.py").read_text()
        (folder / "schema.json").write_text("{")
        command.read("error: schema.json: ")
        (folder / "schema.json").unlink()
        command.read("error: schema.json: no such file")
        (folder / "schema.json").write_bytes(SCHEMA)
        command.read("schema.json: 3 tables", "client/: 4 files written\n")
        command.end()


@pytest.mark.parametrize(
    ("looks", "changes"),
    [
        ("a aaa", "---"),
        ("a abb", "--b"),
        ("a bcdde", "---d-"),
        ("a babb", "---b"),
        ("a bba", "-b-"),
        ("a bbaa", "-b-a"),
    ],
)
def test_what_is_still_being_written_is_waited_for(looks: str, changes: str) -> None:
    first, later = looks.split()
    seen = iter(first + later)
    watched = Watched(lambda: next(seen))
    assert "".join(look if watched.changed() else "-" for look in later) == changes


def test_project_that_is_not_built_yet(folder: Path) -> None:
    (folder / "game").mkdir()
    (folder / "game" / "Cargo.toml").touch()
    with watching(folder, "--module", "game", "-o", "client") as command:
        command.read("error: game: this module has no .wasm yet", "watching game")
        release = folder / "game/target/wasm32-unknown-unknown/release"
        release.mkdir(parents=True)
        (release / "game.wasm").write_bytes(module_wasm("probe").read_bytes())
        command.read(f"{release.relative_to(folder)}/game.wasm: 3 tables", "client/: 5 files")
        command.end()


def test_sources_of_a_project_that_is_built(folder: Path) -> None:
    (folder / "game" / "src").mkdir(parents=True)
    (folder / "game" / "Cargo.toml").touch()
    (folder / "bin").mkdir()
    target = "target/wasm32-unknown-unknown/release"
    cargo = folder / "bin" / "cargo"
    cargo.write_text(f"#!/bin/sh\n/bin/mkdir -p {target}\n/bin/cp {module_wasm('probe')} {target}/\necho building\n")
    cargo.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(cargo.parent))
        with watching(folder, "--module", "game", "--build", "-o", "client") as command:
            command.read("building", "game/target", "client/: 5 files", "watching game")
            (folder / "game" / "src" / "lib.rs").touch()
            command.read("building", "game/target", "client/: unchanged")
            command.end()


def test_configuration_and_only_what_changed(folder: Path) -> None:
    (folder / "other.json").write_bytes(SCHEMA)
    config = folder / "pyproject.toml"
    module = '[tool.stdb-codegen.modules.{0}]\nmodule = "{0}.json"\noutput = "{0}"\n'
    config.write_text(module.format("schema"))
    with watching(folder) as command:
        command.read("schema.json", "schema/: 5 files", "watching schema.json (")
        config.write_text("[[[")
        command.read("error: ", "schema.json", "schema/: unchanged", "watching schema.json (")
        config.write_text(module.format("schema") + module.format("other"))
        command.read("schema.json", "schema/: unchanged", "other.json", "other/: 5 files")
        command.read("watching schema.json, other.json (")
        replace(folder / "other.json", b'"create_player"', b'"make_player"')
        command.read("other.json", "other/: 4 files written\n")
        command.end()


def test_database(folder: Path, loopback: Loopback) -> None:
    with watching(folder, "--module", "my-module", "--server", loopback.uri, "-o", "client") as command:
        command.read(f"{loopback.uri}/", "client/: 5 files", "watching database 'my-module' on http")
        loopback.schema = SCHEMA.replace(b'"create_player"', b'"make_player"')
        command.read(f"{loopback.uri}/", "client/: 4 files written\n")
        command.end()


def test_warnings_are_printed_once(folder: Path) -> None:
    replace(folder / "schema.json", b'"misc_exports":[]', b'"misc_exports":[{"Telepathy":{"name":"guess"}}]')
    with watching(folder, "--module", "schema.json", "-o", "client") as command:
        command.read("warning: ", "schema.json: 3 tables", "client/: 5 files", "watching")
        replace(folder / "schema.json", b'"create_player"', b'"make_player"')
        command.read("schema.json: 3 tables", "client/: 4 files")
        command.end()


def test_quiet(folder: Path) -> None:
    with watching(folder, "--module", "schema.json", "-o", "client", "--quiet") as command:
        replace(folder / "schema.json", b"{", b"")
        command.read("error: schema.json: ")
        command.process.send_signal(signal.SIGINT)
        assert command.process.communicate()[0] == ""
        assert command.process.returncode == 0
