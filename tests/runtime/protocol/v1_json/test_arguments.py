"""Arguments: what is sent for each type, what is refused before, and the echo of what any caller sent."""

from __future__ import annotations

import json
import math
import struct
from array import array
from collections import UserList, deque
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stdb_runtime import ArgumentError, ConnectionId, DecodeError, Identity, ScheduleAtInterval, Some, TimeDuration
from stdb_runtime._protocol.v1_json import arguments
from tests.golden.echo import client as echo_client
from tests.golden.echo.client import types as echo
from tests.support.declarations import of_reducer
from tests.support.values import LEISURE, kind_of, row_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stdb_runtime._sats.annotation import Product
    from stdb_runtime._sats.parameters import Parameters

REDUCERS = echo_client.Reducers
KINDS: dict[str, type[Product]] = {
    name: getattr(echo, "Echo" + name.removeprefix("insert_").title().replace("_", ""))
    for name in vars(REDUCERS)
    if name.startswith("insert_") and name not in {"insert_everything", "insert_keyless_float", "insert_odd"}
    if name not in {"insert_tree", "insert_expr"}
}


OTHER_FORMS: list[tuple[str, Any, str]] = [
    *[("insert_vec_u64", kind([1, 2]), "[1,2]") for kind in (list, tuple, deque, UserList)],
    ("insert_vec_u64", range(3), "[0,1,2]"),
    ("insert_vec_u64", array("Q", [5]), "[5]"),
    ("insert_vec_i32", b"\x00\xff", "[0,255]"),
    ("insert_vec_string", deque(["a"]), '["a"]'),
    ("insert_vec_bool", [], "[]"),
    ("insert_vec_vec_u32", [range(1), [], deque([2])], "[[0],[],[2]]"),
    ("insert_option_vec_u32", [1], "[0,[1]]"),
    ("insert_vec_option_u32", [None, 1], "[[1,[]],[0,1]]"),
    *[("insert_bytes", kind(b"\x00\xff"), '"00ff"') for kind in (bytes, bytearray, memoryview)],
    ("insert_bytes", memoryview(b"\x00\x01\xff")[::2], '"00ff"'),
    ("insert_vec_bytes", [bytearray(b"a"), memoryview(b"b")], '["61","62"]'),
    ("insert_option_bytes", bytearray(b"a"), '[0,"61"]'),
    ("insert_f64", 2**53, "9007199254740992.0"),
    ("insert_f64", -(2**53) - 2, "-9007199254740994.0"),
    ("insert_f32", 3, "3.0"),
    ("insert_vec_f64", [1, 2.5], "[1.0,2.5]"),
]


class Text(str):
    """A text of a class of its own."""


class Arguments:
    """Arguments of a reducer, as calls encode them and events decode them."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters

    def encode(self, args: Sequence[object], kwargs: Mapping[str, object]) -> str:
        return arguments.encode(self._parameters, self._parameters.bind(args, kwargs))

    def decode(self, text: str) -> tuple[object, ...]:
        return arguments.decode(self._parameters, text)


def reducer(name: str) -> Arguments:
    return Arguments(of_reducer(getattr(REDUCERS, name)).parameters)


def encode(name: str, value: object) -> str:
    """The JSON text of `value` as the argument `v`."""
    n, text = reducer(name).encode((7, value), {}).removesuffix("]").split(",", 1)
    assert n == "[7"
    return text


def decode(name: str, text: str) -> object:
    """The argument `v` of that text."""
    n, value = reducer(name).decode(f"[7,{text}]")
    assert n == 7
    return value


def tree(depth: int) -> echo.Tree:
    """A tree of so many nodes on the way down."""
    found = echo.Tree(1, ())
    for _ in range(depth - 1):
        found = echo.Tree(1, (found,))
    return found


def negatives(depth: int) -> echo.Expr:
    found: echo.Expr = echo.ExprNumber(1)
    for _ in range(depth):
        found = echo.ExprNegative(found)
    return found


# --- there and back ---------------------------------------------------------------------------------------------------


def test_there_is_a_reducer_for_every_kind() -> None:
    assert len(KINDS) >= 60


@pytest.mark.parametrize("name", KINDS)
@settings(LEISURE, max_examples=20)
@given(data=st.data())
def test_what_is_sent_is_read_again(name: str, data: st.DataObject) -> None:
    row: Any = data.draw(kind_of(KINDS[name]).values)
    sent = reducer(name).encode((row.n, row.v), {})
    assert repr(reducer(name).decode(sent)) == repr((row.n, row.v))
    assert json.loads(sent) is not None


@pytest.mark.parametrize("name", KINDS)
@settings(LEISURE, max_examples=10)
@given(data=st.data())
def test_both_dialects_of_rows_are_read_too(name: str, data: st.DataObject) -> None:
    row: Any = data.draw(kind_of(KINDS[name]).values)
    for named in (True, False):
        read = reducer(name).decode(row_text(KINDS[name], row, named=named))
        # Whatever the literal: the server may read it one unit in the last place off.
        again = reducer(name).decode(reducer(name).encode(read, {}))
        assert repr(again) == repr(read) or "nan" in repr(read)


@pytest.mark.parametrize("value", [echo.Tree(1, (echo.Tree(-2, ()), echo.Tree(3, (echo.Tree(4, ()),)))), tree(62)])
def test_trees(value: echo.Tree) -> None:
    assert decode("insert_tree", encode("insert_tree", value)) == value


def test_arguments_by_name() -> None:
    insert = reducer("insert_u8")
    assert insert.encode((1,), {"v": 2}) == insert.encode((), {"v": 2, "n": 1}) == "[1,2]"


@pytest.mark.parametrize(
    ("args", "kwargs", "problem"),
    [
        ((1, 2, 3), {}, "takes 2 arguments, got 3"),
        ((1,), {}, "got no value for v"),
        ((1,), {"n": 1, "v": 2}, "got multiple values for n"),
        ((1, 2), {"w": 1}, "has no parameter w"),
    ],
)
def test_wrong_arguments_are_type_errors(args: tuple[int, ...], kwargs: dict[str, int], problem: str) -> None:
    with pytest.raises(TypeError, match=f"insert_u8 {problem}"):
        reducer("insert_u8").encode(args, kwargs)


# --- what is sent -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("insert_bool", True, "true"),
        ("insert_u256", 5, '"0x5"'),
        ("insert_i256", -5, '"-0x5"'),
        ("insert_f64", 3, "3.0"),
        ("insert_f64", -0.0, "-0.0"),
        ("insert_f32", 0.1, "0.10000000149011612"),
        ("insert_bytes", b"\x00\xff", '"00ff"'),
        ("insert_bytes", bytearray(b"\x01"), '"01"'),
        ("insert_unit", None, "[]"),
        ("insert_identity", Identity(5), '["0x5"]'),
        ("insert_connection_id", ConnectionId(5), "[5]"),
        ("insert_schedule_at", ScheduleAtInterval(TimeDuration(7)), "[0,[7]]"),
        ("insert_option_u32", None, "[1,[]]"),
        ("insert_option_option_i32", Some(None), "[0,[1,[]]]"),
        ("insert_color", echo.Color.BLUE, "[2,[]]"),
        ("insert_shape", echo.ShapeDot(), "[0,[]]"),
        ("insert_shape", echo.ShapeRect(echo.Size(1.5, 2)), "[2,[1.5,2.0]]"),
        ("insert_vec_bool", [True, False], "[true,false]"),
    ],
)
def test_what_is_sent(name: str, value: object, text: str) -> None:
    assert encode(name, value) == text


@pytest.mark.parametrize(
    ("name", "value", "argument", "problem"),
    [
        ("insert_bool", 1, "v", "expected a bool, got 1"),
        ("insert_u8", 256, "v", "256 is out of range for u8 (0 to 255)"),
        ("insert_u8", True, "v", "expected an integer (u8), got True"),
        ("insert_u8", 1.0, "v", "expected an integer (u8), got 1.0"),
        ("insert_u8", 10**5_000, "v", "a huge int is out of range for u8"),
        ("insert_i128", 2**127, "v", "is out of range for i128"),
        ("insert_u256", 2**256, "v", "is out of range for u256"),
        ("insert_i256", -(2**255) - 1, "v", "is out of range for i256"),
        ("insert_f64", math.nan, "v", "nan cannot be sent"),
        ("insert_f64", math.inf, "v", "inf cannot be sent"),
        ("insert_f64", 10**400, "v", "is out of range for a float"),
        ("insert_f64", 10**5_000, "v", "a huge int is out of range for a float"),
        ("insert_f64", "1", "v", "expected a float, got '1'"),
        ("insert_f32", -math.inf, "v", "-inf cannot be sent"),
        ("insert_f32", 1e39, "v", "1e+39 is out of range for f32"),
        ("insert_f32", 3.4028235677973366e38, "v", "is out of range for f32"),
        ("insert_string", "a\ud800", "v", "has a lone surrogate"),
        ("insert_string", b"a", "v", "expected a string"),
        ("insert_bytes", "00", "v", "expected bytes"),
        ("insert_unit", 0, "v", "expected None"),
        ("insert_identity", "5", "v", "expected a value of Identity"),
        ("insert_timestamp", TimeDuration(1), "v", "expected a value of Timestamp"),
        ("insert_time_duration", TimeDuration(2**63), "v.micros", "is out of range for i64"),
        ("insert_color", "Red", "v", "expected a member of Color"),
        ("insert_shape", echo.Color.RED, "v", "expected one of ShapeDot"),
        ("insert_shape", echo.ShapeCircle(math.inf), "v.value", "inf cannot be sent"),
        ("insert_option_option_i32", 5, "v", "expected None or Some(...)"),
        ("insert_f64", 2**53 + 1, "v", "9007199254740993 is not exactly a float"),
        ("insert_f32", -(2**53) - 1, "v", "-9007199254740993 is not exactly a float"),
        ("insert_vec_f64", [1, 2**60 + 1], "v[1]", "is not exactly a float"),
        ("insert_vec_u64", "ab", "v", "expected a sequence, such as a list or a tuple, got 'ab'"),
        ("insert_vec_string", "ab", "v", "expected a sequence, such as a list or a tuple, got 'ab'"),
        ("insert_vec_string", Text("ab"), "v", "expected a sequence"),
        ("insert_vec_string", [["ab"]], "v[0]", "expected a string"),
        ("insert_vec_string", b"ab", "v[0]", "expected a string"),
        ("insert_vec_u64", {1, 2}, "v", "expected a sequence"),
        ("insert_vec_u64", {1: 2}, "v", "expected a sequence"),
        ("insert_vec_u64", iter([1]), "v", "expected a sequence"),
        ("insert_vec_u64", None, "v", "expected a sequence"),
        ("insert_option_vec_u32", "ab", "v", "expected a sequence"),
        ("insert_vec_vec_u32", ["ab"], "v[0]", "expected a sequence"),
        ("insert_bytes", [1, 2], "v", "expected bytes"),
        ("insert_vec_bytes", b"ab", "v[0]", "expected bytes"),
        ("insert_vec_vec_u32", ((1,), (2, -1)), "v[1][1]", "-1 is out of range for u32"),
        ("insert_line", echo.Line(echo.Point(1, 1.0), echo.Point(1, math.nan), ""), "v.end.y", "nan cannot be sent"),
    ],
    ids=lambda part: part if isinstance(part, str) else type(part).__name__,
)
def test_what_is_refused_names_the_argument(name: str, value: object, argument: str, problem: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        encode(name, value)
    assert caught.value.argument == argument
    assert problem in caught.value.problem
    assert str(caught.value).startswith(f"{argument}: ")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(("name", "value", "text"), OTHER_FORMS, ids=repr)
def test_what_is_taken_beside_the_types_of_rows(name: str, value: object, text: str) -> None:
    assert encode(name, value) == text


def test_largest_single_is_sent() -> None:
    largest = 3.4028234663852886e38
    for value in (largest, -largest, 3.4028235677973362e38):
        (read,) = struct.unpack("<f", struct.pack("<f", json.loads(encode("insert_f32", value))))
        assert abs(read) == largest


# The array of arguments is the first level. Each node of a tree makes two more, each negative and the number one more.
@pytest.mark.parametrize(("name", "accepted", "refused"), [("insert_tree", tree(63), tree(64))])
def test_depth_of_trees(name: str, accepted: object, refused: object) -> None:
    assert encode(name, accepted).count("[") + 1 == 127
    with pytest.raises(ArgumentError, match="the server reads 127 levels"):
        encode(name, refused)


def test_depth_of_sums() -> None:
    assert encode("insert_expr", negatives(125)).count("[") + 1 == 127
    with pytest.raises(ArgumentError, match="the server reads 127 levels"):
        encode("insert_expr", negatives(126))


@pytest.mark.parametrize(("name", "value"), [("insert_tree", tree(5_000)), ("insert_expr", negatives(5_000))])
def test_bottomless_values_are_errors_of_ours(name: str, value: object) -> None:
    with pytest.raises(ArgumentError, match="nested too deeply"):
        encode(name, value)
    with pytest.raises(ArgumentError):
        encode("insert_u8", value)


def test_brackets_in_texts_are_no_levels() -> None:
    assert encode("insert_string", "[" * 1_000) == '"' + "[" * 1_000 + '"'


# --- the echo ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("insert_shape", '{"Rect":[1.5,2]}', echo.ShapeRect(echo.Size(1.5, 2.0))),
        ("insert_shape", '{"Rect":{"height":2,"width":1.5}}', echo.ShapeRect(echo.Size(1.5, 2.0))),
        ("insert_shape", "[2,[1.5,2]]", echo.ShapeRect(echo.Size(1.5, 2.0))),
        ("insert_shape", '["2",[1.5,2]]', echo.ShapeRect(echo.Size(1.5, 2.0))),
        ("insert_shape", '{"2":[1.5,2]}', echo.ShapeRect(echo.Size(1.5, 2.0))),
        ("insert_shape", '{"Dot":{}}', echo.ShapeDot()),
        ("insert_shape", '{"Caption":{"some":"x"}}', echo.ShapeCaption("x")),
        ("insert_shape", '{"Caption":null}', echo.ShapeCaption(None)),
        ("insert_color", '{"Blue":[]}', echo.Color.BLUE),
        ("insert_option_u32", "null", None),
        ("insert_option_u32", '{"none":[]}', None),
        ("insert_option_u32", '{"some":5}', 5),
        ("insert_option_u32", "[0,5]", 5),
        ("insert_option_option_i32", "null", None),
        ("insert_option_option_i32", '{"some":{"none":[]}}', Some(None)),
        ("insert_option_option_i32", '{"some":null}', Some(None)),
        ("insert_bytes", "[0,255]", b"\x00\xff"),
        ("insert_bytes", '"00FF"', b"\x00\xff"),
        ("insert_identity", '{"__identity__":"0x5"}', Identity(5)),
        ("insert_schedule_at", '{"Interval":[7]}', ScheduleAtInterval(TimeDuration(7))),
        ("insert_f64", "3", 3.0),
        ("insert_f64", "-0", -0.0),
        ("insert_f64", "0.9501636008170229", 0.9501636008170228),  # one unit in the last place off: the server's error
        ("insert_f64", "76391375899727204793904", 7.639137589972721e22),  # the nearest is 7.63913758997272e+22
        ("insert_f32", "0.10000000149011612", 0.1),
        ("insert_f32", "16777217", 16777216.0),
        ("insert_f32", "1e39", math.inf),
    ],
)
def test_every_spelling_of_callers_is_read(name: str, text: str, value: object) -> None:
    assert repr(decode(name, text)) == repr(value)
    assert repr(reducer(name).decode(f' {{"v": {text}, "n": 7}} ')) == repr((7, value))


@pytest.mark.parametrize(
    ("name", "text", "path", "problem"),
    [
        ("insert_point", '[1,{"x":1,"x":2}]', "$", "duplicate key 'x'"),
        ("insert_point", '{"n":1,"v":[1,2],"n":1}', "$", "duplicate key 'n'"),
        ("insert_point", '[1,{"x":1,"y":2,"z":3}]', "$.v", "no field `z`"),
        ("insert_point", '[1,{"x":1}]', "$.v", "lacks field `y`"),
        ("insert_point", '{"n":1,"w":[1,2]}', "$", "lacks field `v`"),
        ("insert_point", "[1,[1.0,2]]", "$.v.x", "expected an integer (i32), got 1.0"),
        ("insert_point", "[1,[-0,2]]", "$.v.x", "expected an integer (i32), got -0.0"),
        ("insert_point", "[1,[1,1e400]]", "$", "out of range"),
        ("insert_point", f"[1,[1,{'9' * 400}]]", "$.v.y", "out of range"),
        ("insert_point", f"[1,[1,{'9' * 5_000}]]", "$", "digits"),
        ("insert_point", "[1,[1,NaN]]", "$", "NaN is not JSON"),
        ("insert_point", "[1,[1,2]]x", "$", "Extra data"),
        ("insert_point", "[1]", "$", "has 2 fields, got 1"),
        ("insert_point", "null", "$", "expected an object or a list"),
        ("insert_point", "", "$", "Expecting value"),
        ("insert_string", '[1,"\\ud800"]', "$.v", "lone surrogate"),
        ("insert_bytes", "[1,[256]]", "$.v", "256 is out of range for u8"),
        ("insert_bytes", '[1,"0xff"]', "$.v", "expected hexadecimal digits"),
        ("insert_u256", "[1,5]", "$.v", "expected a string such as"),
        ("insert_shape", '[1,"Dot"]', "$.v", "expected one of Dot, Circle"),
        ("insert_shape", '[1,{"Square":[]}]', "$.v", "expected a tag of Dot, Circle"),
        ("insert_shape", '[1,{"Dot":null}]', "$.v", "expected the empty object or array"),
        ("insert_option_u32", "[1,7]", "$.v", "expected one of some, none"),
        ("insert_tree", f"[1,{'[1,[' * 5_000}{']]' * 5_000}]", "$", "nested too deeply"),
        ("insert_tree", "[" * 100_000, "$", "nested too deeply"),
    ],
)
def test_what_is_no_call_says_where_and_what(name: str, text: str, path: str, problem: str) -> None:
    with pytest.raises(DecodeError) as caught:
        reducer(name).decode(text)
    assert caught.value.path == path
    assert problem in caught.value.problem
    assert f"reducer {name} are not" in str(caught.value)
