from __future__ import annotations

from tests.codegen.conftest import fails, run

__all__ = ["fails", "run"]
