"""Check for types without a finite value: each value would contain another one of the same type."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from stdb_codegen.errors import SchemaError
from stdb_codegen.schema import ir

if TYPE_CHECKING:
    from collections.abc import Iterable


__all__ = ["check_finite"]


def check_finite(types: Iterable[ir.Product | ir.Sum]) -> None:
    """Refuse types that contain themselves by value, and so have no finite value.

    Raises:
        SchemaError: such a type exists.
    """
    # A struct has a value once all of its needs are met, and a need is met once one of its types has a value.
    waiting = {definition.name: _needs(definition) for definition in types}
    unmet = {name: set(range(len(needs))) for name, needs in waiting.items()}
    met_by: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for name, needs in waiting.items():
        for place, need in enumerate(needs):
            for needed in need:
                met_by[needed].append((name, place))
    found = [name for name, needs in waiting.items() if not needs]
    while found:
        name = found.pop()
        del waiting[name]
        for other, place in met_by[name]:
            if place in unmet[other]:
                unmet[other].remove(place)
                if not unmet[other]:
                    found.append(other)
    if waiting:
        following = {name: needs[min(unmet[name])][0] for name, needs in waiting.items()}
        raise SchemaError(
            f"type {min(_cycle(following))!r}", "contains itself by value", "hold it in an Option or a Vec"
        )


def _needs(definition: ir.Product | ir.Sum) -> list[list[str]]:
    """Return the needs of a type: lists of types, one of each of which must have a value first."""
    if isinstance(definition, ir.Product):
        return [need for field in definition.fields if (need := _named(field.type))]
    needs = [_named(variant.type) for variant in definition.variants]
    return [[name for need in needs for name in need]] if all(needs) else []


def _named(type_: ir.Type) -> list[str]:
    """Return the types of which one must have a value, for this type to have one."""
    match type_:
        case ir.Named(name):
            return [name]
        case ir.Result(ok, err):
            first, second = _named(ok), _named(err)
            return [*first, *second] if first and second else []
        case _:
            return []


def _cycle(following: dict[str, str]) -> list[str]:
    """Return a cycle of types that contain each other, starting from the first type by name."""
    path = [min(following)]
    seen = {path[0]}
    while (name := following[path[-1]]) not in seen:
        path.append(name)
        seen.add(name)
    return path[path.index(name) :]
