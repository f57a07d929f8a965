"""A module's project folder: where its `.wasm` is, and how it is built."""

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

_STDERR = 2
TARGET = "wasm32-unknown-unknown"
# By the module's tool chain: what builds it, without a path, run in its folder.
BUILDERS = (("spacetime", "build"), ("cargo", "build", "--release", "--target", TARGET))
_BUILD = f"build it with --build (or by hand: spacetime build, cargo build --release --target {TARGET})"


def find_wasm(folder: Path) -> Path:
    """The `.wasm` of a module's project: the one that was built, else one beside the manifest.

    Raises:
        SourceError: There is none, or there are several.
    """
    crate = _crate(folder)
    for place in _places(folder):
        # `x.opt.wasm` is `x.wasm` once more, made smaller.
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
    """Build a module's project; what the builder says goes to standard error.

    Raises:
        SourceError: It cannot be built.
    """
    if not (folder / "Cargo.toml").is_file():
        raise SourceError(str(folder), "has no Cargo.toml, so there is nothing to build", "leave --build away")
    command = next((builder for builder in BUILDERS if shutil.which(builder[0])), None)
    if command is None:
        problem = "building needs the program spacetime or cargo, and neither is installed"
        raise SourceError(str(folder), problem, "install one of them, or build elsewhere and leave --build away")
    try:
        # The builder's own output is its progress; standard output is kept for what programs read.
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=_STDERR, check=False)  # noqa: S603
    except OSError as error:
        raise SourceError(str(folder), f"{command[0]} cannot be run: {error.strerror}", "install it again") from error
    if done.returncode:
        problem = f"`{' '.join(command)}` failed with exit code {done.returncode}"
        raise SourceError(str(folder), problem, "see what it printed above")


def modules(folder: Path) -> list[Path]:
    """The projects of modules in a folder and right below it, by the dependencies of their manifests."""
    manifests = sorted([*folder.glob("Cargo.toml"), *folder.glob("*/Cargo.toml")])
    return [manifest.parent for manifest in manifests if "spacetimedb" in _table(_manifest(manifest), "dependencies")]


def sources(folder: Path) -> Iterator[Path]:
    """The files that a build of the project reads, as far as they lie in its folder."""
    for name in ("Cargo.toml", "Cargo.lock"):
        yield folder / name
    yield from sorted(folder.glob("src/**/*"))


def _places(folder: Path) -> Iterator[Path]:
    """Where a build of this folder puts its `.wasm`, and last the folder itself."""
    for profile in ("release", "debug"):
        yield folder / "target" / TARGET / profile
    yield folder


def _outer_targets(folder: Path) -> Iterator[Path]:
    """Where the build puts it when the project is a member of a workspace, or its owner chose another place."""
    chosen = os.environ.get("CARGO_TARGET_DIR")
    roots = [folder / chosen] if chosen else []
    roots += [parent / "target" for parent in folder.resolve().parents if (parent / "Cargo.toml").is_file()]
    for root in roots:
        for profile in ("release", "debug"):
            yield root / TARGET / profile


def _crate(folder: Path) -> str:
    """The name of the `.wasm` that the manifest's crate is built into; empty if the manifest does not say."""
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
        # What is wrong with it, cargo says better.
        return {}


def _table(document: dict[str, object], name: str) -> dict[str, object]:
    found = document.get(name)
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}
