"""Parts of a module definition that both of its versions consist of, in the shape of the server's JSON.

A SATS sum, `{"Case": payload}`, is a Struct with one optional field per case, of which exactly one is set.
"""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

__all__ = [
    "LONGEST_NAME",
    "AlgebraicType",
    "Element",
    "IndexDef",
    "Lifecycle",
    "LifecycleName",
    "Maybe",
    "Name",
    "Nothing",
    "OneOf",
    "Part",
    "Position",
    "ProductType",
    "SumType",
    "TableDef",
    "Typespace",
    "ViewDef",
]

T = TypeVar("T")
Nothing: TypeAlias = tuple[()]
Position: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
# Characters of a name: far more than people write, and short enough for every rule that makes a Python name of it.
LONGEST_NAME = 1000
Name: TypeAlias = Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]
LifecycleName: TypeAlias = Literal["init", "client_connected", "client_disconnected"]


class Part(msgspec.Struct, frozen=True):
    """Product of the definition; unknown fields, of a later version, are ignored."""


class OneOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sum of the definition."""

    def __post_init__(self) -> None:
        if len(self._cases()) != 1:
            raise ValueError("Expected exactly one of " + ", ".join(self.__struct_encode_fields__))

    def _cases(self) -> list[str]:
        return [name for name in self.__struct_fields__ if getattr(self, name) is not UNSET]

    @property
    def case(self) -> str:
        """Name of the field that is set."""
        return self._cases()[0]


class Maybe(OneOf, Generic[T], frozen=True):
    """Optional part."""

    some: T | UnsetType = UNSET
    none: Nothing | UnsetType = UNSET

    @property
    def value(self) -> T | None:
        """The part, or None."""
        return None if isinstance(self.some, UnsetType) else self.some


class AlgebraicType(OneOf, frozen=True, rename="pascal"):
    """Type, as SATS describes it."""

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
    """Field of a product, or variant of a sum."""

    name: Maybe[Name]
    algebraic_type: AlgebraicType


class ProductType(Part, frozen=True):
    """Fields of a product, in order."""

    elements: tuple[Element, ...]


class SumType(Part, frozen=True):
    """Variants of a sum, in order."""

    variants: tuple[Element, ...]


class Typespace(Part, frozen=True):
    """Types of a module; a reference is a position in it."""

    types: tuple[AlgebraicType, ...]


class IndexAlgorithm(OneOf, frozen=True):
    """Algorithm of an index, with the columns that it covers."""

    btree: tuple[Position, ...] | UnsetType = msgspec.field(default=UNSET, name="BTree")
    hash: tuple[Position, ...] | UnsetType = msgspec.field(default=UNSET, name="Hash")
    direct: Position | UnsetType = msgspec.field(default=UNSET, name="Direct")


class IndexDef(Part, frozen=True):
    """Index; its name on the server is ignored."""

    accessor_name: Maybe[Name]
    algorithm: IndexAlgorithm


class UniqueColumns(Part, frozen=True):
    """Columns of a unique constraint."""

    columns: tuple[Position, ...]


class ConstraintData(OneOf, frozen=True, rename="pascal"):
    """Kind of a constraint; only one exists."""

    unique: UniqueColumns | UnsetType = UNSET


class ConstraintDef(Part, frozen=True):
    """Constraint; its name on the server is ignored."""

    data: ConstraintData


class SequenceDef(Part, frozen=True):
    """Sequence, which fills an auto-inc column."""

    column: Position


class TableType(OneOf, frozen=True, rename="pascal"):
    """Kind of a table: of the system or of the user."""

    system: Nothing | UnsetType = UNSET
    user: Nothing | UnsetType = UNSET


class TableAccess(OneOf, frozen=True, rename="pascal"):
    """Access to a table."""

    public: Nothing | UnsetType = UNSET
    private: Nothing | UnsetType = UNSET


class TableDef(Part, frozen=True):
    """Table without its name."""

    product_type_ref: Position
    primary_key: Annotated[tuple[Position, ...], msgspec.Meta(max_length=1)]
    indexes: tuple[IndexDef, ...]
    constraints: tuple[ConstraintDef, ...]
    sequences: tuple[SequenceDef, ...]
    table_type: TableType
    table_access: TableAccess

    @property
    def is_user_table(self) -> bool:
        """Whether the table is the module's own."""
        return self.table_type.user is not UNSET

    @property
    def is_public(self) -> bool:
        """Whether every client may read the table."""
        return self.table_access.public is not UNSET


class Lifecycle(OneOf, frozen=True, rename="pascal"):
    """Event at which the server calls a reducer."""

    init: Nothing | UnsetType = UNSET
    on_connect: Nothing | UnsetType = UNSET
    on_disconnect: Nothing | UnsetType = UNSET

    @property
    def name(self) -> LifecycleName:
        """Name of the event in the module's source."""
        if self.init is not UNSET:
            return "init"
        return "client_connected" if self.on_connect is not UNSET else "client_disconnected"


class ViewDef(Part, frozen=True):
    """View without its name."""

    is_public: bool
    params: ProductType
    return_type: AlgebraicType
