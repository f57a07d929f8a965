"""Output of a package to its folder: only changed files, atomically, and never over foreign files."""

from __future__ import annotations

import difflib
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stdb_codegen.emit import staging
from stdb_codegen.emit.render import HEADER
from stdb_codegen.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

__all__ = ["Plan", "plan", "write"]


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes to the folder of a package.

    Attributes:
        folder: folder of the package.
        before: present text of the existing files that are written or removed, by name.
        written: text of the files to write, by name.
        removed: names of the files to remove, sorted.
    """

    folder: Path
    before: Mapping[str, str]
    written: Mapping[str, str]
    removed: tuple[str, ...]

    def __str__(self) -> str:
        steps = ((self.written, "written"), (self.removed, "removed"))
        return ", ".join(f"{_count(len(names))} {verb}" for names, verb in steps if names) or "unchanged"

    def __bool__(self) -> bool:
        """Whether there are changes."""
        return bool(self.written or self.removed)

    def diff(self) -> Iterator[str]:
        """Yield the lines of a unified diff of the changes, without line ends."""
        for name in sorted({*self.written, *self.removed}):
            yield from _diff((self.folder / name).as_posix(), self.before.get(name), self.written.get(name))

    def apply(self) -> None:
        """Apply all changes or none, and remove the leftovers of killed generators.

        Raises:
            OutputError: the folder cannot be written; nothing has changed.
        """
        staging.clean(self.folder)
        if not self:
            return
        with _output_errors(self.folder), _folder(self.folder), staging.staging(self.folder) as (new, old):
            for name, text in self.written.items():
                (new / name).write_bytes(text.encode())
            for name in self.before:
                shutil.copy2(self.folder / name, old / name, follow_symlinks=False)
            # All space is allocated; the rest only renames files.
            done: list[str] = []
            try:
                for name in (*self.written, *self.removed):
                    if name in self.written:
                        (new / name).replace(self.folder / name)
                    else:
                        (self.folder / name).unlink()
                    done.append(name)
            except BaseException:
                for name in done:
                    if name in self.before:
                        (old / name).replace(self.folder / name)
                    else:
                        (self.folder / name).unlink()
                raise


def plan(folder: Path, files: Mapping[str, str], *, force: bool = False) -> Plan:
    """Plan the changes that write a package to a folder.

    Args:
        folder: folder of the package; it need not exist.
        files: text of each file, by name.
        force: whether to overwrite files of those names that the generator did not write.

    Returns:
        The changes. Unchanged files, and files of other names that the generator did not write, are left alone.

    Raises:
        OutputError: a file of one of the names is not the generator's, or the folder cannot be read.
    """
    _check_headers(files)
    with _output_errors(folder):
        if folder.exists() and not folder.is_dir():
            raise OutputError(str(folder), "is not a folder", "choose another one with --output")
        present = {name: _present(folder / name, force=force) for name in files}
        written = {name: text for name, text in files.items() if present[name] != text}
        removed = sorted(path.name for path in folder.glob("*.py") if path.name not in files and _is_ours(path))
        before = {name: text for name in written if (text := present[name]) is not None}
        before |= {name: _read(folder / name) for name in removed}
    return Plan(folder, before, written, tuple(removed))


def write(folder: Path, files: Mapping[str, str], *, force: bool = False) -> Plan:
    """Write a package to a folder, and return the changes.

    Raises:
        OutputError: a file of one of the names is not the generator's, or the folder cannot be written.
    """
    done = plan(folder, files, force=force)
    done.apply()
    return done


def _check_headers(files: Mapping[str, str]) -> None:
    """Refuse files that the next run would not recognise as generated."""
    for name, text in files.items():
        if text and not text.startswith(HEADER):
            remedy = 'begin its template with {% include "_header.jinja" %}'
            raise OutputError(name, "would be written without the generator's header", remedy)


def _present(path: Path, *, force: bool) -> str | None:
    """Return the text of a file that may be overwritten; None if the file does not exist."""
    if not (path.is_symlink() or path.exists()):
        return None
    replaceable = path.is_symlink() or path.is_file()
    if _is_ours(path) or (force and replaceable):
        return _read(path)
    remedy = "move it away, or choose another folder with --output"
    if replaceable:
        remedy = "move it away, overwrite it with --force, or choose another folder with --output"
    raise OutputError(str(path), "exists, and was not written by stdb-codegen", remedy)


def _is_ours(path: Path) -> bool:
    """Tell whether the generator wrote a file; an empty marker such as `py.typed` counts as generated."""
    if path.is_symlink() or not path.is_file():
        return False
    data = path.read_bytes()
    return data.startswith(HEADER.encode()) or (not data and path.suffix != ".py")


def _read(path: Path) -> str:
    """Return the text of a file, whatever its bytes, or the target of a symbolic link."""
    if path.is_symlink():
        return f"-> {path.readlink()}"
    return path.read_bytes().decode(errors="surrogateescape")


@contextmanager
def _output_errors(folder: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        remedy = "nothing has changed; fix that, or choose another folder with --output"
        raise OutputError(str(folder), error.strerror or str(error), remedy) from error


@contextmanager
def _folder(folder: Path) -> Generator[None]:
    """Make a folder, and remove it again if the block fails."""
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for path in new:
            with suppress(OSError):
                path.rmdir()
        raise


def _diff(path: str, old: str | None, new: str | None) -> Iterator[str]:
    names = ("/dev/null" if old is None else path, "/dev/null" if new is None else path)
    lines = difflib.unified_diff(_lines(old), _lines(new), *names, lineterm="")
    # An empty file has no line to show.
    yield from list(lines) or [f"--- {names[0]}", f"+++ {names[1]}"]


def _lines(text: str | None) -> list[str]:
    lines = (text or "").split("\n")
    last = lines.pop()
    return [*lines, f"{last}\n\\ No newline at end of file"] if last else lines


def _count(number: int) -> str:
    return f"{number} file" + ("" if number == 1 else "s")
