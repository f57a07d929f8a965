"""Staging folders, which hold new and old files while a package is written.

A generator holds a lock on its staging folder as long as it runs, and removes it at the end. A folder without a lock is
a leftover of a killed generator; the next run removes it.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["PREFIX", "clean", "staging"]

PREFIX = ".stdb-codegen-"
_PARTS = {"new", "old"}


@contextmanager
def staging(folder: Path) -> Generator[tuple[Path, Path]]:
    """Make a folder for new files and one for old files, in the folder of a package.

    Raises:
        OSError: they cannot be made.
    """
    place, lock = _made(folder)
    try:
        new, old = place / "new", place / "old"
        new.mkdir()
        old.mkdir()
        yield new, old
    finally:
        shutil.rmtree(place, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def clean(folder: Path) -> None:
    """Remove the leftovers of killed generators from a folder; those that cannot be removed are ignored."""
    for place in folder.glob(f"{PREFIX}*"):
        with suppress(OSError):
            lock = _locked(place) if _is_ours(place) else None
            if lock is not None:
                try:
                    shutil.rmtree(place)
                finally:
                    os.close(lock)


def _made(folder: Path) -> tuple[Path, int | None]:
    """Make a staging folder, with a lock if the system has locks."""
    while True:
        place = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
        if sys.platform == "win32":
            return place, None
        with suppress(FileNotFoundError):
            lock = _locked(place)
            if lock is not None:
                return place, lock
        # Before it had its lock, another generator took it for a leftover, and removes it.


def _locked(place: Path) -> int | None:
    """Return a lock on a folder; None if another process holds it, or if the system has no locks.

    Raises:
        FileNotFoundError: the folder is gone.
    """
    if sys.platform == "win32":
        return None
    import fcntl

    lock = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(lock), place.stat(follow_symlinks=False)):
            return lock
    except BlockingIOError:
        pass
    except BaseException:
        os.close(lock)
        raise
    os.close(lock)
    return None


def _is_ours(place: Path) -> bool:
    """Tell whether a folder is a staging folder of this user."""
    if sys.platform == "win32" or place.is_symlink() or not place.is_dir():
        return False
    return place.stat().st_uid == os.geteuid() and {path.name for path in place.iterdir()} <= _PARTS
