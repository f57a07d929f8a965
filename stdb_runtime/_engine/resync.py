"""The rows of a new connection, gathered beside those of the old one until all are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .._protocol.v1_json.messages import TableUpdate
from .._sats.annotation import Product
from .table_cache import TablePlan, TableRows

__all__ = ["Renewal"]


class Renewal:
    """A cache that is being made anew, while users still see the old one.

    Args:
        unanswered: the query ids of the subscriptions that were asked for again.
        tables: the rows of the old connection, by table.
    """

    def __init__(self, unanswered: set[int], tables: Mapping[str, TableRows[Product]]) -> None:
        self.unanswered = unanswered
        self._old = tables
        self._new = {name: rows.fresh() for name, rows in tables.items()}

    def gather(self, updates: Mapping[str, Sequence[TableUpdate]]) -> None:
        """Take in what a message says. Raises DecodeError and ProtocolError, as a table does."""
        for name, part in updates.items():
            self._new[name].apply(part)

    def plans(self) -> list[tuple[str, TablePlan[Product]]]:
        """What has to change in each old table to be as the new one."""
        return [(name, rows.plan_replacing(self._new[name])) for name, rows in self._old.items()]
