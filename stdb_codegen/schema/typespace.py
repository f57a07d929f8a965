"""Types of a definition: references resolved, special types recognised."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from stdb_codegen.errors import SchemaError, check_distinct
from stdb_codegen.schema import ir, parts
from stdb_codegen.schema.ir import Atom, Named
from stdb_codegen.schema.nesting import bounded, check_depth
from stdb_codegen.schema.size import PackageSize

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["MAX_VARIANTS", "Types"]

_NO_KEY = re.compile(r'[\x00-\x1f"\\]')

# Variants of an enum with payloads: it becomes a union of classes, and Python cannot compile one of some thousand.
MAX_VARIANTS = 1000

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
    """Typespace of a module, with the names of its types.

    Args:
        typespace: types of the definition.
        type_names: pairs of a scoped name, its parts joined by dots, and a position in the typespace.
        tables: pairs of the name of a table and the position of its row type.

    Attributes:
        size: size of the package that the types make.

    Raises:
        SchemaError: two types have one name, or a type has two names.
    """

    def __init__(
        self,
        typespace: Sequence[parts.AlgebraicType],
        type_names: Iterable[tuple[str, int]],
        tables: Iterable[tuple[str, int]],
    ) -> None:
        self._typespace = typespace
        self._names: dict[int, str] = {}
        self._resolved: dict[int, ir.Type] = {}
        self.size = PackageSize()
        for name, ref in type_names:
            if len(name) > parts.LONGEST_NAME:
                problem = f"its name has {len(name):,} characters, and {parts.LONGEST_NAME:,} are allowed"
                raise SchemaError(f"type {name!r}", problem, "shorten it in the module")
            if self._names.setdefault(ref, name) != name:
                first, second = sorted([name, self._names[ref]])
                raise SchemaError(f"type {first!r}", f"is also named {second!r}", "keep one of the names")
        for name, ref in sorted(tables):
            self._names.setdefault(ref, name)
        check_distinct("types", ((name, name) for name in self._names.values()))

    def definitions(self) -> tuple[ir.Product | ir.Sum, ...]:
        """Return the types that need a class, sorted by name.

        Raises:
            SchemaError: a type cannot be generated.
        """
        found: list[ir.Product | ir.Sum] = []
        for ref, name in sorted(self._names.items(), key=lambda item: item[1]):
            raw = self._entry(ref, f"type {name!r}")
            if self._named(ref, raw, name, 0) is None:
                continue
            if not isinstance(raw.product, UnsetType):
                fields = self.fields(raw.product.elements, name)
                _check_keys(fields, name)
                self.size.keep_row(ref, fields)
                found.append(ir.Product(name, fields))
            elif not isinstance(raw.sum, UnsetType):
                found.append(self._sum(raw.sum, name))
        return tuple(found)

    def row(self, ref: int, place: str) -> ir.Named:
        """Return the row type of a table or a view.

        Raises:
            SchemaError: it is not a struct.
        """
        raw = self._entry(ref, place)
        row = self._named(ref, raw, place, 0)
        if row is None or raw.product is UNSET:
            raise SchemaError(place, "the type of its rows is not a struct", "make it one in the module")
        self.size.add_table(ref)
        return row

    def width(self, ref: int, place: str) -> int:
        """Return the number of columns of a row type."""
        product = self._entry(ref, place).product
        return 0 if isinstance(product, UnsetType) else len(product.elements)

    def column(self, ref: int, name: str, place: str) -> int:
        """Return the position of a column, by its name.

        Raises:
            SchemaError: the row type has no such column.
        """
        product = self._entry(ref, place).product
        names = () if isinstance(product, UnsetType) else tuple(element.name.value for element in product.elements)
        if name not in names:
            raise SchemaError(place, f"refers to its column {name!r}, which does not exist", "build the module again")
        return names.index(name)

    def fields(self, elements: Iterable[parts.Element], place: str, depth: int = 0) -> tuple[ir.Field, ...]:
        """Lower the fields of a product, the variants of a sum, or the parameters of a function.

        Raises:
            SchemaError: one has no name, or a type that cannot be generated.
        """
        return tuple(self._field(element, place, depth) for element in elements)

    def _reference(self, ref: int, place: str, depth: int) -> ir.Type:
        """Resolve a reference, once: chains of aliases would otherwise take exponential time."""
        found = self._resolved.get(ref)
        if found is None:
            entry = self._entry(ref, place)
            found = self._named(ref, entry, place, depth) or self.type(entry, place, depth + 1)
            self._resolved[ref] = found
        return found

    def _field(self, element: parts.Element, place: str, depth: int) -> ir.Field:
        name = element.name.value
        if name is None:
            raise SchemaError(place, "one of its parts has no name", "name it in the module")
        type_ = self.type(element.algebraic_type, f"{place}.{name}", depth)
        if depth == 0:
            self.size.add_field(name, type_)
        return ir.Field(name, type_)

    def type(self, raw: parts.AlgebraicType, place: str, depth: int = 0) -> ir.Type:
        """Lower a type at the place of its use.

        Raises:
            SchemaError: the type cannot be generated.
        """
        check_depth(depth, place)
        if not isinstance(raw.ref, UnsetType):
            return self._reference(raw.ref, place, depth)
        if not isinstance(raw.array, UnsetType):
            element = self.type(raw.array, f"{place}[]", depth + 1)
            return Atom.BYTES if element is Atom.U8 else bounded(ir.Array(element), place)
        special: ir.Type | None
        if not isinstance(raw.product, UnsetType):
            special = _special_product(raw.product) if raw.product.elements else Atom.UNIT
        elif not isinstance(raw.sum, UnsetType):
            special = self._special_sum(raw.sum, place, depth)
        else:
            special = _SIMPLE[raw.case]
        if special is None:
            raise SchemaError(place, "its type is a struct or an enum without a name", "name that type in the module")
        return bounded(special, place)

    def _named(self, ref: int, raw: parts.AlgebraicType, place: str, depth: int) -> ir.Named | None:
        """Return the named type of a reference; None for a special type, or an alias of a simple one."""
        if ref not in self._names:
            return None
        if not isinstance(raw.product, UnsetType):
            return None if _special_product(raw.product) else Named(self._names[ref])
        if not isinstance(raw.sum, UnsetType):
            return None if self._special_sum(raw.sum, place, depth) else Named(self._names[ref])
        return None

    def _special_sum(self, raw: parts.SumType, place: str, depth: int) -> ir.Type | None:
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

    def _sum(self, raw: parts.SumType, name: str) -> ir.Sum:
        sum_ = ir.Sum(name, self.fields(raw.variants, name))
        number = len(sum_.variants)
        if not number:
            problem = "is an enum without variants, which has no value"
            raise SchemaError(f"type {name!r}", problem, "give it one")
        if number > MAX_VARIANTS and not sum_.is_enumeration:
            problem = f"is an enum of {number:,} variants, and {MAX_VARIANTS:,} are allowed, unless none has a payload"
            raise SchemaError(f"type {name!r}", problem, "divide it in the module")
        # The class of each variant is named after both.
        self.size.add(len(name) * number)
        return sum_

    def _entry(self, ref: int, place: str) -> parts.AlgebraicType:
        if ref >= len(self._typespace):
            raise SchemaError(place, f"refers to type {ref}, of {len(self._typespace)}", "build the module again")
        return self._typespace[ref]


def _check_keys(fields: Iterable[ir.Field], place: str) -> None:
    """Refuse names that the runtime's decoder cannot read as keys of objects; servers refuse them too."""
    for field in fields:
        if _NO_KEY.search(field.name):
            problem = "its name holds a quote, a backslash or a control character, which no server allows"
            raise SchemaError(f"{place}.{field.name}", problem, "rename it in the module")


def _special_product(raw: parts.ProductType) -> Atom | None:
    if len(raw.elements) != 1:
        return None
    (element,) = raw.elements
    return _SPECIAL_PRODUCTS.get((element.name.value or "", element.algebraic_type.case))
