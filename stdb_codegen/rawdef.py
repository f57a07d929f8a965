"""Decodes a module's definition, of either version and encoding, into one shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from stdb_codegen import bsatn, casing, layout, v9, v10
from stdb_codegen.errors import SchemaError

if TYPE_CHECKING:
    from stdb_codegen.shape import Module

_NOT_A_SCHEMA = "give the schema of a module, as the server or `extract-schema` prints it"
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
    try:
        if definition.encoding == "bsatn":
            return _from_bsatn(definition)
        return _from_json(definition)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SchemaError(definition.place, str(error), _NOT_A_SCHEMA) from error
    except RecursionError as error:
        raise SchemaError(definition.place, "its types are nested too deeply", _NOT_A_SCHEMA) from error


def _from_json(definition: Definition) -> Module:
    top = msgspec.json.decode(definition.data, type=dict[str, msgspec.Raw])
    if "V10" in top or "sections" in top:
        return v10.unify(v10.decode(msgspec.json.decode(top.get("V10", definition.data))))
    return v9.unify(msgspec.json.decode(top.get("V9", definition.data), type=v9.ModuleV9))


def _from_bsatn(definition: Definition) -> Module:
    try:
        version, content = layout.read_module(definition.data)
    except bsatn.BsatnError as error:
        raise SchemaError(definition.place, f"its definition is damaged: {error}", _BUILD_AGAIN) from error
    if version == 9:
        return v9.unify(msgspec.convert(content, v9.ModuleV9))
    # A `.wasm` does not know yet what the server will call its things.
    return v10.unify(casing.canonical(v10.decode(content)))
