"""Handlers, which receive the messages of a connection without generated code.

A handler has one of three forms: an object or class with some of the methods of `Handler`, a tuple of such a handler
and an argument that is passed last to each callback, or a mapping of names to functions. Each callback may be `def` or
`async def`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypedDict, cast

from .. import messages
from ..errors import ArgumentError, StdbError

__all__ = ["CALLBACKS", "Callbacks", "Handler", "HandlerForm", "HandlerMapping"]


class Handler:
    """Base of handlers, for type checking: override the callbacks that you need. Any method may be `async def`."""

    def on_identity_token(self, message: messages.IdentityToken, /) -> object:
        """Handle the identity token message, the first one of a connection, also after each reconnection."""

    def on_initial_subscription(self, message: messages.InitialSubscription, /) -> object:
        """Handle all rows of the queries of a `subscribe`."""

    def on_subscribe_applied(self, message: messages.SubscribeApplied, /) -> object:
        """Handle the rows of a `subscribe_single` or `subscribe_multi`."""

    def on_unsubscribe_applied(self, message: messages.UnsubscribeApplied, /) -> object:
        """Handle the rows that were deleted by an `unsubscribe`."""

    def on_subscription_error(self, message: messages.SubscriptionError, /) -> object:
        """Handle the refusal of a request to subscribe or unsubscribe."""

    def on_transaction_update(self, message: messages.TransactionUpdate, /) -> object:
        """Handle a transaction, or the failure of a reducer call of this connection."""

    def on_one_off_query_response(self, message: messages.OneOffQueryResponse, /) -> object:
        """Handle the response to a one-off query."""

    def on_procedure_result(self, message: messages.ProcedureResult, /) -> object:
        """Handle the result of a procedure call."""

    def on_disconnect(self, reason: StdbError | None, /) -> object:
        """Handle the end of an open connection; None if it was closed by this client."""

    def on_reconnect(self) -> object:
        """Handle a reconnection; the subscriptions have been requested again."""

    def on_error(self, error: Exception, /) -> object:
        """Handle an exception of a callback, or the final failure of the connection."""


class HandlerMapping(TypedDict, total=False):
    """Handler as a mapping. Its values are called as the methods of `Handler` are."""

    on_identity_token: Callable[[messages.IdentityToken], object]
    on_initial_subscription: Callable[[messages.InitialSubscription], object]
    on_subscribe_applied: Callable[[messages.SubscribeApplied], object]
    on_unsubscribe_applied: Callable[[messages.UnsubscribeApplied], object]
    on_subscription_error: Callable[[messages.SubscriptionError], object]
    on_transaction_update: Callable[[messages.TransactionUpdate], object]
    on_one_off_query_response: Callable[[messages.OneOffQueryResponse], object]
    on_procedure_result: Callable[[messages.ProcedureResult], object]
    on_disconnect: Callable[[StdbError | None], object]
    on_reconnect: Callable[[], object]
    on_error: Callable[[Exception], object]


HandlerForm: TypeAlias = "Handler | HandlerMapping | tuple[object, object] | object"
"""Object or class with some of the methods of `Handler`, a tuple of a handler and an argument, or a mapping."""

CALLBACKS = {
    name: len(inspect.signature(method).parameters) - 1 for name, method in vars(Handler).items() if name[0] != "_"
}
"""Number of arguments of each callback, by its name."""


class Callbacks:
    """Callbacks of a handler of any form.

    Args:
        handler: the handler.

    Raises:
        ArgumentError: the handler has a callback of an unknown name, no callback, or one with a wrong number of
            parameters.
    """

    def __init__(self, handler: HandlerForm) -> None:
        extra: tuple[object, ...] = ()
        if isinstance(handler, tuple):
            pair = cast("tuple[object, ...]", handler)
            if len(pair) != 2:
                raise ArgumentError("handler", f"a tuple must be (handler, argument), got {len(pair)} parts")
            handler, extra = pair[0], (pair[1],)
        self._extra = extra
        self._functions = _functions(handler)
        _check_names(self._functions)
        for name, function in self._functions.items():
            _check_arity(name, function, CALLBACKS[name] + len(extra))

    def get(self, name: str) -> tuple[Callable[..., object], tuple[object, ...]] | None:
        """Return a callback and the arguments to append to its own, or None if the handler has no such callback."""
        function = self._functions.get(name)
        return None if function is None else (function, self._extra)


def _functions(handler: object) -> dict[str, Callable[..., object]]:
    """Return the callbacks by name: the items of a mapping, or the methods of an object that begin with `on_`."""
    if isinstance(handler, Mapping):
        functions = dict(cast("Mapping[str, Any]", handler))
    else:
        instance = handler() if isinstance(handler, type) else handler
        functions = {name: getattr(instance, name) for name in dir(instance) if name.startswith("on_")}
    for name, function in functions.items():
        if not callable(function):
            raise ArgumentError("handler", f"{name} must be a function, got {type(function).__name__}")
    return functions


def _check_names(functions: Mapping[str, object]) -> None:
    known = ", ".join(CALLBACKS)
    unknown = [name for name in functions if name not in CALLBACKS]
    if unknown:
        raise ArgumentError("handler", f"unknown callback {unknown[0]}; the callbacks are {known}")
    if not functions:
        raise ArgumentError("handler", f"it has no callback; the callbacks are {known}")


def _check_arity(name: str, function: Callable[..., object], arguments: int) -> None:
    try:
        inspect.signature(function).bind(*range(arguments))
    except TypeError:
        raise ArgumentError("handler", f"{name} must take {arguments} argument{'s' * (arguments != 1)}") from None
    except ValueError:
        pass  # a function implemented in C, whose signature is not known
