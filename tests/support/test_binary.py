"""Which server programs are used, and how the required one is built."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.binary import PROGRAM, VERSION, ServerMissing, cache_folder, find_server, find_servers, main

if TYPE_CHECKING:
    from pathlib import Path


def fake_program(path: Path, version: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho 'spacetimedb tool version {version}; spacetimedb-lib version {version};'\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("STDB_SERVER", raising=False)
    monkeypatch.delenv("STDB_SERVERS", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("CARGO_HOME", str(tmp_path / "cargo"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_none_says_what_to_do() -> None:
    with pytest.raises(ServerMissing, match="run `make server`"):
        find_server()


def test_cached_one() -> None:
    cached = fake_program(cache_folder() / "bin" / PROGRAM, VERSION)
    assert find_server().path == cached


def test_one_on_path_comes_first_if_supported(tmp_path: Path) -> None:
    cached = fake_program(cache_folder() / "bin" / PROGRAM, VERSION)
    on_path = fake_program(tmp_path / "bin" / PROGRAM, VERSION)
    assert find_server().path == on_path
    fake_program(on_path, "0.9.0")
    assert find_server().path == cached


def test_named_one_comes_before_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_program(tmp_path / "bin" / PROGRAM, VERSION)
    named = fake_program(tmp_path / "mine", "0.9.0")
    monkeypatch.setenv("STDB_SERVER", str(named))
    assert find_server().path == named


def test_named_one_that_does_not_exist_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_program(tmp_path / "bin" / PROGRAM, VERSION)
    monkeypatch.setenv("STDB_SERVER", str(tmp_path / "nothing"))
    with pytest.raises(ServerMissing, match=r"STDB_SERVER is '.*nothing'"):
        find_server()


def test_without_cargo_it_says_what_to_install(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 1
    assert "no cargo to build it with: install Rust (https://rustup.rs" in capsys.readouterr().err


def test_it_is_built_once_and_kept(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    cargo = fake_program(tmp_path / "bin" / "cargo", VERSION)
    # Called as `cargo install PACKAGE --locked --root FOLDER`.
    cargo.write_text(
        '#!/bin/sh\necho "Compiling $2"\n'
        f'PATH={os.defpath}; mkdir -p "$5/bin" "$CARGO_TARGET_DIR"; cp {tmp_path}/built "$5/bin/{PROGRAM}"\n'
    )
    built = fake_program(tmp_path / "built", VERSION)
    assert main() == 0
    assert find_server().path.read_text() == built.read_text()
    assert [path.name for path in cache_folder().iterdir()] == ["bin"]
    said = capfd.readouterr().out
    assert said.startswith(f"==> building {PROGRAM} {VERSION}")
    assert str(cache_folder()) in said
    assert f"Compiling {PROGRAM}@{VERSION}" in said

    cargo.unlink()
    assert main() == 0
    assert capfd.readouterr().out == f"==> server: {find_server()}\n"


def test_build_that_fails_says_so(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    fake_program(tmp_path / "bin" / "cargo", VERSION).write_text("#!/bin/sh\nexit 101\n")
    assert main() == 1
    assert f"building {PROGRAM}@{VERSION} failed (exit code 101)" in capfd.readouterr().err


def test_a_named_program_that_is_no_server_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = fake_program(tmp_path / "mine", VERSION)
    program.write_text("#!/bin/sh\nexit 1\n")
    monkeypatch.setenv("STDB_SERVER", str(program))
    with pytest.raises(ServerMissing, match=r"STDB_SERVER is '.*mine', which is no spacetimedb-standalone"):
        find_server()


def test_further_ones_stand_in_a_folder_by_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_program(cache_folder() / "bin" / PROGRAM, VERSION)
    folder = tmp_path / "servers"
    for version in ("10.0.0", "2.8.3", VERSION):
        fake_program(folder / version / PROGRAM, version)
    monkeypatch.setenv("STDB_SERVERS", str(folder))
    assert [program.version for program in find_servers()] == [VERSION, "2.8.3", "10.0.0"]
    assert [program.major for program in find_servers()] == [1, 2, 10]
    assert find_servers()[0].path == cache_folder() / "bin" / PROGRAM, "the required one is not taken from there"


def test_the_required_one_is_required_beside_further_ones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_program(tmp_path / "servers" / "2.8.3" / PROGRAM, "2.8.3")
    monkeypatch.setenv("STDB_SERVERS", str(tmp_path / "servers"))
    with pytest.raises(ServerMissing, match="run `make server`"):
        find_servers()


@pytest.mark.parametrize("held", ["", "2.8.3"])
def test_a_folder_without_servers_is_an_error(held: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_program(cache_folder() / "bin" / PROGRAM, VERSION)
    if held:
        fake_program(tmp_path / "servers" / held / PROGRAM, VERSION).write_text("#!/bin/sh\nexit 1\n")
    monkeypatch.setenv("STDB_SERVERS", str(tmp_path / "servers"))
    with pytest.raises(ServerMissing, match="STDB_SERVERS"):
        find_servers()
