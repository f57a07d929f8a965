"""The parts of a module's definition, in the server's own shape, that both of its versions are made of.

What SATS writes as a sum, `{"Case": payload}`, is here a Struct with one optional field per case, of which exactly
one is set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Generic, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

T = TypeVar("T")
Nothing: TypeAlias = tuple[()]
Position: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
# Characters of a name: far more than people write, and short enough for every rule that makes a Python name of it.
LONGEST_NAME = 1000
Name: TypeAlias = Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]
LifecycleName: TypeAlias = Literal["init", "client_connected", "client_disconnected"]


class Part(msgspec.Struct, frozen=True):
    """A product of the definition; fields that it does not know are a later version's."""


class OneOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sum of the definition."""

    def __post_init__(self) -> None:
        if len(self._cases()) != 1:
            raise ValueError("Expected exactly one of " + ", ".join(self.__struct_encode_fields__))

    def _cases(self) -> list[str]:
        return [name for name in self.__struct_fields__ if getattr(self, name) is not UNSET]

    @property
    def case(self) -> str:
        """The name of the field that is set."""
        return self._cases()[0]


class Maybe(OneOf, Generic[T], frozen=True):
    """An optional part."""

    some: T | UnsetType = UNSET
    none: Nothing | UnsetType = UNSET

    @property
    def value(self) -> T | None:
        """The part, or None."""
        return None if isinstance(self.some, UnsetType) else self.some


class AlgebraicType(OneOf, frozen=True, rename="pascal"):
    """A type."""

    ref: Position | UnsetType = UNSET
    sum: SumType | UnsetType = UNSET
    product: ProductType | UnsetType = UNSET
    array: AlgebraicType | UnsetType = UNSET
    string: Nothing | UnsetType = UNSET
    bool: Nothing | UnsetType = UNSET
    i8: Nothing | UnsetType = UNSET
    u8: Nothing | UnsetType = UNSET
    i16: Nothing | UnsetType = UNSET
    u16: Nothing | UnsetType = UNSET
    i32: Nothing | UnsetType = UNSET
    u32: Nothing | UnsetType = UNSET
    i64: Nothing | UnsetType = UNSET
    u64: Nothing | UnsetType = UNSET
    i128: Nothing | UnsetType = UNSET
    u128: Nothing | UnsetType = UNSET
    i256: Nothing | UnsetType = UNSET
    u256: Nothing | UnsetType = UNSET
    f32: Nothing | UnsetType = UNSET
    f64: Nothing | UnsetType = UNSET


class Element(Part, frozen=True):
    """A field of a product or a variant of a sum."""

    name: Maybe[Name]
    algebraic_type: AlgebraicType


class ProductType(Part, frozen=True):
    """Fields, in order."""

    elements: tuple[Element, ...]


class SumType(Part, frozen=True):
    """Variants, in order."""

    variants: tuple[Element, ...]


class Typespace(Part, frozen=True):
    """The types that references number."""

    types: tuple[AlgebraicType, ...]


class IndexAlgorithm(OneOf, frozen=True):
    """How an index is kept, and over which columns."""

    btree: tuple[Position, ...] | UnsetType = msgspec.field(default=UNSET, name="BTree")
    hash: tuple[Position, ...] | UnsetType = msgspec.field(default=UNSET, name="Hash")
    direct: Position | UnsetType = msgspec.field(default=UNSET, name="Direct")


class Index(Part, frozen=True):
    """An index; its name is left out, being the server's own business."""

    accessor_name: Maybe[Name]
    algorithm: IndexAlgorithm


class UniqueColumns(Part, frozen=True):
    """The columns of a unique constraint."""

    columns: tuple[Position, ...]


class ConstraintData(OneOf, frozen=True, rename="pascal"):
    """A constraint's kind; there is one."""

    unique: UniqueColumns | UnsetType = UNSET


class Constraint(Part, frozen=True):
    """A constraint, its name left out."""

    data: ConstraintData


class Sequence(Part, frozen=True):
    """A column that counts by itself."""

    column: Position


class TableType(OneOf, frozen=True, rename="pascal"):
    """Whose table it is."""

    system: Nothing | UnsetType = UNSET
    user: Nothing | UnsetType = UNSET


class TableAccess(OneOf, frozen=True, rename="pascal"):
    """Who may read the table."""

    public: Nothing | UnsetType = UNSET
    private: Nothing | UnsetType = UNSET


class Storage(Part, frozen=True):
    """What both versions say of a table, beside its name."""

    product_type_ref: Position
    primary_key: Annotated[tuple[Position, ...], msgspec.Meta(max_length=1)]
    indexes: tuple[Index, ...]
    constraints: tuple[Constraint, ...]
    sequences: tuple[Sequence, ...]
    table_type: TableType
    table_access: TableAccess


class Lifecycle(OneOf, frozen=True, rename="pascal"):
    """When the server calls a reducer by itself."""

    init: Nothing | UnsetType = UNSET
    on_connect: Nothing | UnsetType = UNSET
    on_disconnect: Nothing | UnsetType = UNSET

    @property
    def name(self) -> LifecycleName:
        """What the module's source calls it."""
        if self.init is not UNSET:
            return "init"
        return "client_connected" if self.on_connect is not UNSET else "client_disconnected"


# Both versions of a definition become the following.


@dataclass(frozen=True, slots=True)
class TypeName:
    """A name for a type of the typespace, its scopes before it."""

    parts: tuple[str, ...]
    ref: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        schedule: The function that runs at the times that its rows say.
        event: Whether its rows are events, seen in the transaction that inserted them and gone after it.
        accessor: The module's own name of it, if the definition has both.
    """

    name: str
    storage: Storage
    schedule: str | None
    event: bool
    accessor: str | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A reducer or a procedure.

    Attributes:
        public: Whether every client may call it.
        lifecycle: When the server calls it by itself.
        returns: What it returns; None for a reducer.
        accessor: The module's own name of it, if the definition has both.
    """

    name: str
    parameters: tuple[Element, ...]
    public: bool = True
    lifecycle: LifecycleName | None = None
    returns: AlgebraicType | None = None
    accessor: str | None = None


class View(Part, frozen=True):
    """What both versions say of a view, beside its name."""

    is_public: bool
    params: ProductType
    return_type: AlgebraicType


@dataclass(frozen=True, slots=True)
class NamedView:
    """A view.

    Attributes:
        primary_key: The name of its column that is a key, if the definition says so.
        accessor: The module's own name of it, if the definition has both.
    """

    name: str
    view: View
    primary_key: str | None = None
    accessor: str | None = None


@dataclass(frozen=True, slots=True)
class Module:
    """A module's definition, whatever its version.

    Attributes:
        warnings: What of the definition is doubtful, or was skipped; one line each.
    """

    typespace: tuple[AlgebraicType, ...]
    types: tuple[TypeName, ...]
    tables: tuple[Table, ...]
    reducers: tuple[Function, ...]
    procedures: tuple[Function, ...]
    views: tuple[NamedView, ...]
    warnings: tuple[str, ...]
