"""What the Makefile promises: tests that need no server build none, and every target is listed."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.support.modules import ROOT


def make(*arguments: str) -> str:
    """What `make` prints."""
    done = subprocess.run(["make", "--no-print-directory", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("target", ["test", "coverage"])
@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        ("", True),
        ("-k cache", True),
        ("tests", True),
        ("tests/live", True),
        ("tests/live/test_query.py::test_names", True),
        ("tests/runtime tests/live", True),
        ("tests/runtime", False),
        ("tests/runtime -k cache", False),
        ("tests/runtime/test_text.py::test_names", False),
        ("tests/codegen/schema tests/typing tests/packaging tests/support", False),
        ("tests/soak tests/test_docs.py", False),
        ("-m 'not live'", False),
    ],
)
def test_only_what_needs_a_server_gets_one(target: str, arguments: str, needed: bool) -> None:
    commands = make("--dry-run", target, f"ARGS={arguments}")
    assert "pytest" in commands
    assert ("tests.support.binary" in commands) == needed


def test_help_lists_every_target() -> None:
    (line,) = re.findall(r"^\.PHONY: (help .*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert re.findall(r"^  make ([a-z-]+) ", make("help"), re.MULTILINE) == line.split()


def test_the_soak_takes_all_servers_or_the_one_that_is_named() -> None:
    assert "--server" not in make("--dry-run", "soak")
    assert "--server 2.8.3" in make("--dry-run", "soak", "SERVER=2.8.3")
