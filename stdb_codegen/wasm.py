"""Lets a `.wasm` describe itself, in a sandbox: a module is untrusted code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stdb_codegen.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

    import wasmtime

# Describing the largest modules takes a small part of this; a loop without end takes some seconds to run out.
FUEL = 5_000_000_000
MEMORY = 256 * 1024 * 1024
LARGEST = 64 * 1024 * 1024


class _RefusedError(Exception):
    """The module did what describing does not need."""


def describe(binary: bytes, place: str, fuel: int = FUEL) -> bytes:
    """Run a module far enough to have its definition.

    Args:
        binary: The `.wasm`.
        place: Where it was found, for errors.
        fuel: How many instructions it may run.

    Returns:
        The definition, in BSATN.

    Raises:
        SourceError: The extra `wasm` is not installed, or the binary does not describe itself.
    """
    try:
        import wasmtime
    except ImportError as error:
        remedy = "run: pip install 'stdb[wasm]' (or generate from a server, with --server)"
        raise SourceError(place, "reading a .wasm needs the package wasmtime", remedy) from error
    try:
        return _describe(binary, fuel)
    except (wasmtime.WasmtimeError, wasmtime.Trap, wasmtime.ExitTrap, _RefusedError) as error:
        reason = str(error).strip().splitlines()
        problem = f"the module cannot describe itself: {_reason(reason)}"
        raise SourceError(place, problem, "give the .wasm of a SpacetimeDB module, built for release") from error


def _describe(binary: bytes, fuel: int) -> bytes:
    import wasmtime

    config = wasmtime.Config()
    config.consume_fuel = True
    engine = wasmtime.Engine(config)
    store = wasmtime.Store(engine)
    store.set_fuel(fuel)
    store.set_limits(memory_size=MEMORY, instances=1, tables=8, memories=1)
    module = wasmtime.Module(engine, binary)
    sink = bytearray()
    instance = wasmtime.Instance(store, module, [_import(store, item, sink) for item in module.imports])
    exports = instance.exports(store)
    names = sorted(export.name or "" for export in module.exports)
    for name in (*(name for name in names if name.startswith("__preinit__")), "__describe_module__"):
        function = exports.get(name)
        if not isinstance(function, wasmtime.Func):
            raise _RefusedError(f"it has no function {name}")
        function(store, *([0] if name == "__describe_module__" else []))
    return bytes(sink)


def _import(store: wasmtime.Store, item: wasmtime.ImportType, sink: bytearray) -> wasmtime.Func:
    """What the module asks its host for: the sink for its description; everything else answers with zeros."""
    import wasmtime

    kind = item.type
    if not isinstance(kind, wasmtime.FuncType):
        raise _RefusedError(f"it imports {item.name!r}, which is no function")
    if item.name == "bytes_sink_write":
        return wasmtime.Func(store, kind, _sink_write(sink), access_caller=True)
    zeros = [0] * len(kind.results)

    def nothing(*_: object) -> object:
        return zeros[0] if len(zeros) == 1 else zeros or None

    return wasmtime.Func(store, kind, nothing)


def _sink_write(sink: bytearray) -> Callable[[wasmtime.Caller, int, int, int], int]:
    def write(caller: wasmtime.Caller, _sink: int, start: int, length_at: int) -> int:
        import wasmtime

        memory = caller.get("memory")
        if not isinstance(memory, wasmtime.Memory):
            raise _RefusedError("it has no memory")
        length = int.from_bytes(_read(caller, memory, length_at, 4), "little")
        sink.extend(_read(caller, memory, start, length))
        if len(sink) > LARGEST:
            raise _RefusedError("its description is too long")
        return 0

    return write


def _read(caller: wasmtime.Caller, memory: wasmtime.Memory, start: int, length: int) -> bytearray:
    start &= 0xFFFF_FFFF  # Addresses arrive signed.
    if start + length > memory.data_len(caller):
        raise _RefusedError("it points outside of its memory")
    return memory.read(caller, start, start + length)


def _reason(lines: list[str]) -> str:
    if any("fuel" in line for line in lines):
        return "it runs without end"
    return lines[0] if lines else "no reason is known"
