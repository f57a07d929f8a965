"""Encoding `v1.json.spacetimedb`, for the engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from ..._sats.annotation import Product
from ..._sats.parameters import Parameters
from ..._sats.sats import SatsType
from ..encoding import ParameterSource, Values
from .arguments import encode, encode_json
from .messages import SUBPROTOCOL
from .rows import RowReader, ValueReader
from .session import Session

__all__ = ["V1Json"]

R = TypeVar("R", bound=Product)


class V1Json:
    """Encoding `v1.json.spacetimedb`. `encoding.Encoding` describes the methods."""

    subprotocol = SUBPROTOCOL

    def new_session(self, parameters: ParameterSource | None, ids: Iterator[int]) -> Session:
        """Create the session of a new connection."""
        return Session(parameters, ids)

    def arguments(self, values: Values, parameters: Parameters | None) -> str:
        """Encode the arguments of a call."""
        return encode_json(values, "args") if parameters is None else encode(parameters, tuple(values))

    def row_reader(self, row: type[R], table: str) -> RowReader[R]:
        """Create the decoder of a table's rows as instances of a row class."""
        return RowReader(row, table)

    def value_reader(self, row: SatsType | None, table: str) -> ValueReader:
        """Create the decoder of a table's rows as values of a type."""
        return ValueReader(row, table)
