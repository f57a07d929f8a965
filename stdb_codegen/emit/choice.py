"""Choice of the tables, views, reducers and procedures that a package declares.

The user excludes parts by keys that are names as in `stdb_codegen.emit.rename`: `seen`, or with a kind `reducer:seen`.
A key without a kind excludes every part of its name, and the namespace of a submodule all that is in it.
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from stdb_codegen.emit.rename import owners
from stdb_codegen.errors import SchemaError
from stdb_codegen.schema import ir

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from stdb_codegen.emit.rename import Kind

__all__ = ["Choice"]


class Choice:
    """Choice of the user, and which of its keys are used.

    Args:
        exclude: keys of parts that are not declared.
        include_private: whether to declare private parts.
    """

    def __init__(self, exclude: Collection[str], *, include_private: bool) -> None:
        self._exclude = frozenset(exclude)
        self._include_private = include_private
        self._used: set[str] = set()

    def tables(self, schema: ir.Schema) -> list[ir.Table | ir.View]:
        """Return the tables and views to declare.

        Raises:
            SchemaError: a view among them has parameters.
        """
        every: list[ir.Table | ir.View] = [*schema.tables, *schema.views]
        chosen = [table for table in every if self._declares("table", table, is_open=table.public)]
        with_parameters = [view.name for view in chosen if isinstance(view, ir.View) and view.parameters]
        if with_parameters:
            raise _refusal(with_parameters)
        return chosen

    def reducers(self, schema: ir.Schema) -> list[ir.Reducer]:
        """Return the reducers to declare."""
        return [
            reducer
            for reducer in schema.reducers
            # Clients learn of private reducers that the server calls at events, but none is connected at `init`.
            if self._declares("reducer", reducer, is_open=reducer.public or reducer.lifecycle is not None)
            and reducer.lifecycle != "init"
        ]

    def procedures(self, schema: ir.Schema) -> list[ir.Procedure]:
        """Return the procedures to declare."""
        return [
            procedure
            for procedure in schema.procedures
            if self._declares("procedure", procedure, is_open=procedure.public)
        ]

    def check(self) -> tuple[str, ...]:
        """Return warnings about unused keys, one line each, after everything is chosen."""
        return tuple(f"exclude {key!r}: the schema has no such part" for key in sorted(self._exclude - self._used))

    def _declares(self, kind: Kind, part: ir.Table | ir.View | ir.Reducer | ir.Procedure, *, is_open: bool) -> bool:
        used = self._exclude.intersection(_keys(kind, part)) if self._exclude else frozenset[str]()
        self._used |= used
        return (is_open or self._include_private) and not used


def _keys(kind: Kind, part: ir.Table | ir.View | ir.Reducer | ir.Procedure) -> Iterator[str]:
    """Yield the keys that exclude a part."""
    for _, name in owners(kind, part):
        yield from (name, f"{kind}:{name}")
    *namespaces, _ = part.name.split(".")
    for depth in range(1, len(namespaces) + 1):
        yield ".".join(namespaces[:depth])


def _refusal(names: list[str]) -> SchemaError:
    """Return the error about views with parameters."""
    listed = ", ".join(map(repr, names))
    one = len(names) == 1
    problem = f"{'takes' if one else 'take'} parameters, for which neither queries nor messages have a place"
    options = " ".join(f"--exclude {shlex.quote(name)}" for name in names)
    setting = ", ".join(json.dumps(name, ensure_ascii=False) for name in names)
    remedy = f"leave {'it' if one else 'them'} out: {options} (or exclude = [{setting}] in the configuration)"
    return SchemaError(f"{'view' if one else 'views'} {listed}", problem, remedy)
