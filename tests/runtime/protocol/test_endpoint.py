"""Addresses of databases: what is accepted, and what is said of the rest."""

from __future__ import annotations

import pytest

from stdb_runtime import ConnectError, DatabaseNameError
from stdb_runtime._protocol.endpoint import Endpoint

IDENTITY = "c2006a46df472b11e4824aceac776355397635bd74351185615acdbdd74ee0eb"


@pytest.mark.parametrize(
    ("uri", "subscribe_url", "http_url", "is_secure"),
    [
        ("http://here", "ws://here/v1/database/game/subscribe", "http://here", False),
        ("ws://here:3000/", "ws://here:3000/v1/database/game/subscribe", "http://here:3000", False),
        ("HTTPS://here", "wss://here/v1/database/game/subscribe", "https://here", True),
        ("wss://here/stdb/", "wss://here/stdb/v1/database/game/subscribe", "https://here/stdb", True),
        ("http://[::1]:3000", "ws://[::1]:3000/v1/database/game/subscribe", "http://[::1]:3000", False),
    ],
)
def test_an_address_is_one_for_websockets_and_one_for_http(
    uri: str, subscribe_url: str, http_url: str, is_secure: bool
) -> None:
    endpoint = Endpoint.parse(uri, "game")
    assert (endpoint.subscribe_url, endpoint.http_url, endpoint.is_secure) == (subscribe_url, http_url, is_secure)


def test_it_is_named_by_database_and_server() -> None:
    assert str(Endpoint.parse("http://here:3000", "my-game-2")) == "my-game-2 on ws://here:3000"


@pytest.mark.parametrize("database", [IDENTITY, IDENTITY.upper(), f"0x{IDENTITY}"])
def test_a_database_may_be_named_by_its_identity(database: str) -> None:
    assert Endpoint.parse("http://here", database).database == IDENTITY


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "here:3000",
        "here",
        "ftp://here",
        "http://",
        "http://:3000",
        "http://here:0",
        "http://here:65536",
        "http://here:port",
        "http://[::1",
        "http://here?token=x",
        "http://here#part",
    ],
)
def test_what_is_no_address_is_refused_with_an_example(uri: str) -> None:
    with pytest.raises(ConnectError, match="is not the address of a server: give one such as http://localhost:3000"):
        Endpoint.parse(uri, "game")


@pytest.mark.parametrize("uri", ["http://user:secret@here", "http://secret@here", "http://secret@[::1"])
def test_an_address_with_a_password_is_refused_without_repeating_it(uri: str) -> None:
    with pytest.raises(ConnectError, match="must not contain a user or a password") as caught:
        Endpoint.parse(uri, "game")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("database", "likely"),
    [
        ("My Game", "my-game"),
        ("game_2", "game-2"),
        ("-game-", "game"),
        ("a--b", "a-b"),
        ("game/../other", "game-other"),
        (IDENTITY[:-1] + "G", IDENTITY[:-1] + "g"),
    ],
)
def test_a_name_that_is_none_is_refused_with_a_likely_one(database: str, likely: str) -> None:
    with pytest.raises(DatabaseNameError) as caught:
        Endpoint.parse("http://here", database)
    assert str(caught.value).endswith(f"; did you mean {likely!r}?")


@pytest.mark.parametrize("database", ["", "___", "спарта"])
def test_a_name_like_which_there_is_none_is_refused_without_a_likely_one(database: str) -> None:
    with pytest.raises(DatabaseNameError, match="names are lower-case letters and digits with single dashes$"):
        Endpoint.parse("http://here", database)
