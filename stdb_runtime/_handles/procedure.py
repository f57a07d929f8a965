"""Procedures: their declarations in generated code, and calls. Servers of 2.x have them.

A declaration is a method without a body, which the decorator turns into one that sends the call::

    class Procedures(ProcedureSet):
        @procedure("roll")
        def roll(self, sides: U32) -> PendingResult[U32]:
            raise NotImplementedError
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, TypeVar

from .._engine.cache_sink import ENGINE, EngineSource
from .._engine.result import PendingResult
from .._sats.annotation import return_type_of
from .._sats.parameters import Parameters
from .._sats.sats import SatsType
from .declaration import declare

__all__ = ["ProcedureDeclaration", "ProcedureSet", "procedure"]

F = TypeVar("F", bound=Callable[..., PendingResult[Any]])


class ProcedureDeclaration:
    """Declaration of a procedure.

    Args:
        name: the procedure's name in the module.
        method: the method that declares it.
        rename: the module's names of parameters whose Python name differs.

    Attributes:
        parameters: its parameters.
    """

    def __init__(self, name: str, method: Callable[..., object], rename: Mapping[str, str]) -> None:
        self.name = name
        self.parameters = Parameters(f"procedure {name}", method, rename)
        self._method = method

    @cached_property
    def returns(self) -> SatsType:
        """Type of the value that it returns. Raises BindingsError if generated code cannot have that."""
        return return_type_of(self._method)


class ProcedureSet:
    """Procedures of a module, one method each."""

    def __init__(self, engine: EngineSource) -> None:
        ENGINE.set(self, engine)


def procedure(name: str, *, rename: Mapping[str, str] | None = None) -> Callable[[F], F]:
    """Declare a procedure: the decorated method sends the call.

    Args:
        name: the procedure's name in the module.
        rename: the module's names of parameters whose Python name differs.
    """

    def decorate(method: F) -> F:
        declared = ProcedureDeclaration(name, method, rename or {})

        def call(procedures: ProcedureSet, /, *args: object, **kwargs: object) -> PendingResult[Any]:
            values = declared.parameters.bind(args, kwargs)
            return ENGINE.of(procedures)().call_procedure(name, values, declared.parameters, declared.returns)

        return declare(method, declared, call)

    return decorate
