"""The benchmark works: every client does what each case says, which it checks itself. Times are not looked at."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.bench import __main__ as bench
from tests.bench import report
from tests.bench.cases import CASES, Sizes
from tests.bench.report import Report, Runs
from tests.bench.workshop import FLOOR, INDEXED, RUNTIME, UVLOOP, Client, Workshop
from tests.support.modules import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.binary import Program

SIZES = Sizes(rows=1_200, calls=3, in_flight=5, updated=700)


def test_a_small_run(program: Program) -> None:
    """With the official SDKs, where `make bench` has built them."""
    workshop = Workshop()
    clients = workshop.clients() if workshop.is_built else [FLOOR, RUNTIME, INDEXED, UVLOOP]
    measured = bench.measure([program], clients, SIZES, rounds=2, curve=(100, 200))
    runs = measured.servers[program.version]
    assert runs.failed == {}
    assert {name: len(results) for name, results in runs.results.items()} == {client.name: 2 for client in clients}
    for results in runs.results.values():
        for result in results:
            assert result.keys() == {"memory", *(case.key for case in CASES)}
    assert [list(points) for points in runs.curve.values()] == [[100, 200]] * len(runs.curve)
    assert runs.curve.keys() >= {"floor", "runtime"}
    head, _, *lines = report.table(measured, program.version).splitlines()
    cells = [cell.strip() for cell in head.strip("|").split("|")]
    assert cells == [f"server {program.version}", *(client.title for client in clients), "goal"]
    assert [line.split("|")[1].strip() for line in lines[: len(CASES)]] == [case.title for case in CASES]
    assert msgspec.json.decode(msgspec.json.encode(measured), type=Report) == measured


def test_a_client_that_fails_is_named(program: Program) -> None:
    broken = Client("broken", "broken SDK", (sys.executable, "-c", "raise SystemExit('there is no such table')"))
    measured = bench.measure([program], [FLOOR, broken], SIZES, rounds=2)
    text = report.text(measured)
    assert "failed: see below" in text
    assert f"- broken SDK on a server {program.version}: there is no such table" in text
    floor = FLOOR._replace(command=broken.command)
    with pytest.raises(bench.ClientFailed, match="no such table"):
        bench.measure([program], [floor], SIZES, rounds=1)


# --- what is printed --------------------------------------------------------------------------------------------------


def made_up(**milliseconds: float) -> Report:
    """A report of three runs of each client, of so many milliseconds, the middle one the fastest."""
    results = {
        name: [{**{case.key: (base * k, base * k) for case in CASES}, "memory": (2e6, 4e6 * base)} for k in (3, 1, 2)]
        for name, base in milliseconds.items()
    }
    return Report("a machine", SIZES, {name: name.title() for name in milliseconds}, [], {"1.2.0": Runs(results)})


def test_ratios_are_those_of_the_rounds() -> None:
    first = report.table(made_up(floor=1.0, ours=2.0), "1.2.0").splitlines()[2]
    assert [cell.strip() for cell in first.strip("|").split("|")] == [
        CASES[0].title,
        "600",
        "300: 0.50 (0.50 - 0.50)",
        "at least 0.9",
    ]


def test_memory_is_compared_with_the_peak_of_the_floor() -> None:
    lines = report.table(made_up(floor=1.0, ours=2.0), "1.2.0").splitlines()
    now, peak = (line for line in lines if "memory" in line)
    assert "2: 0.50" in now
    assert "8: 2.00" in peak


def test_what_is_missing_is_named() -> None:
    measured = made_up(floor=1.0, ours=2.0)
    assert "Not measured" not in report.text(measured)
    measured.missing.append("the Rust SDK: there is no cargo")
    assert "- the Rust SDK: there is no cargo" in report.text(measured)


@pytest.mark.parametrize(
    ("value", "text"), [(0.6789, "0.679"), (12.345, "12.3"), (123.4, "123"), (5678, "5,680"), (123_456, "123,000")]
)
def test_numbers(value: float, text: str) -> None:
    assert report.number(value) == text


# --- the official SDKs ------------------------------------------------------------------------------------------------


def test_without_cargo_and_node_they_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CARGO_HOME", str(tmp_path))
    workshop = Workshop(tmp_path)
    assert workshop.clients()[:3] == [FLOOR, RUNTIME, INDEXED]
    assert workshop.missing[-2:] == ["the Rust SDK: there is no cargo", "the TypeScript SDK: there is no node with npm"]


def test_a_build_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cargo = tmp_path / "bin" / "cargo"
    cargo.parent.mkdir()
    cargo.write_text("#!/bin/sh\necho no such crate >&2\nexit 101\n")
    cargo.chmod(0o755)
    monkeypatch.setenv("PATH", str(cargo.parent))
    workshop = Workshop(tmp_path / "cache")
    workshop.clients()
    assert "spacetimedb-cli@1.2.0: cargo failed with exit code 101:\nno such crate" in workshop.missing


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_takes_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "speed.md"
    page.write_text(bench.PAGE.read_text())
    monkeypatch.setattr(bench, "PAGE", page)
    bench.paste("| first |")
    bench.paste("| second |")
    text = page.read_text()
    assert "| second |" in text
    assert "| first |" not in text
    before, after = text.split("| second |")
    assert before.endswith(bench.MARKS[0] + "\n")
    assert after.lstrip().startswith(bench.MARKS[1])


def test_options() -> None:
    command = [sys.executable, "-m", "tests.bench", "--help"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "--quick" in shown
