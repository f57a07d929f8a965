"""The arguments of reducers and procedures: from calls in Python to JSON text, and back from what callers sent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import msgspec

from ..._sats.annotation import F64, parameters_of, type_of
from ..._sats.literal import server_double
from ..._sats.sats import Fault, Json, SatsType, shown
from ...errors import ArgumentError, DecodeError
from ...types import ConnectionId, Identity, TimeDuration, Timestamp, Uuid

__all__ = ["Arguments", "encode_json", "read_value"]

_encoder = msgspec.json.Encoder()

# The server's JSON parser refuses the 128th level (docs/protocol.md, 3.3).
_DEEPEST = 127


class Arguments:
    """The parameters of one reducer or procedure.

    Args:
        what: names it in messages, such as `reducer create_player`.
        declaration: the method that has the parameters.
        rename: the module's names of parameters whose Python name differs.
    """

    def __init__(self, what: str, declaration: Callable[..., object], rename: Mapping[str, str]) -> None:
        self._what = what
        self._parameters = parameters_of(declaration, rename)

    @property
    def type(self) -> SatsType:
        """The parameters as a product."""
        return self._parameters

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
        arguments = read_value(self._parameters, text, f"the arguments of {self._what}")
        return cast("tuple[object, ...]", arguments)

    def _in_order(self, args: Sequence[object], kwargs: Mapping[str, object]) -> tuple[object, ...]:
        names = [field.name for field in self._parameters.fields]
        if len(args) == len(names) and not kwargs:
            return tuple(args)
        if len(args) > len(names):
            raise TypeError(f"{self._what} takes {len(names)} arguments, got {len(args)}")
        given = dict(zip(names, args, strict=False))
        twice = given.keys() & kwargs.keys()
        unknown = kwargs.keys() - set(names)
        given.update(kwargs)
        missing = [name for name in names if name not in given]
        for problem, culprits in (("got twice", twice), ("does not know", unknown), ("lacks", missing)):
            if culprits:
                raise TypeError(f"{self._what} {problem} {', '.join(sorted(culprits))}")
        return tuple(given[name] for name in names)


def encode_json(json: object, what: str) -> str:
    """The text of JSON values that stand for arguments, its doubles such that the server reads the very same ones.

    Args:
        json: None, bool, int, float, str, bytes, an Identity and its like, and lists and mappings of such.
        what: names it in messages.

    Raises:
        ArgumentError: something in it cannot be sent.
    """
    try:
        parts = _sendable(json)
        text = _encoder.encode(parts).decode()
    except Fault as fault:
        raise ArgumentError(fault.path(what), fault.problem) from None
    except (RecursionError, msgspec.MsgspecError, UnicodeError, TypeError) as error:
        raise ArgumentError(what, f"cannot be sent: {error}") from None
    return text


def _sendable(json: object) -> object:
    """The value as msgspec writes it, special types and doubles in the server's spelling (3.3)."""
    if isinstance(json, float):
        return type_of(F64).write(json)
    if isinstance(json, bytes | bytearray):
        return json.hex()
    if isinstance(json, Identity | ConnectionId | Timestamp | TimeDuration | Uuid):
        return type_of(type(json)).write(json)
    if isinstance(json, Mapping):
        return {str(key): _at(str(key), value) for key, value in cast("Mapping[object, object]", json).items()}
    if isinstance(json, list | tuple):
        return [_at(f"[{place}]", value) for place, value in enumerate(cast("Sequence[object]", json))]
    if json is None or isinstance(json, bool | int | str):
        return json
    raise Fault(f"{type(json).__name__} is no JSON value")


def _at(step: str, json: object) -> object:
    try:
        return _sendable(json)
    except Fault as fault:
        raise fault.under(step) from None


def read_value(value_type: SatsType, text: str, what: str) -> object:
    """A value from JSON text in any of the spellings that the server takes, its numbers as the server reads them.

    Args:
        value_type: its type.
        text: the JSON text.
        what: names it in messages.

    Raises:
        DecodeError: it is not of that type.
    """
    try:
        return value_type.read(_decoder.decode(text))
    except Fault as fault:
        problem, path = fault.problem, fault.path("$")
    except RecursionError:
        problem, path = _TOO_DEEP, "$"
    except ValueError as error:  # not JSON, or a number beyond what Python or the server reads
        problem, path = f"not JSON as the server reads it: {error}", "$"
    raise DecodeError(f"{what} are not as declared: {problem}", path=path)


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


_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=server_double, parse_int=_whole, parse_constant=_no_number
)
