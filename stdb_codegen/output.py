"""Puts a package into its folder: only what changed, all of it or nothing, and nobody else's files."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stdb_codegen.errors import OutputError
from stdb_codegen.render import HEADER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Report:
    """What was done to a folder: the names of the files written and removed, sorted."""

    written: tuple[str, ...]
    removed: tuple[str, ...]

    def __str__(self) -> str:
        done = [
            f"{_count(names)} {verb}" for verb, names in (("written", self.written), ("removed", self.removed)) if names
        ]
        return ", ".join(done) or "unchanged"


def write(folder: Path, files: Mapping[str, str]) -> Report:
    """Make a folder hold a package.

    Args:
        folder: The package's folder; it is made if it is not there.
        files: The text of each file, by its name.

    Returns:
        What was done; files that hold the right text already are left alone.

    Raises:
        OutputError: A file of that name is not the generator's, or the folder cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(str(folder), "is not a folder", "choose another one with --output")
    try:
        current = _read(folder, files)
        changed = {name: text for name, text in files.items() if current.get(name) != text}
        stale = sorted(path.name for path in folder.glob("*.py") if path.name not in files and _is_ours(path))
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder, changed)
        for name in stale:
            (folder / name).unlink()
    except OSError as error:
        raise OutputError(str(folder), error.strerror or str(error), "choose another folder with --output") from error
    return Report(tuple(sorted(changed)), tuple(stale))


def _read(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """The present text of the files, all of them checked to be the generator's."""
    current: dict[str, str] = {}
    for path in (folder / name for name in names):
        if path.is_symlink() or path.exists():
            if not _is_ours(path):
                problem = "is there, and was not written by stdb-codegen"
                raise OutputError(str(path), problem, "move it away, or choose another folder with --output")
            current[path.name] = path.read_bytes().decode()
    return current


def _is_ours(path: Path) -> bool:
    """Whether the generator wrote the file; a marker such as `py.typed` is empty, and so nobody's work."""
    if path.is_symlink() or not path.is_file():
        return False
    data = path.read_bytes()
    return data.startswith(HEADER.encode()) or (not data and path.suffix != ".py")


def _replace(folder: Path, files: Mapping[str, str]) -> None:
    """Write all files under other names, then give them theirs: what fails, fails before anything has changed."""
    if not files:
        return
    with tempfile.TemporaryDirectory(prefix=".stdb-codegen-", dir=folder) as staging:
        for name, text in files.items():
            Path(staging, name).write_bytes(text.encode())
        for name in files:
            Path(staging, name).replace(folder / name)


def _count(names: tuple[str, ...]) -> str:
    return f"{len(names)} file" + ("" if len(names) == 1 else "s")
