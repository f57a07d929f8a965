"""Imports run one way, and what is sans-I/O stays so: read from the source with `ast`, whatever is executed."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# The modules of the runtime, lowest first. A module imports only from the lines above its own.
LAYERS = (
    # what users and generated code import, and all layers use
    "text types stats",
    "errors",
    "events messages",
    # _sats: the algebraic types
    "_sats.literal _sats.sats",
    "_sats.scalar _sats.array _sats.product",
    "_sats.sums",
    "_sats.annotation",
    "_sats.parameters _sats.schema",
    # _protocol: what every encoding has in common, then one folder for each
    "_protocol.endpoint _protocol.rows _protocol.sql",
    "_protocol.events _protocol.rest credentials",
    "_protocol.encoding",
    "_protocol.v1_json.messages _protocol.v1_json.arguments _protocol.v1_json.rows",
    "_protocol.v1_json.calls",
    "_protocol.v1_json.session",
    "_protocol.v1_json.encoding",
    # _engine: the client without I/O
    "_engine.hidden _engine.driver _engine.callbacks _engine.backoff _engine.index _engine.handler",
    "_engine.result _engine.retry _engine.stream _engine.table_cache",
    "_engine.lifecycle _engine.resync _engine.sink _engine.subscription _engine.table_state",
    "_engine.delta _engine.unretrieved _engine.client_cache _engine.dispatcher",
    "_engine.procedures",
    "_engine.engine",
    "_engine.cache_sink _engine.handler_sink",
    # _handles: what users hold
    "_handles.declaration",
    "_handles.connection_info _handles.current _handles.procedure _handles.query _handles.reducer",
    "_handles.registry _handles.request _handles.subscription _handles.table",
    "_handles.client _handles.index _handles.raw _handles.schema_difference",
    # aio: the asyncio driver
    "aio.options aio.tasks",
    "aio.http aio.tokens aio.websocket",
    "aio.connection",
    "aio.client aio.raw",
    # the front doors
    "bindings",
    "__init__",
)
# Below the drivers nothing waits, sleeps, opens a socket, rolls dice, looks at a clock or knows an event loop.
SANS_IO = ("_sats", "_protocol", "_engine", "_handles", "text", "types", "stats", "errors", "events", "messages")
IO = {"asyncio", "websockets", "socket", "ssl", "time", "random", "threading", "selectors", "concurrent"}
# The layers that know the encoding of the frames, or the text of schemas; what chooses an encoding names it, no more.
ENCODINGS = "_protocol.v1_json"
CHOOSERS = {"aio.connection"}

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


def in_layers(*names: str) -> list[Path]:
    """Return the modules of the runtime that are, or stand in, one of these."""
    return [path for path in modules("stdb_runtime") if dotted(path).partition(".")[0] in names]


@pytest.mark.parametrize("path", in_layers(*SANS_IO), ids=dotted)
def test_nothing_below_the_drivers_does_io(path: Path) -> None:
    package = ".".join(path.relative_to(ROOT).parent.parts)
    outside = {name.partition(".")[0] for name in imports_of(path.read_text("utf-8"), package)}
    assert not outside & IO


@pytest.mark.parametrize("path", in_layers("_engine", "_handles", "aio", "sync", "bindings"), ids=dotted)
def test_nothing_above_the_protocol_handles_json(path: Path) -> None:
    source = path.read_text("utf-8")
    package = ".".join(path.relative_to(ROOT).parent.parts)
    assert "json" not in {name.partition(".")[0] for name in imports_of(source, package)}
    assert "msgspec.json" not in source


@pytest.mark.parametrize("path", modules("stdb_runtime"), ids=dotted)
def test_an_encoding_is_named_only_where_it_is_chosen(path: Path) -> None:
    name = dotted(path)
    if name not in CHOOSERS and not name.startswith(ENCODINGS):
        assert not {other for other in siblings_of(path) if other.startswith(ENCODINGS)}


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
