"""The modules that tests publish, by name."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GAME = ROOT / "examples" / "game"


MODULES = ["game", *sorted(path.parent.name for path in ROOT.glob("tests/modules/*/Cargo.toml"))]


def module_wasm(module: str) -> Path:
    """Return the committed .wasm of a module: `game` is the example's, others stand in `tests/modules`."""
    if module == "game":
        return GAME / "my_module" / "my_module.wasm"
    found = ROOT / "tests" / "modules" / module / f"{module}.wasm"
    if not found.exists():
        raise FileNotFoundError(f"no module {module!r}: {found} does not exist")
    return found
