"""Procedures: what generated code declares of each, and calls of them. Servers of 2.x have them.

A declaration is a method without a body, whose return type is the procedure's::

    class Procedures(ProcedureSet):
        @procedure("roll")
        def roll(self, sides: U32) -> U32: ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, cast, overload

from .._engine.result import Outcome
from .._protocol.v1_json.arguments import Arguments, read_value
from .._sats.annotation import returned_by

__all__ = ["BoundProcedure", "Procedure", "ProcedureOwner", "ProcedureSet", "procedure"]

P = ParamSpec("P")
T = TypeVar("T")


class ProcedureOwner(Protocol):
    """What a procedure knows of its client."""

    def call_procedure(
        self,
        procedure: str,
        args: str,
        read: Callable[[str], Any],  # Any: what the procedure returns
    ) -> Outcome[Any]:
        """Send a call with the JSON text of its arguments; `read` reads what it returns."""
        ...


class ProcedureSet:
    """The procedures of a module, one method each."""

    def __init__(self, owner: ProcedureOwner) -> None:
        self.__owner__ = owner


class BoundProcedure(Generic[P, T]):
    """A procedure of one client: call it."""

    def __init__(self, declaration: Procedure[P, T], owner: ProcedureOwner) -> None:
        self._declaration = declaration
        self._owner = owner
        self.__doc__ = declaration.__doc__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Outcome[T]:
        """Send the call now. Await what comes back for the value that the procedure returns.

        Raises:
            ArgumentError: an argument cannot be sent as the declared type; nothing was sent.
            NotConnectedError: there is no open connection.

        Awaiting raises:
            ProcedureError: it failed, or the server is of a version that has no procedures.
            ConnectionLost: the connection ended first; whether it ran is unknown.
        """
        declaration = self._declaration
        args_text = declaration.arguments.encode(args, kwargs)
        return self._owner.call_procedure(declaration.name, args_text, declaration.read)

    def __repr__(self) -> str:
        return f"<procedure {self._declaration.name}>"


class Procedure(Generic[P, T]):
    """A declared procedure. On a set that belongs to a client it is callable.

    Args:
        name: its name, as the module declares it.
        declaration: the method that has its parameters and its return type.
        rename: the module's names of parameters whose Python name differs.

    Attributes:
        arguments: writes the arguments of calls.
    """

    def __init__(self, name: str, declaration: Callable[Concatenate[Any, P], T], rename: Mapping[str, str]) -> None:
        self.name = name
        self.arguments = Arguments(f"procedure {name}", declaration, rename)
        self._declaration = declaration
        self.__doc__ = declaration.__doc__

    @overload
    def __get__(self, procedures: None, owner: type[ProcedureSet]) -> Self: ...
    @overload
    def __get__(self, procedures: ProcedureSet, owner: type[ProcedureSet]) -> BoundProcedure[P, T]: ...
    def __get__(self, procedures: ProcedureSet | None, owner: type[ProcedureSet]) -> Self | BoundProcedure[P, T]:
        return self if procedures is None else BoundProcedure(self, procedures.__owner__)

    def read(self, text: str) -> T:
        """The value that a call returned, from its JSON text.

        Raises:
            DecodeError: it is not what the declaration says.
        """
        value = read_value(returned_by(self._declaration), text, f"the values that procedure {self.name} returns")
        return cast("T", value)


def procedure(
    name: str, *, rename: Mapping[str, str] | None = None
) -> Callable[[Callable[Concatenate[Any, P], T]], Procedure[P, T]]:  # Any: the set that the method stands in
    """Declare a procedure by a method that has its parameters and its return type.

    Args:
        name: its name, as the module declares it.
        rename: the module's names of parameters whose Python name differs.
    """
    return lambda declaration: Procedure(name, declaration, rename or {})
