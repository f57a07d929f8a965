"""Rows: the quick way to decode them is taken, gives what the general way gives, and errors say where and what."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stdb_runtime import DecodeError, Err, Identity, Ok, Uuid
from stdb_runtime._protocol.v1_json.rows import RowReader
from stdb_runtime._sats.annotation import F32, F64, U64, Product, product_of
from stdb_runtime._sats.sats import Dialect
from stdb_runtime._sats.scalar import NAN
from tests.golden.echo import client as echo_client
from tests.golden.echo.client import types as echo
from tests.golden.probe.client.types import Player
from tests.support.recordings import RECORDINGS, Recording, row_classes
from tests.support.values import LEISURE, kind_of, row_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stdb_runtime._handles.table import Table


class Newer(Product, frozen=True):
    """What only servers of 2.x have."""

    id: U64
    uuid: Uuid
    plain: Ok[U64] | Err[str]
    result: Ok[echo.Point] | Err[tuple[echo.Shape, ...]]
    nested: Ok[Ok[None] | Err[bytes]] | Err[Uuid | None]


# Every table of the echo module, and thereby every kind of column.
ECHO_ROWS: list[type[Product]] = sorted(
    {
        row
        for row in vars(echo).values()
        if isinstance(row, type) and issubclass(row, Product) and row.__name__.startswith(("Echo", "Every", "Keyless"))
    },
    key=lambda row: row.__name__,
)


class OnlyFast(RowReader[Any]):
    """A reader that has no other way than the quick one."""

    def _read_one(self, text: str) -> Any:
        raise AssertionError(f"not read the quick way: {text}")


class OnlyGeneral(RowReader[Any]):
    """A reader that has no other way than the general one."""

    def _read_fast(self, texts: Sequence[str], *, named: bool) -> None:
        return None


class Measure(Product, frozen=True):
    id: U64
    value: F64
    small: F32


def shown(rows: list[Any]) -> str:
    """All that can be seen of rows: it tells -0.0 from 0.0, and 1 from True."""
    return repr(rows)


# --- the quick way ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("recording", RECORDINGS, ids=str)
def test_recorded_rows_are_read_the_quick_way(recording: Recording) -> None:
    classes = row_classes(recording)
    dialects: set[str] = set()
    for table, texts in recording.rows():
        fast, general = OnlyFast(classes[table], table), OnlyGeneral(classes[table], table)
        assert shown(fast.read(texts)) == shown(general.read(texts))
        dialects |= {text[0] for text in texts}
    assert dialects == {"{", "["}


@pytest.mark.parametrize("row_class", [*ECHO_ROWS, Newer], ids=lambda row: row.__name__)
@settings(LEISURE, max_examples=8)
@given(data=st.data())
def test_both_ways_give_the_same(row_class: type[Product], data: st.DataObject) -> None:
    rows = data.draw(st.lists(kind_of(row_class).values, min_size=1, max_size=4))
    for named in (True, False):
        texts = [row_text(row_class, row, named=named) for row in rows]
        assert shown(OnlyFast(row_class, "t").read(texts)) == shown(rows)
        assert shown(OnlyGeneral(row_class, "t").read(texts)) == shown(rows)


def test_every_kind_of_column_is_among_them() -> None:
    (everything,) = [row for row in ECHO_ROWS if row.__name__ == "Everything"]
    kinds = {str(annotation) for annotation in get_type_hints(everything, include_extras=True).values()}
    tables: dict[str, type[Table[Any]]] = get_type_hints(echo_client.Tables)
    assert len(kinds) >= 60
    assert len(ECHO_ROWS) == len(tables)


def test_rows_of_plain_columns_are_decoded_straight_into_their_class() -> None:
    assert product_of(Measure).decode_plan(Dialect(named=True)) == (Measure, None)


def test_dialects_may_be_mixed_in_one_list() -> None:
    named, positional = '{"id":1,"value":1.5,"small":0.1}', "[2,-0.0,5.0]"
    rows = OnlyFast(Measure, "t").read([named, positional, positional, named] * 400)
    one, two = Measure(1, 1.5, 0.1), Measure(2, -0.0, 5.0)
    assert shown(rows) == shown([one, two, two, one] * 400)


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1700])
def test_any_number_of_rows(count: int) -> None:
    texts = [f"[{number},0.5,0.5]" for number in range(count)]
    assert [row.id for row in RowReader(Measure, "t").read(texts)] == list(range(count))


# --- floats that are null ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ['{"id":1,"value":null,"small":null}', "[1,null,null]"])
def test_null_is_nan_and_the_quick_way_stays(text: str) -> None:
    good = text.replace("null", "0.5")
    rows = OnlyFast(Measure, "t").read([good, text, good] * 400)
    assert all(row.value is NAN and row.small is NAN for row in rows[1::3])
    assert all(row.value == row.small == 0.5 for row in rows[::3])


def test_null_is_learnt() -> None:
    class Counting(RowReader[Any]):
        tries = 0

        def _decode(self, texts: Sequence[str], dialect: Dialect) -> list[Any] | None:
            self.tries += 1
            return super()._decode(texts, dialect)

    reader = Counting(Measure, "t")
    reader.read(["[1,null,0.5]"])
    assert reader.tries == 2
    reader.read(["[1,null,0.5]"] * 500)
    assert reader.tries == 3


def test_null_deep_inside() -> None:
    text = '{"n":1,"v":[3,[[1,null],[2,-0.0]]]}'
    (row,) = OnlyFast(echo.EchoShape, "t").read([text])
    path = row.v.value
    assert math.isnan(path[0].y)
    assert math.copysign(1, path[1].y) == -1


@pytest.mark.parametrize("text", ["[null,0.5,0.5]", '{"id":null,"value":0.5,"small":0.5}'])
def test_null_elsewhere_is_an_error(text: str) -> None:
    with pytest.raises(DecodeError, match=r"\$\.id"):
        RowReader(Measure, "t").read([text])


# --- identity of rows -------------------------------------------------------------------------------------------------


def same(one: Product, other: Product) -> bool:
    """Whether two rows are one to the cache."""
    key = product_of(type(one)).key
    keys = (one, other) if key is None else (key(one), key(other))
    return keys[0] == keys[1] and hash(keys[0]) == hash(keys[1])


@pytest.mark.parametrize(
    ("row_class", "one", "other"),
    [
        (echo.EchoF64, "0.0", "-0.0"),
        (echo.EchoF32, "0.0", "-0.0"),
        (echo.EchoF64, "null", "0.0"),
        (echo.EchoVecF64, "[1.0,0.0]", "[1.0,-0.0]"),
        (echo.EchoVecF32, "[null]", "[-0.0]"),
        (echo.EchoOptionF64, "[0,0.0]", "[0,-0.0]"),
        (echo.EchoOptionF64, "[0,null]", "[1,[]]"),
        (echo.EchoPoint, "[1,0.0]", "[1,-0.0]"),
        (echo.EchoShape, "[1,0.0]", "[1,-0.0]"),
        (echo.EchoShape, "[2,[0.0,0.0]]", "[2,[0.0,-0.0]]"),
        (echo.EchoVecShape, "[[1,null]]", "[[1,0.0]]"),
        (echo.EchoVecPoint, "[[1,0.0]]", "[[1,-0.0]]"),
        (echo.EchoOptionOptionI32, "[1,[]]", "[0,[1,[]]]"),
    ],
)
def test_rows_that_differ_only_so_are_different_rows(row_class: type[Product], one: str, other: str) -> None:
    reader = RowReader(row_class, "t")
    first, second = reader.read([f"[1,{one}]", f"[1,{other}]"])
    assert not same(first, second)
    assert same(first, first)


def test_nan_is_the_same_row_whoever_made_it() -> None:
    reader = RowReader(Measure, "t")
    (row,) = reader.read(["[1,null,null]"])
    assert same(row, Measure(1, float("nan"), -math.nan))


@settings(LEISURE, max_examples=50)
@given(kind_of(echo.EchoDrawing).values)
def test_both_dialects_give_the_same_row(row: echo.EchoDrawing) -> None:
    reader = RowReader(echo.EchoDrawing, "t")
    named, positional = (row_text(echo.EchoDrawing, row, named=named) for named in (True, False))
    assert same(*reader.read([named, positional]))


# --- what is wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row_class", "text", "path", "problem"),
    [
        (echo.EchoU8, "[1,256]", "$.v", "256 is out of range for u8"),
        (echo.EchoU8, '{"n":1,"v":true}', "$.v", "expected an integer"),
        (echo.EchoU8, '{"n":1}', "$", "lacks field `v`"),
        (echo.EchoU8, '{"n":1,"v":1,"w":1}', "$", "no field `w`"),
        (echo.EchoU8, "[1]", "$", "has 2 fields, got 1"),
        (echo.EchoU8, "[1,2,3]", "$", "has 2 fields, got 3"),
        (echo.EchoU8, "7", "$", "expected an object or a list"),
        (echo.EchoI256, '[1,"5"]', "$.v", "expected a string such as"),
        (echo.EchoI256, '[1,"0x_5"]', "$.v", "expected a string such as"),
        (echo.EchoU256, '[1,"-0x5"]', "$.v", "-5 is out of range"),
        (echo.EchoU256, f'[1,"0x1{"0" * 64}"]', "$.v", "is out of range"),
        (echo.EchoIdentity, f'[1,["0x1{"0" * 64}"]]', "$.v.value", "is out of range"),
        (echo.EchoIdentity, '[1,["5"]]', "$.v.value", "expected a string such as"),
        (echo.EchoTimestamp, "[1,[9223372036854775808]]", "$.v.micros", "is out of range for i64"),
        (
            echo.EchoTimestamp,
            '{"n":1,"v":{"__timestamp_micros_since_unix_epoch__":9223372036854775808}}',
            "$.v.micros",
            "",
        ),
        (echo.EchoBytes, '[1,"abc"]', "$.v", "expected hexadecimal digits"),
        (echo.EchoBytes, '[1,"ab cd"]', "$.v", "expected hexadecimal digits"),
        (echo.EchoBool, "[1,1]", "$.v", "expected a bool"),
        (echo.EchoColor, "[1,[3,[]]]", "$.v", "expected a tag of Red, Green, Blue, got 3"),
        (echo.EchoColor, "[1,[0,[1]]]", "$.v", "expected the empty object or array"),
        (echo.EchoShape, "[1,[4,[0,7]]]", "$.v.Caption", "expected a string, got 7"),
        (echo.EchoVecShape, "[1,[[0,[]],[3,[[1,2.0],[1,true]]]]]", "$.v[1].Path[1].y", "expected a float"),
        (echo.EchoOptionU32, "[1,[1,5]]", "$.v", "expected the empty object or array, got 5"),
        (echo.EchoOptionU32, "[1,[2,5]]", "$.v", "expected a tag of some, none, got 2"),
        (Newer, "[1,[5],[0,-1],[1,[]],[1,[1,[]]]]", "$.plain.ok", "-1 is out of range"),
        (Newer, "[1,[5],[1,[]],[1,[]],[1,[1,[]]]]", "$.plain.err", "expected a string"),
        (echo.EchoVecVecU32, "[1,[[],[1,-1]]]", "$.v[1][1]", "-1 is out of range"),
    ],
)
def test_wrong_row_says_where_and_what(row_class: type[Product], text: str, path: str, problem: str) -> None:
    good = row_text(row_class, _any_of(row_class), named=False)
    with pytest.raises(DecodeError, match="run stdb-codegen again") as caught:
        RowReader(row_class, "things").read([good, text, good])
    assert (caught.value.table, caught.value.path) == ("things", path)
    assert problem in caught.value.problem


def _any_of(row_class: type[Product]) -> object:
    found: list[object] = []

    @settings(LEISURE, max_examples=1, database=None)
    @given(kind_of(row_class).values)
    def take(row: object) -> None:
        found.append(row)

    take()
    return found[0]


@pytest.mark.parametrize("text", ["", "nonsense", "[1,", '{"n":1,"v":"\\ud800"}', "[" * 100_000, '{"n":' * 100_000])
def test_what_is_no_row_is_an_error_of_ours(text: str) -> None:
    with pytest.raises(DecodeError):
        RowReader(echo.EchoString, "t").read([text])


def test_numbers_beyond_what_python_reads_are_errors_of_ours() -> None:
    for digits in (100, 5_000, 100_000):
        for row_class in (echo.EchoU8, echo.EchoU128, echo.EchoF64, echo.EchoTimestamp):
            with pytest.raises(DecodeError):
                RowReader(row_class, "t").read([f"[1,{'9' * digits}e999]"])
    with pytest.raises(DecodeError):
        RowReader(echo.EchoU8, "t").read([f"[1,{'9' * 5_000}]"])


def test_strings_that_only_look_like_rows_together_are_refused() -> None:
    with pytest.raises(DecodeError):
        RowReader(echo.EchoU8, "t").read(["[1,2],[3,4]", "[5,6]"])


def test_rows_share_the_identities_that_they_name() -> None:
    rows = [f'[{number},"",0,["0x5"],[1,[]],[0],[0,[]]]' for number in range(2)]
    first, second = RowReader(Player, "player").read(rows)
    assert first.owner is second.owner
    assert first.owner == Identity(5)
