"""Project folder of a module: finds and builds its `.wasm`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, cast

from stdb_codegen.errors import SourceError
from stdb_codegen.sources import toml

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BUILDERS", "TARGET", "build", "find_wasm", "modules", "sources"]

_STDERR = 2
TARGET = "wasm32-unknown-unknown"
# Commands that build a project, run in its folder.
BUILDERS = (("spacetime", "build"), ("cargo", "build", "--release", "--target", TARGET))
_BUILD = f"build it with --build (or by hand: spacetime build, cargo build --release --target {TARGET})"


def find_wasm(folder: Path) -> Path:
    """Find the `.wasm` of a project: the built one, or else one beside the manifest.

    Raises:
        SourceError: none exists, or several do.
    """
    crate = _crate(folder)
    for place in _places(folder):
        # `x.opt.wasm` is a smaller copy of `x.wasm`.
        found = sorted(path for path in place.glob("*.wasm") if not path.name.endswith(".opt.wasm"))
        own = [path for path in found if path.stem == crate]
        if len(found) > 1 and not own:
            names = ", ".join(path.name for path in found)
            raise SourceError(str(place), f"holds several modules: {names}", "give one of these files with --module")
        if found:
            return (own or found)[0]
    for place in _outer_targets(folder):
        if crate and (path := place / f"{crate}.wasm").is_file():
            return path
    if (folder / "Cargo.toml").is_file():
        raise SourceError(str(folder), "this module has no .wasm yet", _BUILD)
    raise SourceError(str(folder), "holds neither a .wasm nor a Cargo.toml", "give the folder of a module")


def build(folder: Path) -> None:
    """Build a project; the output of the builder goes to standard error.

    Raises:
        SourceError: the project cannot be built.
    """
    if not (folder / "Cargo.toml").is_file():
        raise SourceError(str(folder), "has no Cargo.toml, so there is nothing to build", "omit --build")
    command = next((builder for builder in BUILDERS if shutil.which(builder[0])), None)
    if command is None:
        problem = "building needs the program spacetime or cargo, and neither is installed"
        raise SourceError(str(folder), problem, "install one of them, or build elsewhere and omit --build")
    try:
        # Standard output is for results; the builder's output is progress.
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=_STDERR, check=False)  # noqa: S603
    except OSError as error:
        raise SourceError(str(folder), f"{command[0]} cannot be run: {error.strerror}", "install it again") from error
    if done.returncode:
        problem = f"`{' '.join(command)}` failed with exit code {done.returncode}"
        raise SourceError(str(folder), problem, "see its output above")


def modules(folder: Path) -> list[Path]:
    """Find the projects of modules in a folder and its subfolders, by the dependencies in their manifests."""
    manifests = sorted([*folder.glob("Cargo.toml"), *folder.glob("*/Cargo.toml")])
    return [manifest.parent for manifest in manifests if "spacetimedb" in _table(_manifest(manifest), "dependencies")]


def sources(folder: Path) -> Iterator[Path]:
    """Yield the files in a project's folder that a build reads."""
    for name in ("Cargo.toml", "Cargo.lock"):
        yield folder / name
    yield from sorted(folder.glob("src/**/*"))


def _places(folder: Path) -> Iterator[Path]:
    """Yield the folders in which a build puts the `.wasm`, and last the project's folder."""
    for profile in ("release", "debug"):
        yield folder / "target" / TARGET / profile
    yield folder


def _outer_targets(folder: Path) -> Iterator[Path]:
    """Yield the folders in which a build puts the `.wasm` of a workspace member, or with CARGO_TARGET_DIR."""
    chosen = os.environ.get("CARGO_TARGET_DIR")
    roots = [folder / chosen] if chosen else []
    roots += [parent / "target" for parent in folder.resolve().parents if (parent / "Cargo.toml").is_file()]
    for root in roots:
        for profile in ("release", "debug"):
            yield root / TARGET / profile


def _crate(folder: Path) -> str:
    """Return the name of the crate's `.wasm`; empty if the manifest does not state it."""
    manifest = _manifest(folder / "Cargo.toml")
    for section in ("lib", "package"):
        name = _table(manifest, section).get("name")
        if isinstance(name, str):
            return name.replace("-", "_")
    return ""


def _manifest(file: Path) -> dict[str, object]:
    try:
        return toml.read(file)
    except (OSError, ValueError):
        # cargo explains an invalid manifest better.
        return {}


def _table(document: dict[str, object], name: str) -> dict[str, object]:
    found = document.get(name)
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}
