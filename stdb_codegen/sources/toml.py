"""Reader of untrusted TOML: the standard library takes quadratic time for dotted keys, and recurses."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, TypeAlias, cast

from stdb_codegen.sources import files

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["DEEPEST", "LARGEST", "DeepError", "TomlTable", "parse", "read"]

# Bytes of a file, and depth of its tables: far more than people write.
LARGEST = 1024 * 1024
DEEPEST = 50

TomlTable: TypeAlias = dict[str, object]

# A string or a comment; an unterminated one extends to the end of the text, so that the scan takes linear time.
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
    """TOML that is nested too deeply."""

    def __init__(self) -> None:
        super().__init__(f"is nested more than {DEEPEST} deep")


def read(file: Path) -> TomlTable:
    """Read a file.

    Raises:
        OSError: the file cannot be read, is not regular, or is too large.
        DeepError: the document is nested too deeply.
        ValueError: the text is not TOML.
    """
    return parse(files.read(file, LARGEST).decode())


def parse(text: str) -> TomlTable:
    """Parse a text.

    Raises:
        DeepError: the document is nested too deeply.
        ValueError: the text is not TOML.
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
        return cast("TomlTable", value).values()
    return cast("list[object]", value) if isinstance(value, list) else ()
