"""Who a client is over its runs: tokens kept in files, and what servers say to them."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

import stdb_runtime
from game_client import connect
from stdb_runtime import AuthError, Backoff, ConnectionState, CredentialsError
from stdb_runtime.credentials import File
from tests.support.modules import module_wasm
from tests.support.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stdb_runtime import Identity, IdentityToken
    from tests.conftest import Publish
    from tests.support.binary import Program
    from tests.support.server import Database


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of its own for each test."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def stranger(program: Program) -> Iterator[Server]:
    """Another server, which knows no token of the first."""
    with Server(program) as server:
        yield server


async def identity(database: Database, store: File) -> Identity:
    """Connect once. Gives who we were."""
    async with connect(database.uri, database.name, token_store=store) as client:
        return client.identity


def kept(database: Database) -> File:
    """The file that `File("game")` stands for at a database."""
    return File("game").at(database.uri, database.name)


async def test_who_comes_back_is_the_same(game: Database) -> None:
    async with connect(game.uri, game.name, token_store=File("game")) as client:
        first = client.identity
        assert kept(game).load() == client.token
    assert await identity(game, File("game")) == first
    assert await identity(game, File("other")) != first
    async with connect(game.uri, game.name) as client:
        assert client.identity != first


async def test_databases_do_not_share_tokens_unless_told_to(game: Database, publish: Publish) -> None:
    other = publish("game")
    assert await identity(game, File("game")) != await identity(other, File("game"))
    assert await identity(game, File("all", shared=True)) == await identity(other, File("all", shared=True))
    assert File("all").load() is not None


async def test_a_connection_without_generated_code_keeps_its_token_too(
    game: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPACETIMEDB_TOKEN", "not.this.one")
    first = await identity(game, File("game"))
    seen: list[IdentityToken] = []
    async with stdb_runtime.connect(
        uri=game.uri, database=game.name, handler={"on_identity_token": seen.append}, token_store=File("game")
    ):
        assert [message.identity for message in seen] == [first]


async def test_a_refused_token_is_kept_and_its_file_is_named(game: Database, stranger: Server) -> None:
    there = stranger.publish(module_wasm("game"), "game")
    await identity(game, File("game"))
    token = kept(game).load()
    assert token is not None
    kept(there).save(token)
    with pytest.raises(AuthError, match="refuses the token") as caught:
        await identity(there, File("game"))
    assert str(kept(there).path) in str(caught.value)
    assert "drop_refused=True" in str(caught.value)
    assert token not in str(caught.value)
    assert kept(there).load() == token


@pytest.mark.parametrize("token", ["no.real.token", "two words"])
async def test_a_refused_token_is_dropped_where_that_is_wanted(game: Database, token: str) -> None:
    kept(game).save(token)
    with pytest.raises(AuthError):
        await identity(game, File("game"))
    new = await identity(game, File("game", drop_refused=True))
    assert kept(game).load() != token
    assert await identity(game, File("game")) == new


@pytest.mark.parametrize("drop", [False, True])
async def test_a_server_that_comes_back_with_new_keys(program: Program, drop: bool) -> None:
    with Server(program) as server:
        database = server.publish(module_wasm("game"), "game")
        backoff = Backoff(0.05, 0.05)
        store = File("game", drop_refused=drop)
        async with connect(database.uri, database.name, token_store=store, backoff=backoff) as client:
            before, token = client.identity, client.token
            again = asyncio.Event()
            client.on_connect(again.set)
            await asyncio.to_thread(server.restart, fresh_data=False, fresh_keys=True)
            if drop:
                await again.wait()
                assert client.identity != before
                assert kept(database).load() == client.token != token
            else:
                with pytest.raises(AuthError, match="the token comes from"):
                    await client.closed()
                assert client.state is ConnectionState.CLOSED
                assert kept(database).load() == token


async def test_a_file_that_cannot_be_used_keeps_us_from_connecting(game: Database) -> None:
    file = kept(game)
    file.save("secret")
    file.path.chmod(0o644)
    with pytest.raises(CredentialsError, match="chmod 600"):
        await identity(game, File("game"))
    file.path.write_bytes(b"garbage")
    file.path.chmod(0o600)
    with pytest.raises(CredentialsError, match="contains no token"):
        await identity(game, File("game", drop_refused=True))


async def test_a_token_that_cannot_be_kept(game: Database, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, target: Path) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("pathlib.Path.replace", refuse)
    with pytest.raises(CredentialsError, match=r"cannot be written \(Read-only file system\)"):
        await identity(game, File("game"))


async def test_a_new_token_that_cannot_be_kept_ends_the_client(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(program) as server:
        database = server.publish(module_wasm("game"), "game")
        store = File("game", drop_refused=True)
        async with connect(database.uri, database.name, token_store=store, backoff=Backoff(0.05, 0.05)) as client:
            monkeypatch.setattr("os.fsync", _full)
            await asyncio.to_thread(server.restart, fresh_data=False, fresh_keys=True)
            with pytest.raises(CredentialsError, match="No space left"):
                await client.closed()
    assert kept(database).load() is None


def _full(descriptor: int) -> None:
    raise OSError(28, "No space left on device")


async def test_a_kept_token_appears_in_no_log(game: Database, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for _ in range(2):
        await identity(game, File("game"))
    token = kept(game).load()
    assert token is not None
    assert caplog.records
    assert token not in caplog.text
    assert token.rpartition(".")[2] not in caplog.text


async def test_a_token_and_a_store(game: Database) -> None:
    with pytest.raises(ValueError, match="not both"):
        async with connect(game.uri, game.name, token="t", token_store=File("game")):
            pytest.fail("it connected")
