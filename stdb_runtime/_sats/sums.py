"""Sums of SATS: options, enums without payloads, and enums with payloads.

A sum may contain itself. Its variants are therefore resolved on first use.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from enum import Enum
from functools import cached_property
from itertools import repeat
from operator import attrgetter
from typing import Any, ClassVar, NamedTuple, cast

from ..types import Some
from .sats import Build, DecodePlan, Dialect, Fault, Json, Key, SatsType, decode_struct, each, expected
from .scalar import UNIT

__all__ = [
    "Alternatives",
    "Option",
    "PlainEnum",
    "Sum",
    "SumVariant",
    "sum_type_string",
]

_payload_of = attrgetter("value")
_tag_of = attrgetter("tag")


class Alternatives:
    """Variant names of a sum, and the reader of its tag.

    Sums are `[tag, payload]` on the wire; callers may use other forms (docs/protocol.md, 3.3).

    Attributes:
        names: the names of the variants, in the order of their tags.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._tags: dict[object, int] = {name: tag for tag, name in enumerate(self.names)}
        self._tags |= {str(tag): tag for tag in range(len(self.names))}

    def split(self, json: Json) -> tuple[int, Json]:
        """Return the tag and the payload of `[2, v]`, `["2", v]`, `{"2": v}` or `{"Rect": v}`. Raises Fault."""
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
    """Return a variant as it is written: by tag, because the case of its name depends on the server."""
    return [tag, payload]


def sum_type_string(variants: Iterable[tuple[str, SatsType, tuple[SatsType, ...]]]) -> str:
    """Return the type string of a sum.

    Args:
        variants: each variant's name, its payload, and the types that enclose the payload.
    """
    return " | ".join(
        name if payload is UNIT else f"{name} {payload.type_string(within)}" for name, payload, within in variants
    )


class Option(SatsType):
    """`Option`, the value or None in Python: `[0, value]`, and `[1, {}]` or `[1, []]`, on the wire (3.2).

    Callers may also send `{"some": value}`, `{"none": []}` or `null` (3.3).

    Args:
        inner: the type of the value.
        wrapped: True if a present value is wrapped in `Some`, because it may itself be None.
    """

    _alternatives: ClassVar[Alternatives] = Alternatives(("some", "none"))

    def __init__(self, inner: SatsType, *, wrapped: bool) -> None:
        self._inner = inner
        self._wrapped = wrapped

    @cached_property
    def key(self) -> Key | None:
        """Key function that applies the key function of the value, if it has one."""
        key = self._inner.key
        if key is None:
            return None
        if not self._wrapped:
            return lambda value: None if value is None else key(value)

        def key_of(some: Any) -> Hashable:  # Any: a Some, or None
            inner = None if some is None else key(some.value)
            return some if some is None or inner == some.value else (inner,)

        return key_of

    def special(self, values: Sequence[Any]) -> Iterable[int]:  # Any: values of the inner type, or None
        if self.key is None:
            return ()
        places = [at for at, value in enumerate(values) if value is not None]
        present = [values[at].value if self._wrapped else values[at] for at in places]
        return [places[at] for at in self._inner.special(present)]

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

    def type_string(self, within: tuple[SatsType, ...] = ()) -> str:
        return f"Option<{self._inner.type_string(within)}>"

    def decode_plan(self, dialect: Dialect) -> DecodePlan:
        inner, build = self._inner.decode_plan(dialect)
        present = decode_struct("Present", [("value", inner)], array_like=True, tag=0)
        nothing = [("payload", UNIT.decode_plan(dialect).type)]
        absent = decode_struct("Absent", nothing, {"value": None}, array_like=True, tag=1)
        wrapped = self._wrapped

        def build_options(decoded: Sequence[Any]) -> Iterable[Any]:  # Any: the two classes, and values
            payloads = [option.value for option in decoded if option.__class__ is present]
            values: Iterable[Any] = payloads if build is None else build(payloads)
            there = iter(map(Some, values) if wrapped else values)
            return [next(there) if option.__class__ is present else None for option in decoded]

        return DecodePlan(present | absent, build_options if build or wrapped else each(_payload_of))


class SumVariant(NamedTuple):
    """Variant of a sum.

    Attributes:
        python_type: the class of the variant.
        name: the name on the wire.
        payload: the type of the payload, or None if there is no payload.
        direct: True if msgspec can decode the variant directly into its class, provided the payload allows it.
    """

    python_type: type
    name: str
    payload: SatsType | None
    direct: bool = True


class Sum(SatsType):
    """Sum, one class per variant in Python: `[tag, payload]` on the wire, with `{}` or `[]` for no payload (3.2).

    Callers may also send `{"Rect": payload}`, `{"2": payload}` or `["2", payload]` (3.3).

    Args:
        variants: returns the variants; called on first use, because a sum may contain itself.
    """

    def __init__(self, variants: Callable[[], Sequence[SumVariant]]) -> None:
        self._variants_of = variants
        self._busy = False

    @cached_property
    def variants(self) -> tuple[SumVariant, ...]:
        """Variants of the sum, in the order of their tags."""
        return tuple(self._variants_of())

    @cached_property
    def _alternatives(self) -> Alternatives:
        return Alternatives([variant.name for variant in self.variants])

    @cached_property
    def _tag_of(self) -> dict[type, int]:
        return {variant.python_type: tag for tag, variant in enumerate(self.variants)}

    @cached_property
    def key(self) -> Key | None:
        """Key function that applies the key function of the payload, if any payload has one."""
        if self._busy:  # a recursive type: the key function is looked up per value
            return lambda value: value if self.key is None else self.key(value)
        self._busy = True
        try:
            keys = {v.python_type: v.payload.key for v in self.variants if v.payload is not None and v.payload.key}
        finally:
            self._busy = False
        if not keys:
            return None

        def key_of(value: Any) -> Hashable:  # Any: one of the variants' classes
            key = keys.get(value.__class__)
            inner = None if key is None else key(value.value)
            return value if key is None or inner == value.value else (value.__class__, inner)

        return key_of

    def special(self, values: Sequence[Any]) -> Iterable[int]:  # Any: of the variants' classes
        found: list[int] = []
        for variant in self.variants if self.key else ():
            if variant.payload is not None and variant.payload.key:
                places = [at for at, value in enumerate(values) if value.__class__ is variant.python_type]
                found += [places[at] for at in variant.payload.special([values[at].value for at in places])]
        return found

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

    def type_string(self, within: tuple[SatsType, ...] = ()) -> str:
        if self in within:
            return "..."
        inner = (*within, self)
        return sum_type_string((v.name, UNIT if v.payload is None else v.payload, inner) for v in self.variants)

    def decode_plan(self, dialect: Dialect) -> DecodePlan:
        payloads = [
            (UNIT if variant.payload is None else variant.payload).decode_plan(dialect) for variant in self.variants
        ]
        finished = [
            variant.direct and (variant.payload is None or payload.build is None)
            for variant, payload in zip(self.variants, payloads, strict=True)
        ]
        if all(finished):
            return DecodePlan(_union([variant.python_type for variant in self.variants]), None)
        builds: dict[type, Build] = {}
        for tag, (variant, payload) in enumerate(zip(self.variants, payloads, strict=True)):
            struct = decode_struct(variant.name, [("value", payload.type)], array_like=True, tag=tag)
            builds[struct] = _variant_builder(variant, payload.build)

        def build_sums(decoded: Sequence[Any]) -> Iterable[Any]:  # Any: decode structs, and the values
            of_variant: dict[type, list[Any]] = {struct: [] for struct in builds}
            for part in decoded:
                of_variant[part.__class__].append(part.value)
            values = {struct: iter(builds[struct](parts)) for struct, parts in of_variant.items() if parts}
            return [next(values[part.__class__]) for part in decoded]

        return DecodePlan(_union(list(builds)), build_sums)


def _variant_builder(variant: SumVariant, build: Build | None) -> Build:
    python_type = variant.python_type
    if variant.payload is None:
        return lambda decoded: repeat(python_type(), len(decoded))
    if build is None:
        return each(python_type)
    return lambda decoded: map(python_type, build(decoded))


def _union(members: Sequence[Any]) -> Any:  # Any: classes and the union of them
    union = members[0]
    for member in members[1:]:
        union |= member
    return union


class PlainEnum(SatsType):
    """Sum whose variants have no payload, an `Enum` in Python: `[tag, {}]` or `[tag, []]` on the wire (3.2)."""

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

    def type_string(self, within: tuple[SatsType, ...] = ()) -> str:
        return sum_type_string((name, UNIT, within) for name in self._alternatives.names)

    def decode_plan(self, dialect: Dialect) -> DecodePlan:
        member_of = dict(enumerate(self._members)).__getitem__
        tagged = decode_struct("Tagged", [("tag", int), ("payload", UNIT.decode_plan(dialect).type)], array_like=True)

        def build_members(decoded: Sequence[Any]) -> Iterable[Enum]:  # Any: decode structs
            return map(member_of, map(_tag_of, decoded))

        return DecodePlan(tagged, build_members)
