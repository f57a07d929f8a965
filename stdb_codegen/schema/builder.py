"""Builder of a schema from the parts that both versions of a definition have."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Protocol, TypeVar

from msgspec import UNSET, UnsetType

from stdb_codegen.errors import SchemaError
from stdb_codegen.schema import ir, keys
from stdb_codegen.schema.digits import digits_apart
from stdb_codegen.schema.recursion import check_finite
from stdb_codegen.schema.typespace import Types

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stdb_codegen.schema import parts
    from stdb_codegen.schema.parts import LifecycleName

__all__ = ["SchemaBuilder"]


class _Named(Protocol):
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=_Named)


class SchemaBuilder:
    """Builder of a schema: lowers the parts of a definition, with one typespace for all of them.

    Args:
        typespace: types of the definition.
        type_names: pairs of a scoped name, its parts joined by dots, and a position in the typespace.
        tables: pairs of the name of a table and the position of its row type.

    Raises:
        SchemaError: two types have one name, or a type cannot be generated.
    """

    def __init__(
        self,
        typespace: Sequence[parts.AlgebraicType],
        type_names: Iterable[tuple[str, int]],
        tables: Iterable[tuple[str, int]],
    ) -> None:
        self._types = Types(typespace, type_names, tables)
        self._definitions = self._types.definitions()
        check_finite(self._definitions)
        self._keys: defaultdict[str, set[int | None]] = defaultdict(set)

    def schema(
        self,
        tables: Iterable[ir.Table],
        views: Iterable[ir.View],
        reducers: Iterable[ir.Reducer],
        procedures: Iterable[ir.Procedure],
        warnings: Iterable[str],
    ) -> ir.Schema:
        """Return the schema of all parts, each kind sorted by name."""
        made = (_sorted(tables), _sorted(views), _sorted(reducers), _sorted(procedures))
        return ir.Schema(
            self._definitions,
            *made,
            warnings=tuple(warnings),
            digits_apart=digits_apart(self._definitions, [part for kind in made for part in kind]),
        )

    def table(
        self, raw: parts.TableDef, name: str, source_name: str, schedule: str | None, *, event: bool = False
    ) -> ir.Table:
        """Lower a table.

        Raises:
            SchemaError: it refers to a type or a column that does not exist, or its rows are not structs.
        """
        place = f"table {name!r}"
        table = ir.Table(
            name=name,
            row=self._types.row(raw.product_type_ref, place).name,
            public=raw.is_public,
            primary_key=raw.primary_key[0] if raw.primary_key else None,
            unique=keys.unique(raw),
            indexes=keys.indexes(raw),
            auto_inc=tuple(sorted({sequence.column for sequence in raw.sequences})),
            schedule=schedule,
            event=event,
            source_name=_unless_equal(source_name, name),
        )
        keys.check_columns(table, self._types.width(raw.product_type_ref, place), place)
        for group in table.unique:
            self._types.size.add_key(raw.product_type_ref, group, prefixes=False)
        for index in table.indexes:
            self._types.size.add_key(raw.product_type_ref, index.columns, prefixes=index.algorithm == "btree")
        self._keys[table.row].add(table.primary_key)
        return table

    def reducer(
        self,
        parameters: parts.ProductType,
        name: str,
        source_name: str,
        lifecycle: LifecycleName | None,
        *,
        public: bool = True,
    ) -> ir.Reducer:
        """Lower a reducer.

        Raises:
            SchemaError: it has a parameter of a type that cannot be generated.
        """
        self._types.size.add_function(name)
        fields = self._types.fields(parameters.elements, f"reducer {name!r}")
        return ir.Reducer(name, fields, lifecycle, public, _unless_equal(source_name, name))

    def procedure(
        self,
        parameters: parts.ProductType,
        returns: parts.AlgebraicType,
        name: str,
        source_name: str,
        *,
        public: bool = True,
    ) -> ir.Procedure:
        """Lower a procedure.

        Raises:
            SchemaError: it has a parameter, or returns a value, of a type that cannot be generated.
        """
        place = f"procedure {name!r}"
        self._types.size.add_function(name)
        fields = self._types.fields(parameters.elements, place)
        value = self._types.type(returns, f"{place}: its value")
        return ir.Procedure(name, fields, value, public, _unless_equal(source_name, name))

    def view(self, raw: parts.ViewDef, name: str, source_name: str, primary_key: str | None = None) -> ir.View:
        """Lower a view, after all tables.

        Raises:
            SchemaError: it does not return rows, its primary key does not exist, or a parameter has no type.
        """
        place = f"view {name!r}"
        ref, is_query = _row_ref(raw.return_type)
        if ref is None:
            problem = "does not return rows of a struct that has a name"
            raise SchemaError(place, problem, "return a Vec or an Option of one")
        row = self._types.row(ref, place).name
        key: int | None = None
        if primary_key is not None:
            key = self._types.column(ref, primary_key, place)
        elif is_query:
            # A query selects rows of a table, so it has the table's key.
            found = self._keys.get(row, set())
            key = next(iter(found)) if len(found) == 1 else None
        parameters = self._types.fields(raw.params.elements, place)
        return ir.View(name, row, raw.is_public, key, parameters, _unless_equal(source_name, name))


def _row_ref(raw: parts.AlgebraicType) -> tuple[int | None, bool]:
    """Return the reference to a view's row type, and whether the view is a query."""
    found: int | UnsetType = UNSET
    if not isinstance(raw.array, UnsetType):
        found = raw.array.ref
    elif not isinstance(raw.sum, UnsetType) and _names(raw.sum.variants) == ["some", "none"]:
        found = raw.sum.variants[0].algebraic_type.ref
    elif not isinstance(raw.product, UnsetType) and _names(raw.product.elements) == ["__query__"]:
        found = raw.product.elements[0].algebraic_type.ref
    return None if isinstance(found, UnsetType) else found, raw.product is not UNSET


def _names(elements: Iterable[parts.Element]) -> list[str | None]:
    return [element.name.value for element in elements]


def _unless_equal(source_name: str, name: str) -> str | None:
    return None if source_name == name else source_name


def _sorted(parts: Iterable[N]) -> tuple[N, ...]:
    return tuple(sorted(parts, key=lambda part: part.name))
