"""Handlers: who is told what a connection without generated code hears.

A handler comes in three forms: an object or class that has some of the methods of `Handler`, a pair of such and an
argument that each callback gets last, and a mapping of names to functions. Each callback may be `def` or `async def`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypedDict, cast

from .. import messages
from ..errors import ArgumentError, StdbError

__all__ = ["CALLBACKS", "Callbacks", "Handler", "HandlerForm", "HandlerMapping"]


class Handler:
    """Base for handlers that want to be checked: override what you want to hear. Any method may be `async def`."""

    def on_identity_token(self, message: messages.IdentityToken, /) -> object:
        """The connection is made: the server said who we are. Also after each reconnection."""

    def on_initial_subscription(self, message: messages.InitialSubscription, /) -> object:
        """All rows of the set that `subscribe` asked for."""

    def on_subscribe_applied(self, message: messages.SubscribeApplied, /) -> object:
        """The rows of a `subscribe_single` or `subscribe_multi`."""

    def on_unsubscribe_applied(self, message: messages.UnsubscribeApplied, /) -> object:
        """The rows that went with an `unsubscribe`."""

    def on_subscription_error(self, message: messages.SubscriptionError, /) -> object:
        """A request to subscribe or unsubscribe was refused."""

    def on_transaction_update(self, message: messages.TransactionUpdate, /) -> object:
        """Rows changed, or a call of ours was answered."""

    def on_one_off_query_response(self, message: messages.OneOffQueryResponse, /) -> object:
        """A one-off query was answered."""

    def on_procedure_result(self, message: messages.ProcedureResult, /) -> object:
        """A procedure call was answered."""

    def on_disconnect(self, reason: StdbError | None, /) -> object:
        """An open connection ended; with None if we closed it."""

    def on_reconnect(self) -> object:
        """The connection was made again, and the subscriptions were asked for again."""

    def on_error(self, error: Exception, /) -> object:
        """A callback raised, or the connection gave up."""


class HandlerMapping(TypedDict, total=False):
    """A handler as a mapping. Values are called as the methods of `Handler` are."""

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
"""An object or class with some of the methods of `Handler`, a pair of a handler and an argument, or a mapping."""

CALLBACKS = {
    name: len(inspect.signature(method).parameters) - 1 for name, method in vars(Handler).items() if name[0] != "_"
}
"""How many arguments each callback takes, by its name."""


class Callbacks:
    """The callbacks of a handler, whatever its form.

    Args:
        handler: the handler.

    Raises:
        ArgumentError: it has a callback of a name that does not exist, none at all, or one that takes another number
            of arguments.
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
        """A callback and the arguments to give it after its own, or None if the handler has none of that name."""
        function = self._functions.get(name)
        return None if function is None else (function, self._extra)


def _functions(handler: object) -> dict[str, Callable[..., object]]:
    """The callbacks by name: the items of a mapping, or the methods of an object that begin with `on_`."""
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
        raise ArgumentError("handler", f"there is no callback {unknown[0]}; there are {known}")
    if not functions:
        raise ArgumentError("handler", f"it has no callback; there are {known}")


def _check_arity(name: str, function: Callable[..., object], arguments: int) -> None:
    try:
        inspect.signature(function).bind(*range(arguments))
    except TypeError:
        raise ArgumentError("handler", f"{name} must take {arguments} argument{'s' * (arguments != 1)}") from None
    except ValueError:
        pass  # a function of C that does not tell
