"""Products of SATS: structs, rows, and the parameters of reducers.

A product may contain itself, through an array, an option or a sum. Its fields are therefore resolved on first use.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain, starmap
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple, TypeVar

import msgspec

from .sats import Build, DecodePlan, Dialect, Fault, Json, Key, SatsType, decode_struct, each, expected, generic

__all__ = [
    "Field",
    "ProductType",
]

T = TypeVar("T")


class Field(NamedTuple):
    """Element of a product: its Python name, its name on the wire, and its type."""

    name: str
    wire_name: str
    type: SatsType


class ProductType(SatsType):
    """Product: `{"x": 1.5, "y": 2.0}` or `[1.5, 2.0]` on the wire (docs/protocol.md, 3.1).

    Args:
        name: the name of the type, for error messages.
        fields: returns the elements; called on first use, because a product may contain itself.
        make: builds a Python value from the values of its fields.
        take: returns the values of the fields of a Python value.
        python_type: the class of the Python values.
        direct: True if msgspec can decode a named product directly into `python_type`, provided each field allows it.
        from_decoded: for a product of one field, builds the value directly from what msgspec decodes for the field.
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
        from_decoded: Callable[[Any], Any] | None = None,  # Any: the decoded field, and the Python value
    ) -> None:
        self.name = name
        self._fields_of = fields
        self._make = make
        self._take = take
        self._python_type = python_type
        self._direct = direct
        self._from_decoded = from_decoded
        self._plans: dict[Dialect, DecodePlan] = {}
        self._busy = False

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Elements of the product, in the order of the schema."""
        return tuple(self._fields_of())

    @cached_property
    def key(self) -> Key | None:
        """Key function that applies the key functions of the fields, if any field has one."""
        if self._busy:  # a recursive type: the key function is looked up per value
            return lambda value: value if self.key is None else self.key(value)
        self._busy = True
        try:
            keys = [field.type.key for field in self.fields]
        finally:
            self._busy = False
        if not any(keys):
            return None
        take = self._take

        def key_of(value: Any) -> Hashable:  # Any: of python_type
            parts = tuple(take(value))
            found = tuple(part if key is None else key(part) for key, part in zip(keys, parts, strict=True))
            return value if found == parts else found

        return key_of

    def special(self, values: Sequence[Any]) -> Iterable[int]:  # Any: of python_type
        if self.key is None or not values:  # none: a type that contains itself ends here
            return ()
        keyed = [field for field in self.fields if field.type.key]
        return set(
            chain.from_iterable(field.type.special(list(map(attrgetter(field.name), values))) for field in keyed)
        )

    def read(self, json: Json) -> object:
        if isinstance(json, dict):
            json = self._by_name(json)
        if not isinstance(json, list):
            raise expected(f"an object or a list for {self.name}", json)
        if len(json) != len(self.fields):
            raise Fault(f"{self.name} has {len(self.fields)} fields, got {len(json)}")
        try:
            return self._make(*self._each_field(self._readers, json))
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
        return self._each_field(self._writers, self._take(value))

    @cached_property
    def _readers(self) -> list[Callable[[Json], object]]:
        return [field.type.read for field in self.fields]

    @cached_property
    def _writers(self) -> list[Callable[[object], object]]:
        return [field.type.write for field in self.fields]

    def _each_field(self, converters: Sequence[Callable[[T], object]], parts: Sequence[T]) -> list[object]:
        """Convert each part with the function of its field; a Fault has the name of the field in its path."""
        converted: list[object] = []
        try:
            for convert, part in zip(converters, parts, strict=True):
                converted.append(convert(part))
        except Fault as fault:
            raise fault.under(self.fields[len(converted)].name) from None
        return converted

    def type_string(self, within: tuple[SatsType, ...] = ()) -> str:
        if len(self.fields) == 1 and self.fields[0].wire_name.startswith("__"):
            return self.name  # a special type, such as Identity
        if self in within:
            return "..."
        inner = (*within, self)
        parts = [f"{field.wire_name}: {field.type.type_string(inner)}" for field in self.fields]
        return f"({', '.join(parts)})"

    def decode_plan(self, dialect: Dialect) -> DecodePlan:
        if dialect not in self._plans:
            if self._busy:  # a recursive type: inner values are read with `read`
                return DecodePlan(Any, each(self.read))
            self._busy = True
            try:
                self._plans[dialect] = self._make_plan(dialect)
            finally:
                self._busy = False
        return self._plans[dialect]

    def _make_plan(self, dialect: Dialect) -> DecodePlan:
        parts = [field.type.decode_plan(dialect) for field in self.fields]
        if self._direct and dialect.named and all(part.build is None for part in parts):
            return DecodePlan(self._python_type, None)
        steps = [part.build for part in parts]
        if not dialect.named:  # decoded as fast as a struct, and without unpacking
            return DecodePlan(generic(tuple, *(part.type for part in parts)), self._builder(steps, named=False))
        struct = decode_struct(
            self.name,
            [(field.name, part.type) for field, part in zip(self.fields, parts, strict=True)],
            rename={field.name: field.wire_name for field in self.fields},
        )
        return DecodePlan(struct, self._builder(steps, named=True))

    def _builder(self, steps: Sequence[Build | None], *, named: bool) -> Build:
        """Return a function that builds values column by column, from decode structs, or else from tuples."""
        make, from_decoded = self._make, self._from_decoded
        if not named and len(steps) > 1 and not any(steps):
            return lambda rows: starmap(make, rows)
        if len(steps) == 1:
            (step,), part_of = steps, attrgetter(self.fields[0].name) if named else itemgetter(0)
            if from_decoded is not None or step is None:
                finish = from_decoded or make
                return lambda decoded: map(finish, map(part_of, decoded))
            return lambda decoded: map(make, step(list(map(part_of, decoded))))

        def build(decoded: Sequence[Any]) -> Iterable[Any]:  # Any: decode structs or tuples, and the values
            rows = map(msgspec.structs.astuple, decoded) if named else decoded
            columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
            if not columns:  # no fields, or no values
                return [make() for _ in decoded]
            return map(
                make,
                *[column if step is None else step(column) for step, column in zip(steps, columns, strict=True)],
            )

        return build
