"""Conversion of the annotations of generated code to types of SATS.

Generated classes and functions declare their types with plain annotations: `stdb.U64` is an `int` for type checkers and
carries the range for the runtime; `str | None` is an Option; a union of `Variant` classes is a sum.
"""

from __future__ import annotations

import inspect
import types as python_types
from collections.abc import Callable, Hashable, Mapping, Sequence
from enum import Enum
from functools import cache, lru_cache
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin, get_type_hints

import msgspec

from ..errors import BindingsError
from ..types import (
    ConnectionId,
    Err,
    Identity,
    Ok,
    ScheduleAtInterval,
    ScheduleAtTime,
    Some,
    TimeDuration,
    Timestamp,
    Uuid,
    Variant,
)
from .array import Array
from .product import Field, ProductType
from .sats import SatsType
from .scalar import UNIT, Boolean, Bytes, Float, Integer, String
from .sums import Option, PlainEnum, Sum, SumVariant

__all__ = [
    "F32",
    "F64",
    "I8",
    "I16",
    "I32",
    "I64",
    "I128",
    "I256",
    "U8",
    "U16",
    "U32",
    "U64",
    "U128",
    "U256",
    "BytesLike",
    "Enumeration",
    "Product",
    "parameters_of",
    "product_of",
    "return_type_of",
    "type_of",
]


# Each alias is an int or a float for type checkers. The runtime finds the SATS type in it, and msgspec the range.
_U8 = Integer(8, signed=False)
_U16 = Integer(16, signed=False)
_U32 = Integer(32, signed=False)
_U64 = Integer(64, signed=False)
_U128 = Integer(128, signed=False)
_U256 = Integer(256, signed=False)
_I8 = Integer(8, signed=True)
_I16 = Integer(16, signed=True)
_I32 = Integer(32, signed=True)
_I64 = Integer(64, signed=True)
_I128 = Integer(128, signed=True)
_I256 = Integer(256, signed=True)
U8: TypeAlias = Annotated[int, _U8, _U8.meta]
U16: TypeAlias = Annotated[int, _U16, _U16.meta]
U32: TypeAlias = Annotated[int, _U32, _U32.meta]
U64: TypeAlias = Annotated[int, _U64, _U64.meta]
U128: TypeAlias = Annotated[int, _U128, _U128.meta]
U256: TypeAlias = Annotated[int, _U256, _U256.meta]
I8: TypeAlias = Annotated[int, _I8, _I8.meta]
I16: TypeAlias = Annotated[int, _I16, _I16.meta]
I32: TypeAlias = Annotated[int, _I32, _I32.meta]
I64: TypeAlias = Annotated[int, _I64, _I64.meta]
I128: TypeAlias = Annotated[int, _I128, _I128.meta]
I256: TypeAlias = Annotated[int, _I256, _I256.meta]
F32: TypeAlias = Annotated[float, Float(32)]
F64: TypeAlias = Annotated[float, Float(64)]
BytesLike: TypeAlias = Annotated[bytes | bytearray | memoryview, Bytes()]
"""Bytes as an argument. In rows they are `bytes`."""


class Product(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Base of product types, including the rows of tables.

    Instances are immutable and hashable. On the wire an object with the names of the fields, or an array
    (docs/protocol.md, 3.1).
    """


class Enumeration(Enum):
    """Base of sum types whose variants have no payload.

    The value of a member is the name of the variant, as the module declares it; its tag is its position. On the wire
    `[tag, {}]` (3.2).
    """


def _special(
    python_type: type,
    wire_name: str,
    inner: SatsType,
    attribute: str,
    make: Callable[[Any], object] | None = None,  # Any: the inner type's Python value
    *,
    from_decoded: Callable[[Any], object] | None = None,  # Any: what msgspec decodes for the inner type
) -> ProductType:
    """Return the type of a special product: one field, and a Python class of its own."""
    return ProductType(
        python_type.__name__,
        lambda: [Field(attribute, wire_name, inner)],
        make=make or python_type,
        take=lambda value: (getattr(value, attribute),),
        python_type=python_type,
        direct=issubclass(python_type, msgspec.Struct),
        from_decoded=from_decoded,
    )


@lru_cache(4096)
def _identity(text: str) -> Identity:
    """Decode an identity. Cached, because the rows of a table often contain the same few identities."""
    if not text.startswith("0x"):
        raise ValueError(f"not an identity: {text!r}")
    return Identity(int(text, 16))


_BUILTIN_TYPES: dict[object, SatsType] = {
    bool: Boolean(),
    str: String(),
    bytes: Bytes(),
    None: UNIT,
    type(None): UNIT,
    Identity: _special(Identity, "__identity__", Integer(256, signed=False), "value", from_decoded=_identity),
    ConnectionId: _special(ConnectionId, "__connection_id__", Integer(128, signed=False), "value"),
    Timestamp: _special(Timestamp, "__timestamp_micros_since_unix_epoch__", Integer(64, signed=True), "micros"),
    TimeDuration: _special(TimeDuration, "__time_duration_micros__", Integer(64, signed=True), "micros"),
    Uuid: _special(Uuid, "__uuid__", Integer(128, signed=False), "int", make=lambda number: Uuid(int=number)),
}


def type_of(annotation: object) -> SatsType:
    """Return the type that an annotation of generated code declares.

    Args:
        annotation: the annotation, resolved.

    Raises:
        BindingsError: generated code has no such annotation.
    """
    plain = _BUILTIN_TYPES.get(annotation) if isinstance(annotation, Hashable) else None
    if plain is not None:
        return plain
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        for extra in arguments[1:]:
            if isinstance(extra, SatsType):
                return extra
    elif (origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis) or origin is Sequence:
        return Array(type_of(arguments[0]))
    elif origin in {Union, python_types.UnionType}:
        return _type_of_union(arguments)
    elif isinstance(origin or annotation, type):
        return _type_of_class(annotation)
    raise BindingsError(f"{annotation!r} is not an annotation of a column or parameter; run stdb-codegen again")


def _type_of_class(annotation: object) -> SatsType:
    python_type = get_origin(annotation) or annotation
    if isinstance(python_type, type):
        if issubclass(python_type, Variant):
            return _sum((annotation,))
        if issubclass(python_type, Product):
            return product_of(python_type)
        if issubclass(python_type, Enumeration):
            return PlainEnum(python_type)
    raise BindingsError(f"{annotation!r} is not a type of generated code; run stdb-codegen again")


def _type_of_union(members: Sequence[object]) -> SatsType:
    present = [member for member in members if member is not type(None)]
    if len(present) == len(members):
        return _sum(tuple(members))
    if len(present) == 1:
        if get_origin(present[0]) is Some:
            return Option(type_of(get_args(present[0])[0]), wrapped=True)
        return Option(type_of(present[0]), wrapped=False)
    return Option(_sum(tuple(present)), wrapped=False)


@cache
def _sum(classes: tuple[object, ...]) -> Sum:
    return Sum(lambda: [_variant(annotation) for annotation in classes])


def _variant(annotation: object) -> SumVariant:
    python_type = get_origin(annotation) or annotation
    if not isinstance(python_type, type) or not issubclass(python_type, Variant):
        raise BindingsError(f"{annotation!r} is not a variant of a sum type; run stdb-codegen again")
    if python_type in {Ok, Err}:
        # They are generic: the payload is a type argument, not an annotation of the class.
        return SumVariant(python_type, python_type.variant, type_of(get_args(annotation)[0]), direct=False)
    if python_type in {ScheduleAtInterval, ScheduleAtTime}:
        inner = TimeDuration if python_type is ScheduleAtInterval else Timestamp
        return SumVariant(python_type, python_type.variant, type_of(inner))
    hints = _hints(python_type)
    return SumVariant(python_type, python_type.variant, type_of(hints["value"]) if "value" in hints else None)


@cache
def product_of(python_type: type[Product]) -> ProductType:
    """Return the type of a product class.

    Args:
        python_type: the class.

    Raises:
        BindingsError: on first use, if the annotation of a field is not one of generated code.
    """

    def fields() -> list[Field]:
        hints = _hints(python_type)
        return [
            Field(field.name, field.encode_name, type_of(hints[field.name]))
            for field in msgspec.structs.fields(python_type)
        ]

    return ProductType(
        python_type.__name__,
        fields,
        make=python_type,
        take=msgspec.structs.astuple,
        python_type=python_type,
        direct=True,
    )


def parameters_of(function: Callable[..., object], rename: Mapping[str, str]) -> ProductType:
    """Return the parameters of a declaration, as a product whose value is the tuple of the arguments.

    Args:
        function: the declaration of a reducer or procedure, a method: its first parameter is left out.
        rename: the wire names of parameters whose Python name differs.

    Raises:
        BindingsError: on first use, if the annotation of a parameter is not one of generated code.
    """

    def fields() -> list[Field]:
        hints = _hints(function)
        names = list(inspect.signature(function).parameters)[1:]
        return [Field(name, rename.get(name, name), type_of(hints[name])) for name in names]

    return ProductType(
        function.__name__,
        fields,
        make=lambda *values: values,
        take=tuple,
        python_type=tuple,
        direct=False,
    )


def return_type_of(function: Callable[..., object]) -> SatsType:
    """Return the type that a procedure returns.

    Args:
        function: the declaration, which returns a result of that type: `PendingResult[U32]`.

    Raises:
        BindingsError: the annotation is not one of generated code.
    """
    result = get_args(_hints(function)["return"])
    if len(result) != 1:
        raise BindingsError(f"{function.__qualname__} does not return a result; run stdb-codegen again")
    return type_of(result[0])


def _hints(declaration: Callable[..., object]) -> dict[str, object]:
    try:
        return get_type_hints(declaration, include_extras=True)
    except (NameError, TypeError, AttributeError) as error:
        raise BindingsError(
            f"the annotations of {declaration.__qualname__} cannot be resolved ({error}); run stdb-codegen again"
        ) from None
