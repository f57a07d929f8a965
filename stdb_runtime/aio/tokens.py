"""Which token a connection shows, and what becomes of the one that the server issues."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

from .._protocol.endpoint import Endpoint
from ..errors import AuthError, StdbError, TokenSourceError
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
            TokenSourceError: the function that gives it, or the store, raises something else, or gives no text.
        """
        with _reported("the token function"):
            given = self._source() if callable(self._source) else self._source
        _check_type("the token function", given)
        if not given and self._known is None and self._store is not None:
            with _reported("the token store"):
                kept = self._store.load()
            _check_type("the token store", kept)
            self._known = kept
        return given or self._known

    def refused(self, error: AuthError) -> None:
        """The server refused the token. Returns if there is to be a new identity, without a token.

        Raises:
            AuthError: there is not.
            TokenSourceError: the store raises something else.
        """
        if self._store is None or self._known is None:
            raise error
        with _reported("the token store"):
            self._store.refused(error)
        self._known = None

    def issued(self, token: str) -> None:
        """The server issued a token. It is kept, if it is news.

        Raises:
            CredentialsError: it cannot be kept.
            TokenSourceError: the store raises something else.
        """
        if token != self._known and self._store is not None:
            with _reported("the token store"):
                self._store.save(token)
        self._known = token


def _check_type(what: str, token: object) -> None:
    if token is not None and not isinstance(token, str):
        raise TokenSourceError(f"{what} gave {type(token).__name__}, and not a text or None")


@contextlib.contextmanager
def _reported(what: str) -> Generator[None]:
    """Have what the user's code raises reported as an error of ours, without its text: that may hold a token."""
    try:
        yield
    except StdbError:
        raise
    except Exception as error:
        raise TokenSourceError(f"{what} raised {type(error).__name__}") from error
