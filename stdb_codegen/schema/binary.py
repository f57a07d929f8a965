"""Decoder of the definition that a `.wasm` describes itself with, in BSATN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stdb_codegen.schema.bsatn import (
    BsatnError,
    Reader,
    array,
    boolean,
    hexadecimal,
    nothing,
    one_of,
    option,
    product,
    string,
    unsigned,
)

if TYPE_CHECKING:
    from stdb_codegen.schema.bsatn import Decoder

__all__ = ["read_module"]

_VERSIONS = {1: 9, 2: 10}


def read_module(data: bytes) -> tuple[int, object]:
    """Decode a definition to plain values.

    Args:
        data: output of `__describe_module__`.

    Returns:
        The version, 9 or 10, and the definition in the shape of the server's JSON.

    Raises:
        BsatnError: the data is not a definition.
    """
    reader = Reader(data)
    tag = reader.unsigned(1)
    if tag not in _VERSIONS:
        raise BsatnError(f"its version tag is {tag}")
    version = _VERSIONS[tag]
    content = (_MODULE_V9 if version == 9 else _module_v10)(reader)
    reader.finish()
    return version, content


def _module_v10(reader: Reader) -> object:
    return _MODULE_V10(reader)


def _algebraic_type(reader: Reader) -> object:
    return _ALGEBRAIC_TYPE(reader)


_U16 = unsigned(2)
_U32 = unsigned(4)
_I128 = unsigned(16)  # Bounds of sequences are skipped, so their sign does not matter.
_ELEMENTS = array(product(name=option(string), algebraic_type=_algebraic_type))
_PRODUCT_TYPE = product(elements=_ELEMENTS)
_ALGEBRAIC_TYPE = one_of(
    Ref=_U32,
    Sum=product(variants=_ELEMENTS),
    Product=_PRODUCT_TYPE,
    Array=_algebraic_type,
    String=nothing,
    Bool=nothing,
    I8=nothing,
    U8=nothing,
    I16=nothing,
    U16=nothing,
    I32=nothing,
    U32=nothing,
    I64=nothing,
    U64=nothing,
    I128=nothing,
    U128=nothing,
    I256=nothing,
    U256=nothing,
    F32=nothing,
    F64=nothing,
)
_ALGORITHM = one_of(BTree=array(_U16), Hash=array(_U16), Direct=_U16)
_CONSTRAINT_DATA = one_of(Unique=product(columns=array(_U16)))
_TABLE_TYPE = one_of(System=nothing, User=nothing)
_TABLE_ACCESS = one_of(Public=nothing, Private=nothing)
_LIFECYCLE = one_of(Init=nothing, OnConnect=nothing, OnDisconnect=nothing)
_TYPESPACE = product(types=array(_algebraic_type))
_RLS = array(product(sql=string))


def _sequence(**name: Decoder) -> Decoder:
    return product(
        **name,
        column=_U16,
        start=option(_I128),
        min_value=option(_I128),
        max_value=option(_I128),
        increment=_I128,
    )


def _view(**name: Decoder) -> Decoder:
    return product(
        **name,
        index=_U32,
        is_public=boolean,
        is_anonymous=boolean,
        params=_PRODUCT_TYPE,
        return_type=_algebraic_type,
    )


_MODULE_V9 = product(
    typespace=_TYPESPACE,
    tables=array(
        product(
            name=string,
            product_type_ref=_U32,
            primary_key=array(_U16),
            indexes=array(product(name=option(string), accessor_name=option(string), algorithm=_ALGORITHM)),
            constraints=array(product(name=option(string), data=_CONSTRAINT_DATA)),
            sequences=array(_sequence(name=option(string))),
            schedule=option(product(name=option(string), reducer_name=string, scheduled_at_column=_U16)),
            table_type=_TABLE_TYPE,
            table_access=_TABLE_ACCESS,
        )
    ),
    reducers=array(product(name=string, params=_PRODUCT_TYPE, lifecycle=option(_LIFECYCLE))),
    types=array(product(name=product(scope=array(string), name=string), ty=_U32, custom_ordering=boolean)),
    misc_exports=array(
        one_of(
            ColumnDefaultValue=product(table=string, col_id=_U16, value=hexadecimal),
            Procedure=product(name=string, params=_PRODUCT_TYPE, return_type=_algebraic_type),
            View=_view(name=string),
        )
    ),
    row_level_security=_RLS,
)

_VISIBILITY = one_of(Private=nothing, ClientCallable=nothing)
_MAPPING = product(source_name=string, canonical_name=string)
_METHODS = ("Get", "Head", "Post", "Put", "Delete", "Connect", "Options", "Trace", "Patch")
_SECTION = one_of(
    Typespace=_TYPESPACE,
    Types=array(
        product(source_name=product(scope=array(string), source_name=string), ty=_U32, custom_ordering=boolean)
    ),
    Tables=array(
        product(
            source_name=string,
            product_type_ref=_U32,
            primary_key=array(_U16),
            indexes=array(product(source_name=option(string), accessor_name=option(string), algorithm=_ALGORITHM)),
            constraints=array(product(source_name=option(string), data=_CONSTRAINT_DATA)),
            sequences=array(_sequence(source_name=option(string))),
            table_type=_TABLE_TYPE,
            table_access=_TABLE_ACCESS,
            default_values=array(product(col_id=_U16, value=hexadecimal)),
            is_event=boolean,
        )
    ),
    Reducers=array(
        product(
            source_name=string,
            params=_PRODUCT_TYPE,
            visibility=_VISIBILITY,
            ok_return_type=_algebraic_type,
            err_return_type=_algebraic_type,
        )
    ),
    Procedures=array(
        product(source_name=string, params=_PRODUCT_TYPE, return_type=_algebraic_type, visibility=_VISIBILITY)
    ),
    Views=array(_view(source_name=string)),
    Schedules=array(product(source_name=option(string), table_name=string, schedule_at_col=_U16, function_name=string)),
    LifeCycleReducers=array(product(lifecycle_spec=_LIFECYCLE, function_name=string)),
    RowLevelSecurity=_RLS,
    CaseConversionPolicy=one_of(**{"None": nothing, "SnakeCase": nothing}),
    ExplicitNames=product(entries=array(one_of(Table=_MAPPING, Function=_MAPPING, Index=_MAPPING, Namespace=_MAPPING))),
    HttpHandlers=array(product(source_name=string)),
    HttpRoutes=array(
        product(
            handler_function=string,
            method=one_of(Any=nothing, Method=one_of(**dict.fromkeys(_METHODS, nothing), Extension=string)),
            path=string,
        )
    ),
    ViewPrimaryKeys=array(product(view_source_name=string, columns=array(string))),
    Submodules=array(product(namespace=string, module=_module_v10)),
)
_MODULE_V10 = product(sections=array(_SECTION))
