"""Docstrings: their text in lines that are not too long."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stdb_codegen.emit.pieces import fits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["paragraphs"]

_QUOTES = '"""'
# Several spaces are part of a name, and formatters would not keep them at the end of a line.
_SPACE = re.compile(r"(?<=[^ ]) (?=[^ ])")


def paragraphs(texts: Sequence[str], indent: str) -> str:
    """Return the content of a docstring: one line, or if that is too long, its first sentence as a paragraph.

    Args:
        texts: its paragraphs, escaped and without line ends.
        indent: indentation of the docstring.
    """
    first, *others = texts
    if not others and fits(f"{indent}{_QUOTES}{first}{_QUOTES}"):
        return first
    end = "" if others else _QUOTES
    if not fits(f"{indent}{_QUOTES}{first}{end}"):
        first, _, rest = first.partition(". ")
        if rest:
            first, others, end = f"{first}.", [rest, *others], ""
    blocks = ["\n".join(_lines(text, indent)) for text in (f"{_QUOTES}{first}{end}", *others)]
    text = "\n\n".join(blocks).removeprefix(indent + _QUOTES).removesuffix(end)
    # Formatters would join a single line and the quotes.
    return f"{text}\n{indent}" if "\n" in text else text


def _lines(text: str, indent: str) -> Iterator[str]:
    line, *words = _SPACE.split(indent + text)
    for word in words:
        if fits(f"{line} {word}"):
            line += f" {word}"
        else:
            yield line
            line = indent + word
    yield line
