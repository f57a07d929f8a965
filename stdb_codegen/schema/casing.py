"""Canonical names: what a server of version 2 calls the things of a module that names them in its own way.

A `.wasm` holds the names of its source. When it is published, names of tables, functions and columns become
`snake_case`, those of variants `camelCase` and those of types `PascalCase`; parameters and special types keep theirs.
The module can set names of tables and functions itself, or switch the rules off. Functions that the server calls by
itself become private.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec import UnsetType

from stdb_codegen.schema.shape import AlgebraicType, Element, Maybe, ProductType, SumType
from stdb_codegen.schema.v10 import NameMapping, Names, Procedure, Reducer, Visibility

if TYPE_CHECKING:
    from collections.abc import Callable

    from stdb_codegen.schema.v10 import ModuleV10, ScopedName

F = TypeVar("F", Reducer, Procedure)

# Where a word ends and the next begins, beside the characters that separate words.
_BOUNDARY = re.compile(
    r"(?<=[a-z])(?=[A-Z])|(?<=[a-zA-Z])(?=[0-9])|(?<=[0-9])(?=[a-zA-Z])|(?<=[A-Z])(?=[A-Z][a-z])",
)
_SEPARATOR = re.compile(r"[_\- ]+")
_SPECIAL_FIELD = re.compile(r"__[a-z_]+__")
_SPECIAL_SUMS = (["some", "none"], ["ok", "err"], ["Interval", "Time"])
_CERTAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*")


def words(name: str) -> list[str]:
    """The words of a name, as servers of version 2 split it; digits are words of their own."""
    return [word for part in _SEPARATOR.split(name) for word in _BOUNDARY.split(part) if word]


def snake(name: str) -> str:
    """The canonical name of a table, a function or a column."""
    return "_".join(words(name)).lower()


def pascal(name: str) -> str:
    """The canonical name of a type."""
    return "".join(word.capitalize() for word in words(name))


def camel(name: str) -> str:
    """The canonical name of a variant."""
    text = pascal(name)
    return text[:1].lower() + text[1:]


def canonical(module: ModuleV10) -> ModuleV10:
    """Make of a definition what a server makes of it.

    Args:
        module: The definition out of a `.wasm`.

    Returns:
        The definition as the server gives it: columns and types have canonical names, tables and functions keep their
        own and get canonical ones in `explicit_names`. `doubtful` lists the names that the rules may not have got
        right.
    """
    names = _Names(module)
    change = msgspec.structs.replace
    own = {part.function_name for part in module.schedules} | {part.function_name for part in module.lifecycle_reducers}
    mappings = [("Table", table.source_name, names.table(table.source_name)) for table in module.tables]
    functions = [part.source_name for part in module.reducers]
    functions += [part.source_name for part in module.procedures]
    functions += [part.source_name for part in module.views]
    mappings += [("Function", name, names.function(name)) for name in functions]
    served = replace(
        module,
        typespace=tuple(map(names.type, module.typespace)),
        types=tuple(change(entry, source_name=names.scoped(entry.source_name)) for entry in module.types),
        schedules=tuple(
            change(part, table_name=names.table(part.table_name), function_name=names.function(part.function_name))
            for part in module.schedules
        ),
        lifecycle_reducers=tuple(
            change(part, function_name=names.function(part.function_name)) for part in module.lifecycle_reducers
        ),
        reducers=tuple(_private(part) if part.source_name in own else part for part in module.reducers),
        procedures=tuple(_private(part) if part.source_name in own else part for part in module.procedures),
        view_primary_keys=tuple(
            change(key, columns=tuple(map(names.column, key.columns))) for key in module.view_primary_keys
        ),
        explicit_names=tuple({kind: NameMapping(source, made)} for kind, source, made in mappings),
    )
    return replace(served, doubtful=tuple(sorted(names.doubtful)))


def _private(part: F) -> F:
    return msgspec.structs.replace(part, visibility=Visibility(private=()))


class _Names(Names):
    """Makes canonical names, and notes which of them are doubtful."""

    def __init__(self, module: ModuleV10) -> None:
        super().__init__(module)
        self._converts = module.converts_case
        self.doubtful: set[str] = set()

    def table(self, name: str) -> str:
        """What a server will call a table."""
        return super().table(name) if ("Table", name) in self._canonical else self._by(snake, name)

    def function(self, name: str) -> str:
        """What a server will call a reducer, a procedure or a view."""
        return super().function(name) if ("Function", name) in self._canonical else self._by(snake, name)

    def column(self, name: str) -> str:
        return self._by(snake, name)

    def scoped(self, name: ScopedName) -> ScopedName:
        scope = tuple(self._by(pascal, part) for part in name.scope)
        return msgspec.structs.replace(name, scope=scope, source_name=self._by(pascal, name.source_name))

    def type(self, raw: AlgebraicType) -> AlgebraicType:
        """A type, the names of its parts made canonical."""
        if not isinstance(raw.product, UnsetType):
            if _is_special(raw.product):
                return raw
            return AlgebraicType(product=ProductType(self._elements(raw.product.elements, snake)))
        if not isinstance(raw.sum, UnsetType):
            if [variant.name.value for variant in raw.sum.variants] in _SPECIAL_SUMS:
                return raw
            return AlgebraicType(sum=SumType(self._elements(raw.sum.variants, camel)))
        if not isinstance(raw.array, UnsetType):
            return AlgebraicType(array=self.type(raw.array))
        return raw

    def _elements(self, elements: tuple[Element, ...], rule: Callable[[str], str]) -> tuple[Element, ...]:
        return tuple(Element(self._name(element.name, rule), self.type(element.algebraic_type)) for element in elements)

    def _name(self, name: Maybe[str], rule: Callable[[str], str]) -> Maybe[str]:
        return name if name.value is None else Maybe(some=self._by(rule, name.value))

    def _by(self, rule: Callable[[str], str], name: str) -> str:
        if not self._converts:
            return name
        if not _CERTAIN.fullmatch(name):
            self.doubtful.add(name)
        return rule(name) or name


def _is_special(raw: ProductType) -> bool:
    return len(raw.elements) == 1 and bool(_SPECIAL_FIELD.fullmatch(raw.elements[0].name.value or ""))
