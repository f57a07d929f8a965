"""Reducers: what generated code declares of each, and calls of them.

A declaration is a method without a body::

    class Reducers(ReducerSet):
        @reducer("create_player")
        def create_player(self, name: str) -> None: ...
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, Self, cast, overload

import msgspec

from .annotation import parameters_of
from .errors import ArgumentError, DecodeError
from .events import ReducerEvent
from .literal import server_double
from .outcome import Outcome, Promise
from .sats import Fault, Json, shown

__all__ = ["BoundReducer", "Reducer", "ReducerCall", "ReducerOwner", "ReducerSet", "reducer"]

P = ParamSpec("P")

_encoder = msgspec.json.Encoder()

# The server's JSON parser refuses the 128th level (protocol notes, 3.3).
_DEEPEST = 127


class ReducerCall(Outcome[ReducerEvent]):
    """A reducer call that was sent. Await it for the outcome.

    Awaiting gives the `ReducerEvent`, after the callbacks of the rows that it changed, or raises:

    - `ReducerError`: the module refused it; nothing was committed.
    - `ConnectionLost`: the connection ended first; whether it ran is unknown, and it is not sent again.

    A failure that nobody awaits is logged once.
    """

    def __init__(self, reducer: str, promise: Promise[ReducerEvent]) -> None:
        super().__init__(f"a call of reducer {reducer}", promise)
        self.reducer = reducer

    def __repr__(self) -> str:
        return f"<call of reducer {self.reducer}>"


class ReducerOwner(Protocol):
    """What a reducer knows of its client."""

    def call_reducer(self, reducer: str, args: str) -> ReducerCall:
        """Send a call with the JSON text of its arguments. Raises NotConnectedError if there is no connection."""
        ...


class ReducerSet:
    """The reducers of a module, one method each."""

    def __init__(self, owner: ReducerOwner) -> None:
        self.__owner__ = owner


class BoundReducer(Generic[P]):
    """A reducer of one client: call it."""

    def __init__(self, declaration: Reducer[P], owner: ReducerOwner) -> None:
        self._declaration = declaration
        self._owner = owner
        self.__doc__ = declaration.__doc__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> ReducerCall:
        """Send the call now. Await what comes back for the outcome.

        Raises:
            ArgumentError: an argument cannot be sent as the declared type; nothing was sent.
            NotConnectedError: there is no open connection.
        """
        return self._owner.call_reducer(self._declaration.name, self._declaration.encode(args, kwargs))

    def __repr__(self) -> str:
        return f"<reducer {self._declaration.name}>"


class Reducer(Generic[P]):
    """A declared reducer. On a set that belongs to a client it is callable.

    Args:
        name: its name, as the module declares it.
        declaration: the method that has its parameters.
        rename: the module's names of parameters whose Python name differs.
    """

    def __init__(self, name: str, declaration: Callable[Concatenate[Any, P], None], rename: Mapping[str, str]) -> None:
        self.name = name
        self.__doc__ = declaration.__doc__
        self._declaration = declaration
        self._parameters = parameters_of(declaration, rename)

    @overload
    def __get__(self, reducers: None, owner: type[ReducerSet]) -> Self: ...
    @overload
    def __get__(self, reducers: ReducerSet, owner: type[ReducerSet]) -> BoundReducer[P]: ...
    def __get__(self, reducers: ReducerSet | None, owner: type[ReducerSet]) -> Self | BoundReducer[P]:
        return self if reducers is None else BoundReducer(self, reducers.__owner__)

    def encode(self, args: Sequence[object], kwargs: Mapping[str, object]) -> str:
        """The JSON text of the arguments.

        Raises:
            TypeError: there are too many, too few or unknown ones.
            ArgumentError: one cannot be sent as its declared type.
        """
        try:
            parts = self._parameters.write(self._in_order(args, kwargs))
            text = _encoder.encode(parts).decode()
        except Fault as fault:
            raise ArgumentError(fault.path(""), fault.problem) from None
        except RecursionError:
            raise ArgumentError("", _TOO_DEEP) from None
        if text.count("[") > _DEEPEST and _depth(parts) > _DEEPEST:
            raise ArgumentError("", _TOO_DEEP)
        return text

    def decode(self, text: str) -> tuple[object, ...]:
        """The arguments of a call, as the server read them, from the text that the caller sent (4.1).

        Args:
            text: `ReducerEvent.args`, in any of the spellings that the server takes (3.3).

        Raises:
            DecodeError: they are not what the declaration says.
        """
        try:
            arguments = self._parameters.read(_arguments.decode(text))
        except Fault as fault:
            problem, path = fault.problem, fault.path("$")
        except RecursionError:
            problem, path = _TOO_DEEP, "$"
        except ValueError as error:  # not JSON, or a number beyond what Python or the server reads
            problem, path = f"not JSON as the server reads it: {error}", "$"
        else:
            return cast("tuple[object, ...]", arguments)
        raise DecodeError(f"the arguments of reducer {self.name} are not as declared: {problem}", path=path)

    def _in_order(self, args: Sequence[object], kwargs: Mapping[str, object]) -> tuple[object, ...]:
        names = [field.name for field in self._parameters.fields]
        if len(args) > len(names):
            raise TypeError(f"{self.name} takes {len(names)} arguments, got {len(args)}")
        given = dict(zip(names, args, strict=False))
        twice = given.keys() & kwargs.keys()
        unknown = kwargs.keys() - set(names)
        given.update(kwargs)
        missing = [name for name in names if name not in given]
        for problem, culprits in (("got twice", twice), ("does not know", unknown), ("lacks", missing)):
            if culprits:
                raise TypeError(f"{self.name} {problem} {', '.join(sorted(culprits))}")
        return tuple(given[name] for name in names)


_TOO_DEEP = f"nested too deeply: the server reads {_DEEPEST} levels"


def _depth(json: object) -> int:
    """How many lists stand within one another."""
    deepest = 0
    level = _lists_in([json])
    while level:
        deepest += 1
        level = [inner for outer in level for inner in _lists_in(outer)]
    return deepest


def _lists_in(parts: list[object]) -> list[list[object]]:
    return [cast("list[object]", part) for part in parts if isinstance(part, list)]


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """An object, if no key comes twice: the server would not take it."""
    made = dict(pairs)
    if len(made) != len(pairs):
        ((twice, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"key {shown(twice)} comes twice")
    return made


def _whole(text: str) -> int | float:
    """A number without fraction and exponent. Minus zero is a float to the server."""
    return -0.0 if text == "-0" else int(text)


def _no_number(text: str) -> float:
    """`NaN` and the infinities, which Python reads and JSON does not have."""
    raise ValueError(f"{text} is no JSON")


_arguments = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=server_double, parse_int=_whole, parse_constant=_no_number
)


def reducer(
    name: str, *, rename: Mapping[str, str] | None = None
) -> Callable[[Callable[Concatenate[Any, P], None]], Reducer[P]]:  # Any: the set that the method stands in
    """Declare a reducer by a method that has its parameters.

    Args:
        name: its name, as the module declares it.
        rename: the module's names of parameters whose Python name differs.
    """
    return lambda declaration: Reducer(name, declaration, rename or {})
