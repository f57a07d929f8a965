"""Makes text that others wrote fit to be shown: names of schemas, what servers say, contents of files.

All that the command prints goes through here, in `stdb_codegen.cli.console` and `stdb_codegen.errors`.
"""

from __future__ import annotations

import re

# Characters of each part of an error, and of a warning or a detail: far more than they have, unless somebody wants it.
LONGEST = 1000
# What is looked at of a text that is far too long.
_LOOKED_AT = 10 * LONGEST
HIDDEN = "***"

# `user:password@` behind the beginning of an address, as far as anybody writes them.
_CREDENTIALS = re.compile(r"(?<=://)[^\s'\"]{0,300}@")


def shown(text: str, limit: int | None = None) -> str:
    """A text on one line that moves no terminal's cursor, turns nothing around, and tells no password of an address.

    Args:
        text: The text, whoever wrote it.
        limit: How many characters of it to show, its beginning and its end; None for all.
    """
    if limit is None:
        return escaped(without_credentials(text))
    return _cut(escaped(without_credentials(_cut(text, max(limit, _LOOKED_AT)))), limit)


def escaped(text: str) -> str:
    """A text with an escape, such as `\\x1b`, for each character that is not seen: controls, marks of direction."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def escaped_json(text: str) -> str:
    """JSON with an escape of its own, such as `\\u202e`, for each character that is not seen, but for ends of lines."""
    return "".join(c if c.isprintable() or c == "\n" else _json_escape(c) for c in text)


def without_credentials(text: str) -> str:
    """A text in which addresses name no user and no password."""
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
