"""What generated modules declare: every name and annotation final, no decision left for a template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stdb_codegen.emit.naming import Identifier
from stdb_codegen.emit.order import all_order, import_order
from stdb_codegen.emit.pytypes import Annotation

if TYPE_CHECKING:
    from collections.abc import Iterable

_INDEX_KINDS = {"Unique": "Unique", "BTree": "B-tree", "Hash": "Hash"}


@dataclass(frozen=True, slots=True)
class Member:
    """A field, a parameter or an enumeration member."""

    python_name: Identifier
    name: str
    annotation: Annotation


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
    python_name: Identifier
    path: str
    name: str
    doc: str
    parts: tuple[Member, ...]
    tag: int = 0

    @property
    def renamed(self) -> tuple[Member, ...]:
        """The fields whose wire name differs."""
        return _renamed(self.parts)


@dataclass(frozen=True, slots=True)
class IndexAccessor:
    """An index of a table's handle.

    Attributes:
        kind: Its class: of one row for a value, of rows in an order, or of rows whose values have none.
        key: What rows are found by.
        row: The class of the rows.
    """

    python_name: Identifier
    kind: Identifier
    columns: tuple[Member, ...]
    key: Annotation
    row: Annotation

    @property
    def doc(self) -> str:
        """Its docstring."""
        listed = ", ".join(f"`{column.name}`" for column in self.columns)
        return f"{_INDEX_KINDS[self.kind]} index on {listed}."


@dataclass(frozen=True, slots=True)
class QueryColumn:
    """A column in the queries of a table.

    Attributes:
        annotation: What it is compared with; None for a type that SQL has no literal for.
    """

    python_name: Identifier
    name: str
    annotation: Annotation | None

    @property
    def kind(self) -> Annotation:
        """Its class."""
        return Annotation(f"Column[{self.annotation}]" if self.annotation else "OpaqueColumn")


@dataclass(frozen=True, slots=True)
class ColumnSet:
    """The columns of a row class, in `_tables.py`."""

    python_name: Identifier
    name: str
    columns: tuple[QueryColumn, ...]

    @property
    def doc(self) -> str:
        """Its docstring."""
        return f"Columns of `{self.name}`, for queries."


@dataclass(frozen=True, slots=True)
class TableHandle:
    """A table's class in `_tables.py`, and its attribute in `Tables`.

    Attributes:
        kind: Its base class.
        columns: The class of its columns, if it can be queried.
        warnings: Which of its indexes got no accessor, and why; one line each.
    """

    python_name: Identifier
    class_name: Identifier
    name: str
    doc: str
    row: Annotation
    kind: Identifier
    columns: Identifier | None
    primary_key: Member | None
    indexes: tuple[IndexAccessor, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Method:
    """What calls a reducer or a procedure.

    Attributes:
        decorator: What declares it.
        returns: The annotation of what it returns.
    """

    decorator: Identifier
    python_name: Identifier
    name: str
    doc: str
    parameters: tuple[Member, ...]
    returns: Annotation

    @property
    def renamed(self) -> tuple[Member, ...]:
        """The parameters whose wire name differs."""
        return _renamed(self.parameters)


@dataclass(frozen=True, slots=True)
class Listener:
    """What callbacks on calls of a reducer are registered with."""

    python_name: Identifier
    name: str
    doc: str
    arguments: tuple[Annotation, ...]


@dataclass(frozen=True, slots=True)
class ReducerMembers:
    """A reducer in `Reducers`: what calls it, unless only the server does, and what listens to it."""

    name: str
    method: Method | None
    listener: Listener

    @property
    def python_name(self) -> Identifier:
        """What the two are sorted by."""
        return self.method.python_name if self.method else self.listener.python_name


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
    reducers: tuple[ReducerMembers, ...]
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
        return import_order(declared.python_name for declared in self.types)

    @property
    def all_types(self) -> tuple[Identifier, ...]:
        """`__all__` of `types.py`."""
        return all_order(declared.python_name for declared in self.types)

    @property
    def all_tables(self) -> tuple[Identifier, ...]:
        """`__all__` of `_tables.py`."""
        classes = [columns.python_name for columns in self.columns] + [table.class_name for table in self.tables]
        return all_order([Identifier("Tables"), *classes])

    @property
    def all_names(self) -> tuple[Identifier, ...]:
        """`__all__` of the package."""
        own = ("Client", "Procedures", "Reducers", "Tables", "connect", "procedures", "reducers", "tables")
        return all_order([*map(Identifier, own), *self.all_types])


def _renamed(members: Iterable[Member]) -> tuple[Member, ...]:
    return tuple(member for member in members if member.python_name != member.name)
