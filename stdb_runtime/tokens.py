"""Which token a connection shows, and what becomes of the one that the server issues."""

from __future__ import annotations

from .endpoint import Endpoint
from .errors import AuthError
from .options import Options

__all__ = ["Tokens"]


class Tokens:
    """The tokens of one connection, over all its sockets.

    Args:
        endpoint: where it goes.
        options: what was said about tokens.
    """

    def __init__(self, endpoint: Endpoint, options: Options) -> None:
        store = options.token_store
        self._source = options.token
        self._store = None if store is None else store.at(endpoint.server, endpoint.database)
        self._known: str | None = None

    def to_show(self) -> str | None:
        """The token for the next socket: the given one, else the issued one, else the kept one.

        Raises:
            CredentialsError: the kept one cannot be read.
        """
        given = self._source() if callable(self._source) else self._source
        if not given and self._known is None and self._store is not None:
            self._known = self._store.load()
        return given or self._known

    def refused(self, error: AuthError) -> None:
        """The server refused the token. Returns if there is to be a new identity, without a token.

        Raises:
            AuthError: there is not.
        """
        if self._store is None or self._known is None:
            raise error
        self._store.refused(error)
        self._known = None

    def issued(self, token: str) -> None:
        """The server issued a token. It is kept, if it is news.

        Raises:
            CredentialsError: it cannot be kept.
        """
        if token != self._known and self._store is not None:
            self._store.save(token)
        self._known = token
