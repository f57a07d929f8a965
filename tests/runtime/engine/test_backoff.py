"""The delays before attempts to connect again, as numbers."""

from __future__ import annotations

from itertools import islice

import pytest

from stdb_runtime import Backoff


def delays(backoff: Backoff, count: int, chance: float = 1.0) -> list[float]:
    return list(islice(backoff.delays(lambda: chance), count))


def test_delays_double_up_to_a_limit() -> None:
    assert delays(Backoff(), 9) == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert delays(Backoff(initial_delay=1, max_delay=3), 4) == [1, 2, 3, 3]
    assert delays(Backoff(initial_delay=0, max_delay=0), 3) == [0, 0, 0]
    assert delays(Backoff(initial_delay=5, max_delay=5), 2) == [5, 5]


def test_each_row_of_attempts_begins_anew() -> None:
    backoff = Backoff()
    assert delays(backoff, 2) == delays(backoff, 2) == [0.5, 1.0]


def test_jitter_takes_away_its_share() -> None:
    assert delays(Backoff(jitter=0.5), 3, chance=1.0) == [0.25, 0.5, 1.0]
    assert delays(Backoff(jitter=0.5), 3, chance=0.0) == [0.5, 1.0, 2.0]
    assert delays(Backoff(jitter=1), 3, chance=1.0) == [0, 0, 0]
    chances = iter([0.0, 1.0, 0.5])
    assert list(islice(Backoff(jitter=0.5).delays(lambda: next(chances)), 3)) == [0.5, 0.5, 1.5]


@pytest.mark.parametrize(
    "wrong",
    [{"initial_delay": -1}, {"initial_delay": 31}, {"jitter": -0.1}, {"jitter": 1.1}, {"initial_delay": float("nan")}],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="0 <= initial_delay <= max_delay"):
        Backoff(**wrong)
