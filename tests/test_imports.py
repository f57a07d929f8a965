"""Imports run one way, and what is sans-I/O stays so: read from the source with `ast`, whatever is executed."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# The modules of the runtime, lowest first. A module imports only from the lines above its own.
LAYERS = (
    "text types _engine.index _engine.backoff stats _sats.literal",
    "errors",
    "_sats.sats events _engine.result _engine.retry _engine.unretrieved _protocol.endpoint _protocol.v1_json.messages",
    "_sats.scalar _sats.array _sats.product _engine.stream _handles.request",
    "_sats.sums _protocol.sql",
    "_sats.annotation",
    "_protocol.v1_json.rows _protocol.v1_json.arguments _handles.query",
    "_engine.table_cache _handles.procedure",
    "_engine.table_state _engine.resync",
    "_handles.table _handles.reducer",
    "_engine.delta _engine.subscription",
    "_protocol.events",
    "_protocol.v1_json.session",
    "credentials",
    "aio.options _engine.dispatcher _engine.pending messages _handles.registry",
    "_engine.handler",
    "aio.websocket aio.http aio.tokens",
    "aio.connection aio.health",
    "_engine.client_cache",
    "_engine.cache_sink _engine.handler_sink _handles.connection_info",
    "_sats.schema",
    "_handles.schema_difference",
    "_handles.client _handles.current aio.raw",
    "bindings",
    "__init__",
)
# Up to here nothing waits, sleeps, opens a socket, rolls dice or looks at a clock.
LAST_SANS_IO = "_protocol.v1_json.session"
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
            parents = package.split(".")[: -(node.level - 1) or None] if node.level else []
            base = ".".join([*parents, *filter(None, [node.module])])
            # `from package import x` may mean the module package.x: both are noted.
            found.add(base)
            found.update(f"{base}.{alias.name}" for alias in node.names)
    return found


def dotted(path: Path) -> str:
    """Return the name of a module within its package, such as `_sats.row`."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts[1:])


def siblings_of(path: Path) -> set[str]:
    """Return the modules of its own package that a module imports, by their names within it."""
    package, *folders = path.relative_to(ROOT).parent.parts
    names = imports_of(path.read_text("utf-8"), ".".join([package, *folders]))
    inside = {name.removeprefix(f"{package}.") for name in names if name.startswith(f"{package}.")}
    return {name for name in inside if (ROOT / package / f"{name.replace('.', '/')}.py").exists()}


def modules(package: str) -> list[Path]:
    """Return the modules of a package, without the empty beginnings of its folders."""
    found = sorted((ROOT / package).rglob("*.py"))
    return [path for path in found if path.name != "__init__.py" or path.parent == ROOT / package]


@pytest.mark.parametrize("path", modules("stdb_runtime"), ids=dotted)
def test_runtime_imports_run_one_way(path: Path) -> None:
    name = dotted(path)
    assert name in RANKS, f"{name} is new: give it its place in LAYERS"
    upward = {sibling for sibling in siblings_of(path) if RANKS.get(sibling, 0) >= RANKS[name]}
    assert not upward, f"{name} imports {upward}, which do not stand below it"


def test_every_place_is_taken() -> None:
    assert RANKS.keys() == set(map(dotted, modules("stdb_runtime")))


CODEGEN_MODULES = sorted((ROOT / "stdb_codegen").rglob("*.py"))


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


@pytest.mark.parametrize("path", CODEGEN_MODULES, ids=dotted)
def test_codegen_imports_run_one_way(path: Path) -> None:
    own = codegen_layer(dotted(path))
    assert own, f"{path} is new: give it, or its folder, a place in CODEGEN_LAYERS"
    layers = {codegen_layer(name) for name in codegen_imports(path)} - {own, ""}
    upward = {layer for layer in layers if CODEGEN_RANKS[layer] >= CODEGEN_RANKS[own]}
    assert not upward, f"{dotted(path)} imports from {upward}, which do not stand below {own}"


def test_codegen_imports_go_in_no_circle() -> None:
    """Nor within a folder; `prepare` raises a CycleError that names the circle."""
    graph = {dotted(path): codegen_imports(path) for path in CODEGEN_MODULES}
    TopologicalSorter({name: imported & graph.keys() for name, imported in graph.items()}).prepare()


def test_codegen_layers_are_all_there() -> None:
    found = {codegen_layer(dotted(path)) for path in CODEGEN_MODULES}
    assert found == CODEGEN_RANKS.keys()


@pytest.mark.parametrize("path", modules("stdb_runtime"), ids=dotted)
def test_nothing_up_to_the_session_does_io(path: Path) -> None:
    if RANKS.get(dotted(path), 0) > RANKS[LAST_SANS_IO]:
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
        ("from .a.row import Rows", {"p.a.row", "p.a.row.Rows"}),
        ("from p import row", {"p", "p.row"}),
        ("def f():\n    from time import sleep", {"time", "time.sleep"}),
        ("if TYPE_CHECKING:\n    import random", {"random"}),
    ],
)
def test_every_form_of_import_is_seen(source: str, found: set[str]) -> None:
    assert imports_of(source, "p") == found


def test_imports_from_the_folders_above_are_seen() -> None:
    assert imports_of("from ..types import Some", "p.a") == {"p.types", "p.types.Some"}
    assert imports_of("from .. import wire", "p.a") == {"p", "p.wire"}
    assert imports_of("from ..b.c import d", "p.a") == {"p.b.c", "p.b.c.d"}
