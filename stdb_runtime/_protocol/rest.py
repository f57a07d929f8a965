"""Paths of HTTP requests to a server, and decoding of the responses (docs/protocol.md, 6)."""

from __future__ import annotations

import msgspec

from ..errors import ConnectError
from .endpoint import Endpoint

__all__ = ["HEALTH_PATH", "read_version", "schema_path"]

HEALTH_PATH = "/v1/health"
"""Path of the server's health, whose response has the server's version."""


class _Health(msgspec.Struct):
    version: str


def read_version(endpoint: Endpoint, body: bytes) -> tuple[int, ...]:
    """Return the numbers of the server's version, such as (1, 2, 0), from the response to `HEALTH_PATH`.

    Raises:
        ConnectError: the response does not have it.
    """
    try:
        version = msgspec.json.decode(body, type=_Health).version
        return tuple(int(number) for number in version.partition("-")[0].split("."))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise ConnectError(f"{endpoint.server} does not report its version at {HEALTH_PATH}") from None


def schema_path(endpoint: Endpoint) -> str:
    """Return the path of a database's schema, in version 9, which servers of 1.x and 2.x support."""
    return f"/v1/database/{endpoint.database}/schema?version=9"
