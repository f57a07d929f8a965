"""Encoding of arguments of reducers and procedures as JSON text, and decoding of the text that callers sent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

import msgspec

from ..._sats.annotation import F64, type_of
from ..._sats.literal import server_double
from ..._sats.parameters import Parameters
from ..._sats.sats import Fault, Json, SatsType, short_repr
from ...errors import ArgumentError, BindingsError, DecodeError
from ...events import ArgumentReader
from ...types import ConnectionId, Identity, TimeDuration, Timestamp, Uuid
from ..encoding import ParameterSource

__all__ = ["argument_reader", "decode", "decode_json", "decode_value", "encode", "encode_json"]

_encoder = msgspec.json.Encoder()

# The server's JSON parser refuses the 128th level (docs/protocol.md, 3.3).
_MAX_DEPTH = 127


def encode(parameters: Parameters, values: tuple[object, ...]) -> str:
    """Encode the arguments of a call as the JSON text of an array.

    Args:
        parameters: the declared parameters.
        values: the arguments, one for each parameter.

    Raises:
        ArgumentError: an argument cannot be sent as its declared type.
    """
    if parameters.plain is not None:
        try:
            return _encoder.encode(msgspec.convert(values, parameters.plain)).decode()
        except (msgspec.ValidationError, UnicodeEncodeError):
            pass  # the types of the parameters say what is wrong, or accept the values
    try:
        parts = parameters.type.write(values)
        text = _encoder.encode(parts).decode()
    except Fault as fault:
        raise ArgumentError(fault.path(""), fault.problem) from None
    except RecursionError:
        raise ArgumentError("", _TOO_DEEP) from None
    if text.count("[") > _MAX_DEPTH and _depth(parts) > _MAX_DEPTH:
        raise ArgumentError("", _TOO_DEEP)
    return text


def decode(parameters: Parameters, text: str) -> tuple[object, ...]:
    """Decode the arguments of a call, with the values that the server read, from the text that the caller sent (4.1).

    Args:
        parameters: the declared parameters.
        text: `ReducerEvent.args`, in any form that the server accepts (3.3).

    Raises:
        DecodeError: the arguments do not have the declared types.
    """
    arguments = decode_value(parameters.type, text, f"the arguments of {parameters.owner}")
    return cast("tuple[object, ...]", arguments)


def argument_reader(parameters: ParameterSource | None) -> ArgumentReader:
    """Return the function that decodes the arguments of reducer events.

    Args:
        parameters: the declared parameters of reducers. None if there is no generated code: arguments are then the JSON
            values of an array, or one object with all of them by name.
    """
    return _json_arguments if parameters is None else partial(_declared_arguments, parameters)


def _declared_arguments(parameters: ParameterSource, reducer: str, text: str) -> tuple[object, ...]:
    declared = parameters(reducer)
    if declared is not None:
        return decode(declared, text)
    if text == "[]":  # a change by SQL, or a lifecycle reducer, which has no parameters
        return ()
    raise BindingsError(f"the generated code has no reducer {reducer!r}: run stdb-codegen again")


def _json_arguments(_: str, text: str) -> tuple[object, ...]:
    values: object = decode_json(text)
    return tuple(cast("list[object]", values)) if isinstance(values, list) else (values,)


def encode_json(json: object, what: str) -> str:
    """Encode JSON values as text, floats so that the server reads the same ones.

    Args:
        json: None, bool, int, float, str, bytes, special types such as Identity, and lists and mappings of these.
        what: the name of the value in error messages.

    Raises:
        ArgumentError: a value cannot be sent.
    """
    try:
        parts = _to_wire(json)
        text = _encoder.encode(parts).decode()
    except Fault as fault:
        raise ArgumentError(fault.path(what), fault.problem) from None
    except (RecursionError, msgspec.MsgspecError, UnicodeError, TypeError) as error:
        raise ArgumentError(what, f"cannot be sent: {error}") from None
    return text


def _to_wire(json: object) -> object:
    """Return a value for msgspec to encode, with special types and floats in the form that the server reads (3.3)."""
    if isinstance(json, float):
        return type_of(F64).write(json)
    if isinstance(json, bytes | bytearray):
        return json.hex()
    if isinstance(json, Identity | ConnectionId | Timestamp | TimeDuration | Uuid):
        return type_of(type(json)).write(json)
    if isinstance(json, Mapping):
        return {
            str(key): _part_to_wire(str(key), value) for key, value in cast("Mapping[object, object]", json).items()
        }
    if isinstance(json, list | tuple):
        return [_part_to_wire(f"[{place}]", value) for place, value in enumerate(cast("Sequence[object]", json))]
    if json is None or isinstance(json, bool | int | str):
        return json
    raise Fault(f"{type(json).__name__} is not a JSON value")


def _part_to_wire(step: str, json: object) -> object:
    try:
        return _to_wire(json)
    except Fault as fault:
        raise fault.under(step) from None


def decode_json(text: str) -> Any:  # Any: a JSON value
    """Decode a JSON value. Raises DecodeError."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise DecodeError(f"not JSON: {error}") from None


def decode_value(value_type: SatsType, text: str, what: str) -> object:
    """Decode a value from JSON text in any form that the server accepts, numbers with the values that the server reads.

    Args:
        value_type: the type of the value.
        text: the JSON text.
        what: the name of the value in error messages, in the plural.

    Raises:
        DecodeError: the value does not have that type.
    """
    try:
        return value_type.read(_decoder.decode(text))
    except Fault as fault:
        problem, path = fault.problem, fault.path("$")
    except RecursionError:
        problem, path = _TOO_DEEP, "$"
    except ValueError as error:  # not JSON, or a number that Python or the server does not read
        problem, path = f"not JSON as the server reads it: {error}", "$"
    raise DecodeError(f"{what} are not as declared: {problem}", path=path)


_TOO_DEEP = f"nested too deeply: the server reads {_MAX_DEPTH} levels"


def _depth(json: object) -> int:
    """Return the number of levels of nested lists."""
    deepest = 0
    level = _lists_in([json])
    while level:
        deepest += 1
        level = [inner for outer in level for inner in _lists_in(outer)]
    return deepest


def _lists_in(parts: list[object]) -> list[list[object]]:
    return [cast("list[object]", part) for part in parts if isinstance(part, list)]


def _parse_object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """Return an object. Raises ValueError for a duplicate key, as the server refuses it."""
    parsed = dict(pairs)
    if len(parsed) != len(pairs):
        ((duplicate, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"duplicate key {short_repr(duplicate)}")
    return parsed


def _parse_int(text: str) -> int | float:
    """Return a number without fraction and exponent. Minus zero is a float to the server."""
    return -0.0 if text == "-0" else int(text)


def _parse_constant(text: str) -> float:
    """Raise ValueError for `NaN` and the infinities, which Python reads, but which are not JSON."""
    raise ValueError(f"{text} is not JSON")


_decoder = json.JSONDecoder(
    object_pairs_hook=_parse_object, parse_float=server_double, parse_int=_parse_int, parse_constant=_parse_constant
)
