"""A module with a submodule, in WebAssembly text: no toolchain of this repository builds such a one.

The root has one reducer, `ping`. Its submodule `shop` has a table `stockItem`, a reducer `addItem` that inserts its
arguments as a row, a procedure `countItems` and a view `allItems`; what the latter two return is fixed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import wasmtime

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["TABLE", "wasm"]

TABLE = "shop.stock_item"
COUNT = 42
VIEWED = (9, "seen")

_STRING, _U64, _UNIT = b"\x04", b"\x0d", b"\x02" + bytes(4)
_CALLABLE = b"\x01"
_NONE = b"\x01"

_SOURCE = """
(module
  (import "spacetime_10.0" "bytes_sink_write" (func $write (param i32 i32 i32) (result i32)))
  (import "spacetime_10.0" "bytes_source_read" (func $read (param i32 i32 i32) (result i32)))
  (import "spacetime_10.0" "table_id_from_name" (func $table (param i32 i32 i32) (result i32)))
  (import "spacetime_10.0" "datastore_insert_bsatn" (func $insert (param i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  {data}
  (func $put (param $sink i32) (param $at i32) (param $size i32)
    (i32.store (i32.const 8) (local.get $size))
    (drop (call $write (local.get $sink) (local.get $at) (i32.const 8))))
  (func (export "__describe_module__") (param $sink i32)
    (call $put (local.get $sink) {definition}))
  (func (export "__call_reducer__")
    (param $id i32) (param i64 i64 i64 i64 i64 i64 i64) (param $args i32) (param $error i32) (result i32)
    (if (i32.eq (local.get $id) (i32.const 0)) (then (return (i32.const 0))))
    (i32.store (i32.const 8) (i32.const 1000))
    (drop (call $read (local.get $args) (i32.const 70000) (i32.const 8)))
    (if (call $table {table} (i32.const 4)) (then unreachable))
    (if (call $insert (i32.load (i32.const 4)) (i32.const 70000) (i32.const 8)) (then unreachable))
    (i32.const 0))
  (func (export "__call_procedure__")
    (param $id i32) (param i64 i64 i64 i64 i64 i64 i64) (param $args i32) (param $sink i32) (result i32)
    (call $put (local.get $sink) {count})
    (i32.const 0))
  (func (export "__call_view_anon__") (param $id i32) (param $args i32) (param $sink i32) (result i32)
    (call $put (local.get $sink) {viewed})
    (i32.const 2)))
"""


def wasm(*, view_has_parameter: bool = False) -> bytes:
    """The module; no released library makes a view with a parameter, and the server takes one."""
    shown = {
        "definition": b"\x02" + _definition(_elements(n=_U64) if view_has_parameter else _elements()),
        "table": TABLE.encode(),
        "count": COUNT.to_bytes(8, "little"),
        # Rows, and not a query, follow the first byte.
        "viewed": b"\x00" + _number(1) + VIEWED[0].to_bytes(8, "little") + _text(VIEWED[1]),
    }
    places: dict[str, str] = {}
    data: list[str] = []
    at = 16
    for name, content in shown.items():
        data.append(f'(data (i32.const {at}) "{"".join(f"{chr(92)}{byte:02x}" for byte in content)}")')
        places[name] = f"(i32.const {at}) (i32.const {len(content)})"
        at += len(content)
    return bytes(wasmtime.wat2wasm(_SOURCE.format(data=" ".join(data), **places)))


def _definition(view_parameters: bytes) -> bytes:
    shop = _module(
        {
            0: _list([_row()]),
            1: _list([_list([]) + _text("StockItem") + _number(0) + b"\x01"]),
            2: _list([_table()]),
            3: _list([_reducer("addItem", _elements(id=_U64, name=_STRING))]),
            4: _list([_text("countItems") + _elements() + _U64 + _CALLABLE]),
            5: _list([_text("allItems") + _number(0) + b"\x01\x01" + view_parameters + b"\x03\x00" + _number(0)]),
        }
    )
    return _module({3: _list([_reducer("ping", _elements())]), 14: _list([_text("shop") + shop])})


def _module(sections: dict[int, bytes]) -> bytes:
    """A definition, from its sections by their tags."""
    return _list([bytes([tag]) + content for tag, content in sections.items()])


def _row() -> bytes:
    return b"\x02" + _elements(id=_U64, name=_STRING)


def _table() -> bytes:
    """The table, with a primary key and the index and the constraint that belong to it."""
    column = _list([b"\x00\x00"])
    index = _list([b"\x00" + _text("stockItem_id_idx_btree") + b"\x00" + _text("id") + b"\x00" + column])
    constraint = _list([_NONE + b"\x00" + column])
    public_user_table, no_defaults, no_event = b"\x01\x00", _list([]), b"\x00"
    keys = column + index + constraint + _list([])
    return _text("stockItem") + _number(0) + keys + public_user_table + no_defaults + no_event


def _reducer(name: str, parameters: bytes) -> bytes:
    return _text(name) + parameters + _CALLABLE + _UNIT + _STRING


def _elements(**types: bytes) -> bytes:
    return _list([b"\x00" + _text(name) + type_ for name, type_ in types.items()])


def _list(items: Iterable[bytes]) -> bytes:
    held = list(items)
    return _number(len(held)) + b"".join(held)


def _text(text: str) -> bytes:
    return _number(len(text.encode())) + text.encode()


def _number(number: int) -> bytes:
    return number.to_bytes(4, "little")
