"""The measuring of large modules, on a small one: what it measures works."""

from __future__ import annotations

import json
import math

from tests.bench.codegen_size import Figure, large_module, measure


def test_everything_is_measured() -> None:
    figures = list(measure(json.dumps(large_module(tables=3, reducers=5)).encode(), mypy=True))
    assert [figure.what for figure in figures] == [
        "generate",
        "generate, unchanged",
        "import, compiling",
        "import",
        "mypy --strict",
    ]
    assert all(math.isfinite(figure.seconds) and figure.seconds > 0 for figure in figures)


def test_missed_limits_show() -> None:
    assert (
        Figure("import", 1.6, 1.5).line(0.1)
        == "import                    1.60 s    16.0 x parsing  (limit 1.5 s: MISSED)\n"
    )
    assert Figure("import", 1.4, 1.5).line(0.1) == "import                    1.40 s    14.0 x parsing  (limit 1.5 s)\n"
    assert [Figure("x", seconds, limit).good for seconds, limit in ((1, None), (1, 2.0), (2, 2.0))] == [
        True,
        True,
        False,
    ]
