"""Limits of the depth and the size of a type."""

from __future__ import annotations

from stdb_codegen.errors import SchemaError
from stdb_codegen.schema import ir

__all__ = ["MAX_NESTING", "MAX_PARTS", "bounded", "check_depth", "inner_types"]

# Depth of a type: far more than people write, and well below what Python can compile.
MAX_NESTING = 50
# Types within one type; `Result<T, T>` doubles them with each T that is an alias of another one.
MAX_PARTS = 100


def bounded(type_: ir.Type, place: str) -> ir.Type:
    """Return a type, if its depth and its size are allowed.

    Raises:
        SchemaError: the type is too deep or too large.
    """
    depth, size = _extent(type_)
    check_depth(depth, place)
    if size > MAX_PARTS:
        raise SchemaError(place, f"its type has more than {MAX_PARTS} parts", "give inner types names")
    return type_


def check_depth(depth: int, place: str) -> None:
    """Check the depth of a type.

    Raises:
        SchemaError: the type is too deep.
    """
    if depth > MAX_NESTING:
        raise SchemaError(place, f"its type is nested more than {MAX_NESTING} deep", "give inner types names")


def inner_types(type_: ir.Type) -> tuple[ir.Type, ...]:
    """Return the types that a type is made of."""
    match type_:
        case ir.Array(inner) | ir.Option(inner):
            return (inner,)
        case ir.Result(ok, err):
            return ok, err
        case _:
            return ()


def _extent(type_: ir.Type) -> tuple[int, int]:
    """Return the depth of a type, and the number of types in it."""
    inner = [_extent(part) for part in inner_types(type_)]
    return 1 + max((depth for depth, _ in inner), default=0), 1 + sum(size for _, size in inner)
