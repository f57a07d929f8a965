"""Running callbacks: in order, apart from one another, and never in the way of the connection."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from .annotation import Product
from .cache import TableDiff
from .events import RowEvent
from .state import TableState

__all__ = ["Dispatcher", "TableChange"]

_log = logging.getLogger("stdb_runtime")

TableChange = tuple[TableState[Product], TableDiff[Product]]
"""A table and what one message changed in it."""


class Dispatcher:
    """Runs callbacks. Coroutine functions run as tasks, which are held until they are done."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def rows(self, event: RowEvent, changes: Sequence[TableChange]) -> None:
        """Run the row callbacks of one message: table by table the deletes, the inserts and the updates."""
        for state, diff in changes:
            for deleted in state.on_delete.registered:
                for row in diff.deleted:
                    self.run(deleted, event, row)
            for inserted in state.on_insert.registered:
                for row in diff.inserted:
                    self.run(inserted, event, row)
            for updated in state.on_update.registered:
                for old, new in diff.updated:
                    self.run(updated, event, old, new)

    def run(self, callback: Callable[..., object], *args: object) -> None:
        """Run one callback. What it raises is logged with its name, and stops nothing."""
        try:
            result = callback(*args)
        except Exception:  # the callback is the user's: whatever it raises must not end the connection
            _report(callback)
            return
        if inspect.iscoroutine(result):
            task = asyncio.get_running_loop().create_task(_guarded(callback, result))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self, grace: float) -> None:
        """Wait up to `grace` seconds for callbacks that still run, then cancel them; never for the one that asks."""
        pending = self._tasks - {asyncio.current_task()}
        if not pending:
            return
        _, late = await asyncio.wait(pending, timeout=grace)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


async def _guarded(callback: Callable[..., object], coroutine: Coroutine[Any, Any, object]) -> None:
    try:
        await coroutine
    except Exception:  # as above
        _report(callback)


def _report(callback: Callable[..., object]) -> None:
    _log.exception("the callback %s raised", getattr(callback, "__qualname__", callback))
