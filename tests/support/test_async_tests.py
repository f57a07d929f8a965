"""`async def` tests really run, and each way to fail is a failure: tried in a pytest of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.modules import ROOT

if TYPE_CHECKING:
    from pathlib import Path

TESTS = """
import asyncio
import gc

import pytest

import tests.conftest

tests.conftest.ASYNC_TEST_TIMEOUT = 0.1


@pytest.fixture
def three() -> int:
    return 3


async def test_passes_with_fixture(three):
    await asyncio.sleep(0)
    assert three == 3


@pytest.mark.parametrize("number", [4])
async def test_fails_with_parameter(number, three):
    assert number == three


async def test_hangs():
    await asyncio.Event().wait()


async def test_loses_an_exception():
    async def task():
        raise ValueError("lost")

    asyncio.create_task(task())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gc.collect()
"""


def test_async_tests(tmp_path: Path) -> None:
    (tmp_path / "test_inner.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-W", "error", "-rA", "test_inner.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    outcomes = {line.partition(" - ")[0] for line in done.stdout.splitlines() if "test_inner.py::" in line}
    assert outcomes == {
        "PASSED test_inner.py::test_passes_with_fixture",
        "FAILED test_inner.py::test_fails_with_parameter[4]",
        "FAILED test_inner.py::test_hangs",
        "FAILED test_inner.py::test_loses_an_exception",
    }, done.stdout
    assert "TimeoutError" in done.stdout
    assert "Task exception was never retrieved: ValueError('lost')" in done.stdout
