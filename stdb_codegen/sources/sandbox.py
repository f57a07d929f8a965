"""Sandbox process in which a `.wasm` describes itself: `python -m stdb_codegen.sources.sandbox FUEL LARGEST`.

It reads the module from standard input and writes the description to standard output. On failure, the last line on
standard error is the reason, as JSON. It is a separate process because an abort or an endless loop cannot be caught
from within; `stdb_codegen.sources.wasm` starts it.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import wasmtime

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["main"]

# Linear memory in bytes, and elements of tables. Rust modules begin with little over 1 MiB, and with a table of some
# thousand functions.
MEMORY = 256 * 1024 * 1024
ELEMENTS = 1_000_000
# Calls of host functions: one for each chunk of a description, and some for log messages.
HOST_CALLS = 100_000
# Data of this process in bytes, and processor seconds in case that nothing else ends it.
PROCESS_DATA = 4 * 1024 * 1024 * 1024
PROCESS_SECONDS = 600

_NUMBERS = {"i32": 0, "i64": 0, "f32": 0.0, "f64": 0.0}


class _RefusedError(Exception):
    """Refusal of a module that does something that describing does not need."""


class _Sink:
    """Sink of the module's output, which counts host calls.

    Args:
        largest: limit of the output in bytes.
    """

    def __init__(self, largest: int) -> None:
        self.data = bytearray()
        self._largest = largest
        self._calls = 0

    def called(self) -> None:
        """Count a host call, which fuel does not limit."""
        self._calls += 1
        if self._calls > HOST_CALLS:
            raise _RefusedError(f"it calls its host more than {HOST_CALLS:,} times")

    def write(self, caller: wasmtime.Caller, _sink: int, start: int, length_at: int) -> int:
        """Append a chunk of the description."""
        self.called()
        memory = caller.get("memory")
        if not isinstance(memory, wasmtime.Memory):
            raise _RefusedError("it has no memory")
        length = int.from_bytes(_read(caller, memory, length_at, 4), "little")
        if len(self.data) + length > self._largest:
            raise _RefusedError(f"its description is too long: more than {self._largest:,} bytes")
        self.data += _read(caller, memory, start, length)
        return 0


def main(arguments: Sequence[str]) -> int:
    """Describe the module on standard input, and return the exit code."""
    fuel, largest = map(int, arguments)
    _limit_process()
    try:
        description = _describe(sys.stdin.buffer.read(), fuel, largest)
    except (wasmtime.WasmtimeError, wasmtime.Trap, wasmtime.ExitTrap, _RefusedError, MemoryError) as error:
        sys.stderr.write(f"\n{json.dumps({'refused': _reason(error)})}\n")
        return 1
    sys.stdout.buffer.write(description)
    sys.stdout.buffer.flush()
    return 0


def _limit_process() -> None:
    if sys.platform == "win32":
        return
    import resource

    # Not the address space: most of it is only reserved, around each memory.
    limits = {
        resource.RLIMIT_DATA: PROCESS_DATA,
        resource.RLIMIT_CPU: PROCESS_SECONDS,
        resource.RLIMIT_CORE: 0,
    }
    for kind, wanted in limits.items():
        _, hard = resource.getrlimit(kind)
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (limit, hard))


def _describe(binary: bytes, fuel: int, largest: int) -> bytes:
    config = wasmtime.Config()
    config.consume_fuel = True
    engine = wasmtime.Engine(config)
    store = wasmtime.Store(engine)
    store.set_fuel(fuel)
    store.set_limits(memory_size=MEMORY, table_elements=ELEMENTS, instances=1, tables=8, memories=1)
    module = wasmtime.Module(engine, binary)
    sink = _Sink(largest)
    instance = wasmtime.Instance(store, module, [_import(store, item, sink) for item in module.imports])
    exports = instance.exports(store)
    names = sorted(export.name or "" for export in module.exports)
    for name in (*(name for name in names if name.startswith("__preinit__")), "__describe_module__"):
        function = exports.get(name)
        if not isinstance(function, wasmtime.Func):
            raise _RefusedError(f"it has no function {name}")
        parameters = ["i32"] if name == "__describe_module__" else []
        if _signature(function.type(store)) != (parameters, []):
            raise _RefusedError(f"its function {name} has another signature than in SpacetimeDB modules")
        function(store, *([0] if parameters else []))
    return bytes(sink.data)


def _import(store: wasmtime.Store, item: wasmtime.ImportType, sink: _Sink) -> wasmtime.Func:
    """Return a host function: the sink for the description, or one that returns zeros."""
    kind = item.type
    if not isinstance(kind, wasmtime.FuncType):
        raise _RefusedError(f"it imports {item.name!r}, which is not a function")
    parameters, results = _signature(kind)
    if not {*parameters, *results} <= _NUMBERS.keys():
        raise _RefusedError(f"it imports {item.name!r}, which takes or returns values that are not numbers")
    if item.name == "bytes_sink_write":
        if (parameters, results) != (["i32", "i32", "i32"], ["i32"]):
            raise _RefusedError(f"it imports {item.name!r} with another signature than in SpacetimeDB")
        return wasmtime.Func(store, kind, sink.write, access_caller=True)
    return wasmtime.Func(store, kind, _nothing([_NUMBERS[result] for result in results], sink))


def _nothing(zeros: list[float], sink: _Sink) -> Callable[..., object]:
    def nothing(*_: object) -> object:
        sink.called()
        return zeros[0] if len(zeros) == 1 else zeros or None

    return nothing


def _signature(kind: wasmtime.FuncType) -> tuple[list[str], list[str]]:
    return [str(type_) for type_ in kind.params], [str(type_) for type_ in kind.results]


def _read(caller: wasmtime.Caller, memory: wasmtime.Memory, start: int, length: int) -> bytearray:
    start &= 0xFFFF_FFFF  # Addresses are signed integers here.
    if start + length > memory.data_len(caller):
        raise _RefusedError("it points outside of its memory")
    return memory.read(caller, start, start + length)


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "it needs too much memory"
    lines = str(error).strip().splitlines()
    if any("fuel" in line for line in lines):
        return "it does not end"
    return lines[0] if lines else "unknown reason"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
