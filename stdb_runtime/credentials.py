"""Token stores, which keep the identity of a program between runs: `connect(..., token_store=File("game"))`.

A `File` has the folder and the format of the Rust SDK's `credentials::File`: a program with either SDK reads the token
that the other one saved with the same key. A token is valid only for the server that issued it, and must not be sent
to another one. The Rust SDK leaves that to the choice of keys. Here `connect` saves the token of `File("game")` under
the key `game@SERVER@DATABASE`, where the address of the server and the name of the database are quoted as in URLs; a
Rust program finds it by that key. The Rust SDK creates files with the permissions that the umask allows; a file that
others may access is refused with an error that says how to restrict it.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit

from ._protocol.endpoint import Endpoint
from .errors import AuthError, CredentialsError

__all__ = ["File", "TokenStore"]

_FOLDER = ".spacetimedb_client_credentials"
# The format is BSATN of a product with one string: its length as a little-endian u32, then its UTF-8.
_LENGTH_BYTES = 4
_MAX_NAME_BYTES = 255
_MAX_CONTENT_BYTES = 1 << 20
_DEFAULT_PORTS = {"ws": 80, "wss": 443}
_OTHERS_MODE = 0o077  # permissions of the group and of others
_HAS_PERMISSIONS = os.name == "posix"
# Opening a named pipe must not block, and Windows must not translate line ends.
_OPEN_FLAGS: int = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class TokenStore(Protocol):
    """Interface of token stores, which keep tokens between runs. Called on the event loop, so methods must be fast.

    A store with one token for all servers returns itself from `at`, and raises the error in `refused`.
    """

    def at(self, server: str, database: str) -> TokenStore:
        """Return the store for one database of one server, whose other methods are then called.

        Args:
            server: the address of the server, such as `ws://localhost:3000`.
            database: the name or the identity of the database.
        """
        ...

    def load(self) -> str | None:
        """Return the saved token, or None. Raises CredentialsError if it cannot be read."""
        ...

    def save(self, token: str) -> None:
        """Save a token in place of the previous one. Raises CredentialsError if it cannot be written."""
        ...

    def refused(self, error: AuthError) -> None:
        """Handle the refusal of the loaded token: raise the error, or return to connect with a new identity.

        The token of the new identity is then saved.

        Args:
            error: the error to raise.
        """
        ...


class File:
    """Token store in a file in the user's home folder, which only the user may read.

    Args:
        key: the name of the file. Programs of one user with the same key have the same identity.
        drop_refused: delete a token that the server refuses, and connect with a new identity. The data of the old
            identity is then out of reach, so by default connecting raises AuthError.
        shared: use one file for all servers and databases: the one that the Rust SDK uses for the key. Right only if
            all programs that use the key connect to the same server.

    Raises:
        ValueError: the key is not a valid file name.
    """

    def __init__(self, key: str, *, drop_refused: bool = False, shared: bool = False) -> None:
        if not key or key in {".", ".."} or not key.isprintable() or set(key) & set('/\\:*?"<>|'):
            raise ValueError(f'a key must be a file name, such as "game", got {key!r}')
        if len(key.encode()) > _MAX_NAME_BYTES:
            raise ValueError(
                f"a key must have at most {_MAX_NAME_BYTES} bytes, to be a file name; this has more: {key}"
            )
        self.key = key
        self.drop_refused = drop_refused
        self.shared = shared

    @property
    def path(self) -> Path:
        """Path of the file. Raises CredentialsError if there is no home folder."""
        try:
            return Path.home() / _FOLDER / self.key
        except RuntimeError:
            raise CredentialsError(Path("~", _FOLDER, self.key), "there is no home folder: set HOME") from None

    def at(self, server: str, database: str) -> File:
        """Return the file for one database of one server; this one if it is `shared`.

        Args:
            server: the address of the server with scheme http, https, ws or wss.
            database: the name of the database, or its identity in hexadecimal digits. The two have different files.

        Raises:
            ConnectError: the address or the name of the database is invalid.
            ValueError: the key is too long with both appended.
        """
        if self.shared:
            return self
        endpoint = Endpoint.parse(server, database)
        place = f"{quote(_normalized(endpoint.server), safe='')}@{endpoint.database}"
        return File(f"{self.key}@{place}", drop_refused=self.drop_refused, shared=True)

    def load(self) -> str | None:
        """Return the token in this file, or None if the file does not exist.

        Raises:
            CredentialsError: the file cannot be read, others may access it, or it contains no token.
        """
        path = self.path
        with _os_errors(path, "be read"):
            try:
                descriptor = os.open(path, os.O_RDONLY | _OPEN_FLAGS)
            except FileNotFoundError:
                return None
            try:
                _check(path, os.fstat(descriptor))
                content = os.read(descriptor, _MAX_CONTENT_BYTES)
            finally:
                os.close(descriptor)
        return _decode(path, content)

    def save(self, token: str) -> None:
        """Save a token in this file, which is replaced atomically.

        Args:
            token: the token.

        Raises:
            CredentialsError: the file cannot be written, others may access its folder, or the text is not a token.
        """
        path = self.path
        if not _is_token(token):
            raise CredentialsError(
                path, "the server issued a text that is not a token, which is not saved: the file is unchanged"
            )
        with _os_errors(path, "be written"):
            _make_folder(path.parent)
            descriptor, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(_encode(token))
                    file.flush()
                    os.fsync(descriptor)
                Path(name).replace(path)
            except BaseException:
                Path(name).unlink()
                raise

    def remove(self) -> None:
        """Remove this file, if it exists.

        Raises:
            CredentialsError: the file cannot be removed.
        """
        path = self.path
        with _os_errors(path, "be removed"):
            path.unlink(missing_ok=True)

    def refused(self, error: AuthError) -> None:
        """Remove the file if `drop_refused` is set, else raise AuthError."""
        if self.drop_refused:
            self.remove()
        else:
            raise AuthError(
                f"{error}; the token comes from {self.path}: "
                "remove that file, or use File(..., drop_refused=True), to connect with a new identity"
            )

    def __repr__(self) -> str:
        return f"File({self.key!r})"


def _normalized(server: str) -> str:
    """Return the normalized address of a server, for keys."""
    parts = urlsplit(server)
    place = parts.netloc.lower().removesuffix(f":{_DEFAULT_PORTS[parts.scheme]}")
    return f"{parts.scheme}://{place}{parts.path}"


def _is_token(text: str) -> bool:
    return text.isascii() and text.isprintable() and 0 < len(text) <= _MAX_CONTENT_BYTES - _LENGTH_BYTES


def _encode(token: str) -> bytes:
    text = token.encode()
    return len(text).to_bytes(_LENGTH_BYTES, "little") + text


def _decode(path: Path, content: bytes) -> str:
    length, text = int.from_bytes(content[:_LENGTH_BYTES], "little"), content[_LENGTH_BYTES:]
    token = text.decode("latin-1")
    if length != len(text) or not _is_token(token):
        raise CredentialsError(path, "it contains no token, or only a part of one: remove it, or save a token again")
    return token


def _check(path: Path, status: os.stat_result) -> None:
    """Raise CredentialsError unless this is a regular file of the user that others may not access."""
    if not stat.S_ISREG(status.st_mode):
        raise CredentialsError(path, "it is not a regular file: remove it, or use another key")
    if not _HAS_PERMISSIONS:
        return
    if status.st_uid != os.geteuid():
        raise CredentialsError(path, "it belongs to another user: run as that one, or set HOME to a folder of your own")
    if status.st_mode & _OTHERS_MODE:
        mode = stat.S_IMODE(status.st_mode)
        raise CredentialsError(path, f"others may use it (mode {mode:04o}): chmod 600 {path}")


def _make_folder(folder: Path) -> None:
    """Create the folder for tokens, or restrict an existing one to the user: other SDKs create it with the umask."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _HAS_PERMISSIONS:
        return
    status = folder.stat()
    if status.st_uid != os.geteuid():
        raise CredentialsError(folder, "the folder belongs to another user: set HOME to a folder of your own")
    if status.st_mode & _OTHERS_MODE:
        if folder.is_symlink():
            raise CredentialsError(folder, f"others may use the folder that it links to: chmod 700 {folder.resolve()}")
        folder.chmod(0o700)


@contextlib.contextmanager
def _os_errors(path: Path, what: str) -> Generator[None]:
    """Translate an OSError into a CredentialsError."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CredentialsError(
            path, f"it cannot {what} ({reason}): check its permissions and those of its folder"
        ) from None
