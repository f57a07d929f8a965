"""Tasks of coroutine callbacks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Generator
from typing import Any

__all__ = ["CallbackTasks"]


class CallbackTasks:
    """Running tasks of coroutine callbacks, with a reference to each until it is done.

    Args:
        report: called with the exception of a coroutine, and the callback that returned the coroutine.
    """

    def __init__(self, report: Callable[[BaseException, Callable[..., object]], None]) -> None:
        self._report = report
        self._tasks: set[asyncio.Task[None]] = set()
        # Tasks that wait for the others, which therefore must not wait for them.
        self._waiting: set[asyncio.Task[Any] | None] = set()

    def start(self, coroutine: Coroutine[Any, Any, object], callback: Callable[..., object]) -> None:
        """Run a coroutine as a task. Raises RuntimeError if no event loop is running, as at the end of a program."""
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
        """Return the tasks that are not done. If the caller is one of them, without itself and those that wait too."""
        current = asyncio.current_task()
        return self._tasks - self._waiting - {current} if current in self._tasks else set(self._tasks)

    @contextlib.contextmanager
    def waiting(self) -> Generator[None]:
        """During the block, mark the current task as one that waits for the others."""
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
            task.exception()  # retrieved, so that the event loop does not report it again

    async def _guard(self, coroutine: Coroutine[Any, Any, object], callback: Callable[..., object]) -> None:
        try:
            await coroutine
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # of the user's code: it must not end the connection
            self._report(error, callback)
            if isinstance(error, SystemExit | KeyboardInterrupt):
                raise  # as asyncio expects: these end the event loop
