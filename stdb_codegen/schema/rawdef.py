"""Decoder of module definitions of either version and encoding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from stdb_codegen.errors import SchemaError
from stdb_codegen.schema import binary, bsatn, casing, submodule, v9, v10
from stdb_codegen.schema.parts import LONGEST_NAME

if TYPE_CHECKING:
    from stdb_codegen.schema.v9 import ModuleDefV9
    from stdb_codegen.schema.v10 import ModuleDefV10

__all__ = ["LARGEST", "Definition", "decode"]

# Bytes of a schema. Those of large modules have one or two million.
LARGEST = 16 * 1024 * 1024

_NOT_A_SCHEMA = "give the schema of a module, as the server or `extract-schema` prints it"
# Part of msgspec's message; no other text has a limit.
_TOO_LONG = f"`str` of length <= {LONGEST_NAME}"
_SHORTEN = f"shorten that name: names may have {LONGEST_NAME:,} characters"
_BUILD_AGAIN = "build the module again, or generate from the database on its server, with --server"


@dataclass(frozen=True, slots=True)
class Definition:
    """Module definition in its encoded form.

    Attributes:
        data: encoded definition.
        encoding: `json`, as servers send it, or `bsatn`, as modules describe themselves.
        place: path or address that it was read from, for errors.
        others: paths of other builds of the module, which were not read.
    """

    data: bytes
    encoding: Literal["json", "bsatn"]
    place: str
    others: tuple[str, ...] = ()


def decode(definition: Definition) -> ModuleDefV9 | ModuleDefV10:
    """Decode a module definition.

    Args:
        definition: encoded definition.

    Raises:
        SchemaError: the data is not a definition of a supported version.
    """
    if len(definition.data) > LARGEST:
        problem = f"its schema has {len(definition.data):,} bytes, and {LARGEST:,} are allowed"
        raise SchemaError(definition.place, problem, _NOT_A_SCHEMA)
    try:
        if definition.encoding == "bsatn":
            return _from_bsatn(definition)
        return _from_json(definition)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        remedy = _SHORTEN if _TOO_LONG in str(error) else _NOT_A_SCHEMA
        raise SchemaError(definition.place, str(error), remedy) from error
    except RecursionError as error:
        raise SchemaError(definition.place, "its types are nested too deeply", _NOT_A_SCHEMA) from error


def _from_json(definition: Definition) -> ModuleDefV9 | ModuleDefV10:
    top = msgspec.json.decode(definition.data, type=dict[str, msgspec.Raw])
    if "V10" in top or "sections" in top:
        return submodule.flattened(v10.from_values(msgspec.json.decode(top.get("V10", definition.data))))
    if "V8BackCompat" in top or ("typespace" in top and "types" not in top):
        raise _too_old(definition)
    if len(top) == 1 and "V9" not in top:
        problem = f"its schema has the format {next(iter(top))!r}, and known are V9 and V10"
        raise SchemaError(
            definition.place, problem, "update stdb-codegen, or take the schema from a server, with --server"
        )
    return v9.from_json(top.get("V9", definition.data))


def _from_bsatn(definition: Definition) -> ModuleDefV9 | ModuleDefV10:
    if definition.data.startswith(b"\0"):
        raise _too_old(definition)
    try:
        version, values = binary.read_module(definition.data)
    except bsatn.BsatnError as error:
        raise SchemaError(definition.place, f"its definition is damaged: {error}", _BUILD_AGAIN) from error
    if version == 9:
        return v9.from_values(values)
    # A `.wasm` has source names, and the server derives canonical names when it is published.
    return submodule.flattened(casing.canonical(v10.from_values(values)))


def _too_old(definition: Definition) -> SchemaError:
    problem = "its schema has version 8, which SpacetimeDB used before 1.0"
    return SchemaError(definition.place, problem, "build the module with SpacetimeDB 1.0 or later")
