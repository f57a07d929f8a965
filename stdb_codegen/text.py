"""Sanitising of untrusted text for output: names in schemas, answers of servers, contents of files.

All output of the command is sanitised, in `stdb_codegen.cli.console` and `stdb_codegen.errors`.
"""

from __future__ import annotations

import re

__all__ = ["HIDDEN", "LONGEST", "escaped", "escaped_json", "printable", "without_credentials"]

# Characters of each part of an error, and of a warning or a detail: far more than honest ones have.
LONGEST = 1000
# Characters of a long text that are examined.
_EXAMINED = 10 * LONGEST
HIDDEN = "***"

# `user:password@` after the scheme of an address.
_CREDENTIALS = re.compile(r"(?<=://)[^\s'\"]{0,300}@")


def printable(text: str, limit: int | None = None) -> str:
    """Return a text on one line, without control characters and without passwords in addresses.

    Args:
        text: untrusted text.
        limit: number of characters to keep, from its beginning and its end; None for all.
    """
    if limit is None:
        return escaped(without_credentials(text))
    return _cut(escaped(without_credentials(_cut(text, max(limit, _EXAMINED)))), limit)


def escaped(text: str) -> str:
    """Return a text with an escape, such as `\\x1b`, for each control or direction character."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def escaped_json(text: str) -> str:
    """Return JSON with a JSON escape, such as `\\u202e`, for each control or direction character except line ends."""
    return "".join(c if c.isprintable() or c == "\n" else _json_escape(c) for c in text)


def without_credentials(text: str) -> str:
    """Return a text without users and passwords in addresses."""
    return _CREDENTIALS.sub(f"{HIDDEN}@", text)


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    gap = " ... "
    end = limit // 4
    return f"{text[: limit - end - len(gap)]}{gap}{text[-end:]}"


def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
