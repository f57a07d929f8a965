"""Canonical names, which a server of version 2 derives from the source names of a module.

A `.wasm` holds source names. When it is published, the names of tables, functions and columns become `snake_case`,
those of variants `camelCase` and those of types `PascalCase`; parameters and special types keep theirs. The module can
set canonical names of tables and functions, or disable the rules. Scheduled and lifecycle functions become private.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec import UnsetType

from stdb_codegen.schema.parts import AlgebraicType, Element, Maybe, ProductType, SumType
from stdb_codegen.schema.v10 import CanonicalNames, NameMapping, ProcedureDefV10, ReducerDefV10, Visibility

if TYPE_CHECKING:
    from collections.abc import Callable

    from stdb_codegen.schema.v10 import ModuleDefV10, ScopedNameV10

__all__ = ["camel", "canonical", "pascal", "snake", "words"]

F = TypeVar("F", ReducerDefV10, ProcedureDefV10)

# Boundaries of words, beside the characters that separate words.
_BOUNDARY = re.compile(
    r"(?<=[a-z])(?=[A-Z])|(?<=[a-zA-Z])(?=[0-9])|(?<=[0-9])(?=[a-zA-Z])|(?<=[A-Z])(?=[A-Z][a-z])",
)
_SEPARATOR = re.compile(r"[_\- ]+")
_SPECIAL_FIELD = re.compile(r"__[a-z_]+__")
_SPECIAL_SUMS = (["some", "none"], ["ok", "err"], ["Interval", "Time"])
_CERTAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*")


def words(name: str) -> list[str]:
    """Split a name into words, as servers of version 2 do; digits are separate words."""
    return [word for part in _SEPARATOR.split(name) for word in _BOUNDARY.split(part) if word]


def snake(name: str) -> str:
    """Return the canonical name of a table, a function or a column."""
    return "_".join(words(name)).lower()


def pascal(name: str) -> str:
    """Return the canonical name of a type."""
    return "".join(word.capitalize() for word in words(name))


def camel(name: str) -> str:
    """Return the canonical name of a variant."""
    text = pascal(name)
    return text[:1].lower() + text[1:]


def canonical(module: ModuleDefV10) -> ModuleDefV10:
    """Derive the canonical names of a definition, as a server does.

    Args:
        module: definition from a `.wasm`.

    Returns:
        The definition as a server sends it: columns and types have canonical names, tables and functions keep their
        source names and have canonical names in `explicit_names`. `doubtful` lists the names whose derivation is
        uncertain.
    """
    names = _DerivedNames(module)
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
        # A submodule has its own rules, and its namespace stays as it is.
        submodules=tuple(replace(part, module=canonical(part.module)) for part in module.submodules),
    )
    return replace(served, doubtful=tuple(sorted(names.doubtful)))


def _private(part: F) -> F:
    return msgspec.structs.replace(part, visibility=Visibility(private=()))


class _DerivedNames(CanonicalNames):
    """Canonical names, set by the module or derived by the rules, with a collection of the doubtful ones."""

    def __init__(self, module: ModuleDefV10) -> None:
        super().__init__(module)
        self._converts = module.converts_case
        self.doubtful: set[str] = set()

    def table(self, name: str) -> str:
        """Return the canonical name of a table: set by the module, or derived."""
        return super().table(name) if ("Table", name) in self._canonical else self._by(snake, name)

    def function(self, name: str) -> str:
        """Return the canonical name of a reducer, a procedure or a view: set by the module, or derived."""
        return super().function(name) if ("Function", name) in self._canonical else self._by(snake, name)

    def column(self, name: str) -> str:
        return self._by(snake, name)

    def scoped(self, name: ScopedNameV10) -> ScopedNameV10:
        scope = tuple(self._by(pascal, part) for part in name.scope)
        return msgspec.structs.replace(name, scope=scope, source_name=self._by(pascal, name.source_name))

    def type(self, raw: AlgebraicType) -> AlgebraicType:
        """Return a type with the canonical names of its parts."""
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
