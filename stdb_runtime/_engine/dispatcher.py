"""Running callbacks: in order, apart from one another, and never in the way of the connection."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
from collections.abc import Callable, Coroutine, Generator, Iterable, Sequence
from itertools import repeat
from typing import Any, TypeAlias

from .._sats.annotation import Product
from ..events import RowEvent
from ..stats import Stats
from .table_cache import TableDiff
from .table_state import CallbackList, TableState

__all__ = ["Dispatcher", "ErrorCallback", "TableChange"]

TableChange: TypeAlias = tuple[TableState[Product], TableDiff[Product]]
"""A table and what one message changes in it."""

ErrorCallback: TypeAlias = Callable[[Exception, Callable[..., object]], object]
"""Told of what a callback raised, and which one it was."""


class Dispatcher:
    """Runs callbacks. Coroutine functions run as tasks, which are held until they are done.

    Args:
        logger: where what callbacks raise goes, if nobody listens.
        stats: where callbacks are counted.

    Attributes:
        on_error: told of what callbacks raise.
    """

    def __init__(self, logger: logging.Logger, stats: Stats) -> None:
        self.on_error: CallbackList[ErrorCallback] = CallbackList()
        self._logger = logger
        self._stats = stats
        self._tasks: set[asyncio.Task[None]] = set()
        # Those of them that wait for the others to be done, and so must not be waited for by those.
        self._waiting: set[asyncio.Task[Any] | None] = set()

    def before(self, event: RowEvent, changes: Sequence[TableChange]) -> None:
        """Run the callbacks that want to know before rows go."""
        for state, diff in changes:
            for callback in state.on_before_delete.registered:
                self._run_each(callback, state.on_before_delete, zip(repeat(event), diff.deleted))

    def after(self, event: RowEvent, changes: Sequence[TableChange]) -> None:
        """Run the row callbacks of one message: table by table the deletes, the inserts and the updates."""
        for state, diff in changes:
            for deleted in state.on_delete.registered:
                self._run_each(deleted, state.on_delete, zip(repeat(event), diff.deleted))
            for inserted in state.on_insert.registered:
                self._run_each(inserted, state.on_insert, zip(repeat(event), diff.inserted))
            for updated in state.on_update.registered:
                self._run_each(updated, state.on_update, ((event, old, new) for old, new in diff.updated))

    def _run_each(
        self, callback: Callable[..., object], among: CallbackList[Any] | None, calls: Iterable[tuple[object, ...]]
    ) -> None:
        """Run one callback for each of many rows, as long as it is registered."""
        registered: tuple[object, ...] | None = (
            None  # so that the first row looks: another callback may have removed it
        )
        for args in calls:
            if among is not None and among.registered is not registered:
                registered = among.registered
                if callback not in registered:
                    return
            self._stats.callbacks += 1
            try:
                result = callback(*args)
                if result is not None and inspect.iscoroutine(result):
                    self._start(self._guard(callback, result), result)
            except (Exception, asyncio.CancelledError) as error:  # the user's: it must not end the connection
                self._report(error, callback)

    def run_all(self, callbacks: CallbackList[Any], *args: object) -> None:
        """Run the callbacks of one kind that are registered, but not those that one of them removes."""
        for callback in callbacks.registered:
            self._run_each(callback, callbacks, (args,))

    def run(self, callback: Callable[..., object], *args: object) -> None:
        """Run one callback. What it raises goes to `on_error`, or is logged with its name, and stops nothing."""
        self._run_each(callback, None, (args,))

    def running(self) -> set[asyncio.Task[None]]:
        """The coroutine callbacks that are not done; if one of them asks, without it and those that wait as it does."""
        current = asyncio.current_task()
        return self._tasks - self._waiting - {current} if current in self._tasks else set(self._tasks)

    @contextlib.contextmanager
    def waiting(self) -> Generator[None]:
        """For the time of the block, the task that is running waits for others."""
        task = asyncio.current_task()
        self._waiting.add(task)
        try:
            yield
        finally:
            self._waiting.discard(task)

    async def close(self, grace: float) -> None:
        """Wait up to `grace` seconds for coroutine callbacks, then cancel them."""
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

    def _start(self, guarded: Coroutine[Any, Any, None], coroutine: Coroutine[Any, Any, object]) -> None:
        try:
            task = asyncio.get_running_loop().create_task(guarded)
        except RuntimeError:  # the event loop is gone, as when a program ends
            guarded.close()
            coroutine.close()
            raise
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # asked for, so that the event loop does not report again what has been

    async def _guard(self, callback: Callable[..., object], coroutine: Coroutine[Any, Any, object]) -> None:
        try:
            await coroutine
        except Exception as error:  # as above
            self._report(error, callback)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._report(error, callback)
            if isinstance(error, SystemExit | KeyboardInterrupt):
                raise  # for the event loop, which ends

    def _report(self, error: BaseException, callback: Callable[..., object]) -> None:
        if not isinstance(error, Exception):
            error = _Uncommon(error)
        handlers = self.on_error.registered
        for handler in handlers:
            try:
                result = handler(error, callback)
                if result is not None and inspect.iscoroutine(result):
                    self._start(self._guard_handler(handler, result), result)
            except Exception:
                self._log_handler(handler)
        if not handlers:
            self._logger.error("the callback %s raised", _name(callback), exc_info=error)

    async def _guard_handler(self, handler: ErrorCallback, coroutine: Coroutine[Any, Any, object]) -> None:
        try:
            await coroutine
        except Exception:
            self._log_handler(handler)

    def _log_handler(self, handler: ErrorCallback) -> None:
        self._logger.exception("the error callback %s raised", _name(handler))


class _Uncommon(RuntimeError):
    """What a callback raised that is no Exception.

    Such as the CancelledError of something cancelled whose result it asked for, though nobody cancelled the callback.
    """

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.__cause__ = error


def _name(callback: Callable[..., object]) -> str:
    return getattr(callback, "__qualname__", repr(callback))
