"""Types that have no value, because every value would hold another one of the same type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stdb_codegen import ir
from stdb_codegen.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterable


def check_finite(types: Iterable[ir.Product | ir.Sum]) -> None:
    """Refuse a type that only ever holds itself by value: nothing could encode it.

    Raises:
        SchemaError: There is one.
    """
    waiting = {definition.name: definition for definition in types}
    # A struct has a value once all of its fields have one, an enum once one of its variants has one.
    while found := [name for name, definition in waiting.items() if not _needs(definition, waiting)]:
        for name in found:
            del waiting[name]
    if waiting:
        place = f"type {min(_cycle(waiting))!r}"
        raise SchemaError(place, "contains itself by value", "hold it in an Option or a Vec")


def _needs(definition: ir.Product | ir.Sum, without_value: dict[str, ir.Product | ir.Sum]) -> list[str]:
    """The types without a value so far that keep a type from having one."""
    if isinstance(definition, ir.Product):
        return [name for field in definition.fields for name in _named(field.type, without_value)]
    needed = [_named(variant.type, without_value) for variant in definition.variants]
    return [name for names in needed for name in names] if all(needed) else []


def _named(type_: ir.Type, without_value: dict[str, ir.Product | ir.Sum]) -> list[str]:
    match type_:
        case ir.Named(name):
            return [name] if name in without_value else []
        case ir.Result(ok, err):
            first, second = _named(ok, without_value), _named(err, without_value)
            return [*first, *second] if first and second else []
        case _:
            return []


def _cycle(waiting: dict[str, ir.Product | ir.Sum]) -> list[str]:
    """Types that hold each other, found by going from one to what it holds until one comes again."""
    path: list[str] = [min(waiting)]
    while True:
        following = _needs(waiting[path[-1]], waiting)[0]
        if following in path:
            return path[path.index(following) :]
        path.append(following)
