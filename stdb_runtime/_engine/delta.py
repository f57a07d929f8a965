"""Everything that one message changed, table by table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

from .._handles.table import Table
from .._sats.annotation import Product
from ..events import Cause, RowEvent
from .table_cache import TableDiff

__all__ = ["Delta"]

R = TypeVar("R", bound=Product)


class Delta:
    """Everything that one message changed.

    Attributes:
        event: why, and on which client.
        tables: what changed in each table, by the table's name in the module. A table that did not change is not there.
    """

    def __init__(self, event: RowEvent, tables: Mapping[str, TableDiff[Product]]) -> None:
        self.event = event
        self.tables = tables

    @property
    def cause(self) -> Cause:
        """Why the rows changed."""
        return self.event.cause

    def of(self, table: Table[R]) -> TableDiff[R]:
        """What changed in a table: `deleted` and `inserted` rows, and `updated` ones as (old, new)."""
        return cast("TableDiff[R]", self.tables.get(table.__table_name__, TableDiff([], [], [])))

    def __repr__(self) -> str:
        return f"<delta of {', '.join(self.tables) or 'nothing'}: {self.cause!r}>"
