"""Python names that the user chose, in place of the derived ones.

A key identifies a part of the schema by its name on the server or its source name: `player` (a table, view, type,
reducer or procedure), `player.class` (a column, a parameter, or an index by the name of its accessor), `Player.class`
(a field of a type), `Shape.Circle` (a variant). An ambiguous key is prefixed with a kind: `table:player.class`,
`index:player.by_class`, `type:Player`, `reducer:player`, `procedure:player`; views count as tables.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Literal, TypeAlias

from stdb_codegen.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stdb_codegen.emit.naming import Identifier
    from stdb_codegen.schema import ir

__all__ = ["Kind", "Renames", "owners"]

Kind: TypeAlias = Literal["table", "index", "type", "reducer", "procedure"]


def owners(kind: Kind, part: ir.Table | ir.View | ir.Reducer | ir.Procedure) -> list[tuple[Kind, str]]:
    """Return the kind and the names of a table, a view, a reducer or a procedure, as in keys."""
    return [(kind, name) for name in dict.fromkeys([part.name, part.source_name or part.name])]


class Renames:
    """Python names that the user chose, and which of them are used.

    Args:
        wanted: Python names, by key.
    """

    def __init__(self, wanted: Mapping[str, str]) -> None:
        self._wanted = wanted
        self._meant: defaultdict[str, set[str]] = defaultdict(set)
        self._improper: list[SchemaError] = []

    def choose(self, made: Identifier, rule: Callable[[str], Identifier], *places: tuple[Kind, str]) -> Identifier:
        """Return the Python name of a part: the user's, if there is one.

        Args:
            made: derived name.
            rule: rule that derives such names; the user's name must be one that the rule leaves as it is.
            places: kinds and paths that identify the part in keys.

        Raises:
            SchemaError: the user chose two names for it.
        """
        if not self._wanted:
            return made
        keys = [key for kind, path in places for key in (path, f"{kind}:{path}") if key in self._wanted]
        for key in keys:
            self._meant[key].add(f"{places[0][0]}:{places[0][1]}")
        chosen = {self._wanted[key] for key in keys}
        if not chosen:
            return made
        if len(chosen) > 1:
            raise SchemaError(_place(keys[0]), f"and {keys[1]!r} rename the same part to two names", "keep one of them")
        name = chosen.pop()
        proper = rule(name)
        if proper != name:
            problem = f"{name!r} does not follow the naming rules"
            self._improper.append(SchemaError(_place(keys[0]), problem, f"write {proper!r}"))
        return proper

    def check(self) -> tuple[str, ...]:
        """Return warnings about unused keys, one line each, after all names are chosen.

        Raises:
            SchemaError: a key is ambiguous, or a name is not allowed.
        """
        for key, meant in sorted(self._meant.items()):
            if len(meant) > 1:
                raise SchemaError(_place(key), "is ambiguous", f"write one of {', '.join(sorted(meant))}")
        if self._improper:
            raise self._improper[0]
        unused = sorted(self._wanted.keys() - self._meant.keys())
        return tuple(f"{_place(key)}: the schema has no such part" for key in unused)


def _place(key: str) -> str:
    return f"rename {key!r}"
