"""Detection of a naming rule: digits as separate words, as in `one_u_8`, or not, as in `one_u8`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stdb_codegen.schema import ir
from stdb_codegen.schema.casing import snake

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["digits_apart"]

# `u_8`, `player_1_id`, and `u8`, `player1Id`.
_APART = re.compile(r"(?:^|_)[0-9]+(?:_|$)")
_JOINED = re.compile(r"[^\W\d_][0-9]|[0-9][^\W\d_]")


def digits_apart(
    types: Iterable[ir.Product | ir.Sum], parts: Iterable[ir.Table | ir.View | ir.Reducer | ir.Procedure]
) -> bool:
    """Tell whether digits are separate words in the names of a module.

    A server of version 2 splits digits off in the names of tables, functions and columns, but not in parameters and
    source names. The names of a package are uniform only if those are split too, where the server has split. No schema
    states the rule, so it is inferred from the names.

    Args:
        types: types of the module.
        parts: tables, views, reducers and procedures of the module.
    """
    names = [field.name for type_ in types if isinstance(type_, ir.Product) for field in type_.fields]
    # A canonical name that the module sets follows no rule, and no rule changes the namespace of a submodule.
    local = ((part.name.rpartition(".")[2], (part.source_name or part.name).rpartition(".")[2]) for part in parts)
    names += [name for name, source_name in local if name in (source_name, snake(source_name))]
    return any(_APART.search(name) for name in names) and not any(_JOINED.search(name) for name in names)
