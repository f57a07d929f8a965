"""What a client sees, beside what it should see: a naive multiset made of the raw frames."""

from __future__ import annotations

import json
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stdb_runtime.aio.client import Client


def plain(value: Any) -> Any:
    """A row as nested tuples, whichever of its two forms it has: what a dictionary's values are in order."""
    if isinstance(value, dict):
        return tuple(map(plain, cast("dict[str, Any]", value).values()))
    if isinstance(value, list):
        return tuple(map(plain, cast("Sequence[Any]", value)))
    return value


def table_updates(value: Any) -> Iterator[Any]:
    """Every table's part of a message, wherever it stands in it."""
    if isinstance(value, dict):
        if "updates" in value:
            yield value
        for part in cast("dict[str, Any]", value).values():
            yield from table_updates(part)
    elif isinstance(value, list):
        for part in cast("Sequence[Any]", value):
            yield from table_updates(part)


class Naive(logging.Handler):
    """A cache for `connect(logger=naive.logger)`: it reads the frames that the client logs, and counts rows.

    With a client given by `watch`, each frame finds its tables compared with all the frames before.
    """

    def __init__(self, *tables: str) -> None:
        super().__init__(logging.DEBUG)
        self.rows: dict[str, Counter[Any]] = {table: Counter() for table in tables}
        self.compared = 0
        self.wrong: list[str] = []
        self.logger = logging.Logger("stdb_runtime.observed", logging.DEBUG)  # of its own: nothing to take down
        self.logger.addHandler(self)
        self._client: Client[Any, Any, Any] | None = None

    def watch(self, client: Client[Any, Any, Any]) -> None:
        """Compare from now on."""
        self._client = client

    def emit(self, record: logging.LogRecord) -> None:
        """Take in one frame that the client is about to act on."""
        if record.msg != "< %s" or not isinstance(record.args, tuple) or not isinstance(record.args[0], bytes):
            return
        self.compare()
        for update in table_updates(json.loads(record.args[0])):
            for part in update["updates"]:
                self.rows[update["table_name"]].update(plain(json.loads(text)) for text in part["inserts"])
                self.rows[update["table_name"]].subtract(plain(json.loads(text)) for text in part["deletes"])

    def compare(self) -> None:
        """Note in `wrong` where the client's tables are not what was sent so far."""
        if self._client is None:
            return
        self.compared += 1
        for table, counts in self.rows.items():
            if any(times < 0 for times in counts.values()):
                self.wrong.append(f"{table}: taken away too often: {counts}")
            expected = sorted(map(repr, +counts))
            held = sorted(repr(simple(row)) for row in getattr(self._client.db, table))
            if held != expected:
                self.wrong.append(f"{table} after {self.compared} frames: {held}, not {expected}")


def simple(row: Any) -> tuple[Any, ...]:
    """A row of integers, text and identities as `plain` gives it."""
    values = (getattr(row, field) for field in row.__struct_fields__)
    return tuple((f"0x{value.value:x}",) if hasattr(value, "to_abbreviated_hex") else value for value in values)
