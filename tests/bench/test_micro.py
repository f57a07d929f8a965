"""The micro-benchmark works: each case makes the client do what it says. Times are not looked at."""

from __future__ import annotations

import logging

import pytest

from tests.bench.micro.__main__ import HEAD, line, measure
from tests.bench.micro.cases import CASES
from tests.support.engine import LOGGER


@pytest.mark.parametrize("name", CASES)
def test_a_small_run(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, LOGGER.name)
    case = CASES[name](0.01)
    assert case.size >= 30
    case.decode()
    case.prepare()()
    figure = measure(case, repeats=2)
    assert figure.decode > 0
    assert figure.engine > 0
    printed = line(name, case, figure)
    assert len(printed) == len(HEAD)
    assert printed.split()[0] == name
    assert case.title in printed
