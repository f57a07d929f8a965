"""Statements that formatters must leave alone and that are too long for a line: broken wherever that is possible.

A part that does not fit is broken at its bars, else at its first brackets, and so on inside them. An annotation or a
value without brackets gets parentheses.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stdb_codegen.emit.pieces import CLOSING, STRING, Group, fits, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["overlong"]

_INDENT = "    "
# Types can be nested so deeply that indentation alone would fill the lines.
_DEEPEST = 40
_DECLARATION = re.compile(r"(\w+(?::| =) )(.+)")
_PAIR = re.compile(rf"((?:{STRING}|\w+):) (.+)")


def overlong(indent: str, text: str, end: str) -> Iterator[str]:
    """Break a statement.

    Args:
        indent: its indentation.
        text: the statement on one line.
        end: text to write after it.
    """
    declaration = _DECLARATION.fullmatch(text)
    if declaration is not None:
        head, value = declaration.groups()
        if len(_operands(value)) > 1 or not _has_items(value):
            text = f"{head}({value})"
    yield from _opened(indent, text, end)


def _part(indent: str, text: str, end: str) -> Iterator[str]:
    """Break an item of brackets, if it does not fit."""
    operands = _operands(text)
    if fits(f"{indent}{text}{end}"):
        yield f"{indent}{text}{end}"
    elif len(operands) > 1:
        *others, last = operands
        for operand in others:
            yield from _part(indent, operand, "")
        yield from _part(indent, last, end)
    elif _has_items(text):
        yield from _opened(indent, text, end)
    elif pair := _PAIR.fullmatch(text):
        yield f"{indent}{pair[1]}"
        yield f"{indent}{_INDENT}{pair[2]}{end}"
    else:
        yield f"{indent}{text}{end}"


def _opened(indent: str, text: str, end: str) -> Iterator[str]:
    """Break a text at its outermost brackets, one after the other until the rest fits."""
    inner = indent if len(indent) >= _DEEPEST else indent + _INDENT
    line, rest = indent, list(pieces(text))
    while rest:
        piece = rest.pop(0)
        if isinstance(piece, str) or not piece.items or fits(line + _text([piece, *rest]) + end):
            line += _text([piece])
            continue
        if rest and isinstance(rest[0], Group) and fits(line + piece.text + rest[0].opening):
            # The arguments of a call, after a subscript that fits.
            line += piece.text
            continue
        yield line + piece.opening
        # A comma would make a tuple of a single item in a subscript, or of a value in parentheses.
        last = "" if piece.opening == "[" or line.endswith(" ") else ","
        for place, item in enumerate(piece.items, start=1):
            yield from _part(inner, item, "," if place < len(piece.items) else last)
        line = indent + CLOSING[piece.opening]
    yield line + end


def _operands(text: str) -> list[str]:
    """Split a union at its outermost bars, which stay before all members but the first."""
    if text[0] in "\"'":
        return [text]
    operands = [""]
    for piece in pieces(text):
        if isinstance(piece, Group):
            operands[-1] += piece.text
        else:
            first, *others = piece.split(" | ")
            operands[-1] += first
            operands += [f"| {other}" for other in others]
    return operands


def _has_items(text: str) -> bool:
    return any(isinstance(piece, Group) and piece.items for piece in pieces(text))


def _text(parts: list[str | Group]) -> str:
    return "".join(part if isinstance(part, str) else part.text for part in parts)
