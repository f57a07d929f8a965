"""Messages: every recorded one is read, every recorded request is written again, and nothing else passes."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from stdb_runtime._protocol.v1_json import messages as wire
from stdb_runtime._protocol.v1_json.rows import RowReader
from stdb_runtime.errors import DecodeError, ProtocolError
from tests.support.recordings import RECORDINGS, Recording, row_classes

CLIENT_KINDS = {kind.__name__: kind for kind in wire.ClientMessage.__args__}

each_recording = pytest.mark.parametrize("recording", RECORDINGS, ids=str)


def example(kind: str) -> Any:
    """The first recorded message of a kind, as JSON."""
    messages: list[Any] = [json.loads(text) for recording in RECORDINGS for text in recording.received()]
    return next(message for message in messages if kind in message)


def test_there_are_recordings_of_both_servers() -> None:
    assert {recording.version for recording in RECORDINGS} == {"1.2.0", "2.8.3"}


@each_recording
def test_every_message_of_the_server_is_read(recording: Recording) -> None:
    for text in recording.received():
        message = wire.decode(text)
        assert type(message).__name__ in json.loads(text)
        assert wire.decode(text.encode()) == message


def test_every_kind_of_message_was_recorded() -> None:
    seen = {type(wire.decode(text)) for recording in RECORDINGS for text in recording.received()}
    assert seen == set(wire.ServerMessage.__args__)


@each_recording
def test_every_row_is_read(recording: Recording) -> None:
    classes = row_classes(recording)
    count = 0
    for table, texts in recording.rows():
        rows = RowReader(classes[table], table).read(texts)
        assert len(rows) == len(texts)
        count += len(rows)
    assert count >= 18


@each_recording
def test_every_message_of_a_client_is_written_the_same(recording: Recording) -> None:
    for text in recording.sent():
        ((kind, body),) = json.loads(text).items()
        if kind != "Nonsense":
            message = msgspec.convert(body, CLIENT_KINDS[kind])
            assert json.loads(wire.encode(message)) == {kind: body}


def test_every_kind_of_request_was_recorded() -> None:
    kinds = {kind for recording in RECORDINGS for text in recording.sent() for kind in json.loads(text)}
    assert kinds == set(CLIENT_KINDS) | {"Nonsense"}


@pytest.mark.parametrize("kind", [kind.__name__ for kind in wire.ServerMessage.__args__])
def test_unknown_fields_are_tolerated(kind: str) -> None:
    message = example(kind)
    expected = wire.decode(json.dumps(message))
    message[kind]["from_the_future"] = [{}]
    assert wire.decode(json.dumps(message)) == expected


@pytest.mark.parametrize(
    ("text", "named"),
    [('{"Surprise":{}}', "Surprise"), ('{"A":1,"B":2}', "A, B"), ("{}", "an object without a key")],
)
def test_unknown_kind_is_named(text: str, named: str) -> None:
    with pytest.raises(ProtocolError, match=f"unknown kind: {named}$") as caught:
        wire.decode(text)
    assert not isinstance(caught.value, DecodeError)


def test_two_kinds_at_once_are_no_message() -> None:
    both = {**example("IdentityToken"), **example("TransactionUpdateLight")}
    with pytest.raises(ProtocolError, match="IdentityToken, TransactionUpdateLight"):
        wire.decode(json.dumps(both))


@pytest.mark.parametrize(
    ("kind", "change", "path"),
    [
        ("IdentityToken", {"token": 5}, "$.IdentityToken.token"),
        ("IdentityToken", {"connection_id": {"__connection_id__": -1}}, "$.IdentityToken.connection_id"),
        ("TransactionUpdateLight", {"request_id": 2**32}, "$.TransactionUpdateLight.request_id"),
        ("TransactionUpdateLight", {"update": {"tables": [7]}}, "$.TransactionUpdateLight.update.tables[0]"),
        ("TransactionUpdate", {"status": {}}, "$.TransactionUpdate.status"),
        ("TransactionUpdate", {"status": {"Failed": "x", "OutOfEnergy": []}}, "$.TransactionUpdate.status"),
        (
            "TransactionUpdate",
            {"timestamp": {"__timestamp_micros_since_unix_epoch__": 2**63}},
            "$.TransactionUpdate.timestamp.__timestamp_micros_since_unix_epoch__",
        ),
        ("ProcedureResult", {"status": {}}, "$.ProcedureResult.status"),
    ],
)
def test_malformed_message_says_where(kind: str, change: dict[str, Any], path: str) -> None:
    message = example(kind)
    message[kind].update(change)
    with pytest.raises(DecodeError) as caught:
        wire.decode(json.dumps(message))
    assert caught.value.path == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "5",
        '{"IdentityToken":',
        '{"IdentityToken":{}}',
        b'{"IdentityToken":"\xff"}',
        '{"IdentityToken":"\ud800"}',
        '{"Surprise":"\ud800"}',
        "[" * 100_000,
        '{"Surprise":' + "[" * 100_000,
        '{"TransactionUpdateLight":{"x":' * 50_000,
    ],
)
def test_what_is_no_message_is_an_error_of_ours(text: str | bytes) -> None:
    with pytest.raises(DecodeError):
        wire.decode(text)


def test_identity_of_an_envelope_may_lack_leading_zeros() -> None:
    message = example("IdentityToken")
    message["IdentityToken"]["identity"] = {"__identity__": "0x5"}
    token = wire.decode(json.dumps(message))
    assert isinstance(token, wire.IdentityToken)
    assert token.identity.value().to_hex() == "5".rjust(64, "0")


def test_repr_hides_the_token() -> None:
    message = example("IdentityToken")
    message["IdentityToken"]["token"] = "very-secret"
    assert "very-secret" not in repr(wire.decode(json.dumps(message)))


def test_procedures_are_written_as_the_new_server_was_sent_them() -> None:
    (recording,) = [recording for recording in RECORDINGS if recording.module == "arena"]
    sent = [json.loads(text) for text in recording.sent()]
    calls = [message["CallProcedure"] for message in sent if "CallProcedure" in message]
    assert len(calls) == 4
    for call in calls:
        message = wire.CallProcedure(call["procedure"], call["args"], call["request_id"], call["flags"])
        assert json.loads(wire.encode(message)) == {"CallProcedure": call}
