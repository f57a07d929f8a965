"""Python names out of any schema name, by rules that never fail.

1. The name is NFKC-normalised, as Python does with identifiers. Characters that no identifier may hold, and
   underscores, separate words; so `__x` is the word `x`.
2. A word also begins at a capital after a small letter (`createPlayer`), and at a capital that a small letter
   follows, after a capital or a digit (`HTTPServer`, `http2Server`). Digits belong to the word before them: `OneU8`
   is `One`, `U8`. They are words of their own, as in `one_u_8`, in columns, parameters, tables and functions of modules
   whose names a server of 2.x has made so: what it leaves alone, such as parameters, is to be alike.
3. Columns, parameters, tables and reducers are `snake_case`, enumeration members `UPPER_SNAKE`, types `PascalCase`,
   where a word keeps its inner capitals (`HTTPServer`), save in a `SCREAMING_SNAKE` name.
4. A name of which nothing is left, or that begins with what cannot begin a name, gets the prefix `n` (`N` for types
   and enumeration members): `2fast` becomes `n2fast`. A type must begin with a capital: no column ever hides a type.
5. Hard keywords, and names that would hide what generated code refers to, get one underscore at the end: `class_`,
   `str_`.

The wire name is kept beside the Python name and never changes.
"""

from __future__ import annotations

import keyword
import unicodedata
from functools import cache

# What annotations and declarations refer to from inside a generated class body.
_REFERRED = frozenset({"bool", "bytes", "float", "int", "stdb", "str", "tuple", "types"})
# What the generated modules define or import beside the module's own types.
_PACKAGE = frozenset({"Client", "Procedures", "Reducers", "Tables", "TypeAlias"})
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
    """A name that is safe to write into Python code.

    Raises:
        ValueError: The text is no identifier, or is a keyword.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Identifier:  # noqa: D102 - the class's docstring says it
        if not text.isidentifier() or keyword.iskeyword(text) or unicodedata.normalize("NFKC", text) != text:
            raise ValueError(f"{text!r} is not an identifier")
        return super().__new__(cls, text)


def variable(name: str, *, digits_apart: bool = False) -> Identifier:
    """The name of a column, table or reducer.

    Args:
        name: Its name in the schema.
        digits_apart: Whether digits are words of their own.
    """
    return _identifier("_".join(_words(name, digits_apart=digits_apart)).lower(), "n", _REFERRED)


def parameter(name: str, *, digits_apart: bool = False) -> Identifier:
    """The name of a parameter of a method. Arguments as of `variable`."""
    return _identifier(variable(name, digits_apart=digits_apart), "n", frozenset({"self"}))


def accessor(column: Identifier) -> Identifier:
    """The name of an index accessor, given the Python name of its column: it dodges the members of table handles."""
    return _identifier(column, "n", _HANDLE)


def type_name(*parts: str) -> Identifier:
    """The name of a class, out of the parts of a scoped name, or of a sum and its variant."""
    text = "".join(_pascal(_words(part)) for part in parts)
    return _identifier(text if text[:1].isupper() else f"N{text}", "N", _PACKAGE)


def member(name: str) -> Identifier:
    """The name of an enumeration member."""
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


def _can_continue(char: str) -> bool:
    return f"a{char}".isidentifier()


def _identifier(text: str, prefix: str, reserved: frozenset[str]) -> Identifier:
    # Another case can bring characters that no identifier may hold; a prefix can merge with an accent that follows.
    text = "".join(filter(_can_continue, text))
    text = unicodedata.normalize("NFKC", text if text.isidentifier() else prefix + text)
    if keyword.iskeyword(text) or text in reserved:
        text += "_"
    return Identifier(text)
