"""A real SpacetimeDB server as a test fixture, and the little HTTP that tests need to prepare it."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

from tests.support.behaviour import BEHAVIOURS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.behaviour import Behaviour
    from tests.support.binary import Program

START_TIMEOUT = 30.0
STOP_GRACE = 5.0
PORT_ATTEMPTS = 5
FLUSH_PAUSE = 0.25

# Straight to the server, whatever proxy the environment names.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ServerStartError(RuntimeError):
    """The server did not come up; the text ends with the tail of its log."""


class ServerRequestError(RuntimeError):
    """The server answered a request with an error."""

    def __init__(self, action: str, status: int, body: str) -> None:
        super().__init__(f"{action}: HTTP {status}: {body.strip() or '(empty)'}")
        self.status = status
        self.body = body


@dataclass(frozen=True)
class Database:
    """A database on a test server."""

    server: Server
    name: str

    @property
    def uri(self) -> str:
        """The address of the server, as a client wants it."""
        return self.server.uri

    def sql(self, query: str) -> list[list[object]]:
        """Run one SQL statement and return its rows, each a list of values in column order."""
        return self.server.sql(self.name, query)

    def call(self, reducer: str, *args: object) -> None:
        """Call a reducer over HTTP, as a passer-by that is not connected."""
        self.server.call(self.name, reducer, *args)


class Server:
    """One server process with keys and data of its own, for use in a `with` statement.

    It can be stopped and started again on the same port with the same keys, so that tokens stay valid.
    """

    def __init__(self, program: Program, *, in_memory: bool = True) -> None:
        self.program = program
        self.in_memory = in_memory
        self.port = 0
        self._folder = tempfile.TemporaryDirectory(prefix="stdb-server-")
        self._process: subprocess.Popen[bytes] | None = None
        self._generation = 0
        self._token = ""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def uri(self) -> str:
        """The address, as a client wants it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def behaviour(self) -> Behaviour:
        """What servers of this version do in their own way."""
        return BEHAVIOURS[self.program.major]

    @property
    def log_path(self) -> Path:
        """The file that holds what the process printed, over all its starts."""
        return Path(self._folder.name) / "server.log"

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The id of the running process."""
        assert self._process is not None, "the server is stopped"
        return self._process.pid

    # -- process ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the process and return once it answers; on the port it had before, if it ran before."""
        wanted = self.port
        for attempt in range(PORT_ATTEMPTS):
            self.port = wanted or free_port()
            try:
                self._launch()
                self._wait_until_ready()
            except BaseException as error:
                self.stop(grace=0)
                # Between our choice of a port and the server's bind another program may have taken it.
                taken = isinstance(error, ServerStartError) and "already in use" in self.log_tail()
                if not taken or attempt == PORT_ATTEMPTS - 1:
                    raise
            else:
                return

    def stop(self, *, grace: float = STOP_GRACE) -> None:
        """End the process: politely, and after `grace` seconds by force. With a grace of 0 it is killed."""
        process, self._process = self._process, None
        if process is None:
            return
        if grace > 0:
            process.terminate()
            try:
                process.wait(grace)
            except subprocess.TimeoutExpired:
                pass
            else:
                return
        process.kill()
        process.wait()

    def restart(self, *, fresh_data: bool = True, fresh_keys: bool = False) -> None:
        """Stop and start on the same port, with the same keys unless `fresh_keys` makes all tokens of before invalid.

        With `fresh_data=False` the databases are still known. Their rows survive only if the server is not in
        memory: otherwise each begins anew, as just published.
        """
        if fresh_data:
            self._generation += 1
        else:
            # The server writes its list of databases every 50 ms, not when it ends, and tells nobody.
            time.sleep(FLUSH_PAUSE)
        self.stop()
        if fresh_keys:
            self._token = ""
            for name in ("key", "key.pub"):
                Path(self._folder.name, name).unlink()
        self.start()

    def close(self) -> None:
        """Stop the process and remove what it wrote."""
        self.stop()
        self._folder.cleanup()

    def log_tail(self, lines: int = 40) -> str:
        """Return the last lines that the process printed."""
        if not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text("utf-8", "replace").splitlines()[-lines:])

    def _launch(self) -> None:
        folder = Path(self._folder.name)
        command: list[str | Path] = [self.program.path, "start", "--listen-addr", f"127.0.0.1:{self.port}"]
        command += ["--data-dir", folder / f"data-{self._generation}"]
        command += ["--jwt-pub-key-path", folder / "key.pub", "--jwt-priv-key-path", folder / "key"]
        if self.in_memory:
            command.append("--in-memory")
        environment = {**os.environ, "SPACETIMEDB_DISABLE_DISK_LOGGING": "1", "NO_COLOR": "1"}
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=environment
            )

    def _wait_until_ready(self) -> None:
        """Wait until this very server answers.

        The server announces nothing that one could wait for, so its port is polled, and the process with it.
        The answer must be our own public key: another server may have taken the port in between.
        """
        process = self._process
        assert process is not None
        key = Path(self._folder.name) / "key.pub"
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise ServerStartError(f"the server ended with code {process.returncode}:\n{self.log_tail()}")
            try:
                if self.ping() and key.exists() and self._public_key() == key.read_bytes():
                    return
            except (OSError, ServerRequestError):
                pass
            time.sleep(0.02)
        raise ServerStartError(f"the server did not answer in {START_TIMEOUT:g} s:\n{self.log_tail()}")

    # -- HTTP ------------------------------------------------------------------------------------------------

    def ping(self) -> bool:
        """Whether the server answers on its port; False if nothing listens there."""
        try:
            self._request("ping", "GET", "/v1/ping", timeout=1)
        except (OSError, http.client.HTTPException):
            return False
        return True

    @property
    def token(self) -> str:
        """The token of the identity that owns what `publish` publishes."""
        if not self._token:
            answer = cast("dict[str, str]", json.loads(self._request("new identity", "POST", "/v1/identity")))
            self._token = answer["token"]
        return self._token

    def publish(self, wasm: Path, name: str, *, clear: bool = True) -> Database:
        """Publish a module as database `name`; with `clear`, without the rows it had."""
        self._request(
            f"publishing {wasm.name} as {name}",
            "PUT",
            f"/v1/database/{name}?clear={str(clear).lower()}",
            wasm.read_bytes(),
            {"Content-Type": "application/wasm", "Authorization": f"Bearer {self.token}"},
        )
        return Database(self, name)

    def identity_of(self, name: str) -> str:
        """Return the identity of a database, in hexadecimal digits."""
        return self._request(f"identity of {name}", "GET", f"/v1/database/{name}/identity").decode()

    def schema(self, name: str, version: int = 9) -> str:
        """Return the schema of a database as JSON text."""
        return self._request(f"schema of {name}", "GET", f"/v1/database/{name}/schema?version={version}").decode()

    def sql(self, name: str, query: str) -> list[list[object]]:
        """Run one SQL statement as the owner and return its rows."""
        headers = {"Content-Type": "text/plain", "Authorization": f"Bearer {self.token}"}
        body = self._request(f"{query!r} on {name}", "POST", f"/v1/database/{name}/sql", query.encode(), headers)
        results = cast("list[dict[str, list[list[object]]]]", json.loads(body))
        return results[0]["rows"]

    def call(self, name: str, reducer: str, *args: object) -> None:
        """Call a reducer over HTTP; `ServerRequestError` (530) holds the module's text if it refuses."""
        self._request(
            f"calling {reducer} of {name}",
            "POST",
            f"/v1/database/{name}/call/{reducer}",
            json.dumps(args).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"},
        )

    def _public_key(self) -> bytes:
        return self._request("public key", "GET", "/v1/identity/public-key", timeout=1)

    def _request(
        self,
        action: str,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float = 60,
    ) -> bytes:
        request = urllib.request.Request(self.uri + path, body, dict(headers or {}), method=method)
        try:
            with _opener.open(request, timeout=timeout) as response:
                return cast("bytes", response.read())
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode("utf-8", "replace")
            raise ServerRequestError(action, error.code, text) from None


def free_port() -> int:
    """Let the operating system choose a port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address: tuple[str, int] = probe.getsockname()
        return address[1]
