"""Frames as servers sent them (`tests/recordings`), with other rows in them."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import msgspec

from tests.support.engine import PROBE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.support.recordings import Recording


def bulk(number: int, x: float | None = None) -> str:
    """A row of `bulk`, as servers send it in a transaction. Reducer `fill` makes the same."""
    return f'[{number},"name-{number}",{number * 0.5 if x is None else x},{-float(number)},{number % 97}]'


def named_bulk(number: int, x: float | None = None) -> str:
    """A row of `bulk`, as a 1.2.0 server sends it in answer to a subscription."""
    columns = zip(("id", "name", "x", "y", "tag"), json.loads(bulk(number, x)), strict=True)
    return json.dumps(dict(columns), separators=(",", ":"))


def rows_like(recording: Recording, table: str, count: int, vary: Callable[[int], dict[str, object]]) -> Iterator[str]:
    """Rows like the last recorded one, each with some columns of its own."""
    texts = [text for name, rows in recording.rows() if name == table for text in rows if text.startswith("{")]
    recorded = json.loads(texts[-1])
    for number in range(count):
        yield json.dumps(recorded | vary(number), separators=(",", ":"), ensure_ascii=False)


def update(table: str, deletes: Sequence[str], inserts: Sequence[str]) -> msgspec.Raw:
    """The part of a message that holds the rows."""
    recorded = _payload("SubscribeMultiApplied", "Rec2")["update"]["tables"][0]
    part = {"deletes": deletes, "inserts": inserts}
    changed = recorded | {"table_name": table, "num_rows": len(deletes) + len(inserts), "updates": [part]}
    return msgspec.Raw(msgspec.json.encode({"tables": [changed]}))


def subscribed(request: bytes, rows: msgspec.Raw) -> bytes:
    """The answer to a request to subscribe."""
    sent = msgspec.json.decode(request)["SubscribeMulti"]
    ids = {"request_id": sent["request_id"], "query_id": sent["query_id"]}
    return msgspec.json.encode({"SubscribeMultiApplied": _payload("SubscribeMultiApplied") | ids | {"update": rows}})


def transaction(rows: msgspec.Raw, request_id: int | None = None) -> bytes:
    """A committed transaction of reducer `bump`: this client's with a request id, and another's without."""
    recorded = _payload("TransactionUpdate")
    called = recorded["reducer_call"] | {"reducer_name": "bump", "args": "[0,0]", "request_id": request_id or 1}
    changed = {"status": {"Committed": rows}, "reducer_call": called}
    if request_id is None:
        changed["caller_connection_id"] = {"__connection_id__": 1}
    return msgspec.json.encode({"TransactionUpdate": recorded | changed})


@functools.cache
def _payload(kind: str, text: str = "") -> dict[str, Any]:
    return PROBE.payload(kind, text)


REQUEST = b'{"SubscribeMulti":{"request_id":1,"query_id":{"id":1}}}'
"""The first request to subscribe."""
