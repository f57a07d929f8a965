"""Project folder of a module: finds and builds its `.wasm`."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from stdb_codegen.errors import SourceError
from stdb_codegen.sources import crate, files, toml
from stdb_codegen.sources.artifact import artifacts
from stdb_codegen.sources.language import (
    CPP,
    CSHARP,
    FROM_SERVER,
    RUST,
    TARGET,
    TYPESCRIPT,
    language_of,
    locate,
    manifests,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stdb_codegen.sources.language import Language

__all__ = ["build", "find_all", "find_wasm", "modules", "sources"]

_STDERR = 2
_SPACETIME = ("spacetime", "build")
_CARGO = ("cargo", "build", "--release", "--target", TARGET)
_INSTALL = "install it (https://spacetimedb.com/install)"
# Folders at the top of a project into which builds write.
_PRODUCTS = {"bin", "bin~", "build", "obj", "obj~", "target"}


def find_wasm(folder: Path) -> Path:
    """Find the `.wasm` of a project.

    Raises:
        SourceError: none exists, or it is not clear which one is meant.
    """
    return find_all(folder)[0]


def find_all(folder: Path) -> list[Path]:
    """Find all builds of a project's module; the first one is the one to read.

    Raises:
        SourceError: none exists, or it is not clear which one is meant.
    """
    root = locate(folder)
    language = language_of(root)
    found = artifacts(root, language)
    first = next(found, None)
    if first is None:
        raise _not_built(root, language)
    others: list[Path] = []
    # Whatever is wrong with the other places, the module is found.
    with suppress(SourceError):
        others.extend(found)
    return [first, *(path for path in dict.fromkeys(others) if path != first)]


def build(folder: Path) -> None:
    """Build a project; the output of the builder goes to standard error.

    Raises:
        SourceError: the project cannot be built.
    """
    root = locate(folder)
    language = language_of(root)
    if language is None:
        raise SourceError(str(root), "has no manifest of a module, so there is nothing to build", "omit --build")
    if language is TYPESCRIPT:
        raise _not_built(root, language)
    program, command = _builder(root, language)
    try:
        # Standard output is for results; the builder's output is progress.
        done = subprocess.run(  # noqa: S603 - no shell, and no text of the project
            [program, *command[1:]], cwd=root, stdin=subprocess.DEVNULL, stdout=_STDERR, check=False
        )
    except OSError as error:
        raise SourceError(str(root), f"{command[0]} cannot be run: {error.strerror}", "install it again") from error
    if done.returncode:
        problem = f"`{' '.join(command)}` failed with exit code {done.returncode}"
        raise SourceError(str(root), problem, "see its output above")


def modules(folder: Path) -> list[Path]:
    """Find the folders of modules in a folder and its subfolders, by the dependencies in their manifests.

    Modules in TypeScript are not among them: their schemas come from servers.
    """
    folders = [folder, *sorted(path for path in folder.glob("*/") if path.is_dir())]
    return [place for place in folders if any(_is_module(*found) for found in manifests(place))]


def sources(folder: Path) -> Iterator[Path]:
    """Yield the files in a project's folder that a build reads.

    Raises:
        SourceError: there are several manifests.
    """
    root = locate(folder)
    language = language_of(root) or RUST
    for pattern in language.sources:
        for path in sorted(root.glob(pattern)):
            if path.relative_to(root).parts[0] not in _PRODUCTS:
                yield path


def _builder(root: Path, language: Language) -> tuple[Path, tuple[str, ...]]:
    """Return the path of an installed builder, and its command."""
    for command in (_SPACETIME, _CARGO) if language is RUST else (_SPACETIME,):
        program = shutil.which(command[0])
        if program is not None:
            # The builder runs in another folder, from which a relative path leads elsewhere.
            return Path(program).absolute(), command
    if language is RUST:
        problem = "building needs the program spacetime or cargo, and neither is installed"
        raise SourceError(str(root), problem, "install one of them, or build elsewhere and omit --build")
    problem = f"building a {language.name} module needs the program spacetime, which is not installed"
    raise SourceError(str(root), problem, f"{_INSTALL}, or run there: {language.by_hand}; and omit --build")


def _not_built(root: Path, language: Language | None) -> SourceError:
    if language is None:
        problem = "holds neither a .wasm nor the manifest of a module"
        named = "Cargo.toml, a .csproj, CMakeLists.txt, or package.json with src/index.ts"
        return SourceError(str(root), problem, f"give the folder of a module, with {named}")
    if language is TYPESCRIPT:
        problem = "is a TypeScript module, and those have no .wasm"
        return SourceError(str(root), problem, FROM_SERVER)
    remedy = f"build it with --build (or by hand: spacetime build, {language.by_hand})"
    return SourceError(str(root), "this module has no .wasm yet", remedy)


def _is_module(language: Language, manifest: Path) -> bool:
    """Tell whether a manifest is that of a module, by the library on which it depends."""
    if language is RUST:
        return crate.depends_on(manifest, "spacetimedb")
    library = {CSHARP: b"spacetimedb.runtime", CPP: b"spacetimedb"}.get(language)
    try:
        return library is not None and library in files.read(manifest, toml.LARGEST).lower()
    except OSError:
        return False
