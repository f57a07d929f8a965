"""Accessors of the indexes of a table, with their names and keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stdb_codegen.emit import naming
from stdb_codegen.emit.classes import fields_of
from stdb_codegen.emit.declaration import IndexAccessor, Member
from stdb_codegen.emit.naming import Identifier
from stdb_codegen.emit.pytypes import Annotation
from stdb_codegen.emit.rename import owners
from stdb_codegen.errors import check_distinct
from stdb_codegen.schema import ir
from stdb_codegen.schema.ir import Atom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from stdb_codegen.emit.classes import Classes
    from stdb_codegen.emit.rename import Kind, Renames

__all__ = ["accessors"]

_ORDERABLE = {
    *(Atom.BOOL, Atom.STRING, Atom.BYTES, Atom.IDENTITY, Atom.CONNECTION_ID, Atom.TIMESTAMP, Atom.UUID),
    *(Atom.TIME_DURATION,),
    *(atom for atom in Atom if re.fullmatch(r"[UI]\d+", atom.value)),
}


def accessors(
    table: ir.Table | ir.View, classes: Classes, renames: Renames, variable: Callable[[str], Identifier]
) -> tuple[tuple[IndexAccessor, ...], tuple[str, ...]]:
    """Return the accessors of a table, and warnings about the indexes without one.

    Args:
        table: table or view; a view has no indexes, but may have a primary key.
        classes: classes of the module's types.
        renames: Python names that the user chose.
        variable: rule that derives Python names of variables.

    Raises:
        NameCollisionError: two accessors have one name.
    """
    columns = classes.columns(table.row)
    types = [field.type for field in fields_of(classes[table.row])]
    found: list[IndexAccessor] = []
    warnings: list[str] = []
    for index, unique in _indexes(table):
        parts = tuple(columns[position] for position in index.columns)
        kind = _kind([types[position] for position in index.columns], classes, unique=unique)
        if kind is not None:
            found.append(
                IndexAccessor(
                    python_name=_name(table, index, parts, renames, variable),
                    kind=kind,
                    columns=parts,
                    key=_key(parts, prefixes=kind == "BTree" and index.algorithm == "btree"),
                    row=classes.annotation(ir.Named(table.row)),
                )
            )
        else:
            listed = ", ".join(column.name for column in parts)
            why = "a column of this type, not supported" if len(parts) == 1 else "columns of these types, not supported"
            warnings.append(f"table {table.name!r}: its index on {listed} gets no accessor: {why}")
    named = ((", ".join(column.name for column in accessor.columns), accessor.python_name) for accessor in found)
    check_distinct(f"indexes of table {table.name!r}", named)
    return tuple(found), tuple(warnings)


def _indexes(table: ir.Table | ir.View) -> Iterator[tuple[ir.Index, bool]]:
    """Yield the indexes that may have an accessor, and whether each is unique, in the order of their columns.

    Unique columns have one even without an index. Of several indexes on the same columns, the first one is used.
    """
    unique: set[int] = set() if table.primary_key is None else {table.primary_key}
    plain: dict[tuple[int, ...], ir.Index] = {}
    if isinstance(table, ir.Table):
        unique.update(columns[0] for columns in table.unique if len(columns) == 1)
        for index in table.indexes:
            if index.columns and not (len(index.columns) == 1 and index.columns[0] in unique):
                plain.setdefault(index.columns, index)
    found = [(ir.Index((column,), "btree"), True) for column in unique]
    found += [(index, False) for index in plain.values()]
    yield from sorted(found, key=lambda item: (item[0].columns, not item[1]))


def _name(
    table: ir.Table | ir.View,
    index: ir.Index,
    columns: tuple[Member, ...],
    renames: Renames,
    variable: Callable[[str], Identifier],
) -> Identifier:
    """Return the Python name of an accessor: that of its column, or of several columns together."""
    if len(columns) == 1:
        return naming.accessor(columns[0].python_name)
    listed = "_".join(("by", *(column.python_name for column in columns)))
    made = variable(index.accessor or listed)
    places: list[tuple[Kind, str]] = [
        ("index", f"{name}.{index.accessor or made}") for _, name in owners("table", table)
    ]
    return naming.accessor(renames.choose(made, variable, *places))


def _key(columns: tuple[Member, ...], *, prefixes: bool) -> Annotation:
    """Return the annotation of a key: the type of one column, or tuples; a B-tree also takes prefixes of them."""
    if len(columns) == 1:
        return columns[0].annotation
    annotations = [column.annotation for column in columns]
    lengths = range(1 if prefixes else len(columns), len(columns) + 1)
    return Annotation(" | ".join(f"tuple[{', '.join(annotations[:length])}]" for length in lengths))


def _kind(types: Iterable[ir.Type], classes: Classes, *, unique: bool) -> Identifier | None:
    """Return the class of an accessor; None if a type cannot be a key. Enumeration members have no order in Python."""
    ordered = True
    for type_ in types:
        if isinstance(type_, ir.Named):
            definition = classes[type_.name]
            if not (isinstance(definition, ir.Sum) and definition.is_enumeration):
                return None
            ordered = False
        elif type_ not in _ORDERABLE:
            return None
    return Identifier("Unique" if unique else "BTree" if ordered else "Hash")
