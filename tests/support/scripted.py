"""A server that plays a script, for what a real one does not do on demand. All that it says a real server said once:
its frames come out of `tests/recordings`, with nothing but ids changed.
"""

from __future__ import annotations

import asyncio
import http
import json
from typing import TYPE_CHECKING, Any, Self

from websockets.asyncio.server import ServerConnection, serve

from stdb_runtime._protocol.v1_json.messages import SUBPROTOCOL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from websockets.http11 import Request, Response

    from tests.support.recordings import Recording

    Script = Callable[["Peer"], Awaitable[None]]


class Peer:
    """One connection, from the server's side."""

    def __init__(self, connection: ServerConnection, recording: Recording) -> None:
        self.connection = connection
        self.path = connection.request.path if connection.request is not None else ""
        self._recording = recording

    def recorded(self, kind: str, text: str = "") -> dict[str, Any]:
        """The payload of the first recorded message of a kind that has a text in it."""
        return self._recording.payload(kind, text)

    async def say(self, kind: str, text: str = "", /, **changed: object) -> None:
        """Send the first recorded message of a kind that has a text in it, with some fields changed."""
        await self.connection.send(json.dumps({kind: self.recorded(kind, text) | changed}))

    async def greet(self) -> None:
        """Say who the client is."""
        await self.say("IdentityToken")

    async def hear(self) -> tuple[str, dict[str, Any]]:
        """The next message of the client: its kind and its payload."""
        ((kind, payload),) = json.loads(await self.connection.recv()).items()
        return kind, payload

    async def answer_subscribe(self, text: str = "", /, **changed: object) -> dict[str, Any]:
        """Hear a SubscribeMulti and answer it with a recorded answer that has a text in it."""
        kind, asked = await self.hear()
        assert kind == "SubscribeMulti", kind
        ids = {"request_id": asked["request_id"], "query_id": asked["query_id"]}
        await self.say("SubscribeMultiApplied", text, **ids, **changed)
        return asked

    async def gone(self) -> None:
        """Wait until the client has gone."""
        await self.connection.wait_closed()


class ScriptedServer:
    """Plays one script a connection, in order; more connections than scripts are refused.

    Args:
        recording: where its frames come from.
        scripts: what it does; a connection ends with its script.
        health: the body of `GET /v1/health`, which is given when `healthy` is set, as it is to begin with.
    """

    def __init__(self, recording: Recording, *scripts: Script, health: str = "") -> None:
        self._recording = recording
        self._scripts = list(scripts)
        self._health = health
        self._failures: list[BaseException] = []
        self.asked_for_health = 0
        self.healthy = asyncio.Event()
        self.healthy.set()

    @property
    def uri(self) -> str:
        """The address, as a client wants it."""
        port: int = next(iter(self._server.sockets)).getsockname()[1]
        return f"http://127.0.0.1:{port}"

    async def __aenter__(self) -> Self:
        self._server = await serve(
            self._play,
            "127.0.0.1",
            0,
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
            process_request=self._request,
            ping_interval=None,
            close_timeout=1,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()
        if self._failures:
            raise self._failures[0]

    async def _request(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path == "/v1/health":
            self.asked_for_health += 1
            await self.healthy.wait()
            return connection.respond(http.HTTPStatus.OK, self._health)
        if "/schema?" in request.path:
            return connection.respond(http.HTTPStatus.OK, self._recording.schema.read_text("utf-8"))
        if not self._scripts:
            return connection.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "the script is over")
        return None

    async def _play(self, connection: ServerConnection) -> None:
        script = self._scripts.pop(0)
        try:
            await script(Peer(connection, self._recording))
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._failures.append(error)


async def healthy(peer: Peer) -> None:
    """A script: greet, give the rows that were recorded of `player`, and stay."""
    await peer.greet()
    await peer.answer_subscribe('"player"')
    await peer.gone()
