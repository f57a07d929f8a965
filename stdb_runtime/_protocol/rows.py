"""Undecoded rows of messages, and their decoders, for any encoding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

__all__ = ["QueryRows", "RowList", "RowReader", "TableRows", "TableUpdate"]

T = TypeVar("T")

RowList: TypeAlias = Any  # Any: of a type of the encoding, which only its readers know; it has a length
"""Undecoded rows of one list of a message."""


class QueryRows(Protocol):
    """Rows that one query deletes and inserts."""

    @property
    def deletes(self) -> RowList: ...
    @property
    def inserts(self) -> RowList: ...


class TableUpdate(Protocol):
    """Changes of one table in one message, with an item of `updates` for each query."""

    @property
    def table_name(self) -> str: ...
    @property
    def updates(self) -> Sequence[QueryRows]: ...


class TableRows(Protocol):
    """Rows of one table in the answer to a one-off query."""

    @property
    def table_name(self) -> str: ...
    @property
    def rows(self) -> RowList: ...


class RowReader(Protocol[T]):
    """Decoder of the rows of one table."""

    def read(self, *lists: RowList) -> list[T]:
        """Decode the rows of some lists of one message, in order.

        Raises:
            DecodeError: a row does not have the declared type.
        """
        ...
