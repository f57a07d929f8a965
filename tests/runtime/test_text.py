"""Texts from outside, as they are shown."""

from __future__ import annotations

import msgspec
import pytest

from stdb_runtime import ReducerError
from stdb_runtime.aio.options import Options
from stdb_runtime.text import HidesToken, printable

TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJzZWNyZXQifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "as_shown"),
    [
        ("plain text, ünïcode and 表", "plain text, ünïcode and 表"),
        ("\x1b[31mred\x07\r\n", "\\x1b[31mred\\x07\\r\\n"),
        ("right \u202e to left\u2066", "right \\u202e to left\\u2066"),
        ("\ud800", "\\ud800"),
        (f"Bearer {TOKEN}!", "Bearer (token)!"),
        (f"half of it: {TOKEN[:30]}", "half of it: (token)"),
        ("known secret here", "known (token) here"),
        ("at https://me:pa:ss@host/path and ws://you@h", "at https://(user)@host/path and ws://(user)@h"),
        ("http://u:p@ss@host/", "http://(user)@host/"),
        ("a@b is no address", "a@b is no address"),
        ("\u202e" * 400, "\\u202e" * 50 + "... (400 characters)"),
        ("x" * 301, "x" * 300 + "... (301 characters)"),
        ("", ""),
    ],
)
def test_what_is_shown(text: str, as_shown: str) -> None:
    assert printable(text, "secret", None, "") == as_shown


def test_a_limit_of_its_own() -> None:
    assert printable("abcdef", limit=3) == "abc... (6 characters)"


def test_the_text_of_an_error_is_shown_with_care_and_its_data_is_whole() -> None:
    error = ReducerError("greet", "\x1b[2Jhello")
    assert str(error) == "greet: \\x1b[2Jhello"
    assert error.message == "\x1b[2Jhello"


class Pair(HidesToken, frozen=True):
    token: str | None
    other: int


def test_a_token_is_hidden_in_every_representation() -> None:
    pair = Pair("secret", 5)
    assert repr(pair) == f"{pair}" == "Pair(token=..., other=5)"
    assert pair.__rich_repr__() == [("token", "..."), ("other", 5)]
    assert repr(Pair(None, 5)) == "Pair(token=None, other=5)"
    assert "hunter2" not in repr(Options(proxy="http://me:hunter2@h:1"))
    assert msgspec.structs.asdict(pair)["token"] == "secret"
