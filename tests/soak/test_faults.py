"""The faults of a run, as a seed gives them."""

from __future__ import annotations

import random

from tests.soak.faults import plan


def test_the_seed_decides_the_faults() -> None:
    def faults(seed: int) -> list[str]:
        return [str(fault) for fault in plan(random.Random(seed), 50, 1.0)]

    assert faults(1) == faults(1) != faults(2)
