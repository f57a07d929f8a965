"""Module definitions in the server's JSON shape, without its ceremony."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from stdb_codegen import context, ir, lower, rawdef, render
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


def table(
    name: str,
    row: int,
    *,
    key: int | None = None,
    unique: list[list[int]] | None = None,
    indexes: list[Json] | None = None,
    access: str = "Public",
) -> Json:
    """A table; its key is unique by itself, as in every module."""
    columns = [*([[key]] if key is not None else []), *(unique or [])]
    return {
        "name": name,
        "product_type_ref": row,
        "primary_key": [] if key is None else [key],
        "indexes": [{"name": NONE, "accessor_name": NONE, "algorithm": algorithm} for algorithm in indexes or []],
        "constraints": [{"name": NONE, "data": {"Unique": {"columns": group}}} for group in columns],
        "sequences": [],
        "schedule": NONE,
        "table_type": {"User": []},
        "table_access": {access: []},
    }


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
        "misc_exports": [],
        "row_level_security": [],
    }


def one_table(*columns: tuple[str, Json], name: str = "thing", **options: Any) -> Json:
    """A module of one table with these columns."""
    return module({"Thing": product(*columns)}, [table(name, 0, **options)])


def read(raw: Json) -> ir.Schema:
    return lower.lower(rawdef.decode(rawdef.Definition(json.dumps(raw).encode(), "json", "schema.json")))


def generate(raw: Json) -> dict[str, str]:
    return render.render(context.build(read(raw)))
