"""The example game is what the README shows, and prints what the README says."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.server import Database

ROOT = Path(__file__).resolve().parents[2]
GAME = ROOT / "examples" / "game"
README = (ROOT / "README.md").read_text()


async def test_the_example_prints_what_the_readme_says(game: Database) -> None:
    environment = os.environ | {"SPACETIMEDB_URI": game.uri, "SPACETIMEDB_DATABASE": game.name}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        "main.py",
        cwd=GAME,
        env=environment | {"PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert (process.returncode, errors.decode()) == (0, "")
    first, *rest = output.decode().splitlines()
    assert re.fullmatch("connected as [0-9a-f]{16}", first)
    assert "\n".join(rest) in README
    assert len(rest) == 9
