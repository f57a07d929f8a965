"""How fast the runtime is: `make bench`, and `make bench-quick` without the official SDKs.

Each run of a client is a process of its own. The clients take turns, and each starts a round once in a while, because
what went before may tell on what comes after. The first round warms up, and does not count. The server runs on the same
machine, and its time is part of all. Nothing is asserted about time. `docs/speed.md` says more.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tests.bench import report as reporting
from tests.bench.cases import SUBSCRIBE, Result, Sizes
from tests.bench.report import Report, Runs
from tests.bench.workshop import FLOOR, INDEXED, RUNTIME, Client, Workshop
from tests.support.binary import find_server, find_servers, say
from tests.support.modules import ROOT, module_wasm
from tests.support.server import Server

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.binary import Program
    from tests.support.server import Database

ROUNDS = 5
TIMEOUT = 120
CURVE = (25_000, 50_000, 100_000, 150_000, 200_000)
CURVE_ROUNDS = 3
CURVE_CLIENTS = ("floor", "runtime", "rust-plain", "typescript")
PAGE = ROOT / "docs" / "speed.md"
PLOT = ROOT / "docs" / "speed.svg"
MARKS = "<!-- measured: make bench DOCS=1 writes this -->\n", "<!-- end -->\n"


class ClientFailed(Exception):
    """A client did not finish; the text is the last that it said."""


def run(client: Client, database: Database, sizes: Sizes) -> Result:
    """Run a client once, in a process of its own. Raises ClientFailed."""
    command = [*client.command, database.uri, database.name, *map(str, sizes), *client.options]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        raise ClientFailed(f"it did not finish in {TIMEOUT} s") from None
    if done.returncode:
        raise ClientFailed((done.stderr.strip() or done.stdout.strip() or "it failed").splitlines()[-1])
    # The last line: an SDK may print more.
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Result)


def measure_cases(clients: Sequence[Client], database: Database, sizes: Sizes, rounds: int, runs: Runs) -> None:
    """Run all cases on all clients, taking turns. Raises ClientFailed if the floor fails."""
    for turn in range(rounds + 1):
        for client in [*clients[turn % len(clients) :], *clients[: turn % len(clients)]]:
            if client.name in runs.failed:
                continue
            try:
                result = run(client, database, sizes)
            except ClientFailed as failure:
                if client is clients[0]:  # there is nothing to compare with
                    raise
                runs.failed[client.name] = str(failure)
                runs.results.pop(client.name, None)
                continue
            if turn:
                runs.results.setdefault(client.name, []).append(result)


def measure_curve(clients: Sequence[Client], server: Server, numbers: Sequence[int], runs: Runs) -> None:
    """Measure the initial subscription with numbers of rows."""
    clients = [client for client in clients if client.name in CURVE_CLIENTS and client.name not in runs.failed]
    for rows in numbers:
        database = publish(server, rows)
        for _ in range(CURVE_ROUNDS):
            for client in clients:
                seconds, _ = run(client, database, Sizes(rows, 0, 0, 0))[SUBSCRIBE.key]
                points = runs.curve.setdefault(client.name, {})
                points[rows] = min(seconds, points.get(rows, seconds))


def publish(server: Server, rows: int) -> Database:
    """A database with so many rows."""
    database = server.publish(module_wasm("probe"), f"bench-{rows}")
    database.call("fill", 0, rows)
    return database


def measure(
    programs: Sequence[Program],
    clients: Sequence[Client],
    sizes: Sizes | None = None,
    rounds: int = ROUNDS,
    curve: Sequence[int] = (),
) -> Report:
    """Measure clients on servers. The first client is the floor."""
    sizes = sizes or Sizes()
    titles = {client.name: client.title for client in clients}
    report = Report(reporting.machine(), sizes, titles)
    for program in programs:
        say(f"measuring on a server {program.version}")
        runs = report.servers[program.version] = Runs()
        with Server(program) as server:
            measure_cases(clients, publish(server, sizes.rows), sizes, rounds, runs)
            measure_curve(clients, server, curve, runs)
    return report


def paste(report: str) -> None:
    """Write the tables into `docs/speed.md`."""
    page = PAGE.read_text()
    before, after = page.partition(MARKS[0])[0], page.partition(MARKS[1])[2]
    PAGE.write_text(f"{before}{MARKS[0]}\n{report}\n{MARKS[1]}{after}")


def main() -> None:
    """Measure, print, and write what was measured."""
    parser = argparse.ArgumentParser(prog="tests.bench", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="leave out the official SDKs, and all servers but one")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds that count (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers into this file")
    parser.add_argument("--docs", action="store_true", help="write table and plot into docs/")
    arguments = parser.parse_args()
    if arguments.quick:
        report = measure([find_server()], [FLOOR, RUNTIME, INDEXED], rounds=arguments.rounds)
    else:
        workshop = Workshop()
        report = measure(find_servers(), workshop.clients(), rounds=arguments.rounds, curve=CURVE)
        report.missing = workshop.missing
    text = reporting.text(report)
    sys.stdout.write(text)
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
        say(f"wrote {arguments.json}")
    if arguments.docs:
        paste(text)
        if not reporting.plot(report, PLOT):
            say("no plot: there is no matplotlib")


if __name__ == "__main__":
    main()
