"""Where schemas come from, one function per origin.

With a server, `--module` is the name or identity of a database there; without one it is a path.
"""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from stdb_codegen import wasm
from stdb_codegen.errors import SourceError
from stdb_codegen.rawdef import Definition

TIMEOUT = 10.0
_LARGEST = 64 * 1024 * 1024
_DATABASE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_RELEASE = Path("target", "wasm32-unknown-unknown", "release")


def from_path(path: Path) -> Definition:
    """The definition in a `.wasm`, a `.json`, or a module's project folder.

    Raises:
        SourceError: There is none.
    """
    if path.is_dir():
        return from_project(path)
    if not path.exists():
        remedy = "give a .wasm, a .json or a module's folder (for a database on a server, add --server URL)"
        raise SourceError(str(path), "no such file or folder", remedy)
    match path.suffix:
        case ".wasm":
            return from_wasm(path)
        case ".json":
            return Definition(_read(path), "json", str(path))
        case _:
            raise SourceError(str(path), "is neither a .wasm nor a .json", "give one of those, or a module's folder")


def from_wasm(path: Path) -> Definition:
    """The definition that a `.wasm` describes itself with.

    Raises:
        SourceError: The file cannot be read, or does not describe itself.
    """
    return Definition(wasm.describe(_read(path), str(path)), "bsatn", str(path))


def from_project(folder: Path) -> Definition:
    """The definition in the `.wasm` of a module's project: the one that cargo built, else one beside `Cargo.toml`.

    Raises:
        SourceError: There is none, or there are several.
    """
    for place in (folder / _RELEASE, folder):
        # `x.opt.wasm` is `x.wasm` once more, made smaller.
        found = sorted(path for path in place.glob("*.wasm") if not path.name.endswith(".opt.wasm"))
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise SourceError(str(place), f"holds several modules: {names}", "give one of these files with --module")
        if found:
            return from_wasm(found[0])
    if (folder / "Cargo.toml").is_file():
        remedy = "build it first: cargo build --release --target wasm32-unknown-unknown (or: spacetime build)"
        raise SourceError(str(folder), "this module has no .wasm yet", remedy)
    raise SourceError(str(folder), "holds neither a .wasm nor a Cargo.toml", "give the folder of a module")


def from_server(server: str, database: str, token: str | None = None, timeout: float = TIMEOUT) -> Definition:
    """The definition of a database on a server.

    Args:
        server: The server's address, such as `http://localhost:3000`.
        database: The database's name or identity.
        token: Whom to ask as; never part of an error.
        timeout: How many seconds to wait for each answer of the server.

    Raises:
        SourceError: The database cannot have that name, or the server does not give its schema.
    """
    check_database(database)
    if token and not (token.isascii() and token.isprintable()):
        raise SourceError("SPACETIMEDB_TOKEN", "is not a token: it holds characters that none has", "copy it again")
    if urlsplit(server).scheme not in ("http", "https"):
        raise SourceError(server, "is not an address of a server", "write it as http://HOST:PORT")
    place = f"{server.rstrip('/')}/v1/database/{database}"
    try:
        data = _get(f"{place}/schema?version=9", token, timeout)
    except urllib.error.HTTPError as error:
        raise _refusal(place, database, error) from error
    except (OSError, HTTPException, ValueError) as error:
        raise _no_answer(server, error) from error
    return Definition(data, "json", place)


def check_database(name: str) -> None:
    """Refuse what no database can be called.

    Raises:
        SourceError: The name is neither a database's name nor an identity.
    """
    if _DATABASE.fullmatch(name):
        return
    suggestion = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    remedy = f"did you mean {suggestion!r}?" if suggestion else "give a name or an identity with --module"
    why = "names hold small letters, digits and single hyphens"
    raise SourceError(f"--module {name!r}", f"cannot be a database name: {why}", remedy)


def _get(url: str, token: str | None, timeout: float) -> bytes:
    # No proxy: which server answers shall depend on the address alone. The address is http or https.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310
    if token:
        # Where the server redirects to is not whom the token is for.
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    with opener.open(request, timeout=timeout) as response:
        data: bytes = response.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ValueError("its answer is too long")
    return data


def _refusal(place: str, database: str, error: urllib.error.HTTPError) -> SourceError:
    with error:
        match error.code:
            case 404:
                return SourceError(place, f"no database {database!r} on this server", "publish it, or check its name")
            case 401 | 403:
                remedy = "put a token of this server into SPACETIMEDB_TOKEN"
                return SourceError(place, f"the server refuses access ({error.code})", remedy)
            case _:
                remedy = "check that a SpacetimeDB server of version 1.x or 2.x runs there"
                return SourceError(place, f"the server answered {error.code} {error.reason}", remedy)


def _no_answer(server: str, error: Exception) -> SourceError:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return SourceError(server, "the server did not answer in time", "check its address, and that it runs")
    text = (reason.strerror if isinstance(reason, OSError) else None) or str(reason) or type(reason).__name__
    return SourceError(server, f"the server cannot be reached: {text}", "check its address, and that it runs")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(str(path), error.strerror or str(error), "check that the file can be read") from error
