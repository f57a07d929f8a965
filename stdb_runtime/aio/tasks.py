"""Tasks of coroutine callbacks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Generator
from contextlib import AbstractContextManager
from contextvars import ContextVar
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
        # Tasks that wait for whatever waits for all tasks.
        self._detached: set[asyncio.Task[Any] | None] = set()
        # The callback's task, in that task and in those that it creates.
        self._current: ContextVar[asyncio.Task[Any] | None] = ContextVar("callback", default=None)

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
        """Return the tasks that the caller may wait for.

        Those are the ones that are not done and not detached; to a callback, without itself and without those that wait
        for it in turn.
        """
        current = self._current.get()
        others = {task for task in self._tasks if task is not current and task not in self._detached}
        return others - self._waiting if current in self._tasks else others

    def waiting(self) -> AbstractContextManager[None]:
        """During the block, mark the callback that the caller runs in as one that waits for the others."""
        return _marked(self._current.get(), self._waiting)

    def detached(self) -> AbstractContextManager[None]:
        """During the block, let nobody wait for the callback that the caller runs in."""
        return _marked(self._current.get(), self._detached)

    async def close(self, grace: float) -> None:
        """Wait up to `grace` seconds for the tasks, then cancel them, and wait as long again for those that go on."""
        with self.waiting():
            running = self.running()
            if not running:
                return
            await asyncio.wait(running, timeout=grace)
            late = {task for task in running & self.running() if not task.done()}
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=grace)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved, so that the event loop does not report it again

    async def _guard(self, coroutine: Coroutine[Any, Any, object], callback: Callable[..., object]) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._current.set(task)
        try:
            await coroutine
        except BaseException as error:  # of the user's code: it must not end the connection
            # Unless this task is cancelled, something else was, whose result the callback awaited.
            if isinstance(error, asyncio.CancelledError) and task.cancelling():
                raise
            self._report(error, callback)
            if isinstance(error, SystemExit | KeyboardInterrupt):
                raise  # as asyncio expects: these end the event loop


@contextlib.contextmanager
def _marked(task: asyncio.Task[Any] | None, marked: set[asyncio.Task[Any] | None]) -> Generator[None]:
    """During the block, have a task in a set; a block around this one may have put it there."""
    is_marked = task in marked
    marked.add(task)
    try:
        yield
    finally:
        if not is_marked:
            marked.discard(task)
