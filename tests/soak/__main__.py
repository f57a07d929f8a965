"""The fault run as a command: `python -m tests.soak --seed N --faults N [--server VERSION]`."""

from __future__ import annotations

import argparse
import random
import sys
from typing import TYPE_CHECKING

from tests.soak.report import Settings, SoakFailure
from tests.soak.run import soak
from tests.support.binary import ServerMissing, find_servers

if TYPE_CHECKING:
    from tests.support.binary import Program


def say(text: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Clients under load, and faults.")
    parser.add_argument("--seed", type=int, help="decides all choices; a random one, if it is not given")
    parser.add_argument("--faults", type=int, default=50, metavar="N", help="how many faults a server (50)")
    parser.add_argument("--server", metavar="VERSION", help="the one server to run on, instead of all that there are")
    return parser.parse_args()


def programs(version: str | None) -> list[Program]:
    """The servers to run on.

    Raises:
        ServerMissing: there is none.
    """
    found = [program for program in find_servers() if version in {None, program.version}]
    if not found:
        raise ServerMissing(f"there is no server of version {version} here")
    return found


def main() -> int:
    """Run on each server in turn; 1 if a check failed."""
    wanted = arguments()
    settings = Settings(random.randrange(1_000_000) if wanted.seed is None else wanted.seed, wanted.faults)
    try:
        for program in programs(wanted.server):
            say(f"==> {settings.count} faults on server {program.version}, seed {settings.seed}")
            say(str(soak(program, settings, say)))
    except ServerMissing as missing:
        sys.stderr.write(f"error: {missing}\n")
        return 1
    except SoakFailure as failure:
        say(f"FAILED: {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
