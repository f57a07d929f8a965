"""Tasks of coroutine callbacks, held until they are done."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Generator
from typing import Any

__all__ = ["CallbackTasks"]


class CallbackTasks:
    """Runs the coroutines that callbacks return.

    Args:
        report: gets what a coroutine raised, and the callback that returned it.
    """

    def __init__(self, report: Callable[[BaseException, Callable[..., object]], None]) -> None:
        self._report = report
        self._tasks: set[asyncio.Task[None]] = set()
        # Tasks that wait for the others to be done, and so must not be waited for by those.
        self._waiting: set[asyncio.Task[Any] | None] = set()

    def start(self, coroutine: Coroutine[Any, Any, object], callback: Callable[..., object]) -> None:
        """Run a coroutine as a task. Raises RuntimeError if the event loop is gone, as when a program ends."""
        guarded = self._guard(coroutine, callback)
        try:
            task = asyncio.get_running_loop().create_task(guarded)
        except RuntimeError:
            guarded.close()
            coroutine.close()
            raise
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def running(self) -> set[asyncio.Task[None]]:
        """Return the tasks that are not done; to one of them, without it and those that wait as it does."""
        current = asyncio.current_task()
        return self._tasks - self._waiting - {current} if current in self._tasks else set(self._tasks)

    @contextlib.contextmanager
    def waiting(self) -> Generator[None]:
        """For the time of the block, note that the current task waits for others."""
        task = asyncio.current_task()
        self._waiting.add(task)
        try:
            yield
        finally:
            self._waiting.discard(task)

    async def close(self, grace: float) -> None:
        """Wait up to `grace` seconds for the tasks, then cancel them."""
        with self.waiting():
            running = self.running()
            if not running:
                return
            await asyncio.wait(running, timeout=grace)
            late = {task for task in running & self.running() if not task.done()}
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved, so that the event loop does not report again what has been

    async def _guard(self, coroutine: Coroutine[Any, Any, object], callback: Callable[..., object]) -> None:
        try:
            await coroutine
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # the user's: it must not end the connection
            self._report(error, callback)
            if isinstance(error, SystemExit | KeyboardInterrupt):
                raise  # for the event loop, which ends
