"""Procedures: their declarations in generated code, and calls. Servers of 2.x have them.

A declaration is a method without a body, which the decorator turns into one that sends the call::

    class Procedures(ProcedureSet):
        @procedure("roll")
        def roll(self, sides: U32) -> PendingResult[U32]:
            raise NotImplementedError
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, wraps
from typing import Any, TypeVar, cast

from .._engine.cache_sink import EngineSource
from .._engine.result import PendingResult
from .._sats.annotation import return_type_of
from .._sats.parameters import Parameters
from .._sats.sats import SatsType
from .signature import shown_signature

__all__ = ["ProcedureDeclaration", "ProcedureSet", "declared_procedure", "procedure"]

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
        self.__engine__ = engine


def procedure(name: str, *, rename: Mapping[str, str] | None = None) -> Callable[[F], F]:
    """Declare a procedure: the decorated method sends the call.

    Args:
        name: the procedure's name in the module.
        rename: the module's names of parameters whose Python name differs.
    """

    def declare(method: F) -> F:
        declared = ProcedureDeclaration(name, method, rename or {})

        @wraps(method)
        def call(procedures: ProcedureSet, /, *args: object, **kwargs: object) -> PendingResult[Any]:
            values = declared.parameters.bind(args, kwargs)
            return procedures.__engine__().call_procedure(name, values, declared.parameters, declared.returns)

        call.__dict__["__declaration__"] = declared
        call.__dict__["__signature__"] = shown_signature(method)
        return cast("F", call)

    return declare


def declared_procedure(method: object) -> ProcedureDeclaration | None:
    """Return the declaration of a procedure's method, bound or not; None for anything else."""
    declared = getattr(method, "__declaration__", None)
    return declared if isinstance(declared, ProcedureDeclaration) else None
