"""Order of names that linters require in imports and in `__all__`: constants, classes, others; digits as numbers."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stdb_codegen.emit.naming import Identifier


def all_order(names: Iterable[Identifier]) -> tuple[Identifier, ...]:
    """Return names in the order of `__all__`."""
    return tuple(sorted(names, key=lambda name: (_kind(name), _natural(name))))


def import_order(names: Iterable[Identifier]) -> tuple[Identifier, ...]:
    """Return names in the order of an import."""
    return tuple(sorted(names, key=lambda name: (_kind(name), _natural(name.lower()), _natural(name))))


def _kind(name: str) -> int:
    if name.isupper() and len(name) > 1:
        return 0
    return 1 if name[0].isupper() else 2


def _natural(name: str) -> list[tuple[int, str]]:
    """Split a name into text and numbers, by turns; numbers of any script are compared by value."""
    parts = re.split(r"(\d+)", name)
    return [_number(part) if place % 2 else (-1, part) for place, part in enumerate(parts)]


def _number(digits: str) -> tuple[int, str]:
    # A string, not an integer: Python limits the digits of integers.
    plain = "".join(str(unicodedata.decimal(digit)) for digit in digits).lstrip("0")
    return len(plain), plain
