"""What docs/client.md says that rows can do, as structs of msgspec."""

from __future__ import annotations

import copy
import math
import sys

import msgspec
import pytest

from game_client import ActivityMove, Player, Position, Team
from stdb_runtime import Identity, Timestamp

BOB = Player(
    id=1,
    name="Bob",
    level=2,
    owner=Identity(2**256 - 1),
    online=True,
    status=None,
    position=Position(x=1.5, y=-2.0),
    activity=ActivityMove(Position(x=0.0, y=1.0)),
    team=Team.RED,
    joined_at=Timestamp(7),
)


def test_fields_as_a_dictionary() -> None:
    fields = msgspec.structs.asdict(BOB)
    assert fields["name"] == "Bob"
    assert fields["position"] is BOB.position
    assert list(fields)[:3] == ["id", "name", "level"]


def test_a_changed_copy() -> None:
    changed = msgspec.structs.replace(BOB, level=3)
    assert (changed.level, changed.name, BOB.level) == (3, "Bob", 2)


if sys.version_info >= (3, 13):

    def test_copy_replace() -> None:
        assert copy.replace(BOB, level=3) == msgspec.structs.replace(BOB, level=3)


def test_json_there_and_back() -> None:
    text = msgspec.json.encode(BOB)
    assert msgspec.json.decode(text, type=Player) == BOB


def test_messagepack_holds_what_has_64_bits() -> None:
    data = msgspec.msgpack.encode(BOB.position)
    assert msgspec.msgpack.decode(data, type=Position) == BOB.position
    with pytest.raises(OverflowError):
        msgspec.msgpack.encode(BOB)


def test_json_has_null_for_nan() -> None:
    text = msgspec.json.encode(Position(x=1.0, y=math.nan))
    assert text == b'{"x":1.0,"y":null}'
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Position)
