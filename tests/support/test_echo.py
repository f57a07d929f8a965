"""The kinds of columns are found, or tests of every kind would test none."""

from __future__ import annotations

from tests.support.echo import KINDS


def test_the_kinds_are_all_there() -> None:
    assert len(KINDS) >= 62
