"""Names that the user chose, instead of those that the rules make.

A key says what is meant, in the schema's own names or, where the server calls it something else, in the module's:
`player` (a table, view, type, reducer or procedure),
`player.class` (a column, a parameter, or an index by the name of its accessor), `Player.class` (a field of a type),
`Shape.Circle` (a variant). Where that could be several things, their kind comes first: `table:player.class`,
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

Kind: TypeAlias = Literal["table", "index", "type", "reducer", "procedure"]


def owners(kind: Kind, part: ir.Table | ir.View | ir.Reducer | ir.Procedure) -> list[tuple[Kind, str]]:
    """What keys may call a table, a view, a reducer or a procedure."""
    return [(kind, name) for name in dict.fromkeys([part.name, part.source_name or part.name])]


class Renames:
    """The user's names, and which of them were used.

    Args:
        wanted: The Python names, by key.
    """

    def __init__(self, wanted: Mapping[str, str]) -> None:
        self._wanted = wanted
        self._meant: defaultdict[str, set[str]] = defaultdict(set)
        self._improper: list[SchemaError] = []

    def choose(self, made: Identifier, rule: Callable[[str], Identifier], *places: tuple[Kind, str]) -> Identifier:
        """The name of something: the user's, if there is one.

        Args:
            made: The name that the rules make.
            rule: What makes such names; the user's name must be what the rule makes of it.
            places: The kinds and paths that keys may call it by.

        Raises:
            SchemaError: There are two of the user's.
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
            raise SchemaError(_place(keys[0]), f"and {keys[1]!r} are the same thing with two names", "keep one of them")
        name = chosen.pop()
        proper = rule(name)
        if proper != name:
            problem = f"{name!r} is not how such a name is written"
            self._improper.append(SchemaError(_place(keys[0]), problem, f"write {proper!r}"))
        return proper

    def check(self) -> tuple[str, ...]:
        """Once everything has its name: warnings of keys that nothing was meant by, one line each.

        Raises:
            SchemaError: A key means several things, or a name is none.
        """
        for key, meant in sorted(self._meant.items()):
            if len(meant) > 1:
                raise SchemaError(_place(key), "means several things", f"write one of {', '.join(sorted(meant))}")
        if self._improper:
            raise self._improper[0]
        unused = sorted(self._wanted.keys() - self._meant.keys())
        return tuple(f"{_place(key)}: the schema has nothing of that name" for key in unused)


def _place(key: str) -> str:
    return f"rename {key!r}"
