"""Declarations of generated methods, which the methods themselves show to nobody."""

from __future__ import annotations

from stdb_runtime._handles.declaration import declaration_of
from stdb_runtime._handles.procedure import ProcedureDeclaration
from stdb_runtime._handles.reducer import ReducerDeclaration


def of_reducer(method: object) -> ReducerDeclaration:
    """The declaration of a reducer's method."""
    declared = declaration_of(method, ReducerDeclaration)
    assert declared is not None, method
    return declared


def of_procedure(method: object) -> ProcedureDeclaration:
    """The declaration of a procedure's method."""
    declared = declaration_of(method, ProcedureDeclaration)
    assert declared is not None, method
    return declared
