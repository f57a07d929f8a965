"""Reducers: what generated code declares of each, calls of them, and callbacks on them.

A declaration is a method without a body::

    class Reducers(ReducerSet):
        @reducer("create_player")
        def create_player(self, name: str) -> None: ...

        on_create_player = OnReducer[str]("create_player")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, TypeVarTuple, overload

from .._engine.cache_sink import EngineSource
from .._engine.callbacks import CallbackList
from .._engine.result import ReducerCall
from .._sats.parameters import Parameters
from ..events import ReducerEvent

__all__ = [
    "BoundReducer",
    "OnReducer",
    "Reducer",
    "ReducerListener",
    "ReducerSet",
    "reducer",
]

P = ParamSpec("P")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class ReducerSet:
    """The reducers of a module, one method each."""

    def __init__(self, engine: EngineSource) -> None:
        self.__engine__ = engine

    @classmethod
    def __parameters__(cls) -> dict[str, Parameters]:
        """Return the parameters of each callable reducer, by its name in the module."""
        declared = [value for value in vars(cls).values() if isinstance(value, Reducer)]
        return {reducer.name: reducer.parameters for reducer in declared}


class BoundReducer(Generic[P]):
    """A reducer of one client: call it."""

    def __init__(self, declaration: Reducer[P], engine: EngineSource) -> None:
        self._declaration = declaration
        self._engine = engine
        self.__doc__ = declaration.__doc__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> ReducerCall:
        """Send the call now. Await what comes back for the outcome.

        Raises:
            ArgumentError: an argument cannot be sent as the declared type; nothing was sent.
            NotConnectedError: there is no open connection.
        """
        declaration = self._declaration
        values = declaration.parameters.bind(args, kwargs)
        return self._engine().call_reducer(declaration.name, values, declaration.parameters)

    def fire_and_forget(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Send the call now, and ask the server for no answer: neither success nor failure is ever told.

        Its rows come as those of anybody's call do (docs/protocol.md, 4.3).

        Raises:
            ArgumentError: an argument cannot be sent as the declared type; nothing was sent.
            NotConnectedError: there is no open connection.
        """
        declaration = self._declaration
        values = declaration.parameters.bind(args, kwargs)
        self._engine().call_reducer_without_reply(declaration.name, values, declaration.parameters)

    def __repr__(self) -> str:
        return f"<reducer {self._declaration.name}>"


class Reducer(Generic[P]):
    """A declared reducer. On a set that belongs to a client it is callable.

    Args:
        name: its name, as the module declares it.
        declaration: the method that has its parameters.
        rename: the module's names of parameters whose Python name differs.

    Attributes:
        parameters: its parameters.
    """

    def __init__(self, name: str, declaration: Callable[Concatenate[Any, P], None], rename: Mapping[str, str]) -> None:
        self.name = name
        self.parameters = Parameters(f"reducer {name}", declaration, rename)
        self.__doc__ = declaration.__doc__

    @overload
    def __get__(self, reducers: None, owner: type[ReducerSet]) -> Self: ...
    @overload
    def __get__(self, reducers: ReducerSet, owner: type[ReducerSet]) -> BoundReducer[P]: ...
    def __get__(self, reducers: ReducerSet | None, owner: type[ReducerSet]) -> Self | BoundReducer[P]:
        return self if reducers is None else BoundReducer(self, reducers.__engine__)


class ReducerListener(Generic[*Ts]):
    """Where callbacks on calls of one reducer are registered: call it, or use it as a decorator."""

    def __init__(self, callbacks: CallbackList[Callable[..., object]]) -> None:
        self._callbacks = callbacks

    def __call__(self, callback: Callable[[ReducerEvent, *Ts], T]) -> Callable[[ReducerEvent, *Ts], T]:
        """Call `callback(event, *arguments)` for each call of the reducer that the server tells of.

        Those are the calls that changed rows of this client's subscriptions, by whomever, and this client's own, which
        may have failed: see `event.status`. It runs after the callbacks of the rows.

        Args:
            callback: a function, or a coroutine function, which is then run as a task.

        Returns:
            The callback itself.
        """
        self._callbacks.add(callback)
        return callback

    def remove(self, callback: Callable[[ReducerEvent, *Ts], object]) -> None:
        """End what registering began. Raises ValueError if the callback is not registered."""
        self._callbacks.remove(callback)


class OnReducer(Generic[*Ts]):
    """Declares that calls of a reducer can be listened to. The type arguments are the types of its parameters.

    Args:
        name: the reducer's name, as the module declares it.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, reducers: None, owner: type[ReducerSet]) -> Self: ...
    @overload
    def __get__(self, reducers: ReducerSet, owner: type[ReducerSet]) -> ReducerListener[*Ts]: ...
    def __get__(self, reducers: ReducerSet | None, owner: type[ReducerSet]) -> Self | ReducerListener[*Ts]:
        return self if reducers is None else ReducerListener(reducers.__engine__().sink.reducer_callbacks(self._name))


def reducer(
    name: str, *, rename: Mapping[str, str] | None = None
) -> Callable[[Callable[Concatenate[Any, P], None]], Reducer[P]]:  # Any: the set that the method stands in
    """Declare a reducer by a method that has its parameters.

    Args:
        name: its name, as the module declares it.
        rename: the module's names of parameters whose Python name differs.
    """
    return lambda declaration: Reducer(name, declaration, rename or {})
