"""Address of a database, validated before anything is sent."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

import msgspec

from ..errors import ConnectError, DatabaseNameError
from ..text import printable

__all__ = ["Endpoint"]

_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_IDENTITY = re.compile(r"(0x)?[0-9a-fA-F]{64}")


class Endpoint(msgspec.Struct, frozen=True):
    """Address of a database on a server.

    Attributes:
        server: the address of the server, such as `ws://localhost:3000`.
        database: the name of the database, or its identity in hexadecimal digits.
    """

    server: str
    database: str

    @classmethod
    def parse(cls, uri: str, database: str) -> Endpoint:
        """Parse and validate an address and a database name (docs/protocol.md, 1.1).

        Args:
            uri: the address of the server with scheme http, https, ws or wss; the port is optional.
            database: the name of the database, or its identity in hexadecimal digits.

        Raises:
            ConnectError: the address is invalid.
            DatabaseNameError: the name is neither a valid database name nor an identity.
        """
        try:
            parts = urlsplit(uri)
            known = parts.scheme in _SCHEMES and parts.hostname and (parts.port is None or parts.port > 0)
        except ValueError:
            parts, known = urlsplit(""), False
        if "@" in uri:
            raise ConnectError("the address must not contain a user or a password: give token=... to authenticate")
        if not known or parts.query or parts.fragment:
            raise ConnectError(
                f"{printable(uri)!r} is not the address of a server: give one such as http://localhost:3000"
            )
        if _IDENTITY.fullmatch(database):
            database = database.removeprefix("0x").lower()
        elif not _NAME.fullmatch(database):
            raise DatabaseNameError(_name_problem(database))
        return cls(f"{_SCHEMES[parts.scheme]}://{parts.netloc}{parts.path.rstrip('/')}", database)

    @property
    def subscribe_url(self) -> str:
        """URL of the WebSocket of the database."""
        return f"{self.server}/v1/database/{quote(self.database)}/subscribe"

    @property
    def is_secure(self) -> bool:
        """True if the connection is encrypted with TLS."""
        return self.server.startswith("wss:")

    @property
    def http_url(self) -> str:
        """URL of the server for HTTP requests."""
        return "http" + self.server.removeprefix("ws")

    def __str__(self) -> str:
        return f"{self.database} on {self.server}"


def _name_problem(database: str) -> str:
    names = "names are lower-case letters and digits with single dashes"
    problem = f"{printable(database)!r} is not a valid database name: {names}"
    likely = re.sub("[^a-z0-9]+", "-", database[:100].lower()).strip("-")
    return f"{problem}; did you mean {likely!r}?" if likely else problem
