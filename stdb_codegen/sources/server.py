"""Reader of the schema of a database on a server, over HTTP."""

from __future__ import annotations

import re
import ssl
import time
from http.client import HTTPException
from urllib.parse import urlsplit

from stdb_codegen.errors import SourceError
from stdb_codegen.schema.rawdef import LARGEST, Definition
from stdb_codegen.sources import http

__all__ = ["PATIENCE", "TIMEOUT", "VERSIONS", "check_address", "check_database", "fetch"]

# Seconds for each step of a response, and for all of it, with the lookup of the server's address.
TIMEOUT = 10.0
PATIENCE = 60.0
# Versions to request, in this order. A server that does not know one answers 400.
VERSIONS = (10, 9)

_DATABASE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_RUNS = "check its address, and that it is running"


def fetch(server: str, database: str, token: str | None = None, timeout: float = TIMEOUT) -> Definition:
    """Fetch the definition of a database from a server.

    Args:
        server: address of the server, such as `http://localhost:3000`.
        database: name or identity of the database.
        token: auth token for the server; never part of an error.
        timeout: seconds to wait for each step of the response.

    Raises:
        SourceError: the name is invalid, or the server does not send the schema.
    """
    check_database(database)
    _check_token(token)
    place = f"{check_address(server)}/v1/database/{database}"
    limits = http.Limits(timeout, time.monotonic() + PATIENCE, LARGEST)
    try:
        return Definition(_get_newest(f"{place}/schema", token, limits), "json", place)
    except http.StatusError as error:
        raise _refusal(place, database, error) from error
    except (OSError, HTTPException, ValueError) as error:
        raise _no_answer(server, error) from error


def check_address(server: str) -> str:
    """Return the address of a server, without a slash at its end.

    Raises:
        SourceError: the address is invalid, or holds more than scheme, host, port and path.
    """
    try:
        parts = urlsplit(server)
        port_is_good = parts.port != 0
    except ValueError:
        parts, port_is_good = urlsplit(""), False
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_good:
        raise SourceError(f"--server {server!r}", "is not the address of a server", "write it as http://HOST:PORT")
    if parts.username is not None or parts.query or parts.fragment:
        # The error does not repeat the address, for it may hold a secret.
        raise SourceError("--server", "is more than an address", "write it as http://HOST:PORT, and give --token")
    return server.rstrip("/")


def check_database(name: str) -> None:
    """Check the name of a database.

    Raises:
        SourceError: the name is neither a valid name nor an identity.
    """
    if _DATABASE.fullmatch(name):
        return
    why = "names consist of lower case letters, digits and single hyphens"
    if name == "-" or name.endswith((".wasm", ".json")):
        remedy = "omit --server to read the schema from there"
    else:
        suggestion = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        remedy = f"did you mean {suggestion!r}?" if suggestion else "give a name or an identity with --module"
    raise SourceError(f"--module {name!r}", f"cannot be a database name: {why}", remedy)


def _check_token(token: str | None) -> None:
    if token and not (token.isascii() and token.isprintable()):
        problem = "is not a token: it holds invalid characters"
        raise SourceError("--token or SPACETIMEDB_TOKEN", problem, "copy it again")


def _get_newest(url: str, token: str | None, limits: http.Limits) -> bytes:
    """Get the schema in the newest version that the server knows."""
    *newer, oldest = VERSIONS
    for version in newer:
        try:
            return http.get(f"{url}?version={version}", token, limits)
        except http.StatusError as error:
            if error.code != 400:
                raise
    return http.get(f"{url}?version={oldest}", token, limits)


def _refusal(place: str, database: str, error: http.StatusError) -> SourceError:
    match error.code:
        case 404:
            remedy = "publish it there, or check its name and the server's address"
            return SourceError(place, f"no database {database!r} on this server", remedy)
        case 401 | 403:
            remedy = "give a token of this server with --token or SPACETIMEDB_TOKEN"
            return SourceError(place, f"the server refuses access ({error.code})", remedy)
        case _:
            remedy = "check that a SpacetimeDB server of version 1.x or 2.x runs there"
            return SourceError(place, f"the server answered {error.code} {error.reason}", remedy)


def _no_answer(server: str, error: Exception) -> SourceError:
    match error:
        case TimeoutError():
            return SourceError(server, "the server did not answer in time", _RUNS)
        case ssl.SSLCertVerificationError():
            problem = f"the server's certificate is not trusted: {error.verify_message}"
            remedy = "check the address, or name the authority's certificate in SSL_CERT_FILE"
            return SourceError(server, problem, remedy)
        case ssl.SSLError():
            return SourceError(
                server, f"the server has no TLS: {error.reason}", "check its address; http:// has no TLS"
            )
        case OSError():
            text = error.strerror or str(error) or type(error).__name__
            return SourceError(server, f"the server cannot be reached: {text}", _RUNS)
        case _:
            text = str(error) or type(error).__name__
            return SourceError(server, f"invalid response of the server: {text}", _RUNS)
