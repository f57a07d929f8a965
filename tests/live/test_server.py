"""The harness itself: what the other live tests rely on."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from tests.support.binary import PROGRAM, VERSION, ServerMissing, cache_folder, find_server, main
from tests.support.modules import module_wasm
from tests.support.server import Server, ServerRequestError, ServerStartError, free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.live.conftest import Publish
    from tests.support.server import Database


def names(database: Database) -> list[list[object]]:
    return database.sql("SELECT name FROM player")


def test_server_answers_on_a_port_of_its_own(server: Server) -> None:
    assert server.ping()
    assert server.port > 0


def test_published_module_is_called_and_read(game: Database) -> None:
    game.call("create_player", "Alice")
    assert names(game) == [["Alice"]]


@pytest.mark.parametrize("module", ["game", "probe", "edge", "echo"])
def test_every_module_is_published(publish: Publish, module: str) -> None:
    assert publish(module).name.startswith(f"{module}-")


def test_each_database_is_fresh(publish: Publish) -> None:
    first, second = publish("game"), publish("game")
    first.call("create_player", "Alice")
    assert first.name != second.name
    assert names(second) == []


def test_refusal_of_the_module_carries_its_text(game: Database) -> None:
    game.call("create_player", "Alice")
    with pytest.raises(ServerRequestError, match=r"calling create_player of game-.*HTTP 530") as refusal:
        game.call("create_player", "Alice")
    assert "Alice" in refusal.value.body or "taken" in refusal.value.body


def test_file_that_is_no_module_is_refused_clearly(server: Server, tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.wasm"
    nonsense.write_bytes(b"\0asm\1\0\0\0")
    with pytest.raises(ServerRequestError, match=r"publishing nonsense\.wasm as nonsense: HTTP "):
        server.publish(nonsense, "nonsense")


def test_unknown_database_is_an_error(server: Server) -> None:
    with pytest.raises(ServerRequestError, match="on nowhere: HTTP 404"):
        server.sql("nowhere", "SELECT * FROM player")


def test_restart_keeps_the_port_and_the_keys() -> None:
    with Server() as server:
        port, process = server.port, server.pid
        server.publish(module_wasm("game"), "game").call("create_player", "Alice")
        server.restart()
        assert server.port == port
        assert server.pid != process
        # The token of before is still good: the keys are the same.
        assert names(server.publish(module_wasm("game"), "game")) == []


@pytest.mark.parametrize(("in_memory", "rows"), [(False, [["Alice"]]), (True, [])])
def test_restart_with_the_same_data(in_memory: bool, rows: list[list[object]]) -> None:
    with Server(in_memory=in_memory) as server:
        game = server.publish(module_wasm("game"), "game")
        game.call("create_player", "Alice")
        assert names(game) == [["Alice"]]
        server.restart(fresh_data=False)
        assert names(game) == rows


def test_stopped_server_is_gone() -> None:
    with Server() as server:
        process = server.pid
        server.stop()
        assert not server.running
        assert not server.ping()
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
        server.start()
        assert server.ping()
    assert not server.running
    assert not server.log_path.exists()


def test_start_that_fails_shows_the_log(tmp_path: Path) -> None:
    program = tmp_path / "broken"
    program.write_text("#!/bin/sh\necho a plain reason >&2\nexit 3\n")
    program.chmod(0o755)
    with pytest.raises(ServerStartError, match=r"ended with code 3:\na plain reason"), Server(program):
        pass


def test_taken_port_is_left_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken: int = other.getsockname()[1]
        ports = iter([taken, free_port()])
        monkeypatch.setattr("tests.support.server.free_port", lambda: next(ports))
        with Server() as server:
            assert server.port != taken
            assert server.ping()


def fake_program(path: Path, version: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho 'spacetimedb tool version {version}; spacetimedb-lib version {version};'\n")
    path.chmod(0o755)
    return path


class TestFindServer:
    """Which server program is used."""

    @pytest.fixture(autouse=True)
    def nothing_installed(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.delenv("STDB_SERVER", raising=False)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        monkeypatch.setenv("CARGO_HOME", str(tmp_path / "cargo"))
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def test_none_says_what_to_do(self) -> None:
        with pytest.raises(ServerMissing, match="run `make server`"):
            find_server()

    def test_cached_one(self) -> None:
        cached = fake_program(cache_folder() / "bin" / PROGRAM, VERSION)
        assert find_server() == cached

    def test_one_on_path_comes_first_if_supported(self, tmp_path: Path) -> None:
        cached = fake_program(cache_folder() / "bin" / PROGRAM, VERSION)
        on_path = fake_program(tmp_path / "bin" / PROGRAM, VERSION)
        assert find_server() == on_path
        fake_program(on_path, "0.9.0")
        assert find_server() == cached

    def test_named_one_comes_before_all(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        fake_program(tmp_path / "bin" / PROGRAM, VERSION)
        named = fake_program(tmp_path / "mine", "0.9.0")
        monkeypatch.setenv("STDB_SERVER", str(named))
        assert find_server() == named

    def test_named_one_that_does_not_exist_is_an_error(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        fake_program(tmp_path / "bin" / PROGRAM, VERSION)
        monkeypatch.setenv("STDB_SERVER", str(tmp_path / "nothing"))
        with pytest.raises(ServerMissing, match=r"STDB_SERVER is '.*nothing'"):
            find_server()

    def test_without_cargo_it_says_what_to_install(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main() == 1
        assert "no cargo to build it with: install Rust (https://rustup.rs" in capsys.readouterr().err

    def test_it_is_built_once_and_kept(self, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        cargo = fake_program(tmp_path / "bin" / "cargo", VERSION)
        # Called as `cargo install PACKAGE --locked --root FOLDER`.
        cargo.write_text(
            '#!/bin/sh\necho "Compiling $2"\n'
            f'PATH={os.defpath}; mkdir -p "$5/bin" "$CARGO_TARGET_DIR"; cp {tmp_path}/built "$5/bin/{PROGRAM}"\n'
        )
        built = fake_program(tmp_path / "built", VERSION)
        assert main() == 0
        assert find_server().read_text() == built.read_text()
        assert [path.name for path in cache_folder().iterdir()] == ["bin"]
        said = capfd.readouterr().out
        assert said.startswith(f"==> building {PROGRAM} {VERSION}")
        assert str(cache_folder()) in said
        assert f"Compiling {PROGRAM}@{VERSION}" in said

        cargo.unlink()
        assert main() == 0
        assert capfd.readouterr().out == f"==> server: {find_server()} ({VERSION})\n"

    def test_build_that_fails_says_so(self, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        fake_program(tmp_path / "bin" / "cargo", VERSION).write_text("#!/bin/sh\nexit 101\n")
        assert main() == 1
        assert f"building {PROGRAM}@{VERSION} failed (exit code 101)" in capfd.readouterr().err
