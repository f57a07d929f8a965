"""Reads the module definition that a `.wasm` describes itself with.

A layout is a function that takes a reader and gives the value in the shape of the server's JSON, so that one
set of Structs checks both. Layouts compose as the definition's types do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

V9 = 9
_VERSIONS = {1: 9, 2: 10}


class BsatnError(Exception):
    """The bytes are no module definition."""


class Reader:
    """A position in bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        """The next bytes.

        Raises:
            BsatnError: Fewer are left.
        """
        end = self._at + size
        if end > len(self._data):
            raise BsatnError(f"it ends at byte {len(self._data)}, {end - len(self._data)} too early")
        start, self._at = self._at, end
        return self._data[start:end]

    def unsigned(self, size: int) -> int:
        """The next unsigned integer of so many bytes."""
        return int.from_bytes(self.take(size), "little")

    def finish(self) -> None:
        """Expect the end.

        Raises:
            BsatnError: Bytes are left.
        """
        if self._at != len(self._data):
            raise BsatnError(f"{len(self._data) - self._at} bytes follow its end at byte {self._at}")


Layout: TypeAlias = Callable[[Reader], object]


def read_module(data: bytes) -> tuple[int, object]:
    """Read a definition.

    Args:
        data: What `__describe_module__` wrote.

    Returns:
        The version, and the definition in the shape of the server's JSON; None for versions other than 9.

    Raises:
        BsatnError: The bytes are no definition.
    """
    reader = Reader(data)
    tag = reader.unsigned(1)
    if tag not in _VERSIONS:
        raise BsatnError(f"its version tag is {tag}")
    if _VERSIONS[tag] != V9:
        return _VERSIONS[tag], None
    content = _MODULE_V9(reader)
    reader.finish()
    return V9, content


def _unsigned(size: int) -> Layout:
    return lambda reader: reader.unsigned(size)


def _string(reader: Reader) -> str:
    data = reader.take(reader.unsigned(4))
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BsatnError("it holds text that is not UTF-8") from error


def _hex(reader: Reader) -> str:
    return reader.take(reader.unsigned(4)).hex()


def _boolean(reader: Reader) -> bool:
    return reader.unsigned(1) == 1


def _nothing(_: Reader) -> tuple[()]:
    return ()


def _array(element: Layout) -> Layout:
    return lambda reader: [element(reader) for _ in range(reader.unsigned(4))]


def _product(**fields: Layout) -> Layout:
    return lambda reader: {name: layout(reader) for name, layout in fields.items()}


def _sum(**cases: Layout) -> Layout:
    names = list(cases)

    def read(reader: Reader) -> object:
        tag = reader.unsigned(1)
        if tag >= len(names):
            raise BsatnError(f"tag {tag} is none of {', '.join(names)}")
        return {names[tag]: cases[names[tag]](reader)}

    return read


def _option(some: Layout) -> Layout:
    return _sum(some=some, none=_nothing)


def _algebraic_type(reader: Reader) -> object:
    return _ALGEBRAIC_TYPE(reader)


_U16 = _unsigned(2)
_U32 = _unsigned(4)
_I128 = _unsigned(16)  # Bounds of sequences: they are read past, so their sign does not matter.
_ELEMENTS = _array(_product(name=_option(_string), algebraic_type=_algebraic_type))
_PRODUCT_TYPE = _product(elements=_ELEMENTS)
_ALGEBRAIC_TYPE = _sum(
    Ref=_U32,
    Sum=_product(variants=_ELEMENTS),
    Product=_PRODUCT_TYPE,
    Array=_algebraic_type,
    String=_nothing,
    Bool=_nothing,
    I8=_nothing,
    U8=_nothing,
    I16=_nothing,
    U16=_nothing,
    I32=_nothing,
    U32=_nothing,
    I64=_nothing,
    U64=_nothing,
    I128=_nothing,
    U128=_nothing,
    I256=_nothing,
    U256=_nothing,
    F32=_nothing,
    F64=_nothing,
)
_INDEX = _product(
    name=_option(_string),
    accessor_name=_option(_string),
    algorithm=_sum(BTree=_array(_U16), Hash=_array(_U16), Direct=_U16),
)
_CONSTRAINT = _product(name=_option(_string), data=_sum(Unique=_product(columns=_array(_U16))))
_SEQUENCE = _product(
    name=_option(_string),
    column=_U16,
    start=_option(_I128),
    min_value=_option(_I128),
    max_value=_option(_I128),
    increment=_I128,
)
_SCHEDULE = _product(name=_option(_string), reducer_name=_string, scheduled_at_column=_U16)
_TABLE = _product(
    name=_string,
    product_type_ref=_U32,
    primary_key=_array(_U16),
    indexes=_array(_INDEX),
    constraints=_array(_CONSTRAINT),
    sequences=_array(_SEQUENCE),
    schedule=_option(_SCHEDULE),
    table_type=_sum(System=_nothing, User=_nothing),
    table_access=_sum(Public=_nothing, Private=_nothing),
)
_REDUCER = _product(
    name=_string,
    params=_PRODUCT_TYPE,
    lifecycle=_option(_sum(Init=_nothing, OnConnect=_nothing, OnDisconnect=_nothing)),
)
_TYPE_NAME = _product(
    name=_product(scope=_array(_string), name=_string),
    ty=_U32,
    custom_ordering=_boolean,
)
_MISC_EXPORT = _sum(
    ColumnDefaultValue=_product(table=_string, col_id=_U16, value=_hex),
    Procedure=_product(name=_string, params=_PRODUCT_TYPE, return_type=_algebraic_type),
    View=_product(
        name=_string,
        index=_U32,
        is_public=_boolean,
        is_anonymous=_boolean,
        params=_PRODUCT_TYPE,
        return_type=_algebraic_type,
    ),
)
_MODULE_V9 = _product(
    typespace=_product(types=_array(_algebraic_type)),
    tables=_array(_TABLE),
    reducers=_array(_REDUCER),
    types=_array(_TYPE_NAME),
    misc_exports=_array(_MISC_EXPORT),
    row_level_security=_array(_product(sql=_string)),
)
