"""What a client asks the server over HTTP, beside the connection."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request

from .endpoint import Endpoint
from .errors import ConnectError, ServerUnreachableError
from .options import Options

__all__ = ["fetch", "fetch_schema"]


async def fetch(endpoint: Endpoint, path: str, options: Options, token: str | None = None) -> bytes:
    """The body of a GET of the server (protocol notes, 6), within `open_timeout`.

    Args:
        endpoint: the server.
        path: what to get, from the first slash on.
        options: how to connect.
        token: the token to show, if there is one.

    Raises:
        ConnectError: the server does not answer, or not with success.
    """
    return await asyncio.to_thread(_fetch, endpoint, path, options, token)


async def fetch_schema(endpoint: Endpoint, options: Options, token: str | None = None) -> bytes:
    """The JSON text of the schema, in version 9, which servers of 1.x and 2.x serve. Arguments as of `fetch`.

    Raises:
        ConnectError: the server does not answer, or not with success.
    """
    return await fetch(endpoint, f"/v1/database/{endpoint.database}/schema?version=9", options, token)


def _fetch(endpoint: Endpoint, path: str, options: Options, token: str | None) -> bytes:
    proxies = {} if options.proxy is None else {"http": options.proxy, "https": options.proxy}
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler(proxies), urllib.request.HTTPSHandler(context=options.ssl)
    )
    request = urllib.request.Request(endpoint.http_url + path)  # noqa: S310 - http or https: the endpoint is checked
    if token is not None:
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    try:
        with opener.open(request, timeout=options.open_timeout) as answer:
            body: bytes = answer.read()
            return body
    except urllib.error.HTTPError as error:
        with error:
            text = error.read().decode(errors="replace").strip()[:200]
        raise ConnectError(
            f"{endpoint.server} answers {path} with HTTP status {error.code}{text and ': '}{text}"
        ) from None
    except (OSError, ValueError) as error:
        raise ServerUnreachableError(f"no server answers {path} at {endpoint.server}: {error}") from None
