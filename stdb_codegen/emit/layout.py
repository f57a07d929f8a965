"""Layout of generated statements: broken into lines so that formatters of every line length leave them alone.

A statement that fits stays on one line. A longer one is broken at its parentheses, and at a subscript before them: one
item per line, with a comma after the last one. What ends in a comma already is broken even if it fits. The alias of
a union is broken at its bars. A statement that cannot be broken in one of these ways is marked `# fmt: skip`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["LINE_LENGTH", "laid_out"]

# Formatters break a longer line.
LINE_LENGTH = 88
_INDENT = "    "
_SKIP = "  # fmt: skip"

_STRING = r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\''
_TOKEN = re.compile(rf"{_STRING}|[\[\](){{}},]|[^\"'\[\](){{}},]+")
_ALIAS = re.compile(r"(\w+: TypeAlias =) (\w+(?: \| \w+)*)")
# A comma after the last item, unless it is part of a string.
_COMMA = re.compile(r",\s*[)\]}]")
_CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class _Group:
    """Brackets and the items between them.

    Attributes:
        is_broken: whether a comma follows the last item.
    """

    opening: str
    items: tuple[str, ...]
    is_broken: bool

    @property
    def text(self) -> str:
        return f"{self.opening}{', '.join(self.items)}{_CLOSING[self.opening]}"


def laid_out(statement: str) -> str:
    """Lay out a statement.

    Args:
        statement: the statement on one line, with its indentation and the end of the line.

    Returns:
        Its lines, with their ends.
    """
    text = statement.strip()
    indent = statement[: statement.index(text)]
    return "".join(f"{line}\n" for line in _lines(indent, text))


def _lines(indent: str, text: str) -> Sequence[str]:
    fits = _fits(indent + text)
    # Splitting a statement takes time, and most of them need none.
    if fits and not _COMMA.search(text):
        return [indent + text]
    pieces = list(_pieces(text))
    if fits and not any(isinstance(piece, _Group) and _has_comma(piece) for piece in pieces):
        return [indent + text]
    if alias := _ALIAS.fullmatch(text):
        return list(_union(alias[1], alias[2].split(" | ")))
    at = max((place for place, piece in enumerate(pieces) if _opens(piece, "(")), default=0)
    if not at:
        return [f"{indent}{text}{_SKIP}"]
    lines = list(_broken(indent, pieces, at))
    is_header = text.endswith(":")
    # The first line of a header cannot be broken either.
    if all(_fits(line) or _is_string(line) for line in lines[is_header:]):
        return lines
    return [*lines[:-1], lines[-1] + _SKIP] if is_header else [f"{indent}{text}{_SKIP}"]


def _broken(indent: str, pieces: Sequence[str | _Group], at: int) -> Iterator[str]:
    """Break a statement at its parentheses, and at the subscript of several items before them."""
    line = indent
    for place, piece in enumerate(pieces):
        if isinstance(piece, str):
            line += piece
        elif place == at or (place == at - 1 and piece.opening == "[" and len(piece.items) > 1):
            yield line + piece.opening
            for item in piece.items:
                yield from _item(indent + _INDENT, item) if piece.opening == "(" else [f"{indent}{_INDENT}{item},"]
            line = indent + _CLOSING[piece.opening]
        else:
            line += piece.text
    yield line


def _union(head: str, members: Sequence[str]) -> Iterator[str]:
    """Break an alias at its bars; the comments, which are tags, keep formatters from joining the lines."""
    yield f"{head} ("
    for tag, member in enumerate(members):
        yield f"{_INDENT}{'| ' if tag else ''}{member}  # {tag}"
    yield ")"


def _item(indent: str, text: str) -> Iterator[str]:
    """Break an item too, if it is a base class or a dictionary; the annotation of a parameter stays on one line."""
    head, *groups = _pieces(text)
    if len(groups) == 1 and isinstance(group := groups[0], _Group) and ":" not in str(head):
        several = len(group.items) > 1 and not _fits(f"{indent}{text},")
        if group.is_broken or several:
            yield f"{indent}{head}{group.opening}"
            yield from (f"{indent}{_INDENT}{item}," for item in group.items)
            yield f"{indent}{_CLOSING[group.opening]},"
            return
    yield f"{indent}{text},"


def _pieces(text: str) -> Iterator[str | _Group]:
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
                    yield _Group(outer, (*items, last) if last else tuple(items), bool(items) and not last)
                    start = token.end()
            case "," if depth == 1:
                items.append(text[start : token.start()].strip())
                start = token.end()
            case _:
                pass
    if start < len(text):
        yield text[start:]


def _fits(line: str) -> bool:
    """Tell whether a line is short enough; formatters count East Asian characters as two columns."""
    wide = 0 if line.isascii() else sum(unicodedata.east_asian_width(char) in "WF" for char in line)
    return len(line) + wide <= LINE_LENGTH


def _opens(piece: str | _Group, bracket: str) -> bool:
    return isinstance(piece, _Group) and piece.opening == bracket


def _has_comma(group: _Group) -> bool:
    """Tell whether a comma follows the last item of a group, or of an item in it."""
    inner = (piece for item in group.items for piece in _pieces(item))
    return group.is_broken or any(isinstance(piece, _Group) and piece.is_broken for piece in inner)


def _is_string(line: str) -> bool:
    """Tell whether a line is an item that consists of strings, which nothing can break."""
    return re.fullmatch(rf"\s*(?:\w+=)?(?:{_STRING})(?:: (?:{_STRING}))?,", line) is not None
