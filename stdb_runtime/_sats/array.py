"""Arrays of SATS."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import cached_property
from itertools import chain, islice
from typing import Any, TypeVar, cast

from .sats import DecodePlan, Dialect, Fault, Json, Key, SatsType, expected, generic

__all__ = [
    "Array",
]

T = TypeVar("T")


class Array(SatsType):
    """`Array` of any type but `U8`, a tuple in Python; as an argument any sequence but a text.

    On the wire `[a, b]`; its elements are positional in either dialect (docs/protocol.md, 3.1).
    """

    def __init__(self, element: SatsType) -> None:
        self._element = element

    @cached_property
    def key(self) -> Key | None:
        """Key function that applies the key function of the elements, if they have one."""
        key = self._element.key
        if key is None:
            return None

        def key_of(value: Any) -> Hashable:  # Any: a tuple of the elements
            found = tuple(map(key, value))
            return value if found == value else found

        return key_of

    def special(self, values: Sequence[Any]) -> Iterable[int]:  # Any: tuples of the elements
        if self.key is None or not self._element.special(list(chain.from_iterable(values))):
            return ()
        return super().special(values)

    def read(self, json: Json) -> object:
        if not isinstance(json, list):
            raise expected("a list", json)
        return tuple(_each(self._element.read, json))

    def write(self, value: object) -> object:
        if not isinstance(value, tuple | list) and (isinstance(value, str) or not isinstance(value, Sequence)):
            raise expected("a sequence, such as a list or a tuple", value)
        return _each(self._element.write, cast("Sequence[object]", value))

    def type_string(self, within: tuple[SatsType, ...] = ()) -> str:
        return f"Vec<{self._element.type_string(within)}>"

    def decode_plan(self, dialect: Dialect) -> DecodePlan:
        element, build = self._element.decode_plan(dialect._replace(named=False))
        if build is None:
            return DecodePlan(generic(tuple, element, ...), None)

        def build_arrays(arrays: Sequence[Sequence[Any]]) -> Iterable[Any]:  # Any: decoded and built elements
            elements = iter(build(list(chain.from_iterable(arrays))))
            return [tuple(islice(elements, len(array))) for array in arrays]

        return DecodePlan(generic(list, element), build_arrays)


def _each(convert: Callable[[T], object], items: Sequence[T]) -> list[object]:
    """Convert each item; a Fault has the index of the item in its path."""
    converted: list[object] = []
    try:
        converted.extend(map(convert, items))
    except Fault as fault:
        raise fault.under(f"[{len(converted)}]") from None
    return converted
