"""Lines of generated files that are too long."""

from __future__ import annotations

import io
import tokenize
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 120
# A name or literal that may fill a line, with its indentation and what cannot be parted from it.
UNBREAKABLE = 90


def width(text: str) -> int:
    """The number of columns."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def overlong_lines(files: Mapping[str, str]) -> list[str]:
    """The lines over 120 characters without a name, a literal or a word of prose that is itself about as long."""
    found: list[str] = []
    for name, text in files.items():
        long = {number for number, line in enumerate(text.split("\n"), start=1) if width(line) > LONGEST}
        if not long:
            continue
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            # A string of several lines is a docstring, whose words may be as long.
            is_prose = token.type == tokenize.STRING and token.string.startswith('"""')
            if is_prose:
                for number, line in enumerate(token.string.split("\n"), start=token.start[0]):
                    if any(width(word) > UNBREAKABLE for word in line.split(" ")):
                        long.discard(number)
            elif width(token.string) > UNBREAKABLE:
                long.discard(token.start[0])
        found += [f"{name}:{number}" for number in sorted(long)]
    return found
