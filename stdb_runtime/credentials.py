"""Where tokens are kept between runs, so that a program stays who it was: `connect(..., token_store=File("game"))`.

A `File` is a file of the folder that the Rust SDK's `credentials::File` uses, in its format: either program reads what
the other wrote, given the same key. A token is good only for the server that issued it, and must be shown to no other;
the Rust SDK leaves that to the choice of keys. Here `connect` makes the choice: it keeps the token of `File("game")`
under the key `game@SERVER@DATABASE`, where the address of the server and the name of the database are quoted as in
URLs. A Rust program finds it by that key. The other way round, the Rust SDK leaves its files open to everybody where
the umask does, and such a file is not read before it is closed to others: the error says how.
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
# The format is BSATN's of a product with one string: the string's length in four bytes, the least first, and its UTF-8.
_LENGTH_BYTES = 4
_MAX_NAME_BYTES = 255
_MAX_CONTENT_BYTES = 1 << 20
_DEFAULT_PORTS = {"ws": 80, "wss": 443}
_OTHERS_MODE = 0o077  # what the group and everybody else may do
_HAS_PERMISSIONS = os.name == "posix"
# Whatever is there, opening it does not wait for somebody to write into it; and bytes stay what they are.
_OPEN_FLAGS: int = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class TokenStore(Protocol):
    """Keeps a token between runs. Called from the event loop, so it should not take long.

    One that keeps a single token, whatever the server, returns itself from `at`, and re-raises in `refused`.
    """

    def at(self, server: str, database: str) -> TokenStore:
        """The store for one database of one server: its methods are called, not those of this one.

        Args:
            server: the server's address, such as `ws://localhost:3000`.
            database: the database's name or identity.
        """
        ...

    def load(self) -> str | None:
        """The token, if one was saved. Raises CredentialsError if that cannot be told."""
        ...

    def save(self, token: str) -> None:
        """Keep a token in place of the one before. Raises CredentialsError if it cannot."""
        ...

    def refused(self, error: AuthError) -> None:
        """The server refused the token that `load` gave. Raise the error, or return to begin as a new identity.

        The token that is then issued is saved.
        """
        ...


class File:
    """A file of the user's home folder that keeps a token. Only the user may read it.

    Args:
        key: the file's name. Programs of one user that give the same key are the same identity.
        drop_refused: drop a token that the server refuses, and go on as a new identity. What belongs to the old one is
            out of reach then; so by default connecting raises AuthError.
        shared: keep one token, in the file that the Rust SDK uses for the key, whatever the server and the database.
            Right only where all programs that use the key connect to one server.

    Raises:
        ValueError: the key is no name for a file.
    """

    def __init__(self, key: str, *, drop_refused: bool = False, shared: bool = False) -> None:
        if not key or key in {".", ".."} or not key.isprintable() or set(key) & set('/\\:*?"<>|'):
            raise ValueError(f'a key must be a name for a file, such as "game", got {key!r}')
        if len(key.encode()) > _MAX_NAME_BYTES:
            raise ValueError(f"a key must have at most {_MAX_NAME_BYTES} bytes as a file's name, this has more: {key}")
        self.key = key
        self.drop_refused = drop_refused
        self.shared = shared

    @property
    def path(self) -> Path:
        """Where the file is, or would be. Raises CredentialsError if there is no home folder."""
        try:
            return Path.home() / _FOLDER / self.key
        except RuntimeError:
            raise CredentialsError(Path("~", _FOLDER, self.key), "there is no home folder: set HOME") from None

    def at(self, server: str, database: str) -> File:
        """The file for one database of one server; the same one if it is `shared`.

        Args:
            server: the server's address with scheme http, https, ws or wss.
            database: the database's name, or its identity in hexadecimal digits. Not the same file for both.

        Raises:
            ConnectError: the address or the database's name is none.
            ValueError: the key is too long with both.
        """
        if self.shared:
            return self
        endpoint = Endpoint.parse(server, database)
        place = f"{quote(_normalized(endpoint.server), safe='')}@{endpoint.database}"
        return File(f"{self.key}@{place}", drop_refused=self.drop_refused, shared=True)

    def load(self) -> str | None:
        """The token of this file, or None if there is no such file.

        Raises:
            CredentialsError: it cannot be read, others may read it, or it holds no token.
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
        """Keep a token in this file, which is replaced in one step.

        Raises:
            CredentialsError: it cannot be written, others may use its folder, or the text could not be read back.
        """
        path = self.path
        if not _is_token(token):
            raise CredentialsError(path, "what the server issued is no token, and is not kept: the file is as it was")
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
        """Remove this file, if it is there.

        Raises:
            CredentialsError: it cannot be removed.
        """
        path = self.path
        with _os_errors(path, "be removed"):
            path.unlink(missing_ok=True)

    def refused(self, error: AuthError) -> None:
        """Drop the token, if that was asked for, else say how to."""
        if self.drop_refused:
            self.remove()
        else:
            raise AuthError(
                f"{error}; the token comes from {self.path}: "
                "remove that file, or have it done with File(..., drop_refused=True), to become a new identity"
            )

    def __repr__(self) -> str:
        return f"File({self.key!r})"


def _normalized(server: str) -> str:
    """A server's address in the one spelling that is used for keys."""
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
        raise CredentialsError(path, "it holds no token, or not all of it: remove it, or save one again")
    return token


def _check(path: Path, status: os.stat_result) -> None:
    """Raise CredentialsError unless this is a file of the user's own that nobody else may touch."""
    if not stat.S_ISREG(status.st_mode):
        raise CredentialsError(path, "it is no file: remove it, or take another key")
    if not _HAS_PERMISSIONS:
        return
    if status.st_uid != os.geteuid():
        raise CredentialsError(path, "it belongs to another user: run as that one, or set HOME to a folder of your own")
    if status.st_mode & _OTHERS_MODE:
        mode = stat.S_IMODE(status.st_mode)
        raise CredentialsError(path, f"others may use it (mode {mode:04o}): chmod 600 {path}")


def _make_folder(folder: Path) -> None:
    """Make the folder for tokens, or close the one that is there to others: other SDKs leave it open."""
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
    """Have what the operating system refuses reported as a CredentialsError."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CredentialsError(path, f"it cannot {what} ({reason}): look at its permissions and its folder's") from None
