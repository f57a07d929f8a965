"""What generated modules declare: every name and annotation final, no decision left for a template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from stdb_codegen.emit.naming import Identifier
from stdb_codegen.emit.order import all_order, import_order
from stdb_codegen.emit.pytypes import Annotation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Formatters break a longer line, unless told otherwise; what is broken already, with a trailing comma, they leave.
LINE_LENGTH = 88

_INDEX_KINDS = {"Unique": "Unique", "BTree": "B-tree", "Hash": "Hash"}

Layout: TypeAlias = Literal["line", "broken", "skip"]
"""One line; broken at its brackets; one line that formatters are told to skip."""


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
    """An index of a table's handle.

    Attributes:
        kind: Its class: of one row for a value, of rows in an order, or of rows whose values have none.
        key: What rows are found by.
        row: The class of the rows.
    """

    name: Identifier
    kind: Identifier
    columns: tuple[Member, ...]
    key: Annotation
    row: Annotation

    @property
    def doc(self) -> str:
        """Its docstring."""
        listed = ", ".join(f"`{column.wire_name}`" for column in self.columns)
        return f"{_INDEX_KINDS[self.kind]} index on {listed}."

    @property
    def layout(self) -> Layout:
        """How the declaration is broken into lines."""
        head = f"{self.name} = stdb.{self.kind}"
        return _layout(head, [self.row, self.key], [column.name for column in self.columns])


@dataclass(frozen=True, slots=True)
class Column:
    """A column in the queries of a table.

    Attributes:
        annotation: What it is compared with; None for a type that SQL has no literal for.
    """

    name: Identifier
    wire_name: str
    annotation: Annotation | None

    @property
    def kind(self) -> Annotation:
        """Its class."""
        return Annotation(f"Column[{self.annotation}]" if self.annotation else "OpaqueColumn")

    @property
    def layout(self) -> Layout:
        """How the declaration is broken into lines."""
        return _layout(f"{self.name} = stdb.{self.kind}", [], [self.wire_name])


@dataclass(frozen=True, slots=True)
class ColumnSet:
    """The columns of a row class, in `_tables.py`."""

    name: Identifier
    wire_name: str
    columns: tuple[Column, ...]

    @property
    def doc(self) -> str:
        """Its docstring."""
        return f"Columns of `{self.wire_name}`, for queries."


@dataclass(frozen=True, slots=True)
class TableHandle:
    """A table's class in `_tables.py`, and its attribute in `Tables`.

    Attributes:
        kind: Its base class.
        columns: The class of its columns, if it can be queried.
        warnings: Which of its indexes got no accessor, and why; one line each.
    """

    name: Identifier
    class_name: Identifier
    wire_name: str
    doc: str
    row: Annotation
    kind: Identifier
    columns: Identifier | None
    primary_key: Member | None
    indexes: tuple[IndexAccessor, ...]
    warnings: tuple[str, ...]

    @property
    def one_line(self) -> bool:
        """Whether the base class that is queried fits on one line."""
        return _fits(f"    stdb.Selectable[{self.row}, {self.columns}],")

    @property
    def end(self) -> Annotation:
        """What ends the line that declares the attribute in `Tables`."""
        return _end(f"    {self.name}: {self.class_name}")


@dataclass(frozen=True, slots=True)
class Method:
    """What calls a reducer or a procedure.

    Attributes:
        decorator: What declares it.
        returns: The annotation of what it returns.
    """

    decorator: Identifier
    name: Identifier
    wire_name: str
    doc: str
    parameters: tuple[Member, ...]
    returns: Annotation

    @property
    def renamed(self) -> tuple[Member, ...]:
        """The parameters whose wire name differs."""
        return _renamed(self.parameters)

    @property
    def short_decorator(self) -> bool:
        """Whether the decorator fits on one line."""
        return not self.renamed and _fits(f'    @stdb.{self.decorator}("{self.wire_name}")')

    @property
    def one_line(self) -> bool:
        """Whether the signature fits on one line."""
        parameters = "".join(f", {parameter.name}: {parameter.annotation}" for parameter in self.parameters)
        return _fits(f"    def {self.name}(self{parameters}) -> {self.returns}:")

    @property
    def end(self) -> Annotation:
        """What ends a signature of several lines."""
        lines = [f"        {parameter.name}: {parameter.annotation}," for parameter in self.parameters]
        return _end(max([*lines, f"    ) -> {self.returns}:"], key=len))


@dataclass(frozen=True, slots=True)
class Listener:
    """What callbacks on calls of a reducer are registered with."""

    name: Identifier
    wire_name: str
    doc: str
    arguments: tuple[Annotation, ...]

    @property
    def layout(self) -> Layout:
        """How the declaration is broken into lines."""
        return _layout(f"{self.name} = stdb.OnReducer", self.arguments or ("()",), [self.wire_name])


@dataclass(frozen=True, slots=True)
class Reducer:
    """A reducer in `Reducers`: what calls it, unless only the server does, and what listens to it."""

    wire_name: str
    method: Method | None
    listener: Listener

    @property
    def name(self) -> Identifier:
        """What the two are sorted by."""
        return self.method.name if self.method else self.listener.name


@dataclass(frozen=True, slots=True)
class Package:
    """Everything that the package declares, each part sorted by Python name.

    Attributes:
        warnings: What of the schema got no declaration, or is doubtful; one line each.
    """

    schema_hash: str
    types: tuple[TypeDeclaration, ...]
    columns: tuple[ColumnSet, ...]
    tables: tuple[TableHandle, ...]
    reducers: tuple[Reducer, ...]
    procedures: tuple[Method, ...]
    warnings: tuple[str, ...]

    @property
    def has_aliases(self) -> bool:
        """Whether `types.py` declares an alias."""
        return any(declared.kind == "alias" for declared in self.types)

    @property
    def reducers_use_types(self) -> bool:
        """Whether a reducer takes a type of the module."""
        return any("types." in argument for reducer in self.reducers for argument in reducer.listener.arguments)

    @property
    def procedures_use_types(self) -> bool:
        """Whether a procedure takes or returns a type of the module."""
        return any(
            "types." in annotation
            for procedure in self.procedures
            for annotation in (procedure.returns, *(parameter.annotation for parameter in procedure.parameters))
        )

    @property
    def type_names(self) -> tuple[Identifier, ...]:
        """The names in `types.py`, in the order of an import."""
        return import_order(declared.name for declared in self.types)

    @property
    def all_types(self) -> tuple[Identifier, ...]:
        """`__all__` of `types.py`."""
        return all_order(declared.name for declared in self.types)

    @property
    def all_tables(self) -> tuple[Identifier, ...]:
        """`__all__` of `_tables.py`."""
        classes = [columns.name for columns in self.columns] + [table.class_name for table in self.tables]
        return all_order([Identifier("Tables"), *classes])

    @property
    def all_names(self) -> tuple[Identifier, ...]:
        """`__all__` of the package."""
        own = ("Client", "Procedures", "Reducers", "Tables", "connect", "procedures", "reducers", "tables")
        return all_order([*map(Identifier, own), *self.all_types])


def _renamed(members: Iterable[Member]) -> tuple[Member, ...]:
    return tuple(member for member in members if member.name != member.wire_name)


def _fits(line: str) -> bool:
    return len(line) <= LINE_LENGTH


def _end(line: str) -> Annotation:
    """The end of a line that cannot be broken in a way that formatters of every line length leave alone."""
    return Annotation("" if _fits(line) else "  # fmt: skip")


def _layout(head: str, parts: Sequence[str], texts: Sequence[str]) -> Layout:
    """How to break `head[part, part]("text", "text")`, so that formatters of every line length leave it alone."""
    listed = ", ".join(f'"{text}"' for text in texts)
    subscript = f"[{', '.join(parts)}]" if parts else ""
    if _fits(f"    {head}{subscript}({listed})"):
        return "line"
    # A comma after a single part would make a tuple of it, and a union of several lines has no trailing comma.
    breakable = len(parts) != 1 and all(_fits(f"        {part},") for part in parts)
    return "broken" if breakable and _fits(f"    {head}[") else "skip"
