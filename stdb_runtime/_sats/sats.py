"""SATS, the algebraic types of SpacetimeDB: how a value of each is read from JSON and written to it.

The server writes products in two dialects (docs/protocol.md, 3.1): *named*, as objects, and *positional*, as arrays. In
a named row, what stands inside an array is positional. Callers of reducers have further spellings (3.3). So each type
here knows two ways of reading:

- `read` takes parsed JSON in any dialect and spelling and checks everything. It is the reference.
- `wire` is a short cut for rows: a type that msgspec decodes directly, and what is left to do after that, for many
  values at once. Where it fails for whatever reason, the caller reads again with `read`, which says what is wrong.

Values are written positionally, sums by tag, so that nothing depends on how the server cases names.
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
"""What a JSON parser gives."""
Build: TypeAlias = Callable[[Sequence[Any]], Iterable[Any]]  # Any: each type's own wires and values
"""Makes the values of many wires: a column of rows at once, because a Python call a value would be the slow part."""
Key: TypeAlias = Callable[[Any], Hashable]  # Any: as above


class Fault(Exception):
    """What is wrong with a value, and where in it. Turned into a public error by whoever knows the context."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self._steps: list[str] = []

    def under(self, step: str) -> Fault:
        """The same fault, seen from one level further out: `step` is a field name or an index like `[3]`."""
        self._steps.append(step)
        return self

    def path(self, root: str) -> str:
        """The place as a path, such as `$.position.x` or `tags[3]`."""
        path = root
        for step in reversed(self._steps):
            path += step if step.startswith("[") or not path else f".{step}"
        return path


class Dialect(NamedTuple):
    """A way of the server to write rows (3.1).

    Attributes:
        named: products are objects; else they are arrays.
        null_floats: floats may be null, which few tables need and which costs time.
    """

    named: bool
    null_floats: bool = False


class DecodePlan(NamedTuple):
    """How msgspec decodes one type in one dialect, and how values are built from that (None: they are the values)."""

    type: Any  # Any: what msgspec takes as a type: classes, unions, generic aliases
    build: Build | None


def each(make: Callable[[Any], Any]) -> Build:  # Any: as in Build
    """Builds each value for itself."""
    return lambda wires: map(make, wires)


def generic(origin: Any, *arguments: Any) -> Any:  # Any: types that are made at run time, beyond what checkers follow
    """`origin[arguments]`."""
    return origin[arguments]


def decode_struct(
    name: str, fields: Sequence[tuple[str, Any]], namespace: Mapping[str, object] | None = None, **config: Any
) -> Any:  # Any: the fields' wires, the configuration of a Struct, and a class that no checker knows
    """A class that msgspec decodes into, only to be read again at once."""
    return msgspec.defstruct(
        name, fields, namespace=dict(namespace or {}), frozen=True, gc=False, forbid_unknown_fields=True, **config
    )


class SatsType(ABC):
    """A type of the module's schema."""

    @cached_property
    def key(self) -> Key | None:
        """Makes what is equal and hashed as the server tells values apart; None: the value itself is that."""
        return None

    @abstractmethod
    def read(self, json: Json) -> object:
        """The value that parsed JSON stands for, in any dialect and spelling. Raises Fault."""

    @abstractmethod
    def write(self, value: object) -> object:
        """What msgspec encodes for a value. Raises Fault if the value is not of this type."""

    @abstractmethod
    def decode_plan(self, dialect: Dialect) -> DecodePlan:
        """The short cut for rows of a dialect."""

    def resolved(self) -> SatsType:
        """The type itself, where this is but a reference to it."""
        return self

    @abstractmethod
    def type_string(self, within: tuple[SatsType, ...] = ()) -> str:
        """The type's structure as Rust spells types: equal texts mean equal values on the wire.

        Args:
            within: the types around; one of them is spelled `...`, since it goes on without an end.
        """


def expected(what: str, got: object) -> Fault:
    """The fault of a value that is something else than it should be."""
    return Fault(f"expected {what}, got {short_repr(got)}")


def short_repr(value: object) -> str:
    """A value for a message, at most 60 characters of it."""
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write an integer of more than 4300 digits
        text = f"a huge {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."
