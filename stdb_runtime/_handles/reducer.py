"""Reducers: their declarations in generated code, calls, and callbacks on calls.

A declaration is a method without a body, which the decorator turns into one that sends the call::

    class Reducers(ReducerSet):
        @reducer("create_player")
        def create_player(self, name: str) -> ReducerCall:
            raise NotImplementedError

        on_create_player = OnReducer[str]("create_player")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, NamedTuple, ParamSpec, Self, TypeVar, TypeVarTuple, cast, overload

from .._engine.cache_sink import ENGINE, EngineSource
from .._engine.callbacks import CallbackList
from .._engine.hidden import Hidden
from .._engine.result import ReducerCall
from .._sats.parameters import Parameters
from ..errors import ArgumentError
from ..events import ReducerEvent, RowEvent
from .declaration import declaration_of, declare

__all__ = [
    "OnReducer",
    "ReducerDeclaration",
    "ReducerListener",
    "ReducerSet",
    "fire_and_forget",
    "parameters_of",
    "reducer",
]

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., ReducerCall])
Ts = TypeVarTuple("Ts")

_NAME: Hidden[str] = Hidden("_name")
_CALLBACKS: Hidden[CallbackList[Callable[..., object]]] = Hidden("_callbacks")


class ReducerDeclaration(NamedTuple):
    """Declaration of a reducer.

    Attributes:
        name: the reducer's name in the module.
        parameters: its parameters.
    """

    name: str
    parameters: Parameters


class ReducerSet:
    """Reducers of a module, one method each."""

    def __init__(self, engine: EngineSource) -> None:
        ENGINE.set(self, engine)


def reducer(name: str, *, rename: Mapping[str, str] | None = None) -> Callable[[F], F]:
    """Declare a reducer: the decorated method sends the call.

    Args:
        name: the reducer's name in the module.
        rename: the module's names of parameters whose Python name differs.
    """

    def decorate(method: F) -> F:
        parameters = Parameters(f"reducer {name}", method, rename or {})

        def call(reducers: ReducerSet, /, *args: object, **kwargs: object) -> ReducerCall:
            return ENGINE.of(reducers)().call_reducer(name, parameters.bind(args, kwargs), parameters)

        return declare(method, ReducerDeclaration(name, parameters), call)

    return decorate


def fire_and_forget(reducer: Callable[P, ReducerCall], *args: P.args, **kwargs: P.kwargs) -> None:
    """Call a reducer without asking for the result: `fire_and_forget(reducers.create_player, "Alice")`.

    Sends the call at once. The server reports neither success nor failure; changed rows arrive as those of any other
    call (docs/protocol.md, 4.3).

    Args:
        reducer: a reducer of a client, or of a generated package.
        args: the arguments of the reducer.
        kwargs: the arguments by name.

    Raises:
        ArgumentError: `reducer` is not a reducer, or an argument does not have the declared type.
        NotConnectedError: there is no open connection.
    """
    declared, owner = declaration_of(reducer, ReducerDeclaration), getattr(reducer, "__self__", None)
    if declared is None or not isinstance(owner, ReducerSet):
        raise ArgumentError("reducer", f"expected a reducer such as reducers.create_player, got {reducer!r}")
    values = declared.parameters.bind(args, kwargs)
    ENGINE.of(owner)().call_reducer_without_reply(declared.name, values, declared.parameters)


def parameters_of(reducers: type[ReducerSet]) -> dict[str, Parameters]:
    """Return the parameters of each callable reducer of a module, by its name in the module."""
    found = (declaration_of(value, ReducerDeclaration) for value in vars(reducers).values())
    return {declared.name: declared.parameters for declared in found if declared is not None}


class ReducerListener(Generic[*Ts]):
    """Callbacks on the calls of a reducer. Calling it adds one; it is also a decorator."""

    def __init__(self, reducer: str, callbacks: CallbackList[Callable[..., object]]) -> None:
        _NAME.set(self, reducer)
        _CALLBACKS.set(self, callbacks)

    def __call__(self, callback: Callable[[ReducerEvent, *Ts], T]) -> Callable[[ReducerEvent, *Ts], T]:
        """Call `callback(event, *arguments)` for each reported call of the reducer. Works as a decorator.

        The server reports calls of any client that changed rows of this client's subscriptions, and all calls of this
        client, which may have failed: see `event.status`. Runs after the callbacks of the rows.

        Args:
            callback: a function or a coroutine function, which runs as a task.

        Returns:
            The callback.
        """
        _CALLBACKS.of(self).add(callback)
        return callback

    def remove(self, callback: Callable[[ReducerEvent, *Ts], object]) -> None:
        """Remove a callback. Raises ValueError if it is not registered."""
        _CALLBACKS.of(self).remove(callback)

    def match(self, event: RowEvent | ReducerEvent) -> tuple[*Ts] | None:
        """Return the arguments of the call that caused an event; None if it was not a call of this reducer.

        In a callback on rows: `if (arguments := client.reducers.on_level_up.match(event)) is not None: ...`

        Args:
            event: the event of a row or of a reducer.

        Raises:
            DecodeError: the arguments do not have the declared types.
        """
        cause = event.cause if isinstance(event, RowEvent) else event
        if not isinstance(cause, ReducerEvent) or cause.reducer != _NAME.of(self):
            return None
        return cast("tuple[*Ts]", cause.arguments)


class OnReducer(Generic[*Ts]):
    """Declaration of the callbacks on a reducer. The type arguments are the types of its parameters.

    Args:
        name: the reducer's name in the module.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, reducers: None, owner: type[ReducerSet]) -> Self: ...
    @overload
    def __get__(self, reducers: ReducerSet, owner: type[ReducerSet]) -> ReducerListener[*Ts]: ...
    def __get__(self, reducers: ReducerSet | None, owner: type[ReducerSet]) -> Self | ReducerListener[*Ts]:
        if reducers is None:
            return self
        return ReducerListener(self._name, ENGINE.of(reducers)().sink.reducer_callbacks(self._name))
