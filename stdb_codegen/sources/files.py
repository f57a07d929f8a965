"""Reading of untrusted files: only regular ones, and only up to a limit of size."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["exists", "is_folder", "read"]

# Without O_NONBLOCK, opening a pipe waits for a writer; without O_BINARY, Windows translates line ends.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read(path: Path, largest: int) -> bytes:
    """Read a regular file.

    Args:
        path: path of the file.
        largest: limit of its size in bytes.

    Raises:
        OSError: the file cannot be read, is larger, or is a pipe, a device or another special file.
    """
    try:
        number = os.open(path, _FLAGS)
    except ValueError as error:
        raise OSError(errno.EINVAL, "a path cannot hold a NUL character") from error
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(errno.EINVAL, "is not a regular file")
        data = file.read(largest + 1)
    if len(data) > largest:
        raise OSError(errno.EFBIG, f"is larger than {largest:,} bytes")
    return data


def exists(path: Path) -> bool:
    """Tell whether a path exists; one that is invalid or inaccessible does not."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Tell whether a path is a folder."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False
