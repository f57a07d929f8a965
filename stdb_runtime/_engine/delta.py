"""Changes of one message, table by table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

from .._sats.annotation import Product
from ..events import Cause, RowEvent
from .table_cache import TableDiff
from .table_state import DECLARATION, TableHandle

__all__ = ["Delta"]

R = TypeVar("R", bound=Product)


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
        return cast("TableDiff[R]", self.tables.get(DECLARATION.of(table).name, TableDiff([], [], [], [])))

    def __repr__(self) -> str:
        return f"<delta of {', '.join(self.tables) or 'nothing'}: {self.cause!r}>"
