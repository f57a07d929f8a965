"""Rules that derive Python names from schema names; they never fail.

1. The name is NFKC-normalised, as Python does with identifiers. Characters that no identifier may hold, and
   underscores, separate words; so `__x` is the word `x`.
2. A word also begins at a capital after a small letter (`createPlayer`), and at a capital that a small letter
   follows, after a capital or a digit (`HTTPServer`, `http2Server`). Digits belong to the word before them: `OneU8`
   is `One`, `U8`. They are separate words, as in `one_u_8`, in columns, parameters, tables and functions of modules
   in whose names a server of version 2 has split them off; see `stdb_codegen.schema.digits`.
3. Columns, parameters, tables and reducers are `snake_case`, enumeration members `UPPER_SNAKE`, types `PascalCase`,
   where a word keeps its inner capitals (`HTTPServer`), except in a `SCREAMING_SNAKE` name.
4. An empty name, or one that begins with a character that cannot begin an identifier, has the prefix `n` (`N` for
   types and enumeration members): `2fast` becomes `n2fast`. A type begins with a capital, so no column hides a type.
5. Hard keywords, and names that would hide names in generated code, have an underscore at the end: `class_`, `str_`.

The name on the server is kept beside the Python name and never changes.
"""

from __future__ import annotations

import keyword
import unicodedata
from functools import cache

__all__ = ["Identifier", "accessor", "member", "parameter", "table_class", "type_name", "variable"]

# Names that annotations and declarations in a generated class body refer to.
_REFERRED = frozenset({"bool", "bytes", "float", "int", "stdb", "str", "tuple", "types"})
# Names that generated modules define or import beside the module's types.
_PACKAGE = frozenset({"Client", "Procedures", "Reducers", "Tables", "TypeAlias"})
# Members of table handles in the runtime.
_HANDLE = frozenset(
    {
        "changes",
        "count",
        "on_before_delete",
        "on_delete",
        "on_insert",
        "on_update",
        "remove_on_before_delete",
        "remove_on_delete",
        "remove_on_insert",
        "remove_on_update",
        "semijoin",
        "where",
    }
)


class Identifier(str):
    """Identifier, which is safe to write into Python code.

    Raises:
        ValueError: the text is not an identifier, or is a keyword.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Identifier:  # noqa: D102 - see the docstring of the class
        if not text.isidentifier() or keyword.iskeyword(text) or unicodedata.normalize("NFKC", text) != text:
            raise ValueError(f"{text!r} is not an identifier")
        return super().__new__(cls, text)


def variable(name: str, *, digits_apart: bool = False) -> Identifier:
    """Return the Python name of a column, table or reducer.

    Args:
        name: name in the schema.
        digits_apart: whether digits are separate words.
    """
    return _identifier("_".join(_words(name, digits_apart=digits_apart)).lower(), "n", _REFERRED)


def parameter(name: str, *, digits_apart: bool = False) -> Identifier:
    """Return the Python name of a parameter; the arguments are those of `variable`."""
    return _identifier(variable(name, digits_apart=digits_apart), "n", frozenset({"self"}))


def accessor(column: Identifier) -> Identifier:
    """Return the Python name of an index accessor, from that of its column: it avoids the members of table handles."""
    return _identifier(column, "n", _HANDLE)


def type_name(*parts: str) -> Identifier:
    """Return the Python name of a class, from the parts of a scoped name, or from a sum and its variant."""
    text = "".join(_pascal(_words(part)) for part in parts)
    return _identifier(text if text[:1].isupper() else f"N{text}", "N", _PACKAGE)


def table_class(table: Identifier) -> Identifier:
    """Return the Python name of a table's class, from that of the table: it ends in `Table`, but not twice."""
    name = type_name(table)
    return name if name.endswith("Table") else type_name(table, "Table")


def member(name: str) -> Identifier:
    """Return the Python name of an enumeration member."""
    return _identifier("_".join(_words(name)).upper(), "N", frozenset())


@cache
def _words(name: str, *, digits_apart: bool = False) -> tuple[str, ...]:
    text = unicodedata.normalize("NFKC", name)
    words = [""]
    for i, char in enumerate(text):
        if char == "_" or not _can_continue(char):
            words.append("")
        elif words[-1] and (
            _begins_word(text[i - 1], char, text[i + 1 : i + 2])
            or (digits_apart and char.isdecimal() != text[i - 1].isdecimal())
        ):
            words.append(char)
        else:
            words[-1] += char
    return tuple(word for word in words if word)


def _begins_word(before: str, char: str, after: str) -> bool:
    return char.isupper() and (before.islower() or (after.islower() and (before.isupper() or before.isdigit())))


def _pascal(words: tuple[str, ...]) -> str:
    screaming = len(words) > 1 and not any(word != word.upper() for word in words)
    return "".join(word[0].upper() + (word[1:].lower() if screaming else word[1:]) for word in words)


@cache
def _can_continue(char: str) -> bool:
    return f"a{char}".isidentifier()


def _identifier(text: str, prefix: str, reserved: frozenset[str]) -> Identifier:
    # A change of case can produce characters that no identifier may hold; a prefix can merge with a following accent.
    if not text.isidentifier():
        text = "".join(filter(_can_continue, text))
    text = unicodedata.normalize("NFKC", text if text.isidentifier() else prefix + text)
    if keyword.iskeyword(text) or text in reserved:
        text += "_"
    return Identifier(text)
