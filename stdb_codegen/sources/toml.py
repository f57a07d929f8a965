"""Reads TOML that anybody may have written: the standard library takes the square of a key's parts, and recurses."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, TypeAlias, cast

from stdb_codegen.sources import files

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# Bytes of a file, and how deep its tables may be: nobody writes so much, or so deep.
LARGEST = 1024 * 1024
DEEPEST = 50

Table: TypeAlias = dict[str, object]

# A string or a comment; one without an end goes on to the end of the text, so that nothing is read twice.
_TEXT = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:"""|\\?\Z)'
    r"|'''(?:[^']|'(?!''))*+(?:'''|\Z)"
    r'|"(?:[^"\\\n]|\\.)*+"?'
    r"|'[^'\n]*+'?"
    r"|\#[^\n]*+",
    re.DOTALL,
)
_DEEP_KEY = re.compile(rf"(?<![\w-])[\w-]++(?:[ \t]*+\.[ \t]*+[\w-]++){{{DEEPEST},}}")


class DeepError(ValueError):
    """A file is nested deeper than anybody writes it."""

    def __init__(self) -> None:
        super().__init__(f"is nested more than {DEEPEST} deep")


def read(file: Path) -> Table:
    """The content of a file.

    Raises:
        OSError: It cannot be read, or is no regular file, or too large.
        DeepError: It is nested too deeply.
        ValueError: It is no TOML.
    """
    return parse(files.read(file, LARGEST).decode())


def parse(text: str) -> Table:
    """What a text says.

    Raises:
        DeepError: It is nested too deeply.
        ValueError: It is no TOML.
    """
    if _DEEP_KEY.search(_TEXT.sub("text", text)):
        raise DeepError
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise DeepError from None
    level: list[object] = [document]
    for _ in range(DEEPEST):
        level = [inner for value in level for inner in _inner(value)]
    if level:
        raise DeepError
    return document


def _inner(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return cast("Table", value).values()
    return cast("list[object]", value) if isinstance(value, list) else ()
