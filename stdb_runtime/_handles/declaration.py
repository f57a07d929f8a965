"""Declarations of reducers and procedures, on the methods that send their calls."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import update_wrapper
from typing import Annotated, Any, TypeVar, cast, get_args, get_origin

__all__ = ["declaration_of", "declare"]

D = TypeVar("D")
F = TypeVar("F", bound=Callable[..., Any])


def declare(method: F, declaration: object, call: Callable[..., object]) -> F:
    """Return the function that takes the place of a method of generated code.

    Args:
        method: the method, which has the parameters and the docstring.
        declaration: the declaration, which `declaration_of` finds.
        call: sends the call.
    """
    update_wrapper(call, method)
    call.__dict__["__declaration__"] = declaration
    annotations: dict[str, object] = method.__annotations__
    if any(get_origin(annotation) is Annotated for annotation in annotations.values()):  # else it takes too long
        call.__dict__["__signature__"] = _signature(method)
    return cast("F", call)


def declaration_of(method: object, kind: type[D]) -> D | None:
    """Return the declaration of a method, bound or not; None if it has none of that kind."""
    found = getattr(method, "__declaration__", None)
    return found if isinstance(found, kind) else None


def _signature(method: Callable[..., object]) -> inspect.Signature:
    """Return the signature of a method as `help()` shows it, with `int` in place of an integer and its range."""
    signature = inspect.signature(method)
    parameters = [
        parameter.replace(annotation=_plain(parameter.annotation)) for parameter in signature.parameters.values()
    ]
    return signature.replace(parameters=parameters)


def _plain(annotation: object) -> object:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
