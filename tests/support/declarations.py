"""Declarations of generated methods, which the methods themselves show to nobody."""

from __future__ import annotations

from stdb_runtime._handles.procedure import ProcedureDeclaration, declared_procedure
from stdb_runtime._handles.reducer import ReducerDeclaration, declared_reducer


def of_reducer(method: object) -> ReducerDeclaration:
    """The declaration of a reducer's method."""
    declared = declared_reducer(method)
    assert declared is not None, method
    return declared


def of_procedure(method: object) -> ProcedureDeclaration:
    """The declaration of a procedure's method."""
    declared = declared_procedure(method)
    assert declared is not None, method
    return declared
