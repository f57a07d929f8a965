"""A short fault run on each server, and one whose server loses rows."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest

from tests.soak.faults import KINDS, Block, Kill
from tests.soak.report import Settings, SoakFailure
from tests.soak.run import soak, soak_on
from tests.support.modules import module_wasm
from tests.support.server import Server

if TYPE_CHECKING:
    from tests.support.binary import Program

SEED = 3
SETTINGS = Settings(SEED, len(KINDS), scale=0.4, patience=30, traced=False)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def test_a_short_run(program: Program) -> None:
    say(f"seed {SEED}")
    summary = soak(program, SETTINGS, say)
    assert summary.kinds == {kind.kind: 1 for kind in KINDS}
    assert {"done", "refused", "unknown"} == summary.calls.keys()


def test_rows_that_a_server_loses_are_missed(program: Program) -> None:
    with Server(program, in_memory=True) as server:
        database = server.publish(module_wasm("game"), "soak")
        with pytest.raises(SoakFailure, match=r"seed 3, fault 2 \(kill: .*\n.*is missing; its calls: .*done"):
            asyncio.run(soak_on(database, SETTINGS, say, [Block(0, 0.4), Kill(0.0)]))
