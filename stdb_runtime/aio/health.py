"""What the server says of itself over HTTP: its version, which the WebSocket does not tell."""

from __future__ import annotations

import msgspec

from .._protocol.endpoint import Endpoint
from ..errors import ConnectError
from .http import fetch
from .options import Options

__all__ = ["PROCEDURES_SINCE", "server_version"]

PROCEDURES_SINCE = 2
"""The first number of the versions that have procedures; earlier ones close the connection (docs/protocol.md, 2.1)."""


class _Health(msgspec.Struct):
    version: str


async def server_version(endpoint: Endpoint, options: Options) -> tuple[int, ...]:
    """The numbers of the server's version, such as (1, 2, 0).

    Raises:
        ConnectError: the server does not say.
    """
    body = await fetch(endpoint, "/v1/health", options)
    try:
        version = msgspec.json.decode(body, type=_Health).version
        return tuple(int(number) for number in version.partition("-")[0].split("."))
    except (msgspec.MsgspecError, ValueError):
        raise ConnectError(f"{endpoint.server} does not say of what version it is") from None
