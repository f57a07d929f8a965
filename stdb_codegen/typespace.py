"""The types of a definition: references resolved, special types recognised."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from stdb_codegen import ir, shape
from stdb_codegen.errors import SchemaError
from stdb_codegen.ir import Atom, Named
from stdb_codegen.naming import check_distinct

if TYPE_CHECKING:
    from collections.abc import Iterable

_NO_KEY = re.compile(r'[\x00-\x1f"\\]')

# Far more than people write, and well below what Python can compile.
MAX_NESTING = 50

_SIMPLE = {
    "bool": Atom.BOOL,
    "string": Atom.STRING,
    **{atom.value.lower(): atom for atom in Atom if atom.value[1:].isdigit()},
}
_SPECIAL_PRODUCTS = {
    ("__identity__", "u256"): Atom.IDENTITY,
    ("__connection_id__", "u128"): Atom.CONNECTION_ID,
    ("__timestamp_micros_since_unix_epoch__", "i64"): Atom.TIMESTAMP,
    ("__time_duration_micros__", "i64"): Atom.TIME_DURATION,
    ("__uuid__", "u128"): Atom.UUID,
}
_SCHEDULE_AT = (ir.Field("Interval", Atom.TIME_DURATION), ir.Field("Time", Atom.TIMESTAMP))


class Types:
    """The typespace of a module, and the names of its types."""

    def __init__(self, module: shape.Module, tables: list[shape.Table]) -> None:
        self._typespace = module.typespace
        self._names: dict[int, str] = {}
        for entry in module.types:
            name = ".".join(entry.parts)
            if self._names.setdefault(entry.ref, name) != name:
                first, second = sorted([name, self._names[entry.ref]])
                raise SchemaError(f"type {first!r}", f"is also named {second!r}", "keep one of the names")
        for table in sorted(tables, key=lambda table: table.name):
            self._names.setdefault(table.storage.product_type_ref, table.name)
        check_distinct("types", ((name, name) for name in self._names.values()))

    def definitions(self) -> tuple[ir.Product | ir.Sum, ...]:
        """The types that need a class of their own, by name."""
        found: list[ir.Product | ir.Sum] = []
        for ref, name in sorted(self._names.items(), key=lambda item: item[1]):
            raw = self._entry(ref, f"type {name!r}")
            if self._named(ref, raw, name, 0) is None:
                continue
            if not isinstance(raw.product, UnsetType):
                fields = self.fields(raw.product.elements, name)
                _check_keys(fields, name)
                found.append(ir.Product(name, fields))
            elif not isinstance(raw.sum, UnsetType):
                found.append(ir.Sum(name, self._variants(raw.sum.variants, name)))
        return tuple(found)

    def row(self, ref: int, place: str) -> ir.Named:
        """The type of a table's rows."""
        raw = self._entry(ref, place)
        row = self._named(ref, raw, place, 0)
        if row is None or raw.product is UNSET:
            raise SchemaError(place, "the type of its rows is not a struct", "make it one in the module")
        return row

    def width(self, ref: int, place: str) -> int:
        """The number of columns of a table whose rows have that type."""
        product = self._entry(ref, place).product
        return 0 if isinstance(product, UnsetType) else len(product.elements)

    def column(self, ref: int, name: str, place: str) -> int:
        """The position of a column, by its name."""
        product = self._entry(ref, place).product
        names = () if isinstance(product, UnsetType) else tuple(element.name.value for element in product.elements)
        if name not in names:
            raise SchemaError(place, f"refers to its column {name!r}, which is not there", "build the module again")
        return names.index(name)

    def fields(self, elements: Iterable[shape.Element], place: str, depth: int = 0) -> tuple[ir.Field, ...]:
        """The fields of a product, the variants of a sum, or the parameters of a reducer."""
        return tuple(self._field(element, place, depth) for element in elements)

    def _field(self, element: shape.Element, place: str, depth: int) -> ir.Field:
        name = element.name.value
        if name is None:
            raise SchemaError(place, "one of its parts has no name", "name it in the module")
        return ir.Field(name, self.type(element.algebraic_type, f"{place}.{name}", depth))

    def type(self, raw: shape.AlgebraicType, place: str, depth: int = 0) -> ir.Type:
        """A type where it is used."""
        if depth > MAX_NESTING:
            raise SchemaError(place, f"its type is nested more than {MAX_NESTING} deep", "give inner types names")
        if not isinstance(raw.ref, UnsetType):
            entry = self._entry(raw.ref, place)
            return self._named(raw.ref, entry, place, depth) or self.type(entry, place, depth + 1)
        if not isinstance(raw.array, UnsetType):
            element = self.type(raw.array, f"{place}[]", depth + 1)
            return Atom.BYTES if element is Atom.U8 else ir.Array(element)
        special: ir.Type | None
        if not isinstance(raw.product, UnsetType):
            special = _special_product(raw.product) if raw.product.elements else Atom.UNIT
        elif not isinstance(raw.sum, UnsetType):
            special = self._special_sum(raw.sum, place, depth)
        else:
            special = _SIMPLE[raw.case]
        if special is None:
            raise SchemaError(place, "its type is a struct or an enum without a name", "name that type in the module")
        return special

    def _named(self, ref: int, raw: shape.AlgebraicType, place: str, depth: int) -> ir.Named | None:
        """The class that a reference stands for; None for a special type, or another name of a plain one."""
        if ref not in self._names:
            return None
        if not isinstance(raw.product, UnsetType):
            return None if _special_product(raw.product) else Named(self._names[ref])
        if not isinstance(raw.sum, UnsetType):
            return None if self._special_sum(raw.sum, place, depth) else Named(self._names[ref])
        return None

    def _special_sum(self, raw: shape.SumType, place: str, depth: int) -> ir.Type | None:
        match [variant.name.value for variant in raw.variants]:
            case ["some", "none"]:
                some, none = self.fields(raw.variants, place, depth + 1)
                return ir.Option(some.type) if none.type is Atom.UNIT else None
            case ["ok", "err"]:
                ok, err = self.fields(raw.variants, place, depth + 1)
                return ir.Result(ok.type, err.type)
            case ["Interval", "Time"]:
                return Atom.SCHEDULE_AT if self.fields(raw.variants, place, depth + 1) == _SCHEDULE_AT else None
            case _:
                return None

    def _variants(self, raw: Iterable[shape.Element], name: str) -> tuple[ir.Field, ...]:
        variants = self.fields(raw, name)
        if not variants:
            raise SchemaError(
                f"type {name!r}", "is an enum without variants, of which there is no value", "give it one"
            )
        return variants

    def _entry(self, ref: int, place: str) -> shape.AlgebraicType:
        if ref >= len(self._typespace):
            raise SchemaError(place, f"refers to type {ref}, of {len(self._typespace)}", "build the module again")
        return self._typespace[ref]


def _check_keys(fields: Iterable[ir.Field], place: str) -> None:
    """Refuse names that the runtime's decoder cannot have as keys of objects; no server lets them pass either."""
    for field in fields:
        if _NO_KEY.search(field.name):
            problem = "its name holds a quote, a backslash or a control character, which no server allows"
            raise SchemaError(f"{place}.{field.name}", problem, "rename it in the module")


def _special_product(raw: shape.ProductType) -> Atom | None:
    if len(raw.elements) != 1:
        return None
    (element,) = raw.elements
    return _SPECIAL_PRODUCTS.get((element.name.value or "", element.algebraic_type.case))
