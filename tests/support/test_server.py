"""A server program that does not start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.binary import VERSION, Program
from tests.support.server import Server, ServerStartError

if TYPE_CHECKING:
    from pathlib import Path


def test_start_that_fails_shows_the_log(tmp_path: Path) -> None:
    broken = Program(tmp_path / "broken", VERSION)
    broken.path.write_text("#!/bin/sh\necho a plain reason >&2\nexit 3\n")
    broken.path.chmod(0o755)
    with pytest.raises(ServerStartError, match=r"ended with code 3:\na plain reason"), Server(broken):
        pass
