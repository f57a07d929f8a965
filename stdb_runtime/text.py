"""Printable form of texts from outside for error messages and logs: bounded, and without secrets."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

__all__ = ["HidesToken", "printable", "printable_queries"]

# Longer texts make a message harder to read, not more useful.
_MAX_LENGTH = 300
_MAX_QUERY_LENGTH, _MAX_LISTED_QUERY_LENGTH, _MAX_LISTED_QUERIES = 200, 80, 3

# Patterns are compiled when they are first used: an import takes less time.
_USER_INFO = r"(\w+://)[^/\s]*@"
# A JSON Web Token, which is what servers issue.
_JWT = r"\beyJ[\w-]{6,}(\.[\w-]*){0,2}"


def printable(text: str, *secrets: str | None, limit: int = _MAX_LENGTH) -> str:
    """Return a text from outside in a form that is safe to print.

    Control characters and marks that change the direction of writing are escaped, tokens and the user part of URLs are
    replaced, and long texts are cut.

    Args:
        text: the text.
        secrets: texts to replace, besides what looks like a token.
        limit: the maximum number of characters; a longer text is cut, and its length added.
    """
    for secret in secrets:
        if secret:
            text = text.replace(secret, "(token)")
    text = re.sub(_USER_INFO, r"\1(user)@", re.sub(_JWT, "(token)", text))
    length, text = len(text), text[: limit + 1]  # escaping only makes it longer
    if not text.isprintable():
        text = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return text if len(text) <= limit else f"{text[:limit]}... ({length} characters)"


def printable_queries(queries: Sequence[str]) -> str:
    """Return the SQL of queries in a form that is safe to print: one, or how many there are and the first ones."""
    if len(queries) == 1:
        return printable(queries[0], limit=_MAX_QUERY_LENGTH)
    first = [printable(query, limit=_MAX_LISTED_QUERY_LENGTH) for query in queries[:_MAX_LISTED_QUERIES]]
    more = ["..."] if len(queries) > _MAX_LISTED_QUERIES else []
    return f"{len(queries)} queries: {'; '.join(first + more)}"


class HidesToken(msgspec.Struct, frozen=True):
    """Base of structs with a field `token` that is hidden in `repr` and in the output of rich."""

    def __rich_repr__(self) -> list[tuple[str, object]]:
        fields: list[tuple[str, object]] = [(name, getattr(self, name)) for name in self.__struct_fields__]
        return [(name, _hidden(name, value)) for name, value in fields]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={'...' if value == '...' else repr(value)}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({fields})"


def _hidden(name: str, value: object) -> object:
    if name == "token" and value is not None:
        return "..."
    return printable(value) if isinstance(value, str) else value  # such as the address of a proxy, with its password
