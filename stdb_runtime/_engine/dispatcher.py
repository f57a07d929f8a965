"""Dispatcher of callbacks, whose exceptions stop neither other callbacks nor the connection."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any, TypeAlias

from .._sats.annotation import Product
from ..events import RowEvent
from ..stats import Stats
from .callbacks import CallbackList
from .driver import Driver
from .table_cache import TableDiff
from .table_state import TableState

__all__ = ["Dispatcher", "ErrorCallback", "TableChange"]

TableChange: TypeAlias = tuple[TableState[Product], TableDiff[Product]]
"""Table and what one message changes in it."""

ErrorCallback: TypeAlias = Callable[[Exception, Callable[..., object]], object]
"""Callback on an error that another callback raised, and that callback."""


class Dispatcher:
    """Dispatcher of callbacks. The driver runs the coroutines that they return.

    Args:
        driver: the driver.
        logger: the logger for exceptions of callbacks, if there is no `on_error` callback.
        stats: the counters of callbacks.

    Attributes:
        on_error: callbacks on exceptions of other callbacks.
    """

    def __init__(self, driver: Driver, logger: logging.Logger, stats: Stats) -> None:
        self.on_error: CallbackList[ErrorCallback] = CallbackList()
        self._driver = driver
        self._logger = logger
        self._stats = stats
        # What a callback may raise without ending the client. Other exceptions, such as SystemExit, end it.
        self._caught = (Exception, driver.cancelled_error)

    def before(self, event: RowEvent, changes: Sequence[TableChange]) -> None:
        """Run the callbacks that run before rows are deleted."""
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
                self._run_each(updated, state.on_update, zip(repeat(event), diff.old, diff.new))

    def run_all(self, callbacks: CallbackList[Any], *args: object) -> None:  # Any: callbacks with any arguments
        """Run the callbacks of a list, without those that one of them removes meanwhile."""
        for callback in callbacks.registered:
            self._run_each(callback, callbacks, (args,))

    def run(self, callback: Callable[..., object], *args: object) -> None:
        """Run one callback. An exception is reported, and not raised."""
        self._run_each(callback, None, (args,))

    def report(self, error: BaseException, callback: Callable[..., object]) -> None:
        """Pass an exception of a callback to the `on_error` callbacks, or log it if there are none."""
        if not isinstance(error, Exception):
            error = _CallbackError(error)
        handlers = self.on_error.registered
        for handler in handlers:
            try:
                result = handler(error, callback)
                if result is not None and inspect.iscoroutine(result):
                    self._driver.spawn(result, handler)
            except self._caught:
                self._logger.exception("the error callback %s raised", _name(handler))
        if not handlers:
            self._logger.error("the callback %s raised", _name(callback), exc_info=error)

    def report_spawned(self, error: BaseException, callback: Callable[..., object]) -> None:
        """Report an exception of a spawned coroutine; if an `on_error` callback returned it, only log it."""
        if callback in self.on_error.registered:
            self._logger.error("the error callback %s raised", _name(callback), exc_info=error)
        else:
            self.report(error, callback)

    def _run_each(
        self, callback: Callable[..., object], among: CallbackList[Any] | None, calls: Iterable[tuple[object, ...]]
    ) -> None:
        """Run one callback with each of some tuples of arguments, as long as it is registered among `among`."""
        remaining = iter(calls)
        while self._raises(callback, among, remaining):
            pass

    def _raises(
        self, callback: Callable[..., object], among: CallbackList[Any] | None, calls: Iterator[tuple[object, ...]]
    ) -> bool:
        """Run one callback with tuples of arguments, until they are used up or it raises. Returns True if it raised."""
        registered: tuple[object, ...] | None = None  # checked for the first call: another callback may have removed it
        count = 0
        try:  # one for all calls: a call would take twice as long
            for args in calls:
                if among is not None and among.registered is not registered:
                    registered = among.registered
                    if callback not in registered:
                        break
                count += 1
                result = callback(*args)
                if result is not None and inspect.iscoroutine(result):
                    self._driver.spawn(result, callback)
        except self._caught as error:  # of the user's code: it must not end the connection
            self.report(error, callback)
            return True
        finally:
            self._stats.callbacks += count
        return False


class _CallbackError(RuntimeError):
    """Error that `on_error` callbacks get for an exception that is not an `Exception`, such as CancelledError."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.__cause__ = error


def _name(callback: Callable[..., object]) -> str:
    return getattr(callback, "__qualname__", repr(callback))
