"""Declared parameters of reducers and procedures, and the arguments of a call in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import msgspec

from .annotation import parameters_of
from .product import ProductType

__all__ = ["Parameters"]


class Parameters:
    """Declared parameters of one reducer or procedure.

    Args:
        owner: the reducer or procedure, for error messages, such as `reducer create_player`.
        declaration: the method that has the parameters.
        rename: the module's names of parameters whose Python name differs.

    Attributes:
        owner: the reducer or procedure, for error messages.
        type: the parameters as a product type.
    """

    def __init__(self, owner: str, declaration: Callable[..., object], rename: Mapping[str, str]) -> None:
        self.owner = owner
        self.type: ProductType = parameters_of(declaration, rename)

    @cached_property
    def _names(self) -> list[str]:
        return [field.name for field in self.type.fields]

    @cached_property
    def plain(self) -> type[msgspec.Struct] | None:
        """Class that msgspec converts arguments to if they are written as they are; None if some never are."""
        types = [field.type.plain for field in self.type.fields]
        if None in types:
            return None
        fields = [(f"argument{place}", plain) for place, plain in enumerate(types)]
        return msgspec.defstruct("Arguments", fields, array_like=True, forbid_unknown_fields=True, gc=False)

    def bind(self, args: Sequence[object], kwargs: Mapping[str, object]) -> tuple[object, ...]:
        """Return the arguments of a call in the order of the parameters.

        Raises:
            TypeError: there are too many arguments, too few or unknown ones.
        """
        names = self._names
        if not kwargs and len(args) == len(names):
            return tuple(args)
        if len(args) > len(names):
            raise TypeError(f"{self.owner} takes {len(names)} arguments, got {len(args)}")
        given = dict(zip(names, args, strict=False))
        duplicate = given.keys() & kwargs.keys()
        unknown = kwargs.keys() - set(names)
        given.update(kwargs)
        missing = [name for name in names if name not in given]
        for problem, wrong in (
            ("got multiple values for", duplicate),
            ("has no parameter", unknown),
            ("got no value for", missing),
        ):
            if wrong:
                raise TypeError(f"{self.owner} {problem} {', '.join(sorted(wrong))}")
        return tuple(given[name] for name in names)
