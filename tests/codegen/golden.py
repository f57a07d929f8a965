"""The packages of `tests/golden` and of the example, and how to write them anew: `make golden`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from stdb_codegen.emit import context, render
from stdb_codegen.schema import lower, rawdef
from stdb_codegen.sources import source
from tests.codegen import schemas
from tests.codegen.features import FEATURES
from tests.codegen.schemas import GOLDEN
from tests.support.modules import GAME, module_wasm

if TYPE_CHECKING:
    from pathlib import Path

    from stdb_codegen.emit.declaration import Package
    from stdb_codegen.schema import ir

CASES = sorted({*(path.parent.name for path in GOLDEN.glob("*/client")), *FEATURES})


def origin(case: str) -> Path:
    """The schema or module that a package is generated from."""
    recorded = GOLDEN / case / "schema.json"
    return recorded if recorded.exists() else module_wasm(case)


def texts(folder: Path) -> dict[str, str]:
    """The files of a package, by name."""
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def lowered(path: Path) -> ir.Schema:
    """The schema in a file."""
    return lower.lower(rawdef.decode(source.from_path(path)))


def built(case: str) -> Package:
    """Declarations of a package."""
    if case in FEATURES:
        return schemas.build(FEATURES[case].raw, **FEATURES[case].options)
    return context.build(lowered(origin(case)))


def main() -> None:
    """Write all packages anew, and say which have changed."""
    folders = {GOLDEN / case / "client": built(case) for case in CASES}
    folders[GAME / "game_client"] = context.build(lowered(module_wasm("game")))
    for folder, package in folders.items():
        files = render.render(package)
        before = texts(folder) if folder.exists() else {}
        folder.mkdir(parents=True, exist_ok=True)
        for name in before.keys() - files.keys():
            (folder / name).unlink()
        for name, text in files.items():
            (folder / name).write_text(text)
        sys.stdout.write(f"{'as it was' if before == files else 'written  '}  {folder}\n")


if __name__ == "__main__":
    main()
