"""Reducers: their declarations in generated code, calls, and callbacks on calls.

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
    """Reducers of a module, one method each."""

    def __init__(self, engine: EngineSource) -> None:
        self.__engine__ = engine

    @classmethod
    def __parameters__(cls) -> dict[str, Parameters]:
        """Return the parameters of each callable reducer, by its name in the module."""
        declared = [value for value in vars(cls).values() if isinstance(value, Reducer)]
        return {reducer.name: reducer.parameters for reducer in declared}


class BoundReducer(Generic[P]):
    """Reducer of a client. Calling it sends the call."""

    def __init__(self, declaration: Reducer[P], engine: EngineSource) -> None:
        self._declaration = declaration
        self._engine = engine
        self.__doc__ = declaration.__doc__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> ReducerCall:
        """Call the reducer. Sends the call at once.

        Returns:
            The call. Await it to wait for its result: a `ReducerEvent`, or ReducerError.

        Raises:
            ArgumentError: an argument cannot be sent as the declared type. Nothing was sent.
            NotConnectedError: there is no open connection.
        """
        declaration = self._declaration
        values = declaration.parameters.bind(args, kwargs)
        return self._engine().call_reducer(declaration.name, values, declaration.parameters)

    def fire_and_forget(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call the reducer, and ask the server not to report the result, not even a failure.

        The rows that it changes are updated as after a call of another client (docs/protocol.md, 4.3).

        Raises:
            ArgumentError: an argument cannot be sent as the declared type. Nothing was sent.
            NotConnectedError: there is no open connection.
        """
        declaration = self._declaration
        values = declaration.parameters.bind(args, kwargs)
        self._engine().call_reducer_without_reply(declaration.name, values, declaration.parameters)

    def __repr__(self) -> str:
        return f"<reducer {self._declaration.name}>"


class Reducer(Generic[P]):
    """Declaration of a reducer. As an attribute of a client's `reducers` it is a `BoundReducer`.

    Args:
        name: the name of the reducer, as the module declares it.
        declaration: the method that has its parameters.
        rename: the module's names of parameters whose Python name differs.

    Attributes:
        name: the name of the reducer, as the module declares it.
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
    """Registration of callbacks on calls of one reducer. Call it with a callback, or use it as a decorator."""

    def __init__(self, callbacks: CallbackList[Callable[..., object]]) -> None:
        self._callbacks = callbacks

    def __call__(self, callback: Callable[[ReducerEvent, *Ts], T]) -> Callable[[ReducerEvent, *Ts], T]:
        """Call `callback(event, *arguments)` for each call of the reducer that the server reports, after row callbacks.

        The server reports this client's own calls, also failed ones (see `event.status`), and calls of other clients
        that changed rows of this client's subscriptions.

        Args:
            callback: a function, or a coroutine function, which is then run as a task.

        Returns:
            The callback itself.
        """
        self._callbacks.add(callback)
        return callback

    def remove(self, callback: Callable[[ReducerEvent, *Ts], object]) -> None:
        """Remove a callback. Raises ValueError if it is not registered."""
        self._callbacks.remove(callback)


class OnReducer(Generic[*Ts]):
    """Declaration of callbacks on calls of a reducer. The type arguments are the types of its parameters.

    Args:
        name: the name of the reducer, as the module declares it.
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
        name: the name of the reducer, as the module declares it.
        rename: the module's names of parameters whose Python name differs.
    """
    return lambda declaration: Reducer(name, declaration, rename or {})
