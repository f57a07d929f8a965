"""The encoding as the engine sees it: arguments in both directions, rows, and values without a declaration."""

from __future__ import annotations

import itertools
import json
from collections import UserDict
from typing import TYPE_CHECKING, Any

import pytest

from stdb_runtime import (
    ArgumentError,
    BindingsError,
    ConnectionId,
    DecodeError,
    Identity,
    TimeDuration,
    Timestamp,
)
from stdb_runtime._handles.reducer import parameters_of
from stdb_runtime._protocol.events import ProcedureReturned, Transaction
from stdb_runtime._protocol.v1_json.encoding import V1Json
from stdb_runtime._sats.annotation import U8, type_of
from tests.golden.probe.client import Reducers
from tests.support.recordings import Recording

if TYPE_CHECKING:
    from stdb_runtime._protocol.encoding import ParameterSource, Session

PROBE = Recording("1.2.0", "probe")
ENCODING = V1Json()


def session(parameters: ParameterSource | None = None) -> Session:
    """A session whose handshake is done."""
    made = ENCODING.new_session(parameters, itertools.count(1))
    made.receive(PROBE.frame("IdentityToken"))
    return made


def test_the_subprotocol_is_the_one_of_json() -> None:
    assert ENCODING.subprotocol == "v1.json.spacetimedb"


# --- arguments without a declaration ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([], "[]"),
        ([None, True, 5, "é"], '[null,true,5,"é"]'),
        (({"Rect": {"w": 1.5, "h": 2}}, [1, [2]]), '[{"Rect":{"w":1.5,"h":2}},[1,[2]]]'),
        ({"name": "Rec"}, '{"name":"Rec"}'),
        (UserDict({1: "Rec"}), '{"1":"Rec"}'),
        ([2**127], f"[{2**127}]"),
        ([b"\x01\xff", bytearray(b"\x02")], '["01ff","02"]'),
        ([Identity(5)], '[["0x5"]]'),
        ([ConnectionId(5), Timestamp(6), TimeDuration(7)], "[[5],[6],[7]]"),
        ([1e300, 0.1], "[1e+300,0.1]"),
    ],
)
def test_json_values_stand_for_arguments(values: Any, text: str) -> None:
    assert ENCODING.arguments(values, None) == text


def endless() -> list[object]:
    values: list[object] = []
    values.append(values)
    return values


@pytest.mark.parametrize(
    ("values", "argument", "problem"),
    [
        ([object()], "args[0]", "object is not a JSON value"),
        ([{"a": [1, {2}]}], "args[0].a[1]", "set is not a JSON value"),
        ({"a": 1j}, "args.a", "complex is not a JSON value"),
        ([float("nan")], "args[0]", ""),
        (["\ud800"], "args", "cannot be sent: "),
        (endless(), "args", "cannot be sent: "),
    ],
)
def test_what_is_no_json_value_is_refused_with_its_place(values: Any, argument: str, problem: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        ENCODING.arguments(values, None)
    assert caught.value.argument == argument
    assert problem in str(caught.value)


# --- arguments of others ----------------------------------------------------------------------------------------------


def arguments(parameters: ParameterSource | None, text: str, **changed: object) -> tuple[object, ...]:
    """The arguments of a recorded call with another text."""
    call = PROBE.payload("TransactionUpdate", '"Rec\\"')["reducer_call"] | {"args": text} | changed
    (event,) = session(parameters).receive(PROBE.frame("TransactionUpdate", '"Rec\\"', reducer_call=call))
    assert isinstance(event, Transaction)
    assert event.call is not None
    return event.call.arguments


def test_declared_arguments_are_read_as_they_are_declared() -> None:
    assert arguments(parameters_of(Reducers).get, '["Rec"]') == ("Rec",)
    assert arguments(parameters_of(Reducers).get, '{"name":"Rec"}') == ("Rec",)


def test_a_call_of_what_is_not_declared_has_arguments_only_if_there_are_none() -> None:
    declared = parameters_of(Reducers).get
    assert arguments(declared, "[]", reducer_name="") == ()
    with pytest.raises(BindingsError, match="no reducer 'newer': run stdb-codegen again"):
        arguments(declared, "[1]", reducer_name="newer")


def test_arguments_without_any_declaration_are_json_values() -> None:
    assert arguments(None, '["Rec",{"a":1}]') == ("Rec", {"a": 1})
    assert arguments(None, '{"name":"Rec"}') == ({"name": "Rec"},)
    with pytest.raises(DecodeError, match="not JSON"):
        arguments(None, "[")


# --- values that procedures return ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "value"), [("5", 5), ("[5,1]", None), ("300", None), ("[", None)])
def test_a_returned_value_is_of_its_declared_type_or_fails_its_call(text: str, value: object) -> None:
    made = session()
    request = object()
    request_id = made.call_procedure("roll", "[]", type_of(U8), request)
    body = {
        # No recording has such a frame: it is of the shape that a 2.8.3 server's answers have.
        "status": {"Returned": text},
        "timestamp": {"__timestamp_micros_since_unix_epoch__": 0},
        "total_host_execution_duration": {"__time_duration_micros__": 0},
        "request_id": request_id,
    }
    (event,) = made.receive(json.dumps({"ProcedureResult": body}).encode())
    assert isinstance(event, ProcedureReturned)
    assert (event.value, event.request) == (value, request)
    if value is None:
        assert isinstance(event.error, DecodeError)
        assert "the values that procedure roll returns are not as declared" in str(event.error)


# --- rows without a row class -----------------------------------------------------------------------------------------


def test_values_of_a_type_are_read_from_the_rows_of_all_lists_in_order() -> None:
    assert ENCODING.value_reader(type_of(U8), "dice").read(["1", "2"], [], ["3"]) == [1, 2, 3]
    assert ENCODING.value_reader(None, "dice").read(['{"a":1}'], ["[1]"]) == [{"a": 1}, [1]]


@pytest.mark.parametrize("text", ["300", '"x"', "[", "", "[" * 100_000])
def test_a_row_of_another_type_names_its_table(text: str) -> None:
    with pytest.raises(DecodeError) as caught:
        ENCODING.value_reader(type_of(U8), "dice").read([text])
    assert caught.value.table == "dice"


# --- errors about subscriptions ---------------------------------------------------------------------------------------


def test_an_error_about_a_query_that_names_no_request_is_nobodys() -> None:
    made = session()
    query_id = made.subscribe(["SELECT * FROM player"])
    frame = PROBE.frame("SubscriptionError", request_id={"none": []}, query_id={"some": query_id})
    assert made.receive(frame) == []
    assert not made.is_settled
