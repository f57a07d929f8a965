"""Declarations of `types.py`: a class for each struct, enumeration and variant, and an alias for each sum."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from stdb_codegen.emit import naming
from stdb_codegen.emit.declaration import Member, TypeDeclaration
from stdb_codegen.emit.naming import Identifier
from stdb_codegen.emit.pytypes import Annotation, annotation
from stdb_codegen.emit.rename import owners
from stdb_codegen.errors import check_distinct
from stdb_codegen.schema import ir
from stdb_codegen.schema.ir import Atom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from stdb_codegen.emit.rename import Kind, Renames

__all__ = ["Classes", "fields_of"]

# Types that have SQL literals.
_COMPARABLE = {
    *(Atom.BOOL, Atom.STRING, Atom.BYTES, Atom.IDENTITY, Atom.CONNECTION_ID, Atom.TIMESTAMP, Atom.UUID),
    *(atom for atom in Atom if re.fullmatch(r"[UIF]\d+", atom.value)),
}


class Classes:
    """Classes of a module's types.

    Args:
        types: declared types, by name.
        rows_of: tables and views with rows of a type, by the type's name.
        renames: Python names that the user chose.
        digits_apart: whether digits are separate words in the names of columns and parameters.
    """

    def __init__(
        self,
        types: Mapping[str, ir.Product | ir.Sum],
        rows_of: Mapping[str, list[ir.Table | ir.View]],
        renames: Renames,
        *,
        digits_apart: bool,
    ) -> None:
        self._variable = partial(naming.variable, digits_apart=digits_apart)
        self._parameter = partial(naming.parameter, digits_apart=digits_apart)
        self._types = types
        self._rows_of = rows_of
        self._renames = renames
        self._columns: dict[tuple[str, str], tuple[Member, ...]] = {}
        self._names = {
            name: renames.choose(naming.type_name(*name.split(".")), naming.type_name, ("type", name)) for name in types
        }

    def __getitem__(self, name: str) -> ir.Product | ir.Sum:
        return self._types[name]

    def name(self, type_: str) -> Identifier:
        """Return the Python name of a type's class or alias."""
        return self._names[type_]

    def annotation(self, type_: ir.Type, prefix: str = "types.") -> Annotation:
        """Return the annotation of a type."""
        return annotation(type_, self._names, prefix)

    def columns(self, row: str, prefix: str = "types.") -> tuple[Member, ...]:
        """Return the fields of a struct."""
        found = self._columns.get((row, prefix))
        if found is None:
            places: list[tuple[Kind, str]] = [("type", row)]
            for table in self._rows_of.get(row, ()):
                places += owners("table", table)
            fields = fields_of(self._types[row])
            found = self.members(f"fields of type {row!r}", places, fields, self._variable, prefix)
            if row in self._rows_of:
                found = tuple(
                    replace(member, column=Identifier("Column" if field.type in _COMPARABLE else "OpaqueColumn"))
                    for member, field in zip(found, fields, strict=True)
                )
            self._columns[row, prefix] = found
        return found

    def parameters(
        self, place: str, owners: Sequence[tuple[Kind, str]], fields: Iterable[ir.Field]
    ) -> tuple[Member, ...]:
        """Return the parameters of a method; the arguments are those of `members`."""
        fields = tuple(fields)
        members = self.members(place, owners, fields, self._parameter)
        return tuple(
            replace(member, annotation=annotation(field.type, self._names, "types.", argument=True))
            for member, field in zip(members, fields, strict=True)
        )

    def members(
        self,
        place: str,
        owners: Sequence[tuple[Kind, str]],
        fields: Iterable[ir.Field],
        rule: Callable[[str], Identifier],
        prefix: str = "types.",
    ) -> tuple[Member, ...]:
        """Return fields, parameters or enumeration members.

        Args:
            place: description of their namespace, for errors.
            owners: kinds and names of what has them.
            fields: their names and types in the schema.
            rule: rule that derives Python names.
            prefix: prefix of the module's types in annotations.

        Raises:
            NameCollisionError: two of them share a Python name.
        """
        members: list[Member] = []
        for part in fields:
            places: list[tuple[Kind, str]] = [(kind, f"{owner}.{part.name}") for kind, owner in owners]
            name = self._renames.choose(rule(part.name), rule, *places)
            members.append(Member(name, part.name, self.annotation(part.type, prefix)))
        check_distinct(place, ((member.name, member.python_name) for member in members))
        return tuple(members)

    def declarations(self) -> tuple[TypeDeclaration, ...]:
        """Return the declarations of `types.py`, the variants of a sum before the sum.

        Raises:
            NameCollisionError: two of them share a Python name.
        """
        declared: list[TypeDeclaration] = []
        for name in sorted(self._types, key=lambda name: self._names[name]):
            definition = self._types[name]
            if isinstance(definition, ir.Product):
                declared.append(self._product(definition))
            elif definition.is_enumeration:
                declared.append(self._enumeration(definition))
            else:
                declared += self._sum(definition)
        check_distinct("types", ((declaration.path, declaration.python_name) for declaration in declared))
        return tuple(declared)

    def _product(self, product: ir.Product) -> TypeDeclaration:
        rows_of = self._rows_of.get(product.name, [])
        listed = " and ".join(f"`{table.name}`" for table in rows_of)
        plural = "s" if len(rows_of) > 1 else ""
        return TypeDeclaration(
            kind="product",
            python_name=self._names[product.name],
            path=product.name,
            name=product.name,
            doc=f"Row of table{plural} {listed}." if rows_of else f"Product type `{product.name}`.",
            parts=self.columns(product.name, prefix=""),
        )

    def _enumeration(self, enumeration: ir.Sum) -> TypeDeclaration:
        place = f"variants of type {enumeration.name!r}"
        owner: tuple[Kind, str] = ("type", enumeration.name)
        return TypeDeclaration(
            kind="enumeration",
            python_name=self._names[enumeration.name],
            path=enumeration.name,
            name=enumeration.name,
            doc=f"Sum type `{enumeration.name}`, whose variants have no payload.",
            parts=self.members(place, [owner], enumeration.variants, naming.member),
        )

    def _sum(self, sum_: ir.Sum) -> Iterator[TypeDeclaration]:
        classes: list[Member] = []
        for tag, variant in enumerate(sum_.variants):
            path = f"{sum_.name}.{variant.name}"
            made = naming.type_name(self._names[sum_.name], variant.name)
            name = self._renames.choose(made, naming.type_name, ("type", path))
            classes.append(Member(name, variant.name, Annotation(name)))
            value = Member(Identifier("value"), "value", self.annotation(variant.type, prefix=""))
            yield TypeDeclaration(
                kind="variant",
                python_name=name,
                path=path,
                name=variant.name,
                doc=f"Variant `{variant.name}` of `{sum_.name}`.",
                parts=() if variant.type is Atom.UNIT else (value,),
                tag=tag,
            )
        yield TypeDeclaration(
            kind="alias",
            python_name=self._names[sum_.name],
            path=sum_.name,
            name=sum_.name,
            doc=f"Sum type `{sum_.name}`.",
            parts=tuple(classes),
        )


def fields_of(type_: ir.Product | ir.Sum) -> tuple[ir.Field, ...]:
    """Return the fields of a struct, or the variants of an enum."""
    return type_.fields if isinstance(type_, ir.Product) else type_.variants
