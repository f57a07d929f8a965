"""Reads files that anybody may have put there: none holds the reader for ever, and none is larger than was expected."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Without the first, opening a pipe waits for somebody who writes into it; Windows has no such pipes in folders, but
# would translate line ends.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read(path: Path, largest: int) -> bytes:
    """The content of a regular file.

    Args:
        path: The file.
        largest: How many bytes it may have.

    Raises:
        OSError: It cannot be read, is larger, or is a pipe, a device or something else without an end.
    """
    try:
        number = os.open(path, _FLAGS)
    except ValueError as error:
        raise OSError(errno.EINVAL, "no path holds a NUL character") from error
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(errno.EINVAL, "is not a regular file")
        data = file.read(largest + 1)
    if len(data) > largest:
        raise OSError(errno.EFBIG, f"is larger than {largest:,} bytes")
    return data


def exists(path: Path) -> bool:
    """Whether there is something at a path; there is nothing at one that no system has, or that nobody may look at."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether there is a folder at a path."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False
