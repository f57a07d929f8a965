"""isort's order, which linters ask for in imports and in `__all__`: constants, classes, the rest; digits as numbers."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stdb_codegen.emit.naming import Identifier


def all_order(names: Iterable[Identifier]) -> tuple[Identifier, ...]:
    """The order of `__all__`."""
    return tuple(sorted(names, key=lambda name: (_kind(name), _natural(name))))


def import_order(names: Iterable[Identifier]) -> tuple[Identifier, ...]:
    """The order of the names in an import."""
    return tuple(sorted(names, key=lambda name: (_kind(name), _natural(name.lower()), _natural(name))))


def _kind(name: str) -> int:
    if name.isupper() and len(name) > 1:
        return 0
    return 1 if name[0].isupper() else 2


def _natural(name: str) -> list[tuple[int, str]]:
    """Text and numbers in turn; of two numbers the longer one is the larger one, whatever script they are in."""
    parts = re.split(r"(\d+)", name)
    return [_number(part) if place % 2 else (-1, part) for place, part in enumerate(parts)]


def _number(digits: str) -> tuple[int, str]:
    # No integer, which Python makes of some thousand digits only.
    plain = "".join(str(unicodedata.decimal(digit)) for digit in digits).lstrip("0")
    return len(plain), plain
