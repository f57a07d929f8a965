"""`make demo`: from a module to a running client, each step shown as one line."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.binary import ServerMissing, find_servers, say
from tests.support.modules import GAME, module_wasm
from tests.support.server import Server, ServerRequestError, ServerStartError

if TYPE_CHECKING:
    from collections.abc import Mapping

DATABASE = "my-module"


class StepFailed(RuntimeError):
    """A command of the demo failed; it has said itself what was wrong."""

    def __init__(self, command: list[str], code: int) -> None:
        super().__init__(f"`{' '.join(command)}` failed with exit code {code}")
        self.code = code


def python(*arguments: str, environment: Mapping[str, str] | None = None) -> None:
    """Run this Python in the example's folder."""
    # Its own output must come after the lines that we have printed.
    sys.stdout.flush()
    command = [sys.executable, *arguments]
    code = subprocess.run(command, cwd=GAME, env={**os.environ, **(environment or {})}, check=False).returncode
    if code:
        raise StepFailed(["python", *arguments], code)


def demo() -> None:
    """Generate the client, check it, and run the example against each server that there is."""
    programs = find_servers()
    say("generating game_client from my_module")
    python("-m", "stdb_codegen", "generate", "--module", "my_module", "-o", "game_client/")
    say("type-checking main.py and game_client (mypy --strict)")
    python("-m", "mypy", "--strict", "main.py", "game_client")
    for program in programs:
        say(f"starting server {program.version}")
        with Server(program) as server:
            say(f"publishing my_module as {DATABASE} on {server.uri}")
            server.publish(module_wasm("game"), DATABASE)
            say("running main.py")
            python("main.py", environment={"SPACETIMEDB_URI": server.uri, "SPACETIMEDB_DATABASE": DATABASE})
            say("stopping the server")


def main() -> int:
    """Run the demo; its exit code is that of the step that failed."""
    try:
        demo()
    except StepFailed as failure:
        sys.stderr.write(f"error: {failure}\n")
        return failure.code
    except (ServerMissing, ServerStartError, ServerRequestError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    say("done")
    return 0


if __name__ == "__main__":
    sys.exit(main())
