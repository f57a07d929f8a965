"""Lets a `.wasm` describe itself, in a sandbox: a module is untrusted code.

The sandbox is a process of its own: see `stdb_codegen.sources.sandbox`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys

from stdb_codegen.errors import SourceError
from stdb_codegen.schema.rawdef import LARGEST

# Instructions: describing the largest modules takes a small part of this; a loop without end takes some seconds to
# run out. Seconds for all of it, of which compiling the module takes the most.
FUEL = 5_000_000_000
DEADLINE = 60.0
# Bytes of a module: those of Rust have some hundred thousand, and without optimisation some million.
LARGEST_MODULE = 64 * 1024 * 1024

_GIVE = "give the .wasm of a SpacetimeDB module, built for release"
_INSTALL = "run: pip install 'stdb[wasm]' (or generate from a server, with --server)"


def describe(binary: bytes, place: str, fuel: int = FUEL, deadline: float = DEADLINE) -> bytes:
    """Run a module far enough to have its definition.

    Args:
        binary: The `.wasm`.
        place: Where it was found, for errors.
        fuel: How many instructions it may run.
        deadline: How many seconds all of it may take.

    Returns:
        The definition, in BSATN.

    Raises:
        SourceError: The extra `wasm` is not installed, or the binary does not describe itself.
    """
    if importlib.util.find_spec("wasmtime") is None:
        raise SourceError(place, "reading a .wasm needs the package wasmtime", _INSTALL)
    # Not from the folder that the command runs in (-P), but from wherever this process has its modules from.
    command = [sys.executable, "-P", "-m", "stdb_codegen.sources.sandbox", str(fuel), str(LARGEST)]
    environment = {name: value for name, value in os.environ.items() if name != "SPACETIMEDB_TOKEN"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and nothing of the module in it
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
        # Nothing that the sandbox itself says: an abort, or an error of Python.
        how = f"signal {-error.returncode}" if error.returncode < 0 else f"exit code {error.returncode}"
        return f"it brings the sandbox down, with {how}: {lines[-1]}".removesuffix(": ")
