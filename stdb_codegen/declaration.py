"""What generated modules declare: every name and annotation final, no decision left for a template."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stdb_codegen.naming import Identifier
from stdb_codegen.pytypes import Annotation

if TYPE_CHECKING:
    from collections.abc import Iterable

# Formatters break a longer line, unless told otherwise; what is broken already, with a trailing comma, they leave.
LINE_LENGTH = 88


@dataclass(frozen=True, slots=True)
class Member:
    """A field, a parameter or an enumeration member."""

    name: Identifier
    wire_name: str
    annotation: Annotation

    @property
    def field_end(self) -> Annotation:
        """What ends the line that declares a field."""
        return _end(f"    {self.name}: {self.annotation}")

    @property
    def value_end(self) -> Annotation:
        """What ends the line that declares an enumeration member."""
        return _end(f'    {self.name} = "{self.wire_name}"')


@dataclass(frozen=True, slots=True)
class TypeDeclaration:
    """A class, or the alias of a sum, in `types.py`.

    Attributes:
        kind: What is declared; an alias stands for the variants before it.
        path: Its name in the schema; a variant's comes after its sum's.
        parts: Its fields, members, or the classes of its variants.
        renamed: The fields whose wire name differs.
        tag: The position of a variant among its sum's.
        doc: Its docstring.
    """

    kind: Literal["product", "enumeration", "variant", "alias"]
    name: Identifier
    path: str
    wire_name: str
    doc: str
    parts: tuple[Member, ...]
    tag: int = 0

    @property
    def renamed(self) -> tuple[Member, ...]:
        """The fields whose wire name differs."""
        return _renamed(self.parts)

    @property
    def one_line(self) -> bool:
        """Whether the class's header, or the alias, fits on one line."""
        match self.kind:
            case "product":
                return not self.renamed and _fits(f"class {self.name}(stdb.Product, frozen=True):")
            case "enumeration":
                return _fits(f"class {self.name}(stdb.Enumeration):")
            case "variant":
                return _fits(f"class {self.name}(stdb.Variant, frozen=True, tag={self.tag}):")
            case "alias":
                return _fits(f"{self.name}: TypeAlias = {' | '.join(part.name for part in self.parts)}")


@dataclass(frozen=True, slots=True)
class IndexAccessor:
    """An index of a table's handle."""

    name: Identifier
    unique: bool
    column: Member
    row: Annotation

    @property
    def kind(self) -> Identifier:
        """Its class."""
        return Identifier("Unique" if self.unique else "BTree")

    @property
    def doc(self) -> str:
        """Its docstring."""
        return f"{'Unique' if self.unique else 'B-tree'} index on `{self.column.wire_name}`."

    @property
    def one_line(self) -> bool:
        """Whether the declaration fits on one line."""
        key = self.column.annotation
        return _fits(f'    {self.name} = stdb.{self.kind}[{self.row}, {key}]("{self.column.name}")')


@dataclass(frozen=True, slots=True)
class TableHandle:
    """A table's class in `_tables.py`, and its attribute in `Tables`.

    Attributes:
        warnings: Which of its indexes got no accessor, and why; one line each.
    """

    name: Identifier
    class_name: Identifier
    wire_name: str
    row: Annotation
    primary_key: Member | None
    indexes: tuple[IndexAccessor, ...]
    warnings: tuple[str, ...]

    @property
    def end(self) -> Annotation:
        """What ends the line that declares the attribute in `Tables`."""
        return _end(f"    {self.name}: {self.class_name}")

    @property
    def doc(self) -> str:
        """Its docstring."""
        key = f"with primary key `{self.primary_key.wire_name}`" if self.primary_key else "without a primary key"
        return f"Table `{self.wire_name}`, {key}."


@dataclass(frozen=True, slots=True)
class ReducerMethod:
    """A method of `Reducers`."""

    name: Identifier
    wire_name: str
    parameters: tuple[Member, ...]

    @property
    def doc(self) -> str:
        """Its docstring."""
        return f"Call reducer `{self.wire_name}`."

    @property
    def renamed(self) -> tuple[Member, ...]:
        """The parameters whose wire name differs."""
        return _renamed(self.parameters)

    @property
    def one_line(self) -> bool:
        """Whether the signature fits on one line."""
        parameters = "".join(f", {parameter.name}: {parameter.annotation}" for parameter in self.parameters)
        return _fits(f"    def {self.name}(self{parameters}) -> None:")

    @property
    def end(self) -> Annotation:
        """What ends a signature of several lines."""
        lines = (f"        {parameter.name}: {parameter.annotation}," for parameter in self.parameters)
        return _end(max(lines, key=len, default=""))


@dataclass(frozen=True, slots=True)
class Package:
    """Everything that the package declares, each part sorted by Python name.

    Attributes:
        warnings: What of the schema got no declaration, and why; one line each.
    """

    schema_hash: str
    types: tuple[TypeDeclaration, ...]
    tables: tuple[TableHandle, ...]
    reducers: tuple[ReducerMethod, ...]
    warnings: tuple[str, ...]

    @property
    def has_aliases(self) -> bool:
        """Whether `types.py` declares an alias."""
        return any(declared.kind == "alias" for declared in self.types)

    @property
    def reducers_use_types(self) -> bool:
        """Whether a reducer takes a type of the module."""
        return any("types." in parameter.annotation for method in self.reducers for parameter in method.parameters)

    @property
    def type_names(self) -> tuple[Identifier, ...]:
        """The names in `types.py`, in the order of an import."""
        names = (declared.name for declared in self.types)
        return tuple(sorted(names, key=lambda name: (_kind(name), _natural(name.lower()), _natural(name))))

    @property
    def all_types(self) -> tuple[Identifier, ...]:
        """`__all__` of `types.py`."""
        return _sorted_all(declared.name for declared in self.types)

    @property
    def all_tables(self) -> tuple[Identifier, ...]:
        """`__all__` of `_tables.py`."""
        return _sorted_all([Identifier("Tables"), *(table.class_name for table in self.tables)])

    @property
    def all_names(self) -> tuple[Identifier, ...]:
        """`__all__` of the package."""
        own = ("Client", "Procedures", "Reducers", "Tables", "connect", "procedures", "reducers", "tables")
        return _sorted_all([*map(Identifier, own), *self.all_types])


def _renamed(members: Iterable[Member]) -> tuple[Member, ...]:
    return tuple(member for member in members if member.name != member.wire_name)


def _fits(line: str) -> bool:
    return len(line) <= LINE_LENGTH


def _end(line: str) -> Annotation:
    """The end of a line that cannot be broken in a way that formatters of every line length leave alone."""
    return Annotation("" if _fits(line) else "  # fmt: skip")


# isort's order, which linters ask for in imports and in `__all__`: constants, classes, the rest; digits as numbers.


def _sorted_all(names: Iterable[Identifier]) -> tuple[Identifier, ...]:
    return tuple(sorted(names, key=lambda name: (_kind(name), _natural(name))))


def _kind(name: str) -> int:
    if name.isupper() and len(name) > 1:
        return 0
    return 1 if name[0].isupper() else 2


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
