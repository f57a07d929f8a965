"""Reader of the definition in a `.wasm`, which describes itself in a sandbox: a module is untrusted code.

The sandbox is a separate process: see `stdb_codegen.sources.sandbox`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys

from stdb_codegen.errors import SourceError
from stdb_codegen.schema.rawdef import LARGEST

__all__ = ["DEADLINE", "FUEL", "LARGEST_MODULE", "describe"]

# Instructions: the largest modules take a small part of this, and an endless loop ends after some seconds. And seconds
# in all, most of which compiling takes.
FUEL = 5_000_000_000
DEADLINE = 60.0
# Bytes of a module: Rust modules have some hundred thousand, and without optimisation some million.
LARGEST_MODULE = 64 * 1024 * 1024

_GIVE = "give the .wasm of a SpacetimeDB module, built for release"
_INSTALL = "run: pip install 'stdb[wasm]' (or generate from a server, with --server)"


def describe(binary: bytes, place: str, fuel: int = FUEL, deadline: float = DEADLINE) -> bytes:
    """Run a module to get its definition.

    Args:
        binary: content of the `.wasm`.
        place: path of the `.wasm`, for errors.
        fuel: limit of instructions.
        deadline: limit of time in seconds.

    Returns:
        The definition, in BSATN.

    Raises:
        SourceError: the extra `wasm` is not installed, or the module does not describe itself.
    """
    if importlib.util.find_spec("wasmtime") is None:
        raise SourceError(place, "reading a .wasm needs the package wasmtime", _INSTALL)
    # Modules are imported from the path of this process, and not from the working folder (-P).
    command = [sys.executable, "-P", "-m", "stdb_codegen.sources.sandbox", str(fuel), str(LARGEST)]
    environment = {name: value for name, value in os.environ.items() if name != "SPACETIMEDB_TOKEN"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and no text of the module
            command, input=binary, capture_output=True, env=environment, timeout=deadline, check=True
        )
    except subprocess.TimeoutExpired as error:
        problem = f"the module cannot describe itself: it takes longer than {deadline:g} seconds"
        raise SourceError(place, problem, _GIVE) from error
    except subprocess.CalledProcessError as error:
        raise SourceError(place, f"the module cannot describe itself: {_reason(error)}", _GIVE) from error
    except OSError as error:
        problem = f"the process that runs modules cannot be started: {error.strerror or error}"
        raise SourceError(place, problem, "install Python again, or generate from a server, with --server") from error
    return done.stdout


def _reason(error: subprocess.CalledProcessError) -> str:
    lines = bytes(error.stderr).decode(errors="replace").splitlines() or [""]
    try:
        return str(json.loads(lines[-1])["refused"])
    except (ValueError, TypeError, LookupError):
        # Not an error of the sandbox: an abort, or a traceback.
        how = f"signal {-error.returncode}" if error.returncode < 0 else f"exit code {error.returncode}"
        return f"the sandbox ended with {how}: {lines[-1]}".removesuffix(": ")
