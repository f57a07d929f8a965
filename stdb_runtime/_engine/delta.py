"""Changes of one message, table by table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Protocol, TypeVar, cast

from .._sats.annotation import Product
from ..events import Cause, RowEvent
from .table_cache import TableDiff

__all__ = ["Delta"]

R = TypeVar("R", bound=Product)
R_co = TypeVar("R_co", bound=Product, covariant=True)


class TableHandle(Protocol[R_co]):
    """Table of a client, such as `client.db.player`."""

    __table_name__: ClassVar[str]

    def __iter__(self) -> Iterator[R_co]: ...


class Delta:
    """Changes of one message, such as a transaction, in all tables.

    Attributes:
        event: the cause, and the client.
        tables: the changes by the table's name in the module, without tables that did not change.
    """

    def __init__(self, event: RowEvent, tables: Mapping[str, TableDiff[Product]]) -> None:
        self.event = event
        self.tables = tables

    @property
    def cause(self) -> Cause:
        """Cause of the changes."""
        return self.event.cause

    def of(self, table: TableHandle[R]) -> TableDiff[R]:
        """Return the changes of a table, such as `client.db.player`: `deleted`, `inserted` and `updated` rows."""
        return cast("TableDiff[R]", self.tables.get(table.__table_name__, TableDiff([], [], [])))

    def __repr__(self) -> str:
        return f"<delta of {', '.join(self.tables) or 'nothing'}: {self.cause!r}>"
