"""Annotations of schema types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stdb_codegen.schema import ir
from stdb_codegen.schema.ir import Atom

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stdb_codegen.emit.naming import Identifier

__all__ = ["Annotation", "annotation"]

_BUILTIN = {Atom.BOOL: "bool", Atom.STRING: "str", Atom.BYTES: "bytes", Atom.UNIT: "None"}


class Annotation(str):
    """Annotation, which is safe to write into Python code: it consists of identifiers and fixed text."""

    __slots__ = ()


def annotation(
    type_: ir.Type, names: Mapping[str, Identifier], prefix: str = "", *, argument: bool = False
) -> Annotation:
    """Return the annotation of a type.

    Args:
        type_: type of a column, parameter or returned value.
        names: Python names of the module's types.
        prefix: prefix of the module's types, such as `types.`.
        argument: whether callers may give any value that can be sent: any sequence instead of a tuple. Values inside
            classes, `Some`, `Ok` and `Err` included, are as in rows.
    """

    def text(type_: ir.Type, *, argument: bool = False) -> str:
        match type_:
            case Atom.BYTES if argument:
                return "stdb.BytesLike"
            case Atom():
                return _BUILTIN.get(type_) or f"stdb.{type_.value}"
            case ir.Array(element) if argument:
                return f"stdb.Sequence[{text(element, argument=True)}]"
            case ir.Array(element):
                return f"tuple[{text(element)}, ...]"
            case ir.Option(some):
                if _includes_none(some):
                    return f"stdb.Some[{text(some)}] | None"
                return f"{text(some, argument=argument)} | None"
            case ir.Result(ok, err):
                return f"stdb.Ok[{text(ok)}] | stdb.Err[{text(err)}]"
            case ir.Named(name):
                return f"{prefix}{names[name]}"

    return Annotation(text(type_, argument=argument))


def _includes_none(type_: ir.Type) -> bool:
    return type_ is Atom.UNIT or isinstance(type_, ir.Option)
