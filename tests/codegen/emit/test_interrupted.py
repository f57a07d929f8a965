"""Generating that is interrupted, out of space, or done twice at once: the package is the old one or the new one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.codegen.golden import texts
from tests.codegen.schemas import GOLDEN
from tests.support.modules import ROOT, module_wasm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

# Interrupts the command when it does something to a file for the nth time; an audit hook hears of all of that.
INTERRUPT = """
import sys
left = int(sys.argv[1])
def hook(event, args):
    global left
    if event in {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.listdir", "os.scandir"}:
        left -= 1
        if left == 0:
            raise KeyboardInterrupt
from stdb_codegen.cli import main
sys.argv = ["stdb-codegen", "generate", "--module", sys.argv[2], "-o", "client"]
sys.addaudithook(hook)
main()
"""
# No file may be larger than a thousand bytes, as on a disk that is full.
FULL = """
import resource, sys
from stdb_codegen.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
sys.argv = ["stdb-codegen", "generate", "--module", sys.argv[1], "-o", "client"]
main()
"""


def python(folder: Path, *arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def generate(folder: Path, module: str) -> subprocess.Popen[str]:
    return python(folder, "-m", "stdb_codegen", "generate", "--module", schema(module), "-o", "client")


def schema(module: str) -> Path:
    """A source without a sandbox where there is one, so that a run is short."""
    recorded = GOLDEN / module / "schema.json"
    return recorded if recorded.exists() else module_wasm(module)


# Before the first of these the command only reads; after the last it has ended.
@pytest.mark.parametrize("moment", range(17, 71, 3))
def test_interrupted_at_any_moment(run: Callable[..., Result], tmp_path: Path, moment: int) -> None:
    folder = tmp_path / "client"
    shutil.copytree(GOLDEN / "edge" / "client", folder, ignore=shutil.ignore_patterns("__pycache__"))
    process = python(tmp_path, "-c", INTERRUPT, moment, schema("probe"))
    _, errors = process.communicate()
    assert process.returncode in (0, 1)
    assert "Traceback" not in errors
    assert texts(folder) in (texts(GOLDEN / "edge" / "client"), texts(GOLDEN / "probe" / "client"))
    # The next run finds nothing in its way, and leaves nothing behind.
    assert run("--module", schema("probe"), "-o", folder).exit_code == 0
    assert texts(folder) == texts(GOLDEN / "probe" / "client")
    assert not list(tmp_path.rglob(".stdb-codegen-*"))


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    generate(tmp_path, "edge").communicate()
    process = python(tmp_path, "-c", FULL, schema("probe"))
    _, errors = process.communicate()
    assert process.returncode == 1
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1
    assert texts(tmp_path / "client") == texts(GOLDEN / "edge" / "client")


def test_several_at_once(tmp_path: Path) -> None:
    for module in ("edge", "probe"):
        processes = [generate(tmp_path, module) for _ in range(4)]
        ends = [(process.communicate()[1], process.returncode) for process in processes]
        assert {code for _, code in ends} <= {0, 1}
        assert all(errors.startswith("error: ") and errors.count("\n") == 1 for errors, code in ends if code)
        assert 0 in {code for _, code in ends}
        assert texts(tmp_path / "client") == texts(GOLDEN / module / "client")
