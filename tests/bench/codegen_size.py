"""How the generator, Python and mypy stand a large module: `python -m tests.bench.codegen_size`.

The module has 500 tables of 20 columns and 1,000 reducers. All times are also given as ratios to parsing its JSON
schema with the standard library in the same run, because those compare between machines. With `--no-mypy` the
type check, which takes longest, is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stdb_codegen.emit import context, output, render
from stdb_codegen.schema import lower, rawdef
from tests.codegen.schemas import (
    IDENTITY,
    STRING,
    TIMESTAMP,
    U64,
    Json,
    array,
    module,
    option,
    product,
    reducer,
    ref,
    simple,
    sum_,
    table,
)
from tests.support.modules import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TABLES = 500
REDUCERS = 1000
# Seconds, on a machine of two cores.
GENERATES_WITHIN = 3.0
IMPORTS_WITHIN = 1.5

_UNIT = product()
_COLOUR, _SHAPE, _POINT = range(3)
# The columns of each table, but for its key and its name.
_KINDS: list[Json] = [
    *(simple(name) for name in ("Bool", "I8", "U16", "I32", "U32", "I64", "U128", "F32", "F64")),
    *(IDENTITY, TIMESTAMP, STRING, array(simple("U8")), array(U64), option(STRING), option(U64)),
    *(ref(_COLOUR), ref(_SHAPE)),
]


def large_module(tables: int = TABLES, reducers: int = REDUCERS) -> Json:
    """A module in the shape of the server's JSON."""
    types: dict[str, Json] = {
        "Colour": sum_(*((f"Colour{number}", _UNIT) for number in range(8))),
        "Shape": sum_(("Nothing", _UNIT), ("Circle", simple("F32")), ("Path", array(ref(_POINT)))),
        "Point": product(("x", simple("F32")), ("y", simple("F32"))),
    }
    first = len(types)
    for number in range(tables):
        columns = [("id", U64), ("name", STRING), *((f"column_{at}", kind) for at, kind in enumerate(_KINDS))]
        types[f"Row{number}"] = product(*columns)
    parameters = [("id", U64), ("name", STRING), ("colour", ref(_COLOUR)), ("amounts", array(U64))]
    return module(
        types,
        [
            table(f"table_{number}", first + number, key=0, unique=[[1]], indexes=[{"BTree": [5]}, {"BTree": [5, 1]}])
            for number in range(tables)
        ],
        [reducer(f"reducer_{number}", *parameters) for number in range(reducers)],
    )


def generate(schema: bytes, folder: Path) -> None:
    """All that the command does, from the bytes of a schema to a folder."""
    definition = rawdef.Definition(schema, "json", "schema.json")
    output.write(folder, render.render(context.build(lower.lower(rawdef.decode(definition)))))


def timed(action: Callable[[], object]) -> float:
    """How many seconds an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def seconds_to_import(folder: Path) -> float:
    """How long a new Python takes to import a package and the runtime under it, without its own start."""
    program = f"""if True:
        import sys, time
        sys.path.insert(0, {str(folder.parent)!r})
        start = time.perf_counter()
        import {folder.name}
        print(time.perf_counter() - start)
    """
    # Whether byte code is kept shall not depend on who measures.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    return float(done.stdout)


def check_types(folder: Path) -> None:
    """Have mypy check a package, with a cache of its own."""
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(folder.parent / "cache"), str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured.

    Attributes:
        limit: How many seconds it may take, if that is limited.
    """

    what: str
    seconds: float
    limit: float | None = None

    @property
    def good(self) -> bool:
        """Whether the limit holds."""
        return self.limit is None or self.seconds < self.limit

    def line(self, parse: float) -> str:
        """The line that shows it, beside the seconds that parsing takes."""
        bound = "" if self.limit is None else f"  (limit {self.limit:g} s{'' if self.good else ': MISSED'})"
        return f"{self.what:22} {self.seconds:7.2f} s  {self.seconds / parse:6.1f} x parsing{bound}\n"


def measure(schema: bytes, *, mypy: bool) -> Iterator[Figure]:
    """Measure what is done with a schema."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "large_client")
        yield Figure("generate", timed(lambda: generate(schema, folder)), GENERATES_WITHIN)
        yield Figure("generate, unchanged", timed(lambda: generate(schema, folder)), GENERATES_WITHIN)
        yield Figure("import, compiling", seconds_to_import(folder))
        yield Figure("import", min(seconds_to_import(folder) for _ in range(3)), IMPORTS_WITHIN)
        if mypy:
            yield Figure("mypy --strict", timed(lambda: check_types(folder)))


def main() -> int:
    """Measure, print, and say by the exit code whether the limits hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--no-mypy", dest="mypy", action="store_false", help="leave the type check out")
    arguments = parser.parse_args()
    schema = json.dumps(large_module()).encode()
    parse = min(timed(lambda: json.loads(schema)) for _ in range(5))
    size = f"{TABLES} tables, {REDUCERS} reducers, {len(schema) / 1e6:.1f} MB of JSON"
    sys.stdout.write(f"{size}: parsed in {parse:.3f} s\n")
    good = True
    for figure in measure(schema, mypy=arguments.mypy):
        sys.stdout.write(figure.line(parse))
        sys.stdout.flush()
        good = good and figure.good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
