"""Signatures of generated methods as `help()` shows them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, get_args, get_origin

__all__ = ["shown_signature"]


def shown_signature(declaration: Callable[..., object]) -> inspect.Signature:
    """Return the signature of a declaration, with `int` in place of an integer and its range."""
    signature = inspect.signature(declaration)
    parameters = [
        parameter.replace(annotation=_plain(parameter.annotation)) for parameter in signature.parameters.values()
    ]
    return signature.replace(parameters=parameters)


def _plain(annotation: object) -> object:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
