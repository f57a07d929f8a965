"""The compound types of SATS: arrays, options, products and sums, made of other types.

A type may contain itself, through an array, an option or a sum. Parts are therefore asked for on first use.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from enum import Enum
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, TypeVar, cast

import msgspec

from .sats import UNIT, Build, Fault, Json, Key, SatsType, Wire, expected
from .types import Some

__all__ = [
    "Alternatives",
    "Array",
    "Enumerated",
    "Field",
    "Option",
    "ProductType",
    "Sum",
    "SumVariant",
]

T = TypeVar("T")


class Array(SatsType):
    """`Array` of anything but `U8`, a tuple in Python: a list, whose elements are positional in either dialect."""

    def __init__(self, element: SatsType) -> None:
        self._element = element

    @cached_property
    def key(self) -> Key | None:
        """By the keys of the elements."""
        key = self._element.key
        return None if key is None else lambda value: tuple(map(key, value))

    def read(self, json: Json) -> object:
        if not isinstance(json, list):
            raise expected("a list", json)
        return tuple(_each(self._element.read, json))

    def write(self, value: object) -> object:
        if not isinstance(value, tuple | list):
            raise expected("a tuple", value)
        return _each(self._element.write, cast("Sequence[object]", value))

    def wire(self, *, named: bool) -> Wire:
        element, build = self._element.wire(named=False)
        if build is None:
            return Wire(_generic(tuple, element, ...), None)

        def build_all(items: list[Any]) -> Any:  # Any: the wires and the values of the elements
            return tuple(map(build, items))

        return Wire(_generic(list, element), build_all)


def _generic(origin: Any, *arguments: Any) -> Any:  # Any: types that are made at run time, beyond what checkers follow
    """`origin[arguments]`."""
    return origin[arguments]


def _each(convert: Callable[[T], object], items: Sequence[T]) -> list[object]:
    """Each item converted; a fault tells which one it was."""
    converted: list[object] = []
    try:
        converted.extend(map(convert, items))
    except Fault as fault:
        raise fault.under(f"[{len(converted)}]") from None
    return converted


class Alternatives:
    """The shape of sums, options and enumerations: `[tag, payload]`, and the other spellings of callers (3.3)."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._tags: dict[object, int] = {name: tag for tag, name in enumerate(self.names)}
        self._tags |= {str(tag): tag for tag in range(len(self.names))}

    def split(self, json: Json) -> tuple[int, Json]:
        """The tag and the payload of `[2, v]`, `["2", v]`, `{"2": v}` or `{"Rect": v}`. Raises Fault."""
        if isinstance(json, list) and len(json) == 2:
            which, payload = json
        elif isinstance(json, dict) and len(json) == 1:
            ((which, payload),) = json.items()
        else:
            raise expected(f"one of {', '.join(self.names)} as [tag, value]", json)
        tag = which if type(which) is int else self._tags.get(which) if isinstance(which, str) else None
        if tag is None or not 0 <= tag < len(self.names):
            raise expected(f"a tag of {', '.join(self.names)}", which)
        return tag, payload


def _tagged(tag: int, payload: object) -> list[object]:
    """How every alternative is written: by tag, which no server spells in another case."""
    return [tag, payload]


class _Present(msgspec.Struct, array_like=True, tag=0, gc=False):
    """The wire of an Option's present value; subclassed for each type of value."""

    value: Any  # Any: narrowed by each subclass


class _Absent(msgspec.Struct, array_like=True, tag=1, gc=False):
    """The wire of an Option's absent value."""


class Option(SatsType):
    """`Option`, None or the value in Python: `[0, value]` or `[1, {}]`. Callers may also send null, `{"some": value}`.

    Where the value itself may be None, a present one is wrapped in `Some`.
    """

    _alternatives: ClassVar[Alternatives] = Alternatives(("some", "none"))

    def __init__(self, inner: SatsType, *, wrapped: bool) -> None:
        self._inner = inner
        self._wrapped = wrapped

    @cached_property
    def key(self) -> Key | None:
        """By the key of the value, if there is one."""
        key = self._inner.key
        if key is None:
            return None
        if self._wrapped:
            return lambda value: None if value is None else (key(value.value),)
        return lambda value: None if value is None else key(value)

    def read(self, json: Json) -> object:
        if json is None:
            return None
        tag, payload = self._alternatives.split(json)
        if tag == 1:
            return UNIT.read(payload)
        return self._present(self._inner.read(payload))

    def _present(self, value: object) -> object:
        return Some(value) if self._wrapped else value

    def write(self, value: object) -> object:
        if value is None:
            return _tagged(1, [])
        if self._wrapped:
            if not isinstance(value, Some):
                raise expected("None or Some(...)", value)
            return _tagged(0, self._inner.write(cast("Some[object]", value).value))
        return _tagged(0, self._inner.write(value))

    def wire(self, *, named: bool) -> Wire:
        inner, build = self._inner.wire(named=named)
        present: Any = msgspec.defstruct("Present", [("value", inner)], bases=(_Present,), tag=0)  # Any: a new class
        wrap: Build | None = Some if self._wrapped else None
        finish = _chain(build, wrap)

        def value_of(wire: Any) -> Any:  # Any: `present` or `_Absent`, and the value
            return wire.value if type(wire) is present else None

        def build_value_of(wire: Any) -> Any:  # Any: as above
            return finish(wire.value) if type(wire) is present and finish else None

        return Wire(present | _Absent, value_of if finish is None else build_value_of)


def _chain(first: Build | None, second: Build | None) -> Build | None:
    """The two builds one after the other."""
    if first is None or second is None:
        return first or second
    return lambda value: second(first(value))


def _read(part_type: SatsType, json: Json) -> object:
    return part_type.read(json)


def _write(part_type: SatsType, value: object) -> object:
    return part_type.write(value)


class Field(NamedTuple):
    """One element of a product: its Python name, its name on the wire, and its type."""

    name: str
    wire_name: str
    type: SatsType


class ProductType(SatsType):
    """A product: `{"x": 1.5, "y": 2.0}` or `[1.5, 2.0]`.

    Args:
        name: for messages.
        fields: asked for on first use, because a product may refer to itself.
        make: builds the Python value from the fields' values.
        take: the fields' values of a Python value.
        python_type: the class of the Python value.
        direct: msgspec can decode a named product straight into `python_type`, if each field allows it.
    """

    def __init__(
        self,
        name: str,
        fields: Callable[[], Sequence[Field]],
        *,
        make: Callable[..., Any],  # Any: the Python value, of python_type
        take: Callable[[Any], Sequence[object]],  # Any: as above
        python_type: type,
        direct: bool,
    ) -> None:
        self.name = name
        self._fields_of = fields
        self._make = make
        self._take = take
        self._python_type = python_type
        self._direct = direct
        self._wires: dict[bool, Wire] = {}
        self._busy = False

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The elements, in the order of the schema."""
        return tuple(self._fields_of())

    @cached_property
    def key(self) -> Key | None:
        """By the keys of the fields, if one of them needs it."""
        if self._busy:  # a recursive type: its keys are made when the values are there
            return lambda value: value if self.key is None else self.key(value)
        self._busy = True
        try:
            keys = [field.type.key for field in self.fields]
        finally:
            self._busy = False
        if not any(keys):
            return None
        take = self._take
        return lambda value: tuple(
            part if key is None else key(part) for key, part in zip(keys, take(value), strict=True)
        )

    def read(self, json: Json) -> object:
        if isinstance(json, dict):
            json = self._by_name(json)
        if not isinstance(json, list):
            raise expected(f"an object or a list for {self.name}", json)
        if len(json) != len(self.fields):
            raise Fault(f"{self.name} has {len(self.fields)} fields, got {len(json)}")
        try:
            return self._make(*self._each_field(_read, json))
        except ValueError as error:
            raise Fault(str(error)) from None

    def _by_name(self, json: Mapping[str, Json]) -> list[Json]:
        parts: list[Json] = []
        for field in self.fields:
            if field.wire_name not in json:
                raise Fault(f"{self.name} lacks field `{field.wire_name}`")
            parts.append(json[field.wire_name])
        if len(json) != len(parts):
            unknown = sorted(json.keys() - {field.wire_name for field in self.fields})
            raise Fault(f"{self.name} has no field `{unknown[0]}`")
        return parts

    def write(self, value: object) -> object:
        if not isinstance(value, self._python_type):
            raise expected(f"a value of {self._python_type.__name__}", value)
        return self._each_field(_write, self._take(value))

    def _each_field(self, convert: Callable[[SatsType, T], object], parts: Sequence[T]) -> list[object]:
        """Each part read or written by its field's type; a fault tells which field it was."""
        converted: list[object] = []
        for field, part in zip(self.fields, parts, strict=True):
            try:
                converted.append(convert(field.type, part))
            except Fault as fault:
                raise fault.under(field.name) from None
        return converted

    def wire(self, *, named: bool) -> Wire:
        if named not in self._wires:
            if self._busy:  # the type contains itself: the inner ones are read the general way
                return Wire(Any, self.read)
            self._busy = True
            try:
                self._wires[named] = self._named_wire() if named else self._positional_wire()
            finally:
                self._busy = False
        return self._wires[named]

    def _named_wire(self) -> Wire:
        parts = [field.type.wire(named=True) for field in self.fields]
        if self._direct and all(part.build is None for part in parts):
            return Wire(self._python_type, None)
        twin = msgspec.defstruct(
            self._python_type.__name__,
            [(field.name, part.type) for field, part in zip(self.fields, parts, strict=True)],
            rename={field.name: field.wire_name for field in self.fields},
            forbid_unknown_fields=True,
            gc=False,
        )
        return Wire(twin, self._builder(parts, msgspec.structs.astuple))

    def _positional_wire(self) -> Wire:
        parts = [field.type.wire(named=False) for field in self.fields]
        return Wire(_generic(tuple, *[part.type for part in parts]), self._builder(parts, None))

    def _builder(self, parts: Sequence[Wire], split: Build | None) -> Build:
        """Makes the value from what was decoded, which `split` makes a tuple of (None: it is one)."""
        make = self._make
        builds = tuple(part.build for part in parts)

        def build(wire: Any) -> Any:  # Any: what was decoded, and the value
            values = wire if split is None else split(wire)
            if any(builds):
                values = [part if step is None else step(part) for step, part in zip(builds, values, strict=True)]
            return make(*values)

        return build


class SumVariant(NamedTuple):
    """One variant of a sum: its class, its name on the wire, and the type of its payload (None: it has none)."""

    python_type: type
    name: str
    payload: SatsType | None


class Sum(SatsType):
    """A sum, one class a variant in Python: `[tag, payload]`, where the payload of none is `{}` or `[]`."""

    def __init__(self, variants: Callable[[], Sequence[SumVariant]]) -> None:
        self._variants_of = variants

    @cached_property
    def variants(self) -> tuple[SumVariant, ...]:
        """The variants, in the order of their tags."""
        return tuple(self._variants_of())

    @cached_property
    def _alternatives(self) -> Alternatives:
        return Alternatives([variant.name for variant in self.variants])

    @cached_property
    def _tag_of(self) -> dict[type, int]:
        return {variant.python_type: tag for tag, variant in enumerate(self.variants)}

    @cached_property
    def key(self) -> Key | None:
        """By the key of the payload."""
        keys = {v.python_type: v.payload.key for v in self.variants if v.payload is not None and v.payload.key}
        if not keys:
            return None

        def key_of(value: Any) -> Hashable:  # Any: one of the variants' classes
            key = keys.get(value.__class__)
            return value if key is None else (value.__class__.__name__, key(value.value))

        return key_of

    def read(self, json: Json) -> object:
        tag, payload = self._alternatives.split(json)
        variant = self.variants[tag]
        if variant.payload is None:
            UNIT.read(payload)
            return variant.python_type()
        try:
            return variant.python_type(variant.payload.read(payload))
        except Fault as fault:
            raise fault.under(variant.name) from None

    def write(self, value: Any) -> object:  # Any: one of the variants' classes, which is checked
        tag = self._tag_of.get(value.__class__)
        if tag is None:
            raise expected(f"one of {', '.join(v.python_type.__name__ for v in self.variants)}", value)
        payload = self.variants[tag].payload
        if payload is None:
            return _tagged(tag, [])
        try:
            return _tagged(tag, payload.write(value.value))
        except Fault as fault:
            raise fault.under("value") from None

    def wire(self, *, named: bool) -> Wire:
        payloads = [None if v.payload is None else v.payload.wire(named=named) for v in self.variants]
        if all(payload is None or payload.build is None for payload in payloads):
            return Wire(_union([variant.python_type for variant in self.variants]), None)
        builds: dict[type, Build] = {}
        for tag, (variant, payload) in enumerate(zip(self.variants, payloads, strict=True)):
            fields = [] if payload is None else [("value", payload.type)]
            twin = msgspec.defstruct(variant.python_type.__name__, fields, array_like=True, tag=tag, gc=False)
            builds[twin] = _variant_builder(variant.python_type, payload)

        def build(wire: Any) -> Any:  # Any: one of the twins, and the value of its variant
            return builds[wire.__class__](wire)

        return Wire(_union(list(builds)), build)


def _variant_builder(python_type: type, payload: Wire | None) -> Build:
    if payload is None:
        return lambda _: python_type()
    build = payload.build
    if build is None:
        return lambda wire: python_type(wire.value)
    return lambda wire: python_type(build(wire.value))


def _union(members: Sequence[Any]) -> Any:  # Any: classes and the union of them
    union = members[0]
    for member in members[1:]:
        union |= member
    return union


class Enumerated(SatsType):
    """A sum whose variants carry nothing, an `Enum` in Python: `[tag, {}]` or `[tag, []]`."""

    def __init__(self, python_type: type[Enum]) -> None:
        self._python_type = python_type
        self._members = tuple(python_type)
        self._tag_of = {member: tag for tag, member in enumerate(self._members)}
        self._alternatives = Alternatives([str(member.value) for member in self._members])

    def read(self, json: Json) -> object:
        tag, payload = self._alternatives.split(json)
        UNIT.read(payload)
        return self._members[tag]

    def write(self, value: object) -> object:
        if not isinstance(value, self._python_type):
            raise expected(f"a member of {self._python_type.__name__}", value)
        return _tagged(self._tag_of[value], [])

    def wire(self, *, named: bool) -> Wire:
        members = dict(enumerate(self._members))
        payload = UNIT.wire(named=named).type

        def member_of(wire: tuple[int, object]) -> Enum:
            return members[wire[0]]

        return Wire(_generic(tuple, int, payload), member_of)
