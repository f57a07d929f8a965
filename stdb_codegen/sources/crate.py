"""Crate of a Rust module, as its manifest describes it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

from stdb_codegen.sources import toml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["depends_on", "name", "outer_targets"]


def name(folder: Path) -> str:
    """Return the name of the crate's `.wasm`; empty if the manifest does not state it."""
    manifest = _manifest(folder / "Cargo.toml")
    for section in ("lib", "package"):
        found = _table(manifest, section).get("name")
        if isinstance(found, str):
            return found.replace("-", "_")
    return ""


def depends_on(manifest: Path, crate: str) -> bool:
    """Tell whether a crate depends on another one."""
    return crate in _table(_manifest(manifest), "dependencies")


def outer_targets(folder: Path) -> Iterator[Path]:
    """Yield the folders in which a build is put for a workspace member, or with CARGO_TARGET_DIR."""
    chosen = os.environ.get("CARGO_TARGET_DIR")
    if chosen:
        yield folder / chosen
    yield from (parent / "target" for parent in folder.resolve().parents if (parent / "Cargo.toml").is_file())


def _manifest(file: Path) -> dict[str, object]:
    try:
        return toml.read(file)
    except (OSError, ValueError):
        # cargo explains an invalid manifest better.
        return {}


def _table(document: dict[str, object], name: str) -> dict[str, object]:
    found = document.get(name)
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}
