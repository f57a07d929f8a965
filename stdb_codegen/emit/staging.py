"""Folders for what is on its way into a package: gone after it, or, when a generator was killed, after the next run.

A generator holds a lock on its own folder as long as it runs. A folder on which nobody holds one is left over.
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

PREFIX = ".stdb-codegen-"
_PARTS = {"new", "old"}


@contextmanager
def staging(folder: Path) -> Generator[tuple[Path, Path]]:
    """Two folders on the same disk as a folder, one for what is coming and one for what goes.

    Raises:
        OSError: They cannot be made.
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
    """Remove what generators that were killed have left in a folder; what cannot be removed does no harm there."""
    for place in folder.glob(f"{PREFIX}*"):
        with suppress(OSError):
            lock = _locked(place) if _is_ours(place) else None
            if lock is not None:
                try:
                    shutil.rmtree(place)
                finally:
                    os.close(lock)


def _made(folder: Path) -> tuple[Path, int | None]:
    """A folder with a lock on it, unless the system has none."""
    while True:
        place = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
        if sys.platform == "win32":
            return place, None
        with suppress(FileNotFoundError):
            lock = _locked(place)
            if lock is not None:
                return place, lock
        # Before it had its lock, another generator took it for left over, and removes it.


def _locked(place: Path) -> int | None:
    """A lock on a folder; None if somebody else holds it, or where systems have none.

    Raises:
        FileNotFoundError: The folder is gone.
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
    """Whether only a generator of this user can have made it."""
    if sys.platform == "win32" or place.is_symlink() or not place.is_dir():
        return False
    return place.stat().st_uid == os.geteuid() and {path.name for path in place.iterdir()} <= _PARTS
