"""Layout of generated statements: broken into lines so that formatters of every line length leave them alone.

A statement that fits stays on one line. A longer one is broken at its parentheses, and at a subscript before them: one
item per line, with a comma after the last one. What ends in a comma already is broken even if it fits. The alias of
a union is broken at its bars. A statement that cannot be broken in one of these ways is marked `# fmt: skip`, and
if it has lines over 120 characters then, it is broken as in `stdb_codegen.emit.overlong`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stdb_codegen.emit.overlong import overlong
from stdb_codegen.emit.pieces import CLOSING, STRING, Group, fits, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["LINE_LENGTH", "laid_out"]

# Formatters break a longer line.
LINE_LENGTH = 88
_INDENT = "    "
_SKIP = "  # fmt: skip"

_ALIAS = re.compile(r"(\w+: TypeAlias =) (\w+(?: \| \w+)*)")
# A comma after the last item, unless it is part of a string.
_COMMA = re.compile(r",\s*[)\]}]")


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
    is_short = fits(indent + text, LINE_LENGTH)
    # Splitting a statement takes time, and most of them need none.
    if is_short and not _COMMA.search(text):
        return [indent + text]
    parts = list(pieces(text))
    if is_short and not any(isinstance(part, Group) and _has_comma(part) for part in parts):
        return [indent + text]
    if alias := _ALIAS.fullmatch(text):
        return list(_union(alias[1], alias[2].split(" | ")))
    lines = _laid_out(indent, text, parts)
    return lines if all(map(fits, lines)) else list(overlong(indent, text, _SKIP))


def _laid_out(indent: str, text: str, parts: Sequence[str | Group]) -> Sequence[str]:
    at = max((place for place, part in enumerate(parts) if _opens(part, "(")), default=0)
    if not at:
        return [f"{indent}{text}{_SKIP}"]
    lines = list(_broken(indent, parts, at))
    is_header = text.endswith(":")
    # The first line of a header cannot be broken either.
    if all(fits(line, LINE_LENGTH) or _is_string(line) for line in lines[is_header:]):
        return lines
    return [*lines[:-1], lines[-1] + _SKIP] if is_header else [f"{indent}{text}{_SKIP}"]


def _broken(indent: str, parts: Sequence[str | Group], at: int) -> Iterator[str]:
    """Break a statement at its parentheses, and at the subscript of several items before them."""
    line = indent
    for place, piece in enumerate(parts):
        if isinstance(piece, str):
            line += piece
        elif place == at or (place == at - 1 and piece.opening == "[" and len(piece.items) > 1):
            yield line + piece.opening
            for item in piece.items:
                yield from _item(indent + _INDENT, item) if piece.opening == "(" else [f"{indent}{_INDENT}{item},"]
            line = indent + CLOSING[piece.opening]
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
    head, *groups = pieces(text)
    if len(groups) == 1 and isinstance(group := groups[0], Group) and ":" not in str(head):
        several = len(group.items) > 1 and not fits(f"{indent}{text},", LINE_LENGTH)
        if group.is_broken or several:
            yield f"{indent}{head}{group.opening}"
            yield from (f"{indent}{_INDENT}{item}," for item in group.items)
            yield f"{indent}{CLOSING[group.opening]},"
            return
    yield f"{indent}{text},"


def _opens(piece: str | Group, bracket: str) -> bool:
    return isinstance(piece, Group) and piece.opening == bracket


def _has_comma(group: Group) -> bool:
    """Tell whether a comma follows the last item of a group, or of an item in it."""
    inner = (piece for item in group.items for piece in pieces(item))
    return group.is_broken or any(isinstance(piece, Group) and piece.is_broken for piece in inner)


def _is_string(line: str) -> bool:
    """Tell whether a line is an item that consists of strings, which nothing can break."""
    return re.fullmatch(rf"\s*(?:\w+=)?(?:{STRING})(?:: (?:{STRING}))?,", line) is not None
