"""Mermaid diagram of a module's tables and keys, which many web sites and editors render."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stdb_codegen.text import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stdb_codegen.inspect.inspection import ColumnReport, ModuleReport

__all__ = ["lines"]

_KEYS = {"primary key": "PK", "unique": "UK"}


def lines(module: ModuleReport) -> Iterator[str]:
    """Yield the lines of an entity relationship diagram: tables and views with their columns."""
    yield "erDiagram"
    for table in module.tables:
        yield f'    "{_quoted(table.name)}" {{'
        for column in table.columns:
            yield f"        {_column(column)}"
        yield "    }"


def _column(column: ColumnReport) -> str:
    parts = [_word(column.type), _word(column.name)]
    parts += [_KEYS[key] for key in column.keys if key in _KEYS]
    notes = [key for key in column.keys if key not in _KEYS]
    if notes:
        parts.append(f'"{", ".join(notes)}"')
    return " ".join(parts)


def _word(text: str) -> str:
    """Return a text as a word of the diagram's grammar, for a type or a name."""
    word = "".join(c if c.isalnum() or c in "_-[]()" else "_" for c in re.sub(r", ", "-", text.translate(_BRACKETS)))
    return word if word[:1].isalpha() or word[:1] == "_" else f"_{word}"


def _quoted(text: str) -> str:
    return escaped(text).replace('"', "'").replace("\\", "/")


_BRACKETS = str.maketrans("<>", "[]")
