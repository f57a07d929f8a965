"""Pieces of a generated statement: its brackets with the items between them, and the width of its lines."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CLOSING", "LONGEST", "STRING", "Group", "fits", "pieces"]

# No line is longer, unless a name or a literal in it is.
LONGEST = 120
STRING = r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\''
CLOSING = {"(": ")", "[": "]", "{": "}"}
_TOKEN = re.compile(rf"{STRING}|[\[\](){{}},]|[^\"'\[\](){{}},]+")


@dataclass(frozen=True, slots=True)
class Group:
    """Brackets and the items between them.

    Attributes:
        is_broken: whether a comma follows the last item.
    """

    opening: str
    items: tuple[str, ...]
    is_broken: bool

    @property
    def text(self) -> str:
        """The group on one line."""
        return f"{self.opening}{', '.join(self.items)}{CLOSING[self.opening]}"


def pieces(text: str) -> Iterator[str | Group]:
    """Split a statement into its outermost brackets and the text between them."""
    depth = start = 0
    outer = ""
    items: list[str] = []
    for token in _TOKEN.finditer(text):
        match token.group():
            case "(" | "[" | "{" as opening:
                depth += 1
                if depth == 1:
                    if start < token.start():
                        yield text[start : token.start()]
                    outer, items, start = opening, [], token.end()
            case ")" | "]" | "}":
                depth -= 1
                if depth == 0:
                    last = text[start : token.start()].strip()
                    yield Group(outer, (*items, last) if last else tuple(items), bool(items) and not last)
                    start = token.end()
            case "," if depth == 1:
                items.append(text[start : token.start()].strip())
                start = token.end()
            case _:
                pass
    if start < len(text):
        yield text[start:]


def fits(line: str, length: int = LONGEST) -> bool:
    """Tell whether a line is short enough; formatters count East Asian characters as two columns."""
    wide = 0 if line.isascii() else sum(unicodedata.east_asian_width(char) in "WF" for char in line)
    return len(line) + wide <= length
