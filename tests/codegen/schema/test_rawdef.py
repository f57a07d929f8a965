"""Definitions that are damaged, or none at all."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stdb_codegen.errors import CodegenError, SchemaError
from stdb_codegen.schema import binary, lower, rawdef
from stdb_codegen.sources import source
from tests.codegen import schemas
from tests.codegen.schemas import (
    generate,
    module,
)
from tests.support.modules import module_wasm

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def test_not_json() -> None:
    with pytest.raises(SchemaError, match="malformed"):
        rawdef.decode(rawdef.Definition(b"{'a", "json", "x.json"))


def test_bottomless_json() -> None:
    data = b'{"typespace":{"types":[' + b'{"Array":' * 100_000
    with pytest.raises(SchemaError, match="nested too deeply"):
        rawdef.decode(rawdef.Definition(data, "json", "x.json"))


def test_bottomless_bsatn() -> None:
    data = b"\x01\x01\x00\x00\x00" + b"\x03" * 100_000
    with pytest.raises(SchemaError, match="nested too deeply"):
        rawdef.decode(rawdef.Definition(data, "bsatn", "x.wasm"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it ends at byte 0, 1 too early"),
        (b"\x07", "its version tag is 7"),
        (b"\x02\x01\x00\x00\x00\x63", "tag 99 is none of Typespace, Types"),
        (b"\x01" + bytes(24) + b"!", "1 bytes follow its end at byte 25"),
        (b"\x01\x01\x00\x00\x00\x63", "tag 99 is none of Ref, Sum"),
        (b"\x01\xff\xff\xff\xff", "too early"),
        (b"\x01" + bytes(4) + b"\x01\x00\x00\x00\x01\x00\x00\x00\xff", "it holds text that is not UTF-8"),
    ],
)
def test_damaged_bsatn(data: bytes, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        rawdef.decode(rawdef.Definition(data, "bsatn", "x.wasm"))


def test_empty_bsatn() -> None:
    assert binary.read_module(b"\x01" + bytes(24)) == (9, module())
    assert binary.read_module(b"\x02" + bytes(4)) == (10, {"sections": []})


def test_every_byte_cut_off_is_one_error() -> None:
    """The definition of a real module, of version 10, cut off after each of its bytes."""
    data = source.from_path(module_wasm("arena")).data
    for length in range(len(data)):
        with pytest.raises(SchemaError):
            rawdef.decode(rawdef.Definition(data[:length], "bsatn", "x.wasm"))


def test_every_kind_of_section_is_read() -> None:
    """Sections that clients have no use for stand between those that they need."""
    text, none = b"\x01\x00\x00\x00x", b"\x01"
    one = b"\x01\x00\x00\x00"
    sections = [
        b"\x08" + one + text,  # RowLevelSecurity
        b"\x09\x01",  # CaseConversionPolicy: SnakeCase
        b"\x0a" + one + b"\x03" + text + text,  # ExplicitNames: a namespace
        b"\x0b" + one + text,  # HttpHandlers
        b"\x0c" + one + text + b"\x01\x09" + text + text,  # HttpRoutes: a method of another name
        b"\x06" + one + none + text + b"\x00\x00" + text,  # Schedules
        b"\x0d" + one + text + one + text,  # ViewPrimaryKeys
        b"\x0e" + one + text + bytes(4),  # Submodules
        b"\x07" + one + b"\x00" + text,  # LifeCycleReducers
    ]
    data = b"\x02" + len(sections).to_bytes(4, "little") + b"".join(sections)
    found = lower.lower(rawdef.decode(rawdef.Definition(data, "bsatn", "x.wasm")))
    assert (found.tables, found.reducers, found.warnings) == ((), (), ())


@given(st.binary())
def test_any_bytes_give_one_error(data: bytes) -> None:
    for encoding in ("json", "bsatn"):
        with pytest.raises(SchemaError) as caught:
            rawdef.decode(rawdef.Definition(data, encoding, "x"))
        assert str(caught.value).isprintable()


def test_errors_move_no_cursor() -> None:
    assert str(SchemaError("a\x1b[2J", "b\nc", "d\u202e")) == r"a\x1b[2J: b\nc; d\u202e"


def walk(value: Any) -> Iterator[dict[str, Any]]:
    """The objects in a JSON value."""
    if isinstance(value, dict):
        yield cast("dict[str, Any]", value)
    for part in cast("Iterable[Any]", value.values() if isinstance(value, dict) else value):
        if isinstance(part, dict | list):
            yield from walk(part)


@pytest.mark.parametrize("case", ["edge", "arena"])
def test_every_part_missing_is_one_error(case: str) -> None:
    """Each object of a real schema, of either version, once without each of its fields."""
    text = (schemas.GOLDEN / case / "schema.json").read_text()
    failures = 0
    for number, value in enumerate(walk(json.loads(text))):
        for key in value:
            raw = json.loads(text)
            del next(islice(walk(raw), number, None))[key]
            try:
                generate(raw)
            except CodegenError:
                failures += 1
    assert failures > 100
