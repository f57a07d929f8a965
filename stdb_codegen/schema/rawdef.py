"""Decodes a module's definition, of either version and encoding, into one shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from stdb_codegen.errors import SchemaError
from stdb_codegen.schema import bsatn, casing, layout, v9, v10
from stdb_codegen.schema.shape import LONGEST_NAME

if TYPE_CHECKING:
    from stdb_codegen.schema.shape import Module

# Bytes of a schema, wherever it comes from. Those of large modules have one or two million.
LARGEST = 16 * 1024 * 1024

_NOT_A_SCHEMA = "give the schema of a module, as the server or `extract-schema` prints it"
# How msgspec says it; there is no other limit of a length of text.
_TOO_LONG = f"`str` of length <= {LONGEST_NAME}"
_SHORTEN = f"shorten that name: names may have {LONGEST_NAME:,} characters"
_BUILD_AGAIN = "build the module again, or generate from the database on its server, with --server"


@dataclass(frozen=True, slots=True)
class Definition:
    """A module's definition as it was found.

    Attributes:
        data: The definition itself.
        encoding: `json` as servers send it, or `bsatn` as modules describe themselves.
        place: Where it was found, for errors.
    """

    data: bytes
    encoding: Literal["json", "bsatn"]
    place: str


def decode(definition: Definition) -> Module:
    """Decode a module's definition.

    Args:
        definition: The definition as it was found.

    Raises:
        SchemaError: It is no definition, or one of a version that is not supported.
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


def _from_json(definition: Definition) -> Module:
    top = msgspec.json.decode(definition.data, type=dict[str, msgspec.Raw])
    if "V10" in top or "sections" in top:
        return v10.unify(v10.decode(msgspec.json.decode(top.get("V10", definition.data))))
    if "V8BackCompat" in top or ("typespace" in top and "types" not in top):
        raise _too_old(definition)
    if len(top) == 1 and "V9" not in top:
        problem = f"its schema has the format {next(iter(top))!r}, and known are V9 and V10"
        raise SchemaError(
            definition.place, problem, "update stdb-codegen, or take the schema from a server, with --server"
        )
    return v9.unify(msgspec.json.decode(top.get("V9", definition.data), type=v9.ModuleV9))


def _from_bsatn(definition: Definition) -> Module:
    if definition.data.startswith(b"\0"):
        raise _too_old(definition)
    try:
        version, content = layout.read_module(definition.data)
    except bsatn.BsatnError as error:
        raise SchemaError(definition.place, f"its definition is damaged: {error}", _BUILD_AGAIN) from error
    if version == 9:
        return v9.unify(msgspec.convert(content, v9.ModuleV9))
    # A `.wasm` does not know yet what the server will call its things.
    return v10.unify(casing.canonical(v10.decode(content)))


def _too_old(definition: Definition) -> SchemaError:
    problem = "its schema has version 8, which SpacetimeDB used before 1.0"
    return SchemaError(definition.place, problem, "build the module with SpacetimeDB 1.0 or later")
