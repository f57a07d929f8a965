"""Find the server programs, or build the required one once and keep it: `python -m tests.support.binary`.

One program is required: `$STDB_SERVER`, or a `spacetimedb-standalone` 1.2.0. Programs of further versions are used
where `$STDB_SERVERS` names a folder of them, `VERSION/spacetimedb-standalone` each.

Needs nothing but the standard library, so that `make server` works before anything is installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROGRAM = "spacetimedb-standalone"
VERSION = "1.2.0"


class ServerMissing(RuntimeError):
    """There is no server program to run; the text says how to get one."""


@dataclass(frozen=True)
class Program:
    """A server program and the version that it reports."""

    path: Path
    version: str

    @property
    def major(self) -> int:
        """The first number of the version."""
        return int(self.version.partition(".")[0])

    def __str__(self) -> str:
        return f"{self.version} ({self.path})"


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


def find_server() -> Program:
    """Return the required program: `$STDB_SERVER`, one on PATH of the required version, or the cached one."""
    if wanted := os.environ.get("STDB_SERVER"):
        found = shutil.which(wanted)
        version = found and version_of(found)
        if found and version:
            return Program(Path(found).absolute(), version)
        raise ServerMissing(
            f"STDB_SERVER is {wanted!r}, which is no {PROGRAM}: correct it, or unset it and run `make server`"
        )
    if (on_path := shutil.which(PROGRAM)) and version_of(on_path) == VERSION:
        return Program(Path(on_path).absolute(), VERSION)
    cached = cache_folder() / "bin" / PROGRAM
    if cached.exists():
        return Program(cached, VERSION)
    raise ServerMissing(f"no {PROGRAM} {VERSION}: run `make server`, which builds it once and keeps it")


def find_servers() -> list[Program]:
    """Return the required program, and one of each further version that `$STDB_SERVERS` has, oldest first."""
    programs = {(required := find_server()).version: required}
    if folder := os.environ.get("STDB_SERVERS"):
        paths = sorted(Path(folder).absolute().glob(f"*/{PROGRAM}"))
        if not paths:
            raise ServerMissing(
                f"STDB_SERVERS is {folder!r}, where no VERSION/{PROGRAM} stands: correct it or unset it"
            )
        for path in paths:
            version = version_of(path)
            if version is None:
                raise ServerMissing(
                    f"{path}, found through STDB_SERVERS, does not tell its version: remove or repair it"
                )
            programs.setdefault(version, Program(path, version))
    return sorted(programs.values(), key=lambda program: [int(number) for number in program.version.split(".")])


def find_cargo() -> str | None:
    """Return cargo from PATH, or from the place where rustup puts it."""
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    return shutil.which("cargo") or shutil.which("cargo", path=home / "bin")


def install_server() -> Program:
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
    """Make sure that there is a server, and say which ones will be used."""
    try:
        try:
            find_server()
        except ServerMissing:
            if "STDB_SERVER" in os.environ:
                raise
            install_server()
        for program in find_servers():
            say(f"server: {program}")
    except ServerMissing as missing:
        sys.stderr.write(f"error: {missing}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
