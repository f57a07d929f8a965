"""Text report of a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stdb_codegen.text import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from stdb_codegen.inspect.inspection import (
        FieldReport,
        ModuleReport,
        ProcedureReport,
        ReducerReport,
        TableReport,
        TypeReport,
    )

__all__ = ["lines"]

_UNIT = "()"
# A longer cell shifts its own row only.
_WIDEST = 40
_LIFECYCLES = {
    "init": "called when the module is published",
    "client_connected": "called when a client connects",
    "client_disconnected": "called when a client disconnects",
}


def lines(module: ModuleReport) -> Iterator[str]:
    """Yield the lines of a report: each table with its columns, then functions and types."""
    for table in module.tables:
        yield from _table(table)
        yield ""
    functions = (("reducers", map(_reducer, module.reducers)), ("procedures", map(_procedure, module.procedures)))
    rows = {table.row for table in module.tables}
    types = (_type(type_) for type_ in module.types if type_.name not in rows)
    for title, cells in (*functions, ("types", types)):
        rows_of_text = list(_aligned(cells))
        if rows_of_text:
            yield from (title, *rows_of_text, "")
    yield f"schema {module.hash}"


def _table(table: TableReport) -> Iterator[str]:
    facts = ["public" if table.public else "private", f"rows are {table.row}"]
    if table.schedule is not None:
        facts.append(f"schedules {table.schedule}")
    facts += _source_name(table)
    name = f"{table.name}({_listed(table.parameters)})" if table.parameters else table.name
    yield escaped(f"{table.kind} {name}: {', '.join(facts)}")
    yield from _aligned((column.name, column.type, ", ".join(column.keys)) for column in table.columns)
    groups = [("unique", columns) for columns in table.unique]
    groups += [(index.algorithm, index.columns) for index in table.indexes]
    for kind, columns in groups:
        if len(columns) > 1:
            yield escaped(f"  {kind} ({', '.join(columns)})")


def _reducer(reducer: ReducerReport) -> tuple[str, str]:
    caller = _LIFECYCLES.get(reducer.lifecycle or "") or _caller(reducer)
    return _signature(reducer), ", ".join(filter(None, [caller, *_source_name(reducer)]))


def _procedure(procedure: ProcedureReport) -> tuple[str, str]:
    facts = ", ".join(filter(None, [_caller(procedure), *_source_name(procedure)]))
    return f"{_signature(procedure)} -> {procedure.returns}", facts


def _source_name(part: TableReport | ReducerReport | ProcedureReport) -> list[str]:
    """Return the source name as a fact, if it is different: Python names derive from it."""
    return [] if part.source_name is None else [f"{part.source_name} in the source"]


def _signature(function: ReducerReport | ProcedureReport) -> str:
    return f"{function.name}({_listed(function.parameters)})"


def _caller(function: ReducerReport | ProcedureReport) -> str:
    if function.scheduled_by is not None:
        return f"called by the schedule of {function.scheduled_by}"
    return "" if function.public else "private"


def _type(type_: TypeReport) -> tuple[str, str]:
    if type_.kind == "struct":
        return type_.name, f"{{ {_listed(type_.parts)} }}" if type_.parts else "{}"
    return type_.name, " | ".join(
        part.name if part.type == _UNIT else f"{part.name}({part.type})" for part in type_.parts
    )


def _listed(parts: Iterable[FieldReport]) -> str:
    return ", ".join(f"{part.name}: {part.type}" for part in parts)


def _aligned(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield rows of aligned columns; a very long cell does not widen its column."""
    table = [[escaped(cell) for cell in row] for row in rows]
    widths = [
        max((len(cell) for cell in column if len(cell) <= _WIDEST), default=0) for column in zip(*table, strict=True)
    ]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()
