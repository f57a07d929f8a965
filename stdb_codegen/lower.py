"""From the server's shape to the generator's: references resolved, special types recognised, everything sorted.

A definition out of a `.wasm` and the one that a server gives for the same module differ in order and in the names
of indexes and constraints; here they become equal.
"""

from __future__ import annotations

import graphlib
from typing import TYPE_CHECKING, Literal

from msgspec import UNSET, UnsetType

from stdb_codegen import ir, rawdef
from stdb_codegen.errors import SchemaError
from stdb_codegen.ir import Atom, Named
from stdb_codegen.naming import check_distinct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
_LIFECYCLES: dict[str, Literal["init", "client_connected", "client_disconnected"]] = {
    "init": "init",
    "on_connect": "client_connected",
    "on_disconnect": "client_disconnected",
}


def lower(module: rawdef.ModuleV9) -> ir.Schema:
    """Lower a definition.

    Args:
        module: The definition in the server's shape.

    Returns:
        The schema; equal for equal modules, wherever their definitions came from.

    Raises:
        SchemaError: A reference leads nowhere, a type cannot be generated, or two types have one name.
    """
    tables = [table for table in module.tables if table.table_type.user is not UNSET]
    types = _Types(module, tables)
    definitions = types.definitions()
    _check_finite(definitions)
    return ir.Schema(
        types=definitions,
        tables=tuple(sorted((_table(raw, types) for raw in tables), key=lambda table: table.name)),
        reducers=tuple(sorted((_reducer(raw, types) for raw in module.reducers), key=lambda reducer: reducer.name)),
        left_out=tuple(sorted(_left_out(module))),
    )


class _Types:
    """The typespace of a module, and the names of its types."""

    def __init__(self, module: rawdef.ModuleV9, tables: list[rawdef.Table]) -> None:
        self._typespace = module.typespace.types
        self._names: dict[int, str] = {}
        for entry in module.types:
            name = ".".join((*entry.name.scope, entry.name.name))
            if self._names.setdefault(entry.ty, name) != name:
                raise SchemaError(f"type {name!r}", f"is also named {self._names[entry.ty]!r}", "keep one of the names")
        for table in sorted(tables, key=lambda table: table.name):
            self._names.setdefault(table.product_type_ref, table.name)
        check_distinct("types", ((name, name) for name in self._names.values()))

    def definitions(self) -> tuple[ir.Product | ir.Sum, ...]:
        """The types that need a class of their own, by name."""
        found: list[ir.Product | ir.Sum] = []
        for ref, name in sorted(self._names.items(), key=lambda item: item[1]):
            raw = self._entry(ref, f"type {name!r}")
            if self._named(ref, raw, name, 0) is None:
                continue
            if not isinstance(raw.product, UnsetType):
                found.append(ir.Product(name, self.fields(raw.product.elements, name)))
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

    def fields(self, elements: Iterable[rawdef.Element], place: str, depth: int = 0) -> tuple[ir.Field, ...]:
        """The fields of a product, the variants of a sum, or the parameters of a reducer."""
        return tuple(self._field(element, place, depth) for element in elements)

    def _field(self, element: rawdef.Element, place: str, depth: int) -> ir.Field:
        name = element.name.value
        if name is None:
            raise SchemaError(place, "one of its parts has no name", "name it in the module")
        return ir.Field(name, self._type(element.algebraic_type, f"{place}.{name}", depth))

    def _type(self, raw: rawdef.AlgebraicType, place: str, depth: int) -> ir.Type:
        if depth > MAX_NESTING:
            raise SchemaError(place, f"its type is nested more than {MAX_NESTING} deep", "give inner types names")
        if not isinstance(raw.ref, UnsetType):
            entry = self._entry(raw.ref, place)
            return self._named(raw.ref, entry, place, depth) or self._type(entry, place, depth + 1)
        if not isinstance(raw.array, UnsetType):
            element = self._type(raw.array, f"{place}[]", depth + 1)
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

    def _named(self, ref: int, raw: rawdef.AlgebraicType, place: str, depth: int) -> ir.Named | None:
        """The class that a reference stands for; None for a special type, or another name of a plain one."""
        if ref not in self._names:
            return None
        if not isinstance(raw.product, UnsetType):
            return None if _special_product(raw.product) else Named(self._names[ref])
        if not isinstance(raw.sum, UnsetType):
            return None if self._special_sum(raw.sum, place, depth) else Named(self._names[ref])
        return None

    def _special_sum(self, raw: rawdef.SumType, place: str, depth: int) -> ir.Type | None:
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

    def _variants(self, raw: Iterable[rawdef.Element], name: str) -> tuple[ir.Field, ...]:
        variants = self.fields(raw, name)
        if not variants:
            raise SchemaError(
                f"type {name!r}", "is an enum without variants, of which there is no value", "give it one"
            )
        return variants

    def _entry(self, ref: int, place: str) -> rawdef.AlgebraicType:
        if ref >= len(self._typespace):
            raise SchemaError(place, f"refers to type {ref}, of {len(self._typespace)}", "build the module again")
        return self._typespace[ref]


def _special_product(raw: rawdef.ProductType) -> Atom | None:
    if len(raw.elements) != 1:
        return None
    (element,) = raw.elements
    return _SPECIAL_PRODUCTS.get((element.name.value or "", element.algebraic_type.case))


def _table(raw: rawdef.Table, types: _Types) -> ir.Table:
    place = f"table {raw.name!r}"
    schedule = raw.schedule.value
    table = ir.Table(
        name=raw.name,
        row=types.row(raw.product_type_ref, place).name,
        public=raw.table_access.public is not UNSET,
        primary_key=raw.primary_key[0] if raw.primary_key else None,
        unique=tuple(sorted({_unique_columns(constraint) for constraint in raw.constraints})),
        indexes=tuple(sorted({_index(index) for index in raw.indexes}, key=lambda i: (i.columns, i.algorithm))),
        auto_inc=tuple(sorted({sequence.column for sequence in raw.sequences})),
        scheduled_reducer=schedule.reducer_name if schedule else None,
    )
    _check_columns(table, types.width(raw.product_type_ref, place), place)
    return table


def _unique_columns(raw: rawdef.Constraint) -> tuple[int, ...]:
    unique = raw.data.unique
    # There is one kind of constraint, so it is set; a set of columns has no order.
    return () if isinstance(unique, UnsetType) else tuple(sorted(unique.columns))


def _index(raw: rawdef.Index) -> ir.Index:
    algorithm = raw.algorithm
    if not isinstance(algorithm.direct, UnsetType):
        return ir.Index((algorithm.direct,), "direct")
    if not isinstance(algorithm.hash, UnsetType):
        return ir.Index(algorithm.hash, "hash")
    return ir.Index(() if isinstance(algorithm.btree, UnsetType) else algorithm.btree, "btree")


def _check_columns(table: ir.Table, width: int, place: str) -> None:
    groups = [*table.unique, *(index.columns for index in table.indexes), table.auto_inc]
    if table.primary_key is not None:
        groups.append((table.primary_key,))
    for column in (column for group in groups for column in group):
        if column >= width:
            raise SchemaError(place, f"refers to its column {column}, of {width}", "build the module again")


def _reducer(raw: rawdef.Reducer, types: _Types) -> ir.Reducer:
    lifecycle = raw.lifecycle.value
    return ir.Reducer(
        name=raw.name,
        parameters=types.fields(raw.params.elements, f"reducer {raw.name!r}"),
        lifecycle=_LIFECYCLES[lifecycle.case] if lifecycle else None,
    )


def _left_out(module: rawdef.ModuleV9) -> Iterator[str]:
    for export in module.misc_exports:
        for kind, content in export.items():
            # Defaults are for rows of the time before the column; clients get rows with all columns.
            if kind != "ColumnDefaultValue":
                yield f"{kind.lower()} {content.name!r}"


def _check_finite(types: Iterable[ir.Product | ir.Sum]) -> None:
    """Refuse a product that holds itself by value: it has no value, and nothing could decode it."""
    parts = {
        product.name: {field.type.name for field in product.fields if isinstance(field.type, Named)}
        for product in types
        if isinstance(product, ir.Product)
    }
    try:
        graphlib.TopologicalSorter(parts).prepare()
    except graphlib.CycleError as error:
        cycle: list[str] = error.args[1]
        place = f"type {min(cycle)!r}"
        raise SchemaError(place, "contains itself by value", "hold it in an Option or a Vec") from error
