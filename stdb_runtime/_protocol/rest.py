"""HTTP requests to a server, and what their answers mean (docs/protocol.md, 6)."""

from __future__ import annotations

import msgspec

from ..errors import ConnectError
from .endpoint import Endpoint

__all__ = ["HEALTH_PATH", "read_version", "schema_path"]

HEALTH_PATH = "/v1/health"
"""Path of the server's health, which names its version: the WebSocket does not."""


class _Health(msgspec.Struct):
    version: str


def read_version(endpoint: Endpoint, body: bytes) -> tuple[int, ...]:
    """Return the numbers of the server's version, such as (1, 2, 0), from the answer to `HEALTH_PATH`.

    Raises:
        ConnectError: the server does not name it.
    """
    try:
        version = msgspec.json.decode(body, type=_Health).version
        return tuple(int(number) for number in version.partition("-")[0].split("."))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise ConnectError(f"{endpoint.server} does not say of what version it is") from None


def schema_path(endpoint: Endpoint) -> str:
    """Return the path of a database's schema in version 9, which servers of 1.x and 2.x serve."""
    return f"/v1/database/{endpoint.database}/schema?version=9"
