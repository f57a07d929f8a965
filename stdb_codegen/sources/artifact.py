"""Artifacts of builds: the places in which each language's tools put the `.wasm` of a module."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from stdb_codegen.errors import SourceError
from stdb_codegen.sources import crate
from stdb_codegen.sources.language import CPP, CSHARP, TARGET, TYPESCRIPT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stdb_codegen.sources.language import Language

__all__ = ["MOST_ENTRIES", "artifacts"]

# Entries of a build folder that are looked at: far more than CMake makes for a module.
MOST_ENTRIES = 100_000

_PROFILES = ("release", "debug")
# CMake's own trials of the compiler.
_TRIALS = "CMakeFiles"
# .NET calls the folder `bin~` in Unity projects, and has another last folder for each way to compile.
_CSHARP = (
    "{bin}/{profile}/net*/wasi-wasm/AppBundle/StdbModule.wasm",
    "{bin}/{profile}/net*/wasi-wasm/native/StdbModule.wasm",
    "{bin}/{profile}/net*/wasi-wasm/publish/StdbModule.wasm",
    "{bin}/{profile}/net*/native/StdbModule.wasm",
)


def artifacts(folder: Path, language: Language | None) -> Iterator[Path]:
    """Yield the `.wasm` files of a module, the one to read first: built ones, and then the one beside the manifest.

    Args:
        folder: folder of the module.
        language: its language; None for a folder without a manifest.

    Raises:
        SourceError: a place holds several modules, or too much.
    """
    name = ""
    if language is CSHARP:
        yield from _csharp(folder)
    elif language is CPP:
        yield from _newest(_beneath(folder / "build"))
    elif language is not TYPESCRIPT:
        name = crate.name(folder)
        for profile in _PROFILES:
            yield from _only(folder / "target" / TARGET / profile, name)
    yield from _only(folder, name)
    if name:
        places = (target / TARGET / profile for target in crate.outer_targets(folder) for profile in _PROFILES)
        yield from (path for place in places if (path := place / f"{name}.wasm").is_file())


def _csharp(folder: Path) -> Iterator[Path]:
    for profile in ("Release", "Debug"):
        patterns = [pattern.format(bin=bin_, profile=profile) for bin_ in ("bin", "bin~") for pattern in _CSHARP]
        yield from _newest(path for pattern in patterns for path in folder.glob(pattern))


def _only(place: Path, name: str) -> list[Path]:
    """Return the module in a folder, if there is one: that of the name among several."""
    found = sorted(path for path in place.glob("*.wasm") if _is_module(path.name))
    own = [path for path in found if path.stem == name]
    if len(found) > 1 and not own:
        names = ", ".join(path.name for path in found)
        raise SourceError(str(place), f"holds several modules: {names}", "give one of these files with --module")
    return (own or found)[:1]


def _newest(paths: Iterable[Path]) -> list[Path]:
    """Return files, the newest first."""
    times: list[tuple[int, Path]] = []
    for path in paths:
        try:
            times.append((-path.stat().st_mtime_ns, path))
        except OSError:
            continue
    return [path for _, path in sorted(times)]


def _beneath(folder: Path) -> Iterator[Path]:
    """Yield the modules in a folder and its subfolders; links are not followed.

    Raises:
        SourceError: the folder holds too much.
    """
    waiting = [str(folder)]
    left = MOST_ENTRIES
    while waiting:
        for entry in _entries(waiting.pop()):
            left -= 1
            if left < 0:
                problem = f"holds more than {MOST_ENTRIES:,} files and folders"
                raise SourceError(str(folder), problem, "give the module's .wasm with --module")
            if entry.is_dir(follow_symlinks=False):
                if entry.name != _TRIALS:
                    waiting.append(entry.path)
            elif _is_module(entry.name) and entry.is_file(follow_symlinks=False):
                yield Path(entry.path)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """Return the entries of a folder, or one too many; none of one that cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return list(islice(entries, MOST_ENTRIES + 1))
    except OSError:
        return []


def _is_module(name: str) -> bool:
    # `x.opt.wasm` is a smaller copy of `x.wasm`.
    return name.endswith(".wasm") and not name.endswith(".opt.wasm")
