"""Source of a schema: resolves what `--module` and `--server` name, and reads it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from stdb_codegen.errors import SourceError
from stdb_codegen.schema.rawdef import LARGEST, Definition
from stdb_codegen.sources import files, project, server, wasm
from stdb_codegen.sources.language import FROM_SERVER

__all__ = ["STDIN", "Source", "from_path"]

STDIN = "-"
_WASM_MAGIC = b"\0asm"
# Byte order marks, with which Windows' shells begin a redirected file.
_ENCODINGS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True, slots=True)
class Source:
    """Source of a schema, decided in this order.

    1. With `server`, the database there whose name or identity `module` is.
    2. `-` is standard input: a `.wasm` or a JSON schema, distinguished by their first bytes.
    3. A folder is a module's project; with `build` it is built first.
    4. A file whose name ends in `.wasm` or `.json` is a module, or a schema.

    Attributes:
        module: value of `--module`.
        server: address of a server, or None.
        build: whether to build a project first.
    """

    module: str
    server: str | None = None
    build: bool = False

    def __str__(self) -> str:
        """Return a description for messages."""
        if self.server:
            return f"database {self.module!r} on {self.server}"
        return "standard input" if self.is_stdin else self.module

    @property
    def is_stdin(self) -> bool:
        """Whether the schema comes from standard input."""
        return self.module == STDIN and self.server is None

    @property
    def is_project(self) -> bool:
        """Whether the schema comes from a project's folder."""
        return self.server is None and not self.is_stdin and files.is_folder(Path(self.module))

    def check(self) -> None:
        """Check the source without reading it.

        Raises:
            SourceError: no such file exists, or the name of the database is invalid.
        """
        if self.server:
            server.check_address(self.server)
            server.check_database(self.module)
        elif not (self.is_stdin or files.exists(Path(self.module))):
            raise _missing(Path(self.module))

    def read(self, token: str | None = None) -> Definition:
        """Read the definition.

        Args:
            token: auth token for the server.

        Raises:
            SourceError: the definition cannot be read.
        """
        if self.build and not self.is_project:
            raise SourceError(str(self), "is not a project, so it cannot be built", "omit --build")
        if self.server:
            return server.fetch(self.server, self.module, token)
        if self.is_stdin:
            return _from_stdin()
        if self.build:
            project.build(Path(self.module))
        return from_path(Path(self.module))


def from_path(path: Path) -> Definition:
    """Read the definition in a `.wasm`, a `.json`, or a module's project.

    Raises:
        SourceError: the definition cannot be read.
    """
    others: list[Path] = []
    if files.is_folder(path):
        path, *others = project.find_all(path)
    match path.suffix:
        case ".wasm":
            data = wasm.describe(_read(path, wasm.LARGEST_MODULE), str(path))
            return Definition(data, "bsatn", str(path), tuple(map(str, others)))
        case ".json":
            return Definition(_text(_read(path, LARGEST), str(path)), "json", str(path))
        case ".js" if files.exists(path):
            raise SourceError(str(path), "is no .wasm, but the bundle of a TypeScript module", FROM_SERVER)
        case _ if files.exists(path):
            raise SourceError(str(path), "is neither a .wasm nor a .json", "give one of those, or a module's folder")
        case _:
            raise _missing(path)


def _from_stdin() -> Definition:
    place = "standard input"
    data = sys.stdin.buffer.read(wasm.LARGEST_MODULE + 1)
    if len(data) > wasm.LARGEST_MODULE:
        raise SourceError(place, f"is larger than {wasm.LARGEST_MODULE:,} bytes", "pipe a module or a schema into it")
    if not data:
        raise SourceError(place, "is empty", "pipe a .wasm or a JSON schema into the command")
    if data.startswith(_WASM_MAGIC):
        return Definition(wasm.describe(data, place), "bsatn", place)
    return Definition(_text(data, place), "json", place)


def _read(path: Path, largest: int) -> bytes:
    try:
        return files.read(path, largest)
    except FileNotFoundError:
        raise _missing(path) from None
    except OSError as error:
        raise SourceError(str(path), error.strerror or str(error), "check that the file can be read") from error


def _missing(path: Path) -> SourceError:
    remedy = "give a .wasm, a .json or a module's folder (for a database on a server, add --server URL)"
    return SourceError(str(path), "no such file or folder", remedy)


def _text(data: bytes, place: str) -> bytes:
    """Return JSON as UTF-8, without a byte order mark."""
    for mark, encoding in _ENCODINGS.items():
        if data.startswith(mark):
            try:
                return data.decode(encoding).encode()
            except UnicodeError as error:
                raise SourceError(place, "holds text that cannot be decoded", "save it as UTF-8") from error
    return data
