"""Foreign text is shown as text: it moves no cursor, turns nothing around, is not endless and tells no secret."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stdb_codegen.errors import SchemaError
from stdb_codegen.text import LONGEST, escaped_json, printable

# What a terminal acts on, or what turns text around; and how each is shown.
CONTROLS = {
    "\x1b[2J": r"\x1b[2J",
    "\r": r"\r",
    "\x07": r"\x07",
    "\x9b31m": r"\x9b31m",
    "\u202e": r"\u202e",
    "\u2066": r"\u2066",
    "\u200f": r"\u200f",
    "\u2028": r"\u2028",
    "\U000e0001": r"\U000e0001",
}


class TestShown:
    @pytest.mark.parametrize(("control", "expected"), CONTROLS.items())
    def test_controls_are_escaped(self, control: str, expected: str) -> None:
        assert printable(f"a{control}b") == f"a{expected}b"

    @given(st.text())
    def test_all_is_printable_and_no_longer_than_asked(self, text: str) -> None:
        assert printable(text).isprintable()
        assert printable(text, 20).isprintable()
        assert len(printable(text, 20)) <= 20

    @pytest.mark.parametrize("text", ["é", "日本", "\u0647\u0645", "a b", "\U0001f980", 'it\'s "x"'])
    def test_letters_of_all_scripts_stay(self, text: str) -> None:
        assert printable(text) == text

    def test_beginning_and_end_are_shown(self) -> None:
        text = printable(f"begin{'x' * 1_000_000}end", 100)
        assert len(text) == 100
        assert text.startswith("beginx")
        assert text.endswith("xend")
        assert " ... " in text

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("http://me:pass@host/x", "http://***@host/x"),
            ("see https://me@host and ws://a:b@c", "see https://***@host and ws://***@c"),
            ("http://me:p/a@s?s@host", "http://***@host"),
            ("http://host/x", "http://host/x"),
            ("me@host", "me@host"),
        ],
    )
    def test_addresses_tell_no_password(self, text: str, expected: str) -> None:
        assert printable(text) == expected

    def test_passwords_are_found_in_long_texts(self) -> None:
        text = f"http://me:pass@host{'x' * LONGEST}http://me:pass@host"
        for limit in range(20, 400):
            assert "pass" not in printable(text, limit)

    @given(st.text())
    def test_json_means_the_same(self, text: str) -> None:
        encoded = escaped_json(json.dumps({"a": text}, ensure_ascii=False, indent=2))
        assert json.loads(encoded) == {"a": text}
        assert all(char.isprintable() or char == "\n" for char in encoded)


class TestErrors:
    @pytest.mark.parametrize("part", ["place", "problem", "remedy"])
    def test_each_part_is_shown(self, part: str) -> None:
        parts = {"place": "place", "problem": "problem", "remedy": "remedy"}
        text = str(SchemaError(**parts | {part: "\x1b\u202e http://a:b@c " + "x" * 1_000_000}))
        assert text.isprintable()
        assert r"\x1b\u202e http://***@c xxx" in text
        assert len(text) < LONGEST + 50
        assert all(word in text for name, word in parts.items() if name != part)
