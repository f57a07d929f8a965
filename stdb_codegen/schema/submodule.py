"""Submodules: their parts become parts of the module, with the names that they have on the wire.

Table `item` of submodule `shop` is `shop.item` on the wire, and so are views, reducers and procedures. A submodule has
its own typespace, so references are moved to the place of its types in that of the module.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import UnsetType

from stdb_codegen.errors import SchemaError
from stdb_codegen.schema.parts import AlgebraicType, Element, ProductType, SumType
from stdb_codegen.schema.v10 import NameMapping, ProcedureDefV10, ReducerDefV10, ViewDefV10

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stdb_codegen.schema.v10 import ModuleDefV10, TableDefV10, TypeDefV10

__all__ = ["LONGEST_NAMESPACE", "flattened"]

# Characters of a namespace with those around it: a server allows 63 for each.
LONGEST_NAMESPACE = 255

F = TypeVar("F", ReducerDefV10, ProcedureDefV10, ViewDefV10)

# Parts that have neither a name nor a place.
_SETS = ("unknown", "doubtful")


def flattened(module: ModuleDefV10) -> ModuleDefV10:
    """Return a definition in which the parts of submodules, and of their submodules, are parts of the module.

    Args:
        module: definition with canonical names in `explicit_names`.

    Raises:
        SchemaError: a namespace is too long or not an identifier, or a reference leads out of its submodule.
    """
    if not module.submodules:
        return module
    parts: list[ModuleDefV10] = []
    start = 0
    for namespace, part in _mounted(module, ""):
        parts.append(_Mount(namespace, start, len(part.typespace)).module(part) if namespace else part)
        start += len(part.typespace)
    lists = (field.name for field in fields(module) if field.name not in {*_SETS, "converts_case", "submodules"})
    # Any: each field has its own type.
    joined: dict[str, Any] = {name: tuple(item for part in parts for item in getattr(part, name)) for name in lists}
    joined |= {name: tuple(sorted({item for part in parts for item in getattr(part, name)})) for name in _SETS}
    return replace(module, **joined, submodules=())


def _mounted(module: ModuleDefV10, namespace: str) -> Iterator[tuple[str, ModuleDefV10]]:
    """Yield a module and all within it, each with its full namespace."""
    yield namespace, module
    for submodule in module.submodules:
        inner = f"{namespace}.{submodule.namespace}" if namespace else submodule.namespace
        if not submodule.namespace.isidentifier():
            raise SchemaError(f"submodule {inner!r}", "its namespace is not an identifier", "rename it in the module")
        if len(inner) > LONGEST_NAMESPACE:
            problem = f"its namespace has {len(inner):,} characters, and {LONGEST_NAMESPACE:,} are allowed"
            raise SchemaError(f"submodule {inner!r}", problem, "shorten it in the module")
        yield from _mounted(submodule.module, inner)


@dataclass(frozen=True, slots=True)
class _Mount:
    """Place of a submodule in the module: its namespace, and the position and number of its types."""

    namespace: str
    start: int
    size: int

    def module(self, raw: ModuleDefV10) -> ModuleDefV10:
        """Return a submodule's definition as the module's."""
        change, name = msgspec.structs.replace, self._name
        return replace(
            raw,
            typespace=tuple(map(self._type, raw.typespace)),
            types=tuple(map(self._named_type, raw.types)),
            tables=tuple(map(self._table, raw.tables)),
            reducers=tuple(map(self._function, raw.reducers)),
            procedures=tuple(
                change(self._function(part), return_type=self._type(part.return_type)) for part in raw.procedures
            ),
            views=tuple(change(self._function(part), return_type=self._type(part.return_type)) for part in raw.views),
            view_primary_keys=tuple(
                change(key, view_source_name=name(key.view_source_name)) for key in raw.view_primary_keys
            ),
            schedules=tuple(
                change(part, table_name=name(part.table_name), function_name=name(part.function_name))
                for part in raw.schedules
            ),
            lifecycle_reducers=tuple(
                change(part, function_name=name(part.function_name)) for part in raw.lifecycle_reducers
            ),
            explicit_names=tuple(
                {kind: NameMapping(name(mapping.source_name), name(mapping.canonical_name))}
                for entry in raw.explicit_names
                for kind, mapping in entry.items()
            ),
        )

    def _name(self, name: str) -> str:
        return f"{self.namespace}.{name}"

    def _ref(self, ref: int) -> int:
        if ref >= self.size:
            problem = f"refers to type {ref}, of {self.size}"
            raise SchemaError(f"submodule {self.namespace!r}", problem, "build the module again")
        return self.start + ref

    def _named_type(self, raw: TypeDefV10) -> TypeDefV10:
        name = raw.source_name
        scoped = msgspec.structs.replace(name, scope=(*self.namespace.split("."), *name.scope))
        return msgspec.structs.replace(raw, source_name=scoped, ty=self._ref(raw.ty))

    def _table(self, raw: TableDefV10) -> TableDefV10:
        row = self._ref(raw.product_type_ref)
        return msgspec.structs.replace(raw, source_name=self._name(raw.source_name), product_type_ref=row)

    def _function(self, raw: F) -> F:
        params = ProductType(self._elements(raw.params.elements))
        return msgspec.structs.replace(raw, source_name=self._name(raw.source_name), params=params)

    def _type(self, raw: AlgebraicType) -> AlgebraicType:
        if not isinstance(raw.ref, UnsetType):
            return AlgebraicType(ref=self._ref(raw.ref))
        if not isinstance(raw.product, UnsetType):
            return AlgebraicType(product=ProductType(self._elements(raw.product.elements)))
        if not isinstance(raw.sum, UnsetType):
            return AlgebraicType(sum=SumType(self._elements(raw.sum.variants)))
        if not isinstance(raw.array, UnsetType):
            return AlgebraicType(array=self._type(raw.array))
        return raw

    def _elements(self, elements: tuple[Element, ...]) -> tuple[Element, ...]:
        return tuple(Element(part.name, self._type(part.algebraic_type)) for part in elements)
