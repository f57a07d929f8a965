"""Differences between the schema that a package was generated from and the schema of the server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .._sats.annotation import product_of
from .._sats.product import ProductType
from .._sats.sats import SatsType
from .._sats.schema import Schema
from .reducer import ReducerSet, parameters_of
from .table import TableSet, declarations_of

__all__ = ["schema_difference"]


def schema_difference(tables: type[TableSet], reducers: type[ReducerSet], served: Schema) -> list[str]:
    """Return the differences between a generated package and the schema of the server, one line each.

    Tables and reducers that the package lacks are left out: the package cannot use them. So are those of submodules,
    whose names have a dot: a schema of version 9 does not have them (docs/protocol.md, 6.1).

    Args:
        tables: the tables of the package.
        reducers: the reducers of the package.
        served: the schema of the server.
    """
    declared_tables = {table.name: product_of(table.row) for table in declarations_of(tables)}
    declared_reducers = {name: parameters.type for name, parameters in parameters_of(reducers).items()}
    return [
        *_differences("table", declared_tables, served.tables),
        *_differences("reducer", declared_reducers, served.reducers),
    ]


def _differences(kind: str, declared: Mapping[str, SatsType], served: Mapping[str, SatsType]) -> Iterator[str]:
    for name, ours in declared.items():
        if "." in name:
            continue
        if name not in served:
            yield f"{kind} {name} is gone"
            continue
        ours_by_part, theirs_by_part = _parts(ours), _parts(served[name])
        changed = [
            part
            for part in ours_by_part.keys() | theirs_by_part.keys()
            if ours_by_part.get(part) != theirs_by_part.get(part)
        ]
        for part in sorted(changed):
            if part not in theirs_by_part:
                yield f"{kind} {name}: {part} is gone"
            elif part not in ours_by_part:
                yield f"{kind} {name}: {part} is new ({theirs_by_part[part]})"
            else:
                yield f"{kind} {name}: {part} was {ours_by_part[part]} and is {theirs_by_part[part]}"
        if not changed and list(ours_by_part) != list(theirs_by_part):
            yield f"{kind} {name}: the order was {', '.join(ours_by_part)} and is {', '.join(theirs_by_part)}"


def _parts(product: SatsType) -> dict[str, str]:
    """Return the type string of each column or parameter, by name."""
    product = product.resolved()
    fields = product.fields if isinstance(product, ProductType) else ()
    return {field.wire_name: field.type.type_string() for field in fields}
