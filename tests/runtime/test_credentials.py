"""Kept tokens: where the file is, what is in it, who may read it, and what is said when something is wrong with it."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stdb_runtime import AuthError, ConnectError, CredentialsError
from stdb_runtime._protocol.endpoint import Endpoint
from stdb_runtime.aio.options import Options
from stdb_runtime.aio.tokens import Tokens
from stdb_runtime.credentials import File, TokenStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOKEN = "eyJ0eXAi.eyJoZXhf.c2lnbmF0dXJl"
FOLDER = ".spacetimedb_client_credentials"
KEPT = b"\x1e\x00\x00\x00" + TOKEN.encode()  # as the Rust SDK writes it


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of its own for each test."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def open_umask() -> Iterator[None]:
    """New files are open to everybody, unless somebody takes care."""
    before = os.umask(0)
    yield
    os.umask(before)


def put(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    return path


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- the file ---------------------------------------------------------------------------------------------------------


def test_what_was_saved_is_loaded_until_it_is_removed() -> None:
    file = File("game")
    assert file.load() is None
    file.save("first")
    file.save(TOKEN)
    assert file.load() == TOKEN
    assert File("game").load() == TOKEN
    assert File("other").load() is None
    file.remove()
    assert file.load() is None
    file.remove()


def test_place_and_bytes_are_those_of_the_rust_sdk(home: Path) -> None:
    File("game").save(TOKEN)
    assert (home / FOLDER / "game").read_bytes() == KEPT
    assert File("game").path == home / FOLDER / "game"


def test_what_the_rust_sdk_wrote_is_loaded(home: Path) -> None:
    put(home / FOLDER / "game", KEPT)
    assert File("game").load() == TOKEN


@pytest.mark.usefixtures("open_umask")
def test_only_the_user_may_read_it(home: Path) -> None:
    File("game").save(TOKEN)
    assert mode_of(home / FOLDER) == 0o700
    assert mode_of(home / FOLDER / "game") == 0o600


def test_a_folder_that_is_open_to_others_is_closed_to_them(home: Path) -> None:
    (home / FOLDER).mkdir(mode=0o755)
    File("game").save(TOKEN)
    assert mode_of(home / FOLDER) == 0o700


@pytest.mark.parametrize("text", ["", "tökén", "two\nlines", "nul\0", "x" * 2_000_000])
def test_what_could_not_be_read_back_is_not_kept(text: str) -> None:
    file = File("game")
    file.save(TOKEN)
    with pytest.raises(CredentialsError, match="not a token, which is not saved: the file is unchanged"):
        file.save(text)
    assert file.load() == TOKEN


def test_a_folder_that_is_a_link_is_not_changed(home: Path) -> None:
    target = home / "elsewhere"
    target.mkdir(mode=0o755)
    target.chmod(0o755)
    (home / FOLDER).symlink_to(target)
    with pytest.raises(CredentialsError, match=f"others may use the folder that it links to: chmod 700 {target}"):
        File("game").save(TOKEN)
    assert mode_of(target) == 0o755
    target.chmod(0o700)
    File("game").save(TOKEN)
    assert File("game").load() == TOKEN


def test_a_folder_of_another_user_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / FOLDER).mkdir(mode=0o777)
    monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)
    with pytest.raises(CredentialsError, match="the folder belongs to another user"):
        File("game").save(TOKEN)
    assert [*(home / FOLDER).iterdir()] == []


def test_a_file_that_was_open_to_others_is_replaced_by_one_that_is_not(home: Path) -> None:
    put(home / FOLDER / "game", KEPT, 0o644)
    File("game").save("new")
    assert mode_of(home / FOLDER / "game") == 0o600
    assert File("game").load() == "new"


def test_whoever_reads_while_others_write_sees_a_whole_token() -> None:
    tokens = ["a" * 5_000, "b" * 50]
    File("game").save(tokens[0])
    done = threading.Event()

    def write(token: str) -> None:
        while not done.is_set():
            File("game").save(token)

    writers = [threading.Thread(target=write, args=(token,)) for token in tokens]
    for writer in writers:
        writer.start()
    try:
        seen = {File("game").load() for _ in range(1_000)}
    finally:
        done.set()
        for writer in writers:
            writer.join()
    assert seen <= set(tokens)


def test_a_write_that_fails_leaves_what_was_there(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    File("game").save(TOKEN)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CredentialsError, match=r"cannot be written \(No space left on device\)"):
        File("game").save("new")
    assert [path.name for path in (home / FOLDER).iterdir()] == ["game"]
    assert File("game").load() == TOKEN


# --- what can be wrong with it ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x1e\x00",
        b"\x00\x00\x00\x00",
        TOKEN.encode(),
        KEPT[:-1],
        KEPT + b"\n",
        KEPT + b"x",
        KEPT[::-1],
        b"\x02\x00\x00\x00\xc3\xa4",
        b"\x02\x00\x00\x00\xff\xfe",
        b"\x02\x00\x00\x00\r\n",
    ],
)
def test_a_file_that_holds_something_else(home: Path, content: bytes) -> None:
    path = put(home / FOLDER / "game", content)
    with pytest.raises(CredentialsError, match="contains no token, or only a part of one: remove it") as caught:
        File("game").load()
    assert caught.value.path == path
    assert str(path) in str(caught.value)
    assert "c2lnbmF0dXJl" not in str(caught.value)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o606, 0o620])
def test_a_file_that_others_may_use(home: Path, mode: int) -> None:
    path = put(home / FOLDER / "game", KEPT, mode)
    with pytest.raises(CredentialsError, match=rf"mode {mode:04o}\): chmod 600 .*game") as caught:
        File("game").load()
    assert caught.value.path == path
    assert TOKEN not in str(caught.value)


def test_a_file_of_another_user(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(home / FOLDER / "game", KEPT)
    somebody_else = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody_else)
    with pytest.raises(CredentialsError, match="belongs to another user: run as that one"):
        File("game").load()


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_something_that_is_no_file(home: Path, make: Callable[[Path], None]) -> None:
    (home / FOLDER).mkdir()
    make(home / FOLDER / "game")
    with pytest.raises(CredentialsError, match="is not a regular file: remove it"):
        File("game").load()


def test_a_folder_cannot_be_written_or_removed(home: Path) -> None:
    (home / FOLDER / "game").mkdir(parents=True)
    with pytest.raises(CredentialsError, match="cannot be written") as caught:
        File("game").save(TOKEN)
    assert TOKEN not in str(caught.value)
    with pytest.raises(CredentialsError, match="cannot be removed"):
        File("game").remove()
    assert [path.name for path in (home / FOLDER).iterdir()] == ["game"]


def test_what_the_operating_system_does_not_open(home: Path) -> None:
    (home / FOLDER).mkdir()
    (home / FOLDER / "game").symlink_to("game")
    with pytest.raises(CredentialsError, match=r"cannot be read \(Too many levels of symbolic links\)"):
        File("game").load()


def test_a_file_where_the_folder_should_be(home: Path) -> None:
    (home / FOLDER).write_text("")
    with pytest.raises(CredentialsError, match="cannot be read"):
        File("game").load()
    with pytest.raises(CredentialsError, match="cannot be written"):
        File("game").save(TOKEN)


def test_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    with pytest.raises(CredentialsError, match="no home folder: set HOME"):
        File("game").load()


@pytest.mark.parametrize(
    "key", ["", ".", "..", "a/b", "/etc/passwd", "a\\b", "a\0b", "a\nb", "C:", "a" * 256, "ü" * 128]
)
def test_a_key_that_is_no_name_for_a_file(key: str) -> None:
    with pytest.raises(ValueError, match="a key must"):
        File(key)


# --- one file for each server and database ----------------------------------------------------------------------------


def test_each_server_and_database_has_its_own() -> None:
    places = [
        ("http://localhost:3000", "my-module"),
        ("http://localhost:3000", "other"),
        ("http://localhost:3001", "my-module"),
        ("https://localhost:3000", "my-module"),
        ("http://localhost:3000/deep", "my-module"),
        ("http://[::1]:3000", "my-module"),
    ]
    keys = {File("game").at(*place).key for place in places}
    assert len(keys) == len(places)
    assert "game@ws%3A%2F%2Flocalhost%3A3000@my-module" in keys


def test_spellings_of_one_server_share_a_file() -> None:
    spellings = ["http://example.com", "ws://example.com/", "http://EXAMPLE.com:80", "ws://example.com:80/"]
    assert len({File("game").at(spelling, "m").key for spelling in spellings}) == 1


def test_what_at_gives_is_a_file_like_any_other(home: Path) -> None:
    file = File("game").at("http://localhost:3000", "my-module")
    file.save(TOKEN)
    assert (home / FOLDER / "game@ws%3A%2F%2Flocalhost%3A3000@my-module").read_bytes() == KEPT
    assert File(file.key).load() == TOKEN
    assert File("game").load() is None
    assert file.at("http://elsewhere", "other") is file


def test_a_shared_file_is_the_same_everywhere() -> None:
    file = File("game", shared=True)
    assert file.at("http://localhost:3000", "my-module") is file


def test_where_a_file_cannot_be_for() -> None:
    with pytest.raises(ConnectError):
        File("game").at("localhost", "my-module")
    with pytest.raises(ValueError, match="at most 255 bytes"):
        File("a" * 200).at("http://localhost:3000", "b" * 60)


def test_a_token_appears_in_no_repr() -> None:
    file = File("game")
    file.save(TOKEN)
    assert repr(file) == "File('game')"


# --- what a connection does with a store ------------------------------------------------------------------------------


class Memory:
    """A store of one's own, for one token."""

    def __init__(self, token: str | None = None, *, forgiving: bool = False) -> None:
        self.token = token
        self.saved = 0
        self._forgiving = forgiving

    def at(self, server: str, database: str) -> Memory:
        return self

    def load(self) -> str | None:
        return self.token

    def save(self, token: str) -> None:
        self.token = token
        self.saved += 1

    def refused(self, error: AuthError) -> None:
        if not self._forgiving:
            raise error


def tokens_of(store: TokenStore) -> Tokens:
    return Tokens(Endpoint.parse("http://localhost:3000", "my-module"), Options(token_store=store))


def test_the_kept_token_is_shown_and_not_saved_again() -> None:
    store = Memory("kept")
    tokens = tokens_of(store)
    assert tokens.current() == "kept"
    tokens.issued("kept")
    assert store.saved == 0
    tokens.issued("renewed")
    assert (store.token, store.saved, tokens.current()) == ("renewed", 1, "renewed")


def test_the_first_token_is_saved() -> None:
    store = Memory()
    tokens = tokens_of(store)
    assert tokens.current() is None
    tokens.issued("new")
    assert (store.token, tokens.current()) == ("new", "new")


def test_the_store_decides_about_a_refused_token() -> None:
    error = AuthError("no")
    strict = tokens_of(Memory("kept"))
    assert strict.current() == "kept"
    with pytest.raises(AuthError) as caught:
        strict.refused(error)
    assert caught.value is error
    assert strict.current() == "kept"

    forgiving = tokens_of(Memory("kept", forgiving=True))
    assert forgiving.current() == "kept"
    forgiving.refused(error)


@pytest.mark.parametrize("token", ["given", lambda: "given"])
def test_a_refused_token_that_was_given_is_nobody_elses_business(token: str | Callable[[], str]) -> None:
    tokens = Tokens(Endpoint.parse("http://localhost:3000", "my-module"), Options(token=token))
    assert tokens.current() == "given"
    tokens.issued("issued")
    assert tokens.current() == "given"
    with pytest.raises(AuthError):
        tokens.refused(AuthError("no"))


def test_a_file_keeps_a_refused_token_unless_told_otherwise() -> None:
    file = File("game", shared=True)
    file.save(TOKEN)
    with pytest.raises(AuthError, match=r"no; the token comes from .*/game: remove .* drop_refused=True") as caught:
        file.refused(AuthError("no"))
    assert TOKEN not in str(caught.value)
    assert file.load() == TOKEN
    File("game", drop_refused=True).refused(AuthError("no"))
    assert file.load() is None


def test_a_token_that_was_dropped_is_not_shown_again() -> None:
    store = File("game", drop_refused=True).at("http://localhost:3000", "my-module")
    store.save(TOKEN)
    tokens = tokens_of(store)
    assert tokens.current() == TOKEN
    tokens.refused(AuthError("no"))
    assert tokens.current() is None


def test_who_showed_no_token_is_refused_for_another_reason() -> None:
    tokens = tokens_of(Memory(forgiving=True))
    assert tokens.current() is None
    with pytest.raises(AuthError):
        tokens.refused(AuthError("no"))


def test_what_at_gives_keeps_the_policy() -> None:
    file = File("game", drop_refused=True).at("http://localhost:3000", "my-module")
    file.save(TOKEN)
    file.refused(AuthError("no"))
    assert file.load() is None


def test_a_token_and_a_store_are_one_too_many() -> None:
    with pytest.raises(ValueError, match="a token or a token_store, not both"):
        Options(token="t", token_store=File("game"))
