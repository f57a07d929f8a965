"""Imports run one way, and what is sans-I/O stays so: read from the source with `ast`, whatever is executed."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# The modules of the runtime, lowest first. A module imports only from the lines above its own.
LAYERS = (
    "text types literal index backoff stats",
    "errors",
    "sats wire events outcome endpoint attempts unawaited",
    "scalar array product stream request",
    "sums sql",
    "annotation",
    "row arguments query",
    "cache procedure",
    "state renewal",
    "table reducer",
    "delta subscription",
    "answers",
    "session",
    "credentials",
    "options dispatch ledger messages registry",
    "handler",
    "transport http tokens",
    "connection health",
    "mirror",
    "core relay presence",
    "schema",
    "drift",
    "client ambient raw",
    "bindings",
    "__init__",
)
# Up to here nothing waits, sleeps, opens a socket, rolls dice or looks at a clock.
LAST_SANS_IO = "session"
IO = {"asyncio", "websockets", "socket", "ssl", "time", "random", "threading", "selectors", "concurrent"}

RANKS = {module: rank for rank, line in enumerate(LAYERS) for module in line.split()}

# The folders of the generator and the modules beside them, lowest first, by dotted names. A module imports from its own
# folder and from the lines above that: what stands on one line knows nothing of one another.
CODEGEN_LAYERS = (
    "__init__ text",
    "errors",
    "schema",
    "sources emit inspect",
    "cli",
    "__main__",
)

CODEGEN_RANKS = {layer: rank for rank, line in enumerate(CODEGEN_LAYERS) for layer in line.split()}


def imports_of(source: str, package: str) -> set[str]:
    """Return the full names of all that a module of `package` imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(filter(None, [package if node.level else "", node.module or ""]))
            # `from package import x` may mean the module package.x: both are noted.
            found.add(base)
            found.update(f"{base}.{alias.name}" for alias in node.names)
    return found


def siblings_of(source: str, package: str) -> set[str]:
    """Return the modules of its own package that a module imports, by their short names."""
    parts = [name.split(".") for name in imports_of(source, package)]
    names = {part[1] for part in parts if part[0] == package and len(part) > 1}
    return {name for name in names if (ROOT / package / f"{name}.py").exists()}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("path", modules("stdb_runtime"), ids=lambda path: path.stem)
def test_runtime_imports_run_one_way(path: Path) -> None:
    assert path.stem in RANKS, f"{path.name} is new: give it its place in LAYERS"
    upward = {
        name for name in siblings_of(path.read_text("utf-8"), "stdb_runtime") if RANKS.get(name, 0) >= RANKS[path.stem]
    }
    assert not upward, f"{path.stem} imports {upward}, which do not stand below it"


def codegen_name(path: Path) -> str:
    """Return the dotted name of a module of the generator, without that of the package."""
    return ".".join(path.relative_to(ROOT / "stdb_codegen").with_suffix("").parts)


def codegen_layer(name: str) -> str:
    """Return the layer that a dotted name within the generator belongs to; empty if it belongs to none."""
    while name and name not in CODEGEN_RANKS:
        name = name.rpartition(".")[0]
    return name


def codegen_imports(path: Path) -> set[str]:
    """Return what a module of the generator imports from the generator, without the name of the package."""
    package = ".".join(path.relative_to(ROOT).parent.parts)
    prefix = "stdb_codegen."
    names = imports_of(path.read_text("utf-8"), package)
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}


@pytest.mark.parametrize("path", modules("stdb_codegen"), ids=codegen_name)
def test_codegen_imports_run_one_way(path: Path) -> None:
    own = codegen_layer(codegen_name(path))
    assert own, f"{path} is new: give it, or its folder, a place in CODEGEN_LAYERS"
    layers = {codegen_layer(name) for name in codegen_imports(path)} - {own, ""}
    upward = {layer for layer in layers if CODEGEN_RANKS[layer] >= CODEGEN_RANKS[own]}
    assert not upward, f"{codegen_name(path)} imports from {upward}, which do not stand below {own}"


def test_codegen_imports_go_in_no_circle() -> None:
    """Nor within a folder; `prepare` raises a CycleError that names the circle."""
    graph = {codegen_name(path): codegen_imports(path) for path in modules("stdb_codegen")}
    TopologicalSorter({name: imported & graph.keys() for name, imported in graph.items()}).prepare()


def test_codegen_layers_are_all_there() -> None:
    found = {codegen_layer(codegen_name(path)) for path in modules("stdb_codegen")}
    assert found == CODEGEN_RANKS.keys()


@pytest.mark.parametrize("path", modules("stdb_runtime"), ids=lambda path: path.stem)
def test_nothing_up_to_the_session_does_io(path: Path) -> None:
    if RANKS.get(path.stem, 0) > RANKS[LAST_SANS_IO]:
        return
    outside = {name.partition(".")[0] for name in imports_of(path.read_text("utf-8"), "stdb_runtime")}
    assert not outside & IO


@pytest.mark.parametrize(("package", "other"), [("stdb_codegen", "stdb_runtime"), ("stdb_runtime", "stdb_codegen")])
def test_the_two_packages_know_nothing_of_one_another(package: str, other: str) -> None:
    assert modules(package)
    for path in modules(package):
        roots = {name.partition(".")[0] for name in imports_of(path.read_text("utf-8"), package)}
        assert other not in roots, path


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import asyncio.queues", {"asyncio.queues"}),
        ("from . import row", {"p", "p.row"}),
        ("from .row import Rows", {"p.row", "p.row.Rows"}),
        ("from p import row", {"p", "p.row"}),
        ("def f():\n    from time import sleep", {"time", "time.sleep"}),
        ("if TYPE_CHECKING:\n    import random", {"random"}),
    ],
)
def test_every_form_of_import_is_seen(source: str, found: set[str]) -> None:
    assert imports_of(source, "p") == found
