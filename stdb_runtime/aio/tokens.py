"""Token management of a connection: choosing the token to connect with, and saving the one that is issued."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

from .._protocol.endpoint import Endpoint
from ..errors import AuthError, StdbError, TokenSourceError
from .options import Options

__all__ = ["Tokens"]


class Tokens:
    """Tokens of one connection, over all its sockets.

    Args:
        endpoint: the database.
        options: the options of the connection.
    """

    def __init__(self, endpoint: Endpoint, options: Options) -> None:
        store = options.token_store
        self._source = options.token
        self._store = None if store is None else store.at(endpoint.server, endpoint.database)
        self._known: str | None = None

    def current(self) -> str | None:
        """Return the token for the next socket: the given one, else the issued one, else the saved one, else None.

        Raises:
            CredentialsError: the saved token cannot be read.
            TokenSourceError: the token function or the store raises another error, or does not return a str.
        """
        with _user_errors("the token function"):
            given = self._source() if callable(self._source) else self._source
        _check_type("the token function", given)
        if not given and self._known is None and self._store is not None:
            with _user_errors("the token store"):
                kept = self._store.load()
            _check_type("the token store", kept)
            self._known = kept
        return given or self._known

    def refused(self, error: AuthError) -> None:
        """Handle the refusal of the token by the server. Returns if the client may connect with a new identity.

        Args:
            error: the refusal.

        Raises:
            AuthError: the client must not connect with a new identity.
            TokenSourceError: the store raises another error.
        """
        if self._store is None or self._known is None:
            raise error
        with _user_errors("the token store"):
            self._store.refused(error)
        self._known = None

    def issued(self, token: str) -> None:
        """Handle the token that the server issued: save it, if it is a new one.

        Args:
            token: the token.

        Raises:
            CredentialsError: the token cannot be saved.
            TokenSourceError: the store raises another error.
        """
        if token != self._known and self._store is not None:
            with _user_errors("the token store"):
                self._store.save(token)
        self._known = token


def _check_type(what: str, token: object) -> None:
    if token is not None and not isinstance(token, str):
        raise TokenSourceError(f"{what} returned {type(token).__name__}: it must return str or None")


@contextlib.contextmanager
def _user_errors(what: str) -> Generator[None]:
    """Translate errors of the user's code into TokenSourceError, without their text, which may contain a token."""
    try:
        yield
    except StdbError:
        raise
    except Exception as error:
        raise TokenSourceError(f"{what} raised {type(error).__name__}") from error
