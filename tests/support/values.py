"""Random values of the types of a generated package, and the JSON that the server writes of them.

Written from the docs/protocol.md (3.1, 3.2) and apart from the runtime's codec, which is tested against it.
"""

from __future__ import annotations

import json
import math
import struct
import sys
import types as python_types
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from stdb_runtime import (
    ConnectionId,
    Err,
    Identity,
    Ok,
    ScheduleAtInterval,
    ScheduleAtTime,
    Some,
    TimeDuration,
    Timestamp,
)
from stdb_runtime._sats.annotation import F32, F64
from stdb_runtime._sats.literal import double_literal, server_double
from stdb_runtime._sats.scalar import Integer
from stdb_runtime.types import Variant

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

LEISURE = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
"""Settings of tests whose examples are whole rows of many columns."""

I64 = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([-(2**63), 2**63 - 1])
LARGEST_SINGLE = 3.4028234663852886e38


class Kind(NamedTuple):
    """The values of one type, and what the server writes of one, named (True) or positional."""

    values: SearchStrategy[Any]
    shown: Callable[[Any, bool], object]


def row_text(row_class: type, row: object, *, named: bool) -> str:
    """A row as the server writes it."""
    return json.dumps(kind_of(row_class).shown(row, named), ensure_ascii=False, separators=(",", ":"))


def single(value: float) -> float:
    """The shortest decimal of the nearest 32-bit float."""
    packed = struct.pack("<f", value)
    return next(
        short
        for digits in range(1, 18)
        if abs(short := float(f"{struct.unpack('<f', packed)[0]:.{digits}g}")) <= LARGEST_SINGLE * (1 + 1e-8)
        and struct.pack("<f", short) == packed
    )


def has_literal(value: float) -> bool:
    """Whether some literal makes the server read this very double; it is so for all but about 0.2 %."""
    return server_double(double_literal(value)) == value


def doubles() -> SearchStrategy[float]:
    """Doubles that can be sent exactly, evenly spread over all bit patterns and everyday ones."""
    bits = st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0])
    anything = st.floats(allow_nan=False, allow_infinity=False) | bits.filter(math.isfinite)
    extremes = [0.0, 5e-324, sys.float_info.min, sys.float_info.max]
    signed = st.sampled_from(extremes + [-value for value in extremes])
    return anything.filter(has_literal) | signed


def singles() -> SearchStrategy[float]:
    return st.floats(allow_nan=False, allow_infinity=False, width=32).map(single) | st.sampled_from(
        [-0.0, LARGEST_SINGLE, 1e-45]
    ).map(single)


@cache
def kind_of(annotation: Any) -> Kind:
    """The kind that an annotation of generated code stands for."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if origin is Annotated:
        return _integer(next(extra for extra in arguments if isinstance(extra, Integer)))
    if origin is tuple:
        return _array(arguments[0])
    if origin in {Union, python_types.UnionType}:
        present = tuple(member for member in arguments if member is not type(None))
        return _option(present) if len(present) < len(arguments) else _sum(present)
    if issubclass(origin or annotation, Variant):
        return _sum((annotation,))
    if issubclass(annotation, Enum):
        return _enumeration(annotation)
    return _product(annotation)


def _plain(values: SearchStrategy[Any]) -> Kind:
    def shown(value: Any, _: bool) -> object:
        return value

    return Kind(values, shown)


def _float(values: SearchStrategy[float]) -> Kind:
    def shown(value: Any, _: bool) -> object:
        return None if math.isnan(value) else value

    return Kind(values, shown)


def _integer(integer: Integer) -> Kind:
    values = st.integers(integer.minimum, integer.maximum) | st.sampled_from([integer.minimum, integer.maximum])

    def shown(value: Any, _: bool) -> object:
        return hex(value) if integer.name.endswith("256") else value

    return Kind(values, shown)


def _bytes() -> Kind:
    def shown(value: Any, _: bool) -> object:
        return value.hex()

    return Kind(st.binary(), shown)


def _unit() -> Kind:
    def shown(_: Any, named: bool) -> object:
        return _empty(named)

    return Kind(st.none(), shown)


def _empty(named: bool) -> object:
    return {} if named else []


def _special(name: str, values: SearchStrategy[Any], part: Callable[[Any], object]) -> Kind:
    def shown(value: Any, named: bool) -> object:
        return {name: part(value)} if named else [part(value)]

    return Kind(values, shown)


def _array(element: Any) -> Kind:
    kind = kind_of(element)
    longest = 2 if get_origin(element) is tuple else 3  # so that deep arrays do not grow beyond all bounds
    values = st.deferred(lambda: st.lists(kind.values, max_size=longest).map(tuple))

    def shown(value: Any, _: bool) -> object:
        return [kind.shown(part, False) for part in value]

    return Kind(values, shown)


def _option(present: tuple[Any, ...]) -> Kind:
    wrapped = get_origin(present[0]) is Some
    kind = kind_of(get_args(present[0])[0] if wrapped else Union[present])  # noqa: UP007 - made at run time
    values = kind.values.map(Some) if wrapped else kind.values

    def shown(value: Any, named: bool) -> object:
        if value is None:
            return [1, _empty(named)]
        return [0, kind.shown(value.value if wrapped else value, named)]

    return Kind(st.none() | values, shown)


def _enumeration(annotation: type[Enum]) -> Kind:
    members = list(annotation)

    def shown(value: Any, named: bool) -> object:
        return [members.index(value), _empty(named)]

    return Kind(st.sampled_from(members), shown)


def _sum(variants: tuple[Any, ...]) -> Kind:
    classes = [get_origin(variant) or variant for variant in variants]

    @cache
    def payload(variant: Any) -> Kind | None:
        if get_origin(variant) in {Ok, Err}:
            return kind_of(get_args(variant)[0])
        if variant in {ScheduleAtInterval, ScheduleAtTime}:
            return kind_of(TimeDuration if variant is ScheduleAtInterval else Timestamp)
        hints = get_type_hints(variant, include_extras=True)
        return kind_of(hints["value"]) if "value" in hints else None

    def values_of(variant: Any) -> SearchStrategy[Any]:
        kind = payload(variant)
        return st.builds(variant) if kind is None else kind.values.map(get_origin(variant) or variant)

    def shown(value: Any, named: bool) -> object:
        tag = classes.index(value.__class__)
        kind = payload(variants[tag])
        return [tag, _empty(named) if kind is None else kind.shown(value.value, named)]

    return Kind(st.deferred(lambda: st.one_of([values_of(variant) for variant in variants])), shown)


def _product(product: type[msgspec.Struct]) -> Kind:
    @cache
    def fields() -> dict[str, tuple[str, Kind]]:
        hints = get_type_hints(product, include_extras=True)
        return {
            field.name: (field.encode_name, kind_of(hints[field.name])) for field in msgspec.structs.fields(product)
        }

    def shown(value: Any, named: bool) -> object:
        parts = {wire: kind.shown(getattr(value, name), named) for name, (wire, kind) in fields().items()}
        return parts if named else list(parts.values())

    values = st.deferred(lambda: st.builds(product, **{name: kind.values for name, (_, kind) in fields().items()}))
    return Kind(cast("SearchStrategy[Any]", values), shown)


_PLAIN: dict[Any, Kind] = {
    bool: _plain(st.booleans()),
    str: _plain(st.text() | st.sampled_from(["", "\0", '\\"', "\u2028", "\U0010ffff", "\ufffe"])),
    bytes: _bytes(),
    None: _unit(),
    type(None): _unit(),
    F32: _float(singles()),
    F64: _float(doubles()),
    Identity: _special(
        "__identity__",
        (st.integers(0, 2**256 - 1) | st.integers(0, 2**64)).map(Identity),
        lambda value: hex(value.value),
    ),
    ConnectionId: _special(
        "__connection_id__", st.integers(0, 2**128 - 1).map(ConnectionId), lambda value: value.value
    ),
    Timestamp: _special("__timestamp_micros_since_unix_epoch__", I64.map(Timestamp), lambda value: value.micros),
    TimeDuration: _special("__time_duration_micros__", I64.map(TimeDuration), lambda value: value.micros),
    UUID: _special(
        "__uuid__", st.integers(0, 2**128 - 1).map(lambda number: UUID(int=number)), lambda value: value.int
    ),
}
