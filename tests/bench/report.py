"""Table and plot of what was measured."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import statistics
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tests.bench.cases import AFTER, CASES, SUBSCRIBE, UPDATE, Case, Result, Sizes

if TYPE_CHECKING:
    from collections.abc import Callable

MEGABYTE = 1e6


class Runs(msgspec.Struct):
    """What was measured on one server. The runs of all clients have one order.

    Attributes:
        results: by name of the client.
        failed: why a client was not measured, by its name.
        curve: seconds of the initial subscription, by name of the client and number of rows.
    """

    results: dict[str, list[Result]] = {}
    failed: dict[str, str] = {}
    curve: dict[str, dict[int, float]] = {}


class Report(msgspec.Struct):
    """All that was measured. This is what is written in JSON.

    Attributes:
        machine: what it was measured on.
        sizes: how much of each case was done in a run.
        clients: the titles of the clients by name; the first is the floor.
        missing: what could not be measured, and why.
        servers: what was measured, by version of the server.
    """

    machine: str
    sizes: Sizes
    clients: dict[str, str]
    missing: list[str] = []
    servers: dict[str, Runs] = {}


class Row(NamedTuple):
    """Row of the table.

    Attributes:
        title: what is in it.
        value: reads it from a run.
        goal: the ratio to the floor to reach.
        base: reads the value of the floor; `value` by default.
    """

    title: str
    value: Callable[[Result], float]
    goal: str
    base: Callable[[Result], float] | None = None


def rows_of(sizes: Sizes) -> list[Row]:
    """The rows of the table."""

    def rate(case: Case) -> Callable[[Result], float]:
        return lambda result: case.size_of(sizes) / result[case.key][0]

    def microseconds(case: Case) -> Callable[[Result], float]:
        return lambda result: result[case.key][1] / case.size_of(sizes) * 1e6

    def now(result: Result) -> float:
        return result["memory"][0] / MEGABYTE

    def peak(result: Result) -> float:
        return result["memory"][1] / MEGABYTE

    return [
        *(Row(case.title, rate(case), f"at least {case.goal:g}") for case in CASES),
        Row("memory after 1, MB (ratio: to the floor's peak)", now, "at most 1.1", peak),
        Row("memory at the peak of 1, MB", peak, ""),
        Row("processor time, us a row in 1", microseconds(SUBSCRIBE), "at most 1.3"),
        Row("processor time, us a row in 4", microseconds(UPDATE), "at most 1.45"),
        Row("processor time, us a call in 2", microseconds(AFTER), "at most 1.05"),
    ]


def table(report: Report, version: str) -> str:
    """What was measured on a server, as Markdown.

    A cell holds the median of the runs, the median of their ratios to the floor's run of the same round, and the middle
    half of those.
    """
    runs = report.servers[version]
    floor, *others = report.clients
    lines = [[f"server {version}", *report.clients.values(), "goal"]]
    for row in rows_of(report.sizes):
        floors = list(map(row.value, runs.results[floor]))
        bases = list(map(row.base or row.value, runs.results[floor]))
        if not all(bases):
            continue  # a system that does not tell it
        cells = [row.title, number(statistics.median(floors))]
        for name in others:
            if name in runs.failed:
                cells.append("failed: see below")
                continue
            values = list(map(row.value, runs.results[name]))
            ratios = [value / base for value, base in zip(values, bases, strict=True)]
            low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
            cells.append(f"{number(statistics.median(values))}: {middle:.2f} ({low:.2f} - {high:.2f})")
        lines.append([*cells, row.goal])
    return markdown(lines)


def markdown(lines: list[list[str]]) -> str:
    """A table that is readable as it is, too."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    padded = ([cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in padded)


def number(value: float) -> str:
    """A number of three digits."""
    if value < 100:
        return f"{value:.3g}"
    return f"{round(value, 3 - len(str(int(value)))):,.0f}"


def machine() -> str:
    """What this is measured on: no name and no address of it."""
    info = Path("/proc/cpuinfo")
    models = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    parts = [f"{os.cpu_count()} cores of {model}", f"{platform.system()} {platform.release()}"]
    parts.append(f"Python {platform.python_version()}")
    parts += [f"{package} {importlib.metadata.version(package)}" for package in ("websockets", "msgspec")]
    return ", ".join([*parts, *filter(None, (_version("node", "Node "), _version("rustc", "")))])


def _version(program: str, prefix: str) -> str:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    return prefix + said.partition("(")[0].strip().removeprefix("v")


def text(report: Report) -> str:
    """All tables, and what was measured on what."""
    tables = "\n\n".join(table(report, version) for version in report.servers)
    rounds = max(len(results) for runs in report.servers.values() for results in runs.results.values())
    lines = [tables, f"Medians of {rounds} rounds, on {report.machine}."]
    missing = list(report.missing)
    for version, runs in report.servers.items():
        missing += (f"{report.clients[name]} on a server {version}: {why}" for name, why in runs.failed.items())
    if missing:
        lines.append("\n".join(["Not measured:", "", *(f"- {what}" for what in missing)]))
    return "\n\n".join(lines) + "\n"


def plot(report: Report, path: Path) -> bool:
    """Draw the time of the initial subscription by the number of rows. Returns False if there is no matplotlib."""
    if importlib.util.find_spec("matplotlib") is None:
        return False
    # By name: it is optional here, and not typed.
    matplotlib: Any = __import__("matplotlib.pyplot")
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "the same file for the same numbers", "svg.fonttype": "none"})
    figure, all_axes = matplotlib.pyplot.subplots(1, len(report.servers), figsize=(10, 4.5), sharey=True, squeeze=False)
    for axes, (version, runs) in zip(all_axes[0], report.servers.items(), strict=True):
        for name, points in runs.curve.items():
            axes.plot(list(points), list(points.values()), marker="o", label=report.clients[name])
        axes.set(title=f"initial subscription, server {version}", xlabel="rows", ylabel="seconds", xlim=0, ylim=0)
        axes.locator_params(axis="x", nbins=5)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.grid(alpha=0.3)
        axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    return True
