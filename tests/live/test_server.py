"""The server that the other live tests use: it starts, publishes, restarts and stops."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from tests.support.binary import Program
from tests.support.modules import module_wasm
from tests.support.server import Server, ServerRequestError, free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Publish
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


def test_restart_keeps_the_port_and_the_keys(program: Program) -> None:
    with Server(program) as server:
        port, process = server.port, server.pid
        server.publish(module_wasm("game"), "game").call("create_player", "Alice")
        server.restart()
        assert server.port == port
        assert server.pid != process
        # The token of before is still good: the keys are the same.
        assert names(server.publish(module_wasm("game"), "game")) == []


@pytest.mark.parametrize(("in_memory", "rows"), [(False, [["Alice"]]), (True, [])])
def test_restart_with_the_same_data(program: Program, in_memory: bool, rows: list[list[object]]) -> None:
    with Server(program, in_memory=in_memory) as server:
        game = server.publish(module_wasm("game"), "game")
        game.call("create_player", "Alice")
        assert names(game) == [["Alice"]]
        server.restart(fresh_data=False)
        assert names(game) == rows


def test_stopped_server_is_gone(program: Program) -> None:
    with Server(program) as server:
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


def test_taken_port_is_left_for_another(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken: int = other.getsockname()[1]
        ports = iter([taken, free_port()])
        monkeypatch.setattr("tests.support.server.free_port", lambda: next(ports))
        with Server(program) as server:
            assert server.port != taken
            assert server.ping()
