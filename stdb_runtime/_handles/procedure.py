"""Procedures: their declarations in generated code, and calls. Servers of 1.x have no procedures.

A declaration is a method without a body, whose return type is the procedure's::

    class Procedures(ProcedureSet):
        @procedure("roll")
        def roll(self, sides: U32) -> U32: ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from .._engine.cache_sink import EngineSource
from .._engine.result import PendingResult
from .._sats.annotation import return_type_of
from .._sats.parameters import Parameters
from .._sats.sats import SatsType

__all__ = ["BoundProcedure", "Procedure", "ProcedureSet", "procedure"]

P = ParamSpec("P")
T = TypeVar("T")


class ProcedureSet:
    """Procedures of a module, one method each."""

    def __init__(self, engine: EngineSource) -> None:
        self.__engine__ = engine


class BoundProcedure(Generic[P, T]):
    """Procedure of a client. Calling it sends the call."""

    def __init__(self, declaration: Procedure[P, T], engine: EngineSource) -> None:
        self._declaration = declaration
        self._engine = engine
        self.__doc__ = declaration.__doc__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> PendingResult[T]:
        """Call the procedure. Sends the call at once.

        Returns:
            The result. Awaiting it returns the value that the procedure returned, or raises:

            - `ProcedureError`: the procedure failed, or the version of the server has no procedures.
            - `ConnectionLost`: the connection ended first; whether the procedure ran is unknown.

        Raises:
            ArgumentError: an argument cannot be sent as the declared type. Nothing was sent.
            NotConnectedError: there is no open connection.
        """
        declaration = self._declaration
        values = declaration.parameters.bind(args, kwargs)
        return self._engine().call_procedure(declaration.name, values, declaration.parameters, declaration.returns)

    def __repr__(self) -> str:
        return f"<procedure {self._declaration.name}>"


class Procedure(Generic[P, T]):
    """Declaration of a procedure. As an attribute of a client's `procedures` it is a `BoundProcedure`.

    Args:
        name: the name of the procedure, as the module declares it.
        declaration: the method that has its parameters and its return type.
        rename: the module's names of parameters whose Python name differs.

    Attributes:
        name: the name of the procedure, as the module declares it.
        parameters: its parameters.
    """

    def __init__(self, name: str, declaration: Callable[Concatenate[Any, P], T], rename: Mapping[str, str]) -> None:
        self.name = name
        self.parameters = Parameters(f"procedure {name}", declaration, rename)
        self._declaration = declaration
        self.__doc__ = declaration.__doc__

    @overload
    def __get__(self, procedures: None, owner: type[ProcedureSet]) -> Self: ...
    @overload
    def __get__(self, procedures: ProcedureSet, owner: type[ProcedureSet]) -> BoundProcedure[P, T]: ...
    def __get__(self, procedures: ProcedureSet | None, owner: type[ProcedureSet]) -> Self | BoundProcedure[P, T]:
        return self if procedures is None else BoundProcedure(self, procedures.__engine__)

    @cached_property
    def returns(self) -> SatsType:
        """Type of the returned value. Raises BindingsError if the annotation is not one of generated code."""
        return return_type_of(self._declaration)


def procedure(
    name: str, *, rename: Mapping[str, str] | None = None
) -> Callable[[Callable[Concatenate[Any, P], T]], Procedure[P, T]]:  # Any: the set that the method stands in
    """Declare a procedure by a method that has its parameters and its return type.

    Args:
        name: the name of the procedure, as the module declares it.
        rename: the module's names of parameters whose Python name differs.
    """
    return lambda declaration: Procedure(name, declaration, rename or {})
