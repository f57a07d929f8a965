"""Run mypy and basedpyright over a folder, and say in one form what they found, line by line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

ROOT = Path(__file__).resolve().parents[2]
CASES = Path(__file__).parent / "cases"
SEARCH_PATH = (ROOT, ROOT / "examples" / "game")

QUALIFIER = re.compile(r"\b(?:[A-Za-z_]\w*\.)+(?=[A-Za-z_])")


@dataclass
class Line:
    """What one checker says about one line."""

    revealed: list[str] = field(default_factory=list[str])
    complaints: list[str] = field(default_factory=list[str])
    codes: set[str] = field(default_factory=set[str])


Findings: TypeAlias = defaultdict[Path, defaultdict[int, Line]]


def mypy(folder: Path) -> Findings:
    """Run `mypy --strict`."""
    output = _run(
        *("mypy", "--strict", "--config-file=", "--python-version=3.11", "--output=json"),
        *("--cache-dir", str(ROOT / ".mypy_cache" / "typing"), str(folder)),
        environment={"MYPYPATH": os.pathsep.join(map(str, SEARCH_PATH))},
    )
    findings = _nothing()
    for text in output.splitlines():
        entry: dict[str, Any] = json.loads(text)
        line = findings[(ROOT / entry["file"]).resolve()][entry["line"]]
        message: str = entry["message"]
        if entry["severity"] == "error":
            line.complaints.append(message)
            line.codes.add(entry["code"])
        elif message.startswith("Revealed type is "):
            line.revealed.append(_plain(message.removeprefix("Revealed type is ")))
    return findings


def basedpyright(folder: Path) -> Findings:
    """Run basedpyright with the configuration that stands in the folder above, which is strict."""
    output = _run(
        *("basedpyright", "--project", str(folder.parent / "pyrightconfig.json")),
        *("--pythonpath", sys.executable, "--outputjson"),
        environment={},
    )
    findings = _nothing()
    report: dict[str, Any] = json.loads(output)
    for entry in report["generalDiagnostics"]:
        line = findings[Path(entry["file"]).resolve()][entry["range"]["start"]["line"] + 1]
        message: str = entry["message"]
        if entry["severity"] != "information":
            line.complaints.append(message)
            line.codes.add(entry.get("rule", ""))
        elif message.startswith("Type of "):
            line.revealed.append(_plain(message.rpartition('" is ')[2]))
    return findings


def _plain(quoted: str) -> str:
    """Write a type as both checkers write it: without quotes around it and modules before its names."""
    return QUALIFIER.sub("", quoted.strip().removeprefix('"').removesuffix('"'))


def _nothing() -> Findings:
    return defaultdict(lambda: defaultdict(Line))


def _run(tool: str, *arguments: str, environment: dict[str, str]) -> str:
    """Return what a checker prints. Both end with 1 when they found something, which is the point here."""
    done = subprocess.run(
        [sys.executable, "-m", tool, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 1}, f"{tool} did not run:\n{done.stdout}{done.stderr}"
    return done.stdout
