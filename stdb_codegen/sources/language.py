"""Languages of modules, which the manifest in a project's folder tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stdb_codegen.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "CPP",
    "CSHARP",
    "FROM_SERVER",
    "RUST",
    "TARGET",
    "TYPESCRIPT",
    "Language",
    "language_of",
    "locate",
    "manifests",
]

TARGET = "wasm32-unknown-unknown"
# Remedy for a module in TypeScript: a bundle cannot describe itself without a server.
FROM_SERVER = "publish it (spacetime publish NAME), and generate from the server: --module NAME --server URL"
# Folder of the module in a project that holds a client, too: `spacetime init` makes it, `spacetime build` looks there.
_MODULE_FOLDER = "spacetimedb"
# What the official tool bundles; without it, a `package.json` belongs to something else.
_ENTRY = "src/index.ts"


@dataclass(frozen=True, slots=True)
class Language:
    """Language of a module.

    Attributes:
        name: name of the language.
        by_hand: commands that build a module without the official tool.
        sources: patterns of the files that a build reads.
    """

    name: str
    by_hand: str
    sources: tuple[str, ...]


RUST = Language("Rust", f"cargo build --release --target {TARGET}", ("Cargo.toml", "Cargo.lock", "src/**/*"))
CSHARP = Language("C#", "dotnet publish -c Release", ("*.csproj", "global.json", "**/*.cs"))
CPP = Language(
    "C++",
    "emcmake cmake -B build -DCMAKE_BUILD_TYPE=Release, and then cmake --build build",
    ("CMakeLists.txt", "*.cpp", "*.h", "src/**/*", "include/**/*"),
)
TYPESCRIPT = Language("TypeScript", "", ("package.json", "src/**/*"))


def locate(folder: Path) -> Path:
    """Return the folder of a project's module: its subfolder `spacetimedb`, if that has a manifest, or itself."""
    inner = folder / _MODULE_FOLDER
    return inner if any(manifests(inner)) else folder


def language_of(folder: Path) -> Language | None:
    """Return the language of the module in a folder, or None if there is no manifest.

    Raises:
        SourceError: there are several manifests.
    """
    found = list(manifests(folder))
    if len(found) > 1:
        names = ", ".join(manifest.name for _, manifest in found)
        remedy = "move all but one into folders of their own, or give the module's .wasm with --module"
        raise SourceError(str(folder), f"holds the manifests of several modules: {names}", remedy)
    return found[0][0] if found else None


def manifests(folder: Path) -> Iterator[tuple[Language, Path]]:
    """Yield the manifests of modules in a folder, with their languages."""
    yield from _files(RUST, [folder / "Cargo.toml"])
    yield from _files(CSHARP, sorted(folder.glob("*.csproj")))
    yield from _files(CPP, [folder / "CMakeLists.txt"])
    if (folder / _ENTRY).is_file():
        yield from _files(TYPESCRIPT, [folder / "package.json"])


def _files(language: Language, paths: list[Path]) -> Iterator[tuple[Language, Path]]:
    return ((language, path) for path in paths if path.is_file())
