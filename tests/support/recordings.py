"""What real servers sent and were sent: `tests/recordings/<version>/<module>.jsonl`, with the module's schema (V9).

A line is `{"client", "dir": "send" | "recv", "text"}` or `{"client", "dir": "close", "code", "reason"}`. Three clients
were connected at once, the one named `light_observer` with `light=true`. Tokens are replaced by `TOKEN`.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from stdb_codegen.emit import context, output, render
from stdb_codegen.schema import lower, rawdef
from stdb_codegen.sources import source
from stdb_runtime._handles.table import declarations_of
from stdb_runtime._protocol.v1_json import messages as wire
from tests.support.modules import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from stdb_runtime._handles.table import TableSet
    from stdb_runtime._sats.annotation import Product

FOLDER = ROOT / "tests" / "recordings"


class Recording(NamedTuple):
    """One recorded run of a module on a server."""

    version: str
    module: str

    def __str__(self) -> str:
        return f"{self.version}-{self.module}"

    @property
    def schema(self) -> Path:
        return FOLDER / self.version / f"{self.module}.schema.json"

    def sent(self) -> list[str]:
        """What the clients sent."""
        return [line["text"] for line in self._lines() if line["dir"] == "send"]

    def received(self) -> list[str]:
        """What the server sent."""
        return [line["text"] for line in self._lines() if line["dir"] == "recv"]

    def payload(self, kind: str, text: str = "") -> dict[str, Any]:
        """The payload of the first message of a kind that the server sent with a text in it."""
        for frame in self.received():
            if frame.startswith('{"' + kind + '"') and text in frame:
                payload: dict[str, Any] = json.loads(frame)[kind]
                return payload
        raise LookupError(f"{self} has no {kind} with {text!r}")

    def frame(self, kind: str, text: str = "", /, **changed: object) -> bytes:
        """The first message of a kind that the server sent with a text in it, with some fields changed."""
        return json.dumps({kind: self.payload(kind, text) | changed}).encode()

    def rows(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Each list of rows that the server sent, with the name of its table."""
        return chain.from_iterable(rows_of(wire.decode(text)) for text in self.received())

    def _lines(self) -> list[dict[str, str]]:
        path = FOLDER / self.version / f"{self.module}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()]


# The views of the recorded modules, which no schema lists among the tables, and their row classes.
VIEWS = {"my_heroes": "Hero", "strong": "Cell"}

RECORDINGS = sorted(Recording(path.parent.name, path.stem) for path in FOLDER.glob("*/*.jsonl"))


def rows_of(message: wire.ServerMessage) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each list of rows in a message, with the name of its table."""
    if isinstance(message, wire.OneOffQueryResponse):
        for answer in message.tables:
            yield answer.table_name, answer.rows
    for table in _tables_of(message):
        for rows in table.updates:
            yield table.table_name, rows.deletes
            yield table.table_name, rows.inserts


def _tables_of(message: wire.ServerMessage) -> tuple[wire.TableUpdate, ...]:
    match message:
        case wire.TransactionUpdate(status=wire.Status(committed=wire.DatabaseUpdate(tables=tables))):
            return tables
        case wire.SubscribeApplied() | wire.UnsubscribeApplied():
            return (message.rows.table_rows,)
        case wire.SubscribeMultiApplied() | wire.UnsubscribeMultiApplied() | wire.TransactionUpdateLight():
            return message.update.tables
        case wire.InitialSubscription():
            return message.database_update.tables
        case _:
            return ()


@cache
def row_classes(recording: Recording) -> dict[str, type[Product]]:
    """The row class of each table, generated from the recorded schema."""
    package = generated(recording.schema)
    tables = cast("type[TableSet]", package.Tables)
    classes = {table.name: table.row for table in declarations_of(tables)}
    return classes | {view: getattr(package, row) for view, row in VIEWS.items() if hasattr(package, row)}


def generated(schema: Path) -> ModuleType:
    """The package that stdb-codegen makes of a schema, imported."""
    name = f"generated_{schema.parent.name.replace('.', '_')}_{schema.name.partition('.')[0]}"
    package = context.build(lower.lower(rawdef.decode(source.from_path(schema))))
    with tempfile.TemporaryDirectory() as folder:
        output.write(Path(folder), render.render(package))
        spec = importlib.util.spec_from_file_location(name, Path(folder, "__init__.py"))
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module
