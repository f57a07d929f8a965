"""Reducers: what generated code declares of each, calls of them, and callbacks on them.

A declaration is a method without a body::

    class Reducers(ReducerSet):
        @reducer("create_player")
        def create_player(self, name: str) -> None: ...

        on_create_player = OnReducer[str]("create_player")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, TypeVarTuple, overload

from .._engine.result import Outcome, Promise
from .._engine.table_state import CallbackList
from .._protocol.v1_json.arguments import Arguments
from .._sats.sats import SatsType
from ..errors import BindingsError, StdbError
from ..events import ReducerEvent

__all__ = [
    "BoundReducer",
    "OnReducer",
    "Reducer",
    "ReducerCall",
    "ReducerListener",
    "ReducerOwner",
    "ReducerSet",
    "reducer",
]

P = ParamSpec("P")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class ReducerCall(Outcome[ReducerEvent]):
    """A reducer call that was sent. Await it for the outcome.

    Awaiting gives the `ReducerEvent`, after the callbacks of the rows that it changed, or raises:

    - `ReducerError`: the module refused it; nothing was committed.
    - `ConnectionLost`: the connection ended first; whether it ran is unknown, and it is not sent again.

    A failure that nobody awaits is told to `on_unhandled_reducer_error`, or logged.

    Attributes:
        reducer: the reducer's name, as the module declares it.
    """

    def __init__(
        self, reducer: str, new_promise: Callable[[], Promise[ReducerEvent]], unseen: Callable[[StdbError, str], None]
    ) -> None:
        super().__init__(new_promise, unseen, f"reducer {reducer}")
        self.reducer = reducer

    def __repr__(self) -> str:
        return f"<call of reducer {self.reducer}>"


class ReducerOwner(Protocol):
    """What a reducer knows of its client."""

    def call_reducer(self, reducer: str, args: str) -> ReducerCall:
        """Send a call with the JSON text of its arguments. Raises NotConnectedError if there is no connection."""
        ...

    def call_reducer_unheard(self, reducer: str, args: str) -> None:
        """Send a call whose outcome nobody hears. Raises NotConnectedError if there is no connection."""
        ...

    def reducer_callbacks(self, reducer: str) -> CallbackList[Callable[..., object]]:
        """The callbacks on calls of a reducer."""
        ...


class ReducerSet:
    """The reducers of a module, one method each."""

    def __init__(self, owner: ReducerOwner) -> None:
        self.__owner__ = owner

    @classmethod
    def __read_arguments__(cls, reducer: str, args: str) -> tuple[object, ...]:
        """The arguments of a call of a reducer, given its name, from their JSON text.

        Raises:
            BindingsError: there is no such reducer here.
            DecodeError: they are not what the declaration says.
        """
        for declared in vars(cls).values():
            if isinstance(declared, Reducer) and declared.name == reducer:
                return declared.arguments.decode(args)
        if args == "[]":  # a change by SQL, or a lifecycle reducer, which has no parameters
            return ()
        raise BindingsError(f"the generated code has no reducer {reducer!r}: run stdb-codegen again")

    @classmethod
    def __parameters__(cls) -> dict[str, SatsType]:
        """The parameters of each callable reducer, by its name in the module."""
        declared = [value for value in vars(cls).values() if isinstance(value, Reducer)]
        return {reducer.name: reducer.arguments.type for reducer in declared}


class BoundReducer(Generic[P]):
    """A reducer of one client: call it."""

    def __init__(self, declaration: Reducer[P], owner: ReducerOwner) -> None:
        self._declaration = declaration
        self._owner = owner
        self.__doc__ = declaration.__doc__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> ReducerCall:
        """Send the call now. Await what comes back for the outcome.

        Raises:
            ArgumentError: an argument cannot be sent as the declared type; nothing was sent.
            NotConnectedError: there is no open connection.
        """
        return self._owner.call_reducer(self._declaration.name, self._declaration.arguments.encode(args, kwargs))

    def fire_and_forget(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Send the call now, and ask the server for no answer: neither success nor failure is ever told.

        Its rows come as those of anybody's call do (docs/protocol.md, 4.3).

        Raises:
            ArgumentError: an argument cannot be sent as the declared type; nothing was sent.
            NotConnectedError: there is no open connection.
        """
        self._owner.call_reducer_unheard(self._declaration.name, self._declaration.arguments.encode(args, kwargs))

    def __repr__(self) -> str:
        return f"<reducer {self._declaration.name}>"


class Reducer(Generic[P]):
    """A declared reducer. On a set that belongs to a client it is callable.

    Args:
        name: its name, as the module declares it.
        declaration: the method that has its parameters.
        rename: the module's names of parameters whose Python name differs.

    Attributes:
        arguments: writes and reads the arguments of calls.
    """

    def __init__(self, name: str, declaration: Callable[Concatenate[Any, P], None], rename: Mapping[str, str]) -> None:
        self.name = name
        self.arguments = Arguments(f"reducer {name}", declaration, rename)
        self.__doc__ = declaration.__doc__

    @overload
    def __get__(self, reducers: None, owner: type[ReducerSet]) -> Self: ...
    @overload
    def __get__(self, reducers: ReducerSet, owner: type[ReducerSet]) -> BoundReducer[P]: ...
    def __get__(self, reducers: ReducerSet | None, owner: type[ReducerSet]) -> Self | BoundReducer[P]:
        return self if reducers is None else BoundReducer(self, reducers.__owner__)


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
        return self if reducers is None else ReducerListener(reducers.__owner__.reducer_callbacks(self._name))


def reducer(
    name: str, *, rename: Mapping[str, str] | None = None
) -> Callable[[Callable[Concatenate[Any, P], None]], Reducer[P]]:  # Any: the set that the method stands in
    """Declare a reducer by a method that has its parameters.

    Args:
        name: its name, as the module declares it.
        rename: the module's names of parameters whose Python name differs.
    """
    return lambda declaration: Reducer(name, declaration, rename or {})
