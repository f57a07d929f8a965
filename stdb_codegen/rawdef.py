"""A module's definition in the server's own shape, `RawModuleDefV9`, and how to decode it.

What SATS writes as a sum, `{"Case": payload}`, is here a Struct with one optional field per case, of which exactly
one is set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Generic, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from stdb_codegen import bsatn
from stdb_codegen.errors import SchemaError

T = TypeVar("T")
Nothing: TypeAlias = tuple[()]
Position: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]

_NOT_A_SCHEMA = "give the schema of a module, as the server or `extract-schema` prints it"
_TOO_NEW = "ask for schema version 9: generate from the database on its server, with --server"


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


class _Part(msgspec.Struct, frozen=True):
    """A product of the definition; fields that it does not know are a later version's."""


class _OneOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
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


class Maybe(_OneOf, Generic[T], frozen=True):
    """An optional part."""

    some: T | UnsetType = UNSET
    none: Nothing | UnsetType = UNSET

    @property
    def value(self) -> T | None:
        """The part, or None."""
        return None if isinstance(self.some, UnsetType) else self.some


class AlgebraicType(_OneOf, frozen=True, rename="pascal"):
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


class Element(_Part, frozen=True):
    """A field of a product or a variant of a sum."""

    name: Maybe[str]
    algebraic_type: AlgebraicType


class ProductType(_Part, frozen=True):
    """Fields, in order."""

    elements: tuple[Element, ...]


class SumType(_Part, frozen=True):
    """Variants, in order."""

    variants: tuple[Element, ...]


class Typespace(_Part, frozen=True):
    """The types that references number."""

    types: tuple[AlgebraicType, ...]


class IndexAlgorithm(_OneOf, frozen=True):
    """How an index is kept, and over which columns."""

    btree: tuple[Position, ...] | UnsetType = msgspec.field(default=UNSET, name="BTree")
    hash: tuple[Position, ...] | UnsetType = msgspec.field(default=UNSET, name="Hash")
    direct: Position | UnsetType = msgspec.field(default=UNSET, name="Direct")


class Index(_Part, frozen=True):
    """An index; its name is left out, being the server's own business."""

    algorithm: IndexAlgorithm


class UniqueColumns(_Part, frozen=True):
    """The columns of a unique constraint."""

    columns: tuple[Position, ...]


class ConstraintData(_OneOf, frozen=True, rename="pascal"):
    """A constraint's kind; there is one."""

    unique: UniqueColumns | UnsetType = UNSET


class Constraint(_Part, frozen=True):
    """A constraint, its name left out."""

    data: ConstraintData


class Sequence(_Part, frozen=True):
    """A column that counts by itself."""

    column: Position


class Schedule(_Part, frozen=True):
    """What runs at the times that a table's rows say."""

    reducer_name: str


class TableType(_OneOf, frozen=True, rename="pascal"):
    """Whose table it is."""

    system: Nothing | UnsetType = UNSET
    user: Nothing | UnsetType = UNSET


class TableAccess(_OneOf, frozen=True, rename="pascal"):
    """Who may read the table."""

    public: Nothing | UnsetType = UNSET
    private: Nothing | UnsetType = UNSET


class Table(_Part, frozen=True):
    """A table."""

    name: str
    product_type_ref: Position
    primary_key: Annotated[tuple[Position, ...], msgspec.Meta(max_length=1)]
    indexes: tuple[Index, ...]
    constraints: tuple[Constraint, ...]
    sequences: tuple[Sequence, ...]
    schedule: Maybe[Schedule]
    table_type: TableType
    table_access: TableAccess


class Lifecycle(_OneOf, frozen=True, rename="pascal"):
    """When the server calls a reducer by itself."""

    init: Nothing | UnsetType = UNSET
    on_connect: Nothing | UnsetType = UNSET
    on_disconnect: Nothing | UnsetType = UNSET


class Reducer(_Part, frozen=True):
    """A reducer."""

    name: str
    params: ProductType
    lifecycle: Maybe[Lifecycle]


class ScopedName(_Part, frozen=True):
    """A type's name, in its namespaces."""

    scope: tuple[str, ...]
    name: str


class TypeName(_Part, frozen=True):
    """A name for a type of the typespace."""

    name: ScopedName
    ty: Position


class MiscExport(_Part, frozen=True):
    """Something that came to the format after it was fixed."""

    name: str = ""


class ModuleV9(_Part, frozen=True):
    """A module's definition, version 9."""

    typespace: Typespace
    tables: tuple[Table, ...]
    reducers: tuple[Reducer, ...]
    types: tuple[TypeName, ...]
    misc_exports: tuple[dict[str, MiscExport], ...] = ()


def decode(definition: Definition) -> ModuleV9:
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
    except msgspec.MsgspecError as error:
        raise SchemaError(definition.place, str(error), _NOT_A_SCHEMA) from error
    except RecursionError as error:
        raise SchemaError(definition.place, "its types are nested too deeply", _NOT_A_SCHEMA) from error


def _from_json(definition: Definition) -> ModuleV9:
    top = msgspec.json.decode(definition.data, type=dict[str, msgspec.Raw])
    if "V10" in top or "sections" in top:
        raise SchemaError(definition.place, "its schema has version 10, which is not supported yet", _TOO_NEW)
    return msgspec.json.decode(top.get("V9", definition.data), type=ModuleV9)


def _from_bsatn(definition: Definition) -> ModuleV9:
    try:
        version, content = bsatn.read_module(definition.data)
    except bsatn.BsatnError as error:
        raise SchemaError(definition.place, f"its definition is damaged: {error}", "build the module again") from error
    if version != bsatn.V9:
        problem = f"its schema has version {version}, which is not supported yet"
        raise SchemaError(definition.place, problem, _TOO_NEW)
    return msgspec.convert(content, ModuleV9)
