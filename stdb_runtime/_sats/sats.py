"""Base of the types of SATS, the algebraic types of SpacetimeDB: reading values from JSON, and writing them to it.

The server writes products in two dialects (docs/protocol.md, 3.1): *named*, as objects, and *positional*, as arrays. In
a named row, the elements of an array are positional. Callers of reducers may use further forms (3.3). So each type has
two ways of reading:

- `read` takes parsed JSON in any dialect and form, and checks everything. It is the reference.
- `decode_plan` is the fast path for rows: a type that msgspec decodes directly, and a function that builds the values
  from what it has decoded, many at once. If that fails, the caller uses `read`, which raises an exact error.

Values are written positionally, sums by tag, so that nothing depends on the case of names on the server.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import msgspec

__all__ = [
    "Build",
    "DecodePlan",
    "Dialect",
    "Fault",
    "Json",
    "Key",
    "SatsType",
    "decode_struct",
    "each",
    "expected",
    "generic",
    "short_repr",
]

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""Parsed JSON."""
Build: TypeAlias = Callable[[Sequence[Any]], Iterable[Any]]  # Any: decoded and built values of the type
"""Function that builds values from decoded ones: a column at a time, because a Python call per value would be slow."""
Key: TypeAlias = Callable[[Any], Hashable]  # Any: as above
"""Function that returns the key of a value: equal keys are equal values on the server."""


class Fault(Exception):
    """Problem with a value, and its path in the value. Callers translate it into a public error.

    Attributes:
        problem: the problem.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self._steps: list[str] = []

    def under(self, step: str) -> Fault:
        """Prepend a step to the path: a field name, or an index such as `[3]`. Returns the Fault."""
        self._steps.append(step)
        return self

    def path(self, root: str) -> str:
        """Return the path, such as `$.position.x` or `tags[3]`."""
        path = root
        for step in reversed(self._steps):
            path += step if step.startswith("[") or not path else f".{step}"
        return path


class Dialect(NamedTuple):
    """Form in which the server writes rows (3.1).

    Attributes:
        named: True if products are objects, False if they are arrays.
        null_floats: True if floats may be null, which few tables need and which is slower.
    """

    named: bool
    null_floats: bool = False


class DecodePlan(NamedTuple):
    """Plan for decoding one type in one dialect.

    Attributes:
        type: the type that msgspec decodes.
        build: builds the values from what msgspec has decoded; None if these are the values.
    """

    type: Any  # Any: any type that msgspec accepts: classes, unions, generic aliases
    build: Build | None


def each(make: Callable[[Any], Any]) -> Build:  # Any: as in Build
    """Return a function that builds each value by itself."""
    return lambda decoded: map(make, decoded)


def generic(origin: Any, *arguments: Any) -> Any:  # Any: types that are made at run time, beyond what checkers follow
    """Return `origin[arguments]`."""
    return origin[arguments]


def decode_struct(
    name: str, fields: Sequence[tuple[str, Any]], namespace: Mapping[str, object] | None = None, **config: Any
) -> Any:  # Any: the types of the fields, the configuration of a Struct, and a class made at run time
    """Return a decode struct: a class that msgspec decodes into, from which values are then built."""
    return msgspec.defstruct(
        name, fields, namespace=dict(namespace or {}), frozen=True, gc=False, forbid_unknown_fields=True, **config
    )


class SatsType(ABC):
    """Type of a value of the database."""

    @cached_property
    def key(self) -> Key | None:
        """Key function, if values that are equal in Python may differ on the server, or the reverse; else None.

        It returns the value itself unless it has to tell it from an equal one.
        """
        return None

    def special(self, values: Sequence[Any]) -> Iterable[int]:  # Any: values of the type
        """Return the positions of the values whose key is not the value itself.

        They are rare, and there may be very many values: types look at them column by column.
        """
        key = self.key
        return () if key is None else [at for at, value in enumerate(values) if key(value) is not value]

    @property
    def plain(self) -> Any | None:  # Any: as in DecodePlan
        """Type for msgspec of the values that are written as they are, perhaps not of all of them; None if none are."""
        return None

    @abstractmethod
    def read(self, json: Json) -> object:
        """Read a value from parsed JSON in any dialect and form. Raises Fault if it is not of this type."""

    @abstractmethod
    def write(self, value: object) -> object:
        """Return the object that msgspec encodes for a value. Raises Fault if the value is not of this type."""

    @abstractmethod
    def decode_plan(self, dialect: Dialect) -> DecodePlan:
        """Return the plan for decoding values in rows of a dialect."""

    def resolved(self) -> SatsType:
        """Return the type that this refers to, if it is a reference; else this type."""
        return self

    @abstractmethod
    def type_string(self, within: tuple[SatsType, ...] = ()) -> str:
        """Return the structure of the type in the syntax of Rust: equal strings mean equal values on the wire.

        Args:
            within: the enclosing types; a reference to one of them is written `...`, since it has no end.
        """


def expected(what: str, got: object) -> Fault:
    """Return the Fault of a value that is not what was expected."""
    return Fault(f"expected {what}, got {short_repr(got)}")


def short_repr(value: object) -> str:
    """Return the `repr` of a value for an error message, at most 60 characters of it."""
    try:
        text = repr(value)
    except ValueError:  # Python does not convert an integer of more than 4300 digits
        text = f"a huge {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."
