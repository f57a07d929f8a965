"""Module definitions in the server's JSON shape, without its ceremony."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from stdb_codegen.emit import context, declaration, render
from stdb_codegen.schema import ir, lower, rawdef
from tests.support.modules import ROOT

GOLDEN = ROOT / "tests" / "golden"

Json: TypeAlias = dict[str, Any]

UNIT: Json = {"Product": {"elements": []}}
NONE: Json = {"none": []}


def simple(name: str) -> Json:
    return {name: []}


def ref(number: int) -> Json:
    return {"Ref": number}


def array(element: Json) -> Json:
    return {"Array": element}


def elements(parts: list[tuple[str, Json]]) -> list[Json]:
    return [{"name": {"some": name}, "algebraic_type": type_} for name, type_ in parts]


def product(*parts: tuple[str, Json]) -> Json:
    return {"Product": {"elements": elements(list(parts))}}


def sum_(*parts: tuple[str, Json]) -> Json:
    return {"Sum": {"variants": elements(list(parts))}}


def option(some: Json) -> Json:
    return sum_(("some", some), ("none", UNIT))


def result(ok: Json, err: Json) -> Json:
    return sum_(("ok", ok), ("err", err))


def special(name: str, inner: str) -> Json:
    return product((name, simple(inner)))


U64 = simple("U64")
STRING = simple("String")
IDENTITY = special("__identity__", "U256")
CONNECTION_ID = special("__connection_id__", "U128")
TIMESTAMP = special("__timestamp_micros_since_unix_epoch__", "I64")
TIME_DURATION = special("__time_duration_micros__", "I64")
UUID = special("__uuid__", "U128")
SCHEDULE_AT = sum_(("Interval", TIME_DURATION), ("Time", TIMESTAMP))


def indexed(algorithm: Json, accessor: str | None = None) -> Json:
    return {"name": NONE, "accessor_name": {"some": accessor} if accessor else NONE, "algorithm": algorithm}


def table(
    name: str,
    row: int,
    *,
    key: int | None = None,
    unique: list[list[int]] | None = None,
    indexes: list[Json] | None = None,
    access: str = "Public",
    schedule: str | None = None,
    auto_inc: list[int] | None = None,
) -> Json:
    """A table; its key is unique by itself, as in every module."""
    columns = [*([[key]] if key is not None else []), *(unique or [])]
    return {
        "name": name,
        "product_type_ref": row,
        "primary_key": [] if key is None else [key],
        "indexes": [index if "algorithm" in index else indexed(index) for index in indexes or []],
        "constraints": [{"name": NONE, "data": {"Unique": {"columns": group}}} for group in columns],
        "sequences": [{"name": NONE, "column": column} for column in auto_inc or []],
        "schedule": {"some": {"name": NONE, "reducer_name": schedule, "scheduled_at_column": 0}} if schedule else NONE,
        "table_type": {"User": []},
        "table_access": {access: []},
    }


def procedure(name: str, returns: Json, *parameters: tuple[str, Json]) -> Json:
    """Export of a procedure, version 9."""
    return {"Procedure": {"name": name, "params": {"elements": elements(list(parameters))}, "return_type": returns}}


def view(name: str, returns: Json, *parameters: tuple[str, Json], public: bool = True) -> Json:
    """Export of a view, version 9."""
    params = {"elements": elements(list(parameters))}
    shown = {"index": 0, "is_public": public, "is_anonymous": True, "params": params, "return_type": returns}
    return {"View": {"name": name, **shown}}


def reducer(name: str, *parameters: tuple[str, Json], lifecycle: str | None = None) -> Json:
    return {
        "name": name,
        "params": {"elements": elements(list(parameters))},
        "lifecycle": {"some": {lifecycle: []}} if lifecycle else NONE,
    }


def module(
    types: dict[str, Json] | None = None,
    tables: list[Json] | None = None,
    reducers: list[Json] | None = None,
    exports: list[Json] | None = None,
) -> Json:
    """A module whose types have the references 0, 1, 2 ...; a dot in a type's name ends a scope."""
    names = [name.split(".") for name in types or {}]
    return {
        "typespace": {"types": list((types or {}).values())},
        "tables": tables or [],
        "reducers": reducers or [],
        "types": [
            {"name": {"scope": scope, "name": name}, "ty": number, "custom_ordering": True}
            for number, (*scope, name) in enumerate(names)
        ],
        "misc_exports": exports or [],
        "row_level_security": [],
    }


def one_table(*columns: tuple[str, Json], name: str = "thing", **options: Any) -> Json:
    """A module of one table with these columns."""
    return module({"Thing": product(*columns)}, [table(name, 0, **options)])


def version_10(raw: Json, **sections: Any) -> Json:
    """A module of version 9 as version 10 has it, with further sections, or other ones."""
    source_named = {"name": "source_name"}
    exports = [(kind, content) for export in raw["misc_exports"] for kind, content in export.items()]
    callable_, private = simple("ClientCallable"), simple("Private")
    lifecycles = [reducer for reducer in raw["reducers"] if reducer["lifecycle"] != NONE]
    timers = [table for table in raw["tables"] if table["schedule"] != NONE]
    made: Json = {
        "Typespace": raw["typespace"],
        "Types": [
            {**entry, "source_name": {"scope": entry["name"]["scope"], "source_name": entry["name"]["name"]}}
            for entry in raw["types"]
        ],
        "Tables": [
            {**_renamed(table, source_named), "default_values": [], "is_event": False} for table in raw["tables"]
        ],
        "Reducers": [
            {**_renamed(reducer, source_named), "visibility": private if reducer in lifecycles else callable_}
            for reducer in raw["reducers"]
        ],
        "Procedures": [
            {**_renamed(content, source_named), "visibility": callable_}
            for kind, content in exports
            if kind == "Procedure"
        ],
        "Views": [_renamed(content, source_named) for kind, content in exports if kind == "View"],
        "Schedules": [
            {
                "source_name": NONE,
                "table_name": table["name"],
                "schedule_at_col": 0,
                "function_name": table["schedule"]["some"]["reducer_name"],
            }
            for table in timers
        ],
        "LifeCycleReducers": [
            {"lifecycle_spec": reducer["lifecycle"]["some"], "function_name": reducer["name"]} for reducer in lifecycles
        ],
    }
    return {"sections": [{kind: content} for kind, content in {**made, **sections}.items()]}


def named(kind: str, source_name: str, canonical_name: str) -> Json:
    """An entry of `ExplicitNames`, version 10."""
    return {kind: {"source_name": source_name, "canonical_name": canonical_name}}


def _renamed(part: Json, names: dict[str, str]) -> Json:
    return {names.get(key, key): value for key, value in part.items()}


def read(raw: Json) -> ir.Schema:
    return lower.lower(rawdef.decode(rawdef.Definition(json.dumps(raw).encode(), "json", "schema.json")))


def build(raw: Json, **options: Any) -> declaration.Package:
    return context.build(read(raw), **options)


def generate(raw: Json, **options: Any) -> dict[str, str]:
    return render.render(build(raw, **options))
