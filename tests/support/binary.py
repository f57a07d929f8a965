"""Find the server program, or build it once and keep it: `python -m tests.support.binary`.

Needs nothing but the standard library, so that `make server` works before anything is installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PROGRAM = "spacetimedb-standalone"
VERSION = "1.2.0"
SUPPORTED = frozenset({VERSION})


class ServerMissing(RuntimeError):
    """There is no server program to run; the text says how to get one."""


def cache_folder() -> Path:
    """Where the server that we build is kept, for every checkout of this user."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "stdb" / f"server-{VERSION}"


def version_of(program: str | Path) -> str | None:
    """Return the version that a server program reports, or None if it does not run."""
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\bversion (\d+\.\d+\.\d+)", answer.stdout)
    return found[1] if found else None


def find_server() -> Path:
    """Return the server program: `$STDB_SERVER`, one on PATH of a supported version, or the cached one."""
    if wanted := os.environ.get("STDB_SERVER"):
        if found := shutil.which(wanted):
            return Path(found).absolute()
        raise ServerMissing(
            f"STDB_SERVER is {wanted!r}, which is no program: correct it, or unset it and run `make server`"
        )
    if (on_path := shutil.which(PROGRAM)) and version_of(on_path) in SUPPORTED:
        return Path(on_path).absolute()
    cached = cache_folder() / "bin" / PROGRAM
    if cached.exists():
        return cached
    raise ServerMissing(f"no {PROGRAM} {VERSION}: run `make server`, which builds it once and keeps it")


def find_cargo() -> str | None:
    """Return cargo from PATH, or from the place where rustup puts it."""
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    return shutil.which("cargo") or shutil.which("cargo", path=home / "bin")


def install_server() -> Path:
    """Build the server from the Rust package registry into the cache folder, showing what happens."""
    cargo, folder = find_cargo(), cache_folder()
    if cargo is None:
        raise ServerMissing(
            f"no {PROGRAM} {VERSION}, and no cargo to build it with: install Rust (https://rustup.rs, or the"
            " `cargo` package of your system) and run `make server` again; or let STDB_SERVER name a"
            f" {PROGRAM} {VERSION} of your own"
        )
    say(f"building {PROGRAM} {VERSION} with {cargo}")
    say(f"it takes 8 to 20 minutes, once; it is kept in {folder}")
    package = f"{PROGRAM}@{VERSION}"
    # A target folder of our own: a build that was interrupted goes on where it stopped.
    target = folder / "build"
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target)}
    command = [cargo, "install", package, "--locked", "--root", str(folder)]
    code = subprocess.run(command, env=environment, check=False).returncode
    if code:
        raise ServerMissing(f"building {package} failed (exit code {code}); what cargo said stands above")
    shutil.rmtree(target, ignore_errors=True)
    return find_server()


def say(text: str) -> None:
    """Print one line of progress at once, also into a pipe."""
    sys.stdout.write(f"==> {text}\n")
    sys.stdout.flush()


def main() -> int:
    """Make sure that there is a server, and say which one will be used."""
    try:
        try:
            program = find_server()
        except ServerMissing:
            if "STDB_SERVER" in os.environ:
                raise
            program = install_server()
    except ServerMissing as missing:
        sys.stderr.write(f"error: {missing}\n")
        return 1
    say(f"server: {program} ({version_of(program) or 'unknown version'})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
