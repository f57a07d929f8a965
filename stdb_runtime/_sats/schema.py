"""Schema of a module, as a server sends it: the types of rows and parameters, for clients without generated code.

Values of structs are mappings by field name, and values of sums are mappings such as `{"Variant": value}`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from ..errors import SchemaError
from ..types import ConnectionId, Identity, TimeDuration, Timestamp, Uuid
from .annotation import type_of
from .array import Array
from .product import Field, ProductType
from .sats import DecodePlan, Dialect, Fault, Json, SatsType, each, expected
from .scalar import UNIT, Boolean, Bytes, Float, Integer, String
from .sums import Alternatives, Option, sum_type_string

__all__ = ["Schema"]

_PRIMITIVES: dict[str, SatsType] = {
    "Bool": Boolean(),
    "String": String(),
    "F32": Float(32),
    "F64": Float(64),
    **{f"U{bits}": Integer(bits, signed=False) for bits in (8, 16, 32, 64, 128, 256)},
    **{f"I{bits}": Integer(bits, signed=True) for bits in (8, 16, 32, 64, 128, 256)},
}
_SPECIAL: dict[str, type] = {
    "__identity__": Identity,
    "__connection_id__": ConnectionId,
    "__timestamp_micros_since_unix_epoch__": Timestamp,
    "__time_duration_micros__": TimeDuration,
    "__uuid__": Uuid,
}


class Schema:
    """Schema of a module, of version 9: the types of its rows and parameters.

    Args:
        source: the schema as a mapping, or its JSON text.

    Attributes:
        tables: the types of the rows, by the name of the table or view.
        reducers: the parameters as products, by the name of the reducer.

    Raises:
        SchemaError: the source is not a schema of version 9.
    """

    def __init__(self, source: Mapping[str, object] | str | bytes) -> None:
        self.tables: dict[str, SatsType] = {}
        self.reducers: dict[str, SatsType] = {}
        place = ""
        try:
            raw: Any = json.loads(source) if isinstance(source, str | bytes) else source  # Any: checked by its use
            raw = raw.get("V9", raw)
            types = _Typespace(raw["typespace"]["types"])
            types.build_all()
            for table in raw["tables"]:
                place = f"table {table['name']}"
                self.tables[table["name"]] = types.at(table["product_type_ref"])
            for view in (export["View"] for export in raw.get("misc_exports", ()) if "View" in export):
                place = f"view {view['name']}"
                self.tables[view["name"]] = types.row_of(view["return_type"])
            for reducer in raw["reducers"]:
                place = f"reducer {reducer['name']}"
                self.reducers[reducer["name"]] = types.product(reducer["params"]["elements"])
        except json.JSONDecodeError as error:
            raise SchemaError("", f"it is not JSON: {error}") from None
        except KeyError as error:
            raise SchemaError(place, f"it lacks {error}, or has an unknown form") from None
        except ValueError as error:
            raise SchemaError(place, str(error)) from None
        except (TypeError, AttributeError, RecursionError):
            raise SchemaError(place, "it has an unknown form") from None


class _Tagged(SatsType):
    """Sum type whose values are mappings of the variant's name to its value."""

    def __init__(self, names: Sequence[str], payloads: Sequence[SatsType]) -> None:
        self._alternatives = Alternatives(names)
        self._payloads = payloads

    def read(self, json: Json) -> object:
        tag, payload = self._alternatives.split(json)
        name = self._alternatives.names[tag]
        try:
            return {name: self._payloads[tag].read(payload)}
        except Fault as fault:
            raise fault.under(name) from None

    def write(self, value: Any) -> object:  # Any: a mapping, which is checked
        names = self._alternatives.names
        items: list[tuple[str, object]] = [*value.items()] if isinstance(value, Mapping) else []
        if len(items) != 1 or items[0][0] not in names:
            raise expected(f"a mapping of one of {', '.join(names)}", cast("object", value))
        tag = names.index(items[0][0])
        return [tag, self._payloads[tag].write(items[0][1])]

    def type_string(self, within: tuple[SatsType, ...] = ()) -> str:
        if self in within:
            return "..."
        inner = (*within, self)
        names = self._alternatives.names
        return sum_type_string((name, payload, inner) for name, payload in zip(names, self._payloads, strict=True))

    def decode_plan(self, dialect: Dialect) -> DecodePlan:
        return DecodePlan(Any, each(self.read))


class _Typespace:
    """Typespace of a schema. Its types are built on demand, because they may contain themselves."""

    def __init__(self, raw: Sequence[Mapping[str, Any]]) -> None:  # Any: the schema's JSON
        self._raw = raw
        self._built: dict[int, SatsType] = {}

    def build_all(self) -> None:
        """Build all types, to find errors. Raises as the constructor of `Schema` expects."""
        for index in range(len(self._raw)):
            self.at(index)

    def at(self, index: int) -> SatsType:
        """Return the type of an index in the typespace."""
        index = self._checked(index)
        if index not in self._built:
            self._built[index] = self._type(self._raw[index])
        return self._built[index]

    def _checked(self, index: int) -> int:
        """Return an index of the typespace. Raises ValueError if it is out of range."""
        if not 0 <= index < len(self._raw):
            raise ValueError(f"it refers to type {index}, of {len(self._raw)}")
        return index

    def _type(self, raw: Mapping[str, Any]) -> SatsType:
        ((kind, body),) = raw.items()
        if kind == "Ref":
            return _Reference(self, self._checked(body))
        if kind == "Array":
            return Bytes() if "U8" in body else Array(self._type(body))
        if kind == "Product":
            return self.product(body["elements"])
        if kind == "Sum":
            return self._sum(body["variants"])
        return _PRIMITIVES[kind]

    def row_of(self, raw: Mapping[str, Any]) -> SatsType:
        """Return the type of a view's rows, given the type that it returns: an array, an option or a query of rows."""
        match raw:
            case {"Array": body}:
                return self._type(body)
            case {"Sum": {"variants": [{"algebraic_type": body}, _]}}:
                return self._type(body)
            case {"Product": {"elements": [{"name": {"some": "__query__"}, "algebraic_type": body}]}}:
                return self._type(body)
            case _:
                raise ValueError("it returns neither a list of rows, nor an option of one, nor a query")

    def product(self, elements: Sequence[Mapping[str, Any]]) -> SatsType:
        """Return the product of some elements, or the special type that has this form."""
        names = [element["name"]["some"] for element in elements]
        if len(names) == 1 and names[0] in _SPECIAL:
            return type_of(_SPECIAL[names[0]])
        if not names:
            return UNIT
        fields = [
            Field(name, name, self._type(element["algebraic_type"]))
            for name, element in zip(names, elements, strict=True)
        ]
        return ProductType(
            "a row",
            lambda: fields,
            make=lambda *values: dict(zip(names, values, strict=True)),
            take=lambda value: list(value.values()),
            python_type=dict,
            direct=False,
        )

    def _sum(self, variants: Sequence[Mapping[str, Any]]) -> SatsType:
        names = [variant["name"]["some"] for variant in variants]
        payloads = [self._type(variant["algebraic_type"]) for variant in variants]
        if names == ["some", "none"]:
            return Option(payloads[0], wrapped=isinstance(payloads[0], Option) or payloads[0] is UNIT)
        return _Tagged(names, payloads)


class _Reference(SatsType):
    """Reference to a type of the typespace, resolved when it is used."""

    def __init__(self, types: _Typespace, index: int) -> None:
        self._types = types
        self._index = index

    def resolved(self) -> SatsType:
        return self._types.at(self._index)

    def read(self, json: Json) -> object:
        return self.resolved().read(json)

    def write(self, value: object) -> object:
        return self.resolved().write(value)

    def type_string(self, within: tuple[SatsType, ...] = ()) -> str:
        return self.resolved().type_string(within)

    def decode_plan(self, dialect: Dialect) -> DecodePlan:
        return DecodePlan(Any, each(self.read))
