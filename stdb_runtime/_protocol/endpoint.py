"""Where a database is: checked before anything is sent."""

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
    """A database on a server.

    Attributes:
        server: the server's address, such as `ws://localhost:3000`.
        database: the database's name, or its identity in hexadecimal digits.
    """

    server: str
    database: str

    @classmethod
    def parse(cls, uri: str, database: str) -> Endpoint:
        """Check an address and a database name (docs/protocol.md, 1.1).

        Args:
            uri: the server's address with scheme http, https, ws or wss; the port may be left out.
            database: the database's name, or its identity in hexadecimal digits.

        Raises:
            ConnectError: the address is none.
            DatabaseNameError: the name is none that a server can have.
        """
        try:
            parts = urlsplit(uri)
            known = parts.scheme in _SCHEMES and parts.hostname and (parts.port is None or parts.port > 0)
        except ValueError:
            parts, known = urlsplit(""), False
        if "@" in uri:
            raise ConnectError("the address must not hold a user or a password: give token=... to authenticate")
        if not known or parts.query or parts.fragment:
            raise ConnectError(f"{printable(uri)!r} is no address of a server: give one such as http://localhost:3000")
        if _IDENTITY.fullmatch(database):
            database = database.removeprefix("0x").lower()
        elif not _NAME.fullmatch(database):
            raise DatabaseNameError(_name_problem(database))
        return cls(f"{_SCHEMES[parts.scheme]}://{parts.netloc}{parts.path.rstrip('/')}", database)

    @property
    def subscribe_url(self) -> str:
        """The address of the database's WebSocket."""
        return f"{self.server}/v1/database/{quote(self.database)}/subscribe"

    @property
    def is_secure(self) -> bool:
        """Whether the connection is encrypted."""
        return self.server.startswith("wss:")

    @property
    def http_url(self) -> str:
        """The server's address for HTTP."""
        return "http" + self.server.removeprefix("ws")

    def __str__(self) -> str:
        return f"{self.database} on {self.server}"


def _name_problem(database: str) -> str:
    names = "names are lower-case letters and digits with single dashes"
    problem = f"{printable(database)!r} cannot be the name of a database: {names}"
    likely = re.sub("[^a-z0-9]+", "-", database[:100].lower()).strip("-")
    return f"{problem}; did you mean {likely!r}?" if likely else problem
