"""Puts a package into its folder: only what changed, all of it or nothing, and nobody else's files."""

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


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be done to a folder.

    Attributes:
        folder: The package's folder.
        before: The present text of those files to write that are there already, and of those to remove.
        written: The text of each file to write.
        removed: The names of the files to remove, sorted.
    """

    folder: Path
    before: Mapping[str, str]
    written: Mapping[str, str]
    removed: tuple[str, ...]

    def __str__(self) -> str:
        steps = ((self.written, "written"), (self.removed, "removed"))
        return ", ".join(f"{_count(len(names))} {verb}" for names, verb in steps if names) or "unchanged"

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.written or self.removed)

    def diff(self) -> Iterator[str]:
        """What would change: the lines of a unified diff, without their ends."""
        for name in sorted({*self.written, *self.removed}):
            yield from _diff((self.folder / name).as_posix(), self.before.get(name), self.written.get(name))

    def apply(self) -> None:
        """Do it: all of it, or nothing; and remove what generators that were killed have left.

        Raises:
            OutputError: The folder cannot be written; it is as it was.
        """
        staging.clean(self.folder)
        if not self:
            return
        with _explained(self.folder), _made(self.folder), staging.staging(self.folder) as (new, old):
            for name, text in self.written.items():
                (new / name).write_bytes(text.encode())
            for name in self.before:
                shutil.copy2(self.folder / name, old / name, follow_symlinks=False)
            # Everything that needs space has it. What follows only gives files their names.
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
    """See what makes a folder hold a package, and touch nothing.

    Args:
        folder: The package's folder; it need not be there.
        files: The text of each file, by its name.
        force: Whether to overwrite files of those names that the generator has not written.

    Returns:
        What to do. Files that hold the right text already, and files of other names that the generator has not
        written, are left alone.

    Raises:
        OutputError: A file of that name is not the generator's, or the folder cannot be read.
    """
    _check_headers(files)
    with _explained(folder):
        if folder.exists() and not folder.is_dir():
            raise OutputError(str(folder), "is not a folder", "choose another one with --output")
        present = {name: _present(folder / name, force=force) for name in files}
        written = {name: text for name, text in files.items() if present[name] != text}
        removed = sorted(path.name for path in folder.glob("*.py") if path.name not in files and _is_ours(path))
        before = {name: text for name in written if (text := present[name]) is not None}
        before |= {name: _read(folder / name) for name in removed}
    return Plan(folder, before, written, tuple(removed))


def write(folder: Path, files: Mapping[str, str], *, force: bool = False) -> Plan:
    """Make a folder hold a package, and say what was done to it.

    Raises:
        OutputError: A file of that name is not the generator's, or the folder cannot be written.
    """
    done = plan(folder, files, force=force)
    done.apply()
    return done


def _check_headers(files: Mapping[str, str]) -> None:
    """Refuse what the next run would take for somebody else's."""
    for name, text in files.items():
        if text and not text.startswith(HEADER):
            remedy = 'begin its template with {% include "_header.jinja" %}'
            raise OutputError(name, "would be written without the generator's header", remedy)


def _present(path: Path, *, force: bool) -> str | None:
    """The text of a file that may be overwritten; None if there is none."""
    if not (path.is_symlink() or path.exists()):
        return None
    replaceable = path.is_symlink() or path.is_file()
    if _is_ours(path) or (force and replaceable):
        return _read(path)
    remedy = "move it away, or choose another folder with --output"
    if replaceable:
        remedy = "move it away, overwrite it with --force, or choose another folder with --output"
    raise OutputError(str(path), "is there, and was not written by stdb-codegen", remedy)


def _is_ours(path: Path) -> bool:
    """Whether the generator wrote the file; a marker such as `py.typed` is empty, and so nobody's work."""
    if path.is_symlink() or not path.is_file():
        return False
    data = path.read_bytes()
    return data.startswith(HEADER.encode()) or (not data and path.suffix != ".py")


def _read(path: Path) -> str:
    """The text of a file, whatever its bytes; a link's is where it leads to."""
    if path.is_symlink():
        return f"-> {path.readlink()}"
    return path.read_bytes().decode(errors="surrogateescape")


@contextmanager
def _explained(folder: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        remedy = "nothing has changed; mend that, or choose another folder with --output"
        raise OutputError(str(folder), error.strerror or str(error), remedy) from error


@contextmanager
def _made(folder: Path) -> Generator[None]:
    """The folder is there; if what is done in it fails, it goes again if it was not."""
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
