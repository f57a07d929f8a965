"""What has changed between the schema that code was generated from and the one that a server serves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .._sats.annotation import product_of
from .._sats.product import ProductType
from .._sats.sats import SatsType
from .._sats.schema import Schema
from .reducer import ReducerSet
from .table import TableSet

__all__ = ["drift"]


def drift(tables: type[TableSet], reducers: type[ReducerSet], served: Schema) -> list[str]:
    """What of a generated package does not fit a served schema, one line each.

    Tables and reducers that only the server has are no matter: nobody can use them by mistake.

    Args:
        tables: the package's tables.
        reducers: the package's reducers.
        served: the server's schema.
    """
    declared_tables = {name: product_of(state.rows.row) for name, state in tables.__new_states__().items()}
    return [
        *_differences("table", declared_tables, served.tables),
        *_differences("reducer", reducers.__parameters__(), served.reducers),
    ]


def _differences(kind: str, declared: Mapping[str, SatsType], served: Mapping[str, SatsType]) -> Iterator[str]:
    for name, ours in declared.items():
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
    """The columns or parameters, each as Rust spells its type."""
    product = product.followed()
    fields = product.fields if isinstance(product, ProductType) else ()
    return {field.wire_name: field.type.spelled() for field in fields}
