"""Dispatcher of callbacks: in order, apart from one another, and never in the way of the connection."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Sequence
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
    """Runs callbacks. The driver runs the coroutines that they return.

    Args:
        driver: runs coroutines.
        logger: where errors of callbacks go that no `on_error` takes.
        stats: where callbacks are counted.

    Attributes:
        on_error: callbacks on what others raise.
    """

    def __init__(self, driver: Driver, logger: logging.Logger, stats: Stats) -> None:
        self.on_error: CallbackList[ErrorCallback] = CallbackList()
        self._driver = driver
        self._logger = logger
        self._stats = stats
        # What a callback may raise without ending the connection: the errors of the user's code.
        self._caught = (Exception, driver.cancelled_error)

    def before(self, event: RowEvent, changes: Sequence[TableChange]) -> None:
        """Run the callbacks that come before rows are deleted."""
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

    def run_all(self, callbacks: CallbackList[Any], *args: object) -> None:  # Any: callbacks of whatever arguments
        """Run the callbacks of one kind that are registered, but not those that one of them removes."""
        for callback in callbacks.registered:
            self._run_each(callback, callbacks, (args,))

    def run(self, callback: Callable[..., object], *args: object) -> None:
        """Run one callback. What it raises goes to `on_error`, or is logged with its name, and stops nothing."""
        self._run_each(callback, None, (args,))

    def report(self, error: BaseException, callback: Callable[..., object]) -> None:
        """Pass on what a callback raised to `on_error`, or log it."""
        if not isinstance(error, Exception):
            error = _Uncommon(error)
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
        """Pass on what a spawned coroutine raised; of an error callback it is logged, lest it goes round in circles."""
        if callback in self.on_error.registered:
            self._logger.error("the error callback %s raised", _name(callback), exc_info=error)
        else:
            self.report(error, callback)

    def _run_each(
        self, callback: Callable[..., object], among: CallbackList[Any] | None, calls: Iterable[tuple[object, ...]]
    ) -> None:
        """Run one callback for each of many rows, as long as it is registered."""
        registered: tuple[object, ...] | None = None  # so that the first row looks: another may have removed it
        for args in calls:
            if among is not None and among.registered is not registered:
                registered = among.registered
                if callback not in registered:
                    return
            self._stats.callbacks += 1
            try:
                result = callback(*args)
                if result is not None and inspect.iscoroutine(result):
                    self._driver.spawn(result, callback)
            except self._caught as error:  # the user's: it must not end the connection
                self.report(error, callback)


class _Uncommon(RuntimeError):
    """Error of a callback that is no Exception.

    Such as the CancelledError of something cancelled whose result it asked for, though nobody cancelled the callback.
    """

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.__cause__ = error


def _name(callback: Callable[..., object]) -> str:
    return getattr(callback, "__qualname__", repr(callback))
