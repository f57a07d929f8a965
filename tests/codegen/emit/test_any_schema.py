"""Any schema gives a package that works, or one error."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from stdb_codegen.emit import context, render
from stdb_codegen.errors import CodegenError
from stdb_codegen.schema import casing, lower, v10
from stdb_runtime import SubscriptionError, table_info
from stdb_runtime._handles.declaration import declaration_of
from stdb_runtime._handles.procedure import ProcedureDeclaration
from stdb_runtime._handles.query import sql_of
from stdb_runtime._handles.reducer import ReducerDeclaration
from stdb_runtime._handles.table import declarations_of
from stdb_runtime._sats.annotation import product_of
from stdb_runtime.bindings import Enumeration, Product, Variant
from tests.codegen import schemas
from tests.codegen.emit.lines import overlong_lines
from tests.codegen.schemas import U64, UNIT, Json, array, generate, module, option, product, reducer, ref, sum_, table
from tests.codegen.strategies import modules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

numbers = itertools.count()
# Packages are written and imported, which takes its time; the folder for them is one for all.
UNHURRIED = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that packages can be imported from."""
    path = tmp_path_factory.mktemp("packages")
    sys.path.insert(0, str(path))
    yield path
    sys.path.remove(str(path))


def declarations(set_: type[object]) -> list[object]:
    return list(vars(set_).values())


def imported(files: Mapping[str, str], folder: Path) -> ModuleType:
    """Write a package, import it, and let the runtime read everything that it declares."""
    name = f"any_schema_{next(numbers)}"
    (folder / name).mkdir()
    for file, text in files.items():
        (folder / name / file).write_bytes(text.encode())
    importlib.invalidate_caches()
    package = importlib.import_module(name)
    types = vars(importlib.import_module(f"{name}.types")) if "types.py" in files else {}
    for declared in types.values():
        if isinstance(declared, type) and issubclass(declared, Product) and declared is not Product:
            for part in product_of(declared).fields:
                assert part.type is not None
    reducers, procedures = (
        cast("dict[str, object]", vars(package.Reducers)),
        cast("dict[str, object]", vars(package.Procedures) if "_procedures.py" in files else {}),
    )
    for method in (*reducers.values(), *procedures.values()):
        declared = declaration_of(method, ReducerDeclaration) or declaration_of(method, ProcedureDeclaration)
        if declared is not None:
            with pytest.raises(TypeError, match="has no parameter"):
                declared.parameters.bind((), {"no such parameter": 1})
    declarations = declarations_of(package.Tables)
    assert len(declarations) == len(package.Tables.__annotations__)
    for attribute in package.Tables.__annotations__:
        table = getattr(package.tables, attribute)
        with contextlib.suppress(SubscriptionError):  # an event table
            assert table_info(table).name in sql_of(table)
    return package


@given(modules(), st.booleans())
@settings(max_examples=80, deadline=None, suppress_health_check=UNHURRIED)
def test_any_schema_gives_a_package_or_one_error(folder: Path, raw: Json, include_private: bool) -> None:
    try:
        files = generate(raw, include_private=include_private)
    except CodegenError as error:
        event(type(error).__name__)
        files = {}

    if not files:
        return
    event("package")
    assert overlong_lines(files) == []
    imported(files, folder)
    assert generate(raw, include_private=include_private) == files


@given(modules())
@settings(max_examples=25, deadline=None, suppress_health_check=UNHURRIED)
def test_any_source_names_become_canonical(folder: Path, raw: Json) -> None:
    """Canonical names of a `.wasm`: whatever its source names, they are names, and derived twice they are the same."""
    if "sections" not in raw:
        return
    once, again = (casing.canonical(v10.from_values(raw)) for _ in range(2))
    assert once == again
    try:
        files = render.render(context.build(lower.lower(once)))
    except CodegenError:
        return
    imported(files, folder)
    assert render.render(context.build(lower.lower(again))) == files


def thousand() -> Json:
    variants = [(f"variant{number}", U64 if number % 2 else UNIT) for number in range(1000)]
    units = [(f"unit{number}", UNIT) for number in range(1000)]
    return module({"Many": sum_(*variants), "Units": sum_(*units)}, None, [reducer("r", ("a", ref(0)), ("b", ref(1)))])


def nested(depth: int) -> Json:
    type_ = U64
    for _ in range(depth):
        type_ = option(type_)
    return type_


HOSTILE: dict[str, Json] = {
    "a thousand variants": thousand(),
    "a thousand columns": module(
        {"Wide": product(*((f"column{number}", U64) for number in range(1000)))}, [table("wide", 0)]
    ),
    "names of 300 letters": module(
        {"T" * 300: product(("c" * 300, U64), ("d" * 300, ref(1))), "S" * 300: sum_(("V" * 300, ref(0)), ("W", UNIT))},
        [table("t" * 300, 0, key=0, indexes=[schemas.indexed({"BTree": [0, 0]}, "i" * 300)])],
        [reducer("r" * 300, ("p" * 300, ref(1)))],
        [schemas.procedure("q" * 300, ref(0))],
    ),
    "right to left": module(
        {"שם": product(("مفتاح", U64)), "\u202eevil": product(("\u2066x\u2069", U64))},
        [table("טבלה", 0, key=0), table("\u202etable", 1)],
        [reducer("عمل", ("פרמטר", U64))],
    ),
    "nested as deeply as is allowed": module({"Deep": product(("x", nested(45)))}, [table("deep", 0)]),
    "rows that hold themselves": module(
        {
            "Row": product(("sum", ref(1)), ("rows", array(ref(0))), ("row", option(ref(0)))),
            "Sum": sum_(("Again", option(ref(1))), ("Float", schemas.simple("F64")), ("Row", ref(0)), ("End", UNIT)),
        },
        [table("rows", 0)],
    ),
    "keywords": module(
        {
            "None": product(("class", U64), ("import", U64), ("lambda", U64)),
            "True": sum_(("False", UNIT), ("None", U64)),
        },
        [table("def", 0, key=0)],
        [reducer("return", ("yield", ref(0)), ("async", ref(1)))],
        [schemas.procedure("await", ref(1), ("print", U64))],
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_schemas_give_packages(name: str, folder: Path) -> None:
    files = generate(HOSTILE[name])
    assert overlong_lines(files) == []
    package = imported(files, folder)
    for declared in vars(package).values():
        if isinstance(declared, type) and issubclass(declared, Enumeration):
            assert len(declared) >= 1
        if isinstance(declared, type) and issubclass(declared, Variant):
            assert declared.variant


INFINITE: dict[str, Json] = {
    "a struct in itself": module({"A": product(("a", ref(0)))}),
    "a struct in itself, by way of another": module({"B": product(("a", ref(1))), "A": product(("b", ref(0)))}),
    "an enum that is always another": module({"A": sum_(("x", ref(0)), ("y", ref(1))), "B": product(("a", ref(0)))}),
    "a result of itself": module({"A": product(("r", schemas.result(ref(0), ref(0))))}),
}


@pytest.mark.parametrize("name", INFINITE)
def test_types_without_a_value_are_one_error(name: str) -> None:
    with pytest.raises(CodegenError, match="type 'A': contains itself by value; hold it in an Option or a Vec"):
        generate(INFINITE[name])


def test_what_only_holds_an_infinite_type_is_not_blamed() -> None:
    raw = module({"A": product(("z", ref(1))), "Z": product(("z", ref(1)))})
    with pytest.raises(CodegenError, match="type 'Z': contains itself by value"):
        generate(raw)


def test_a_package_executes_nothing(folder: Path) -> None:
    attack = f"__import__('pathlib').Path({str(folder / 'attacked')!r}).touch()"
    texts = [attack, f'"""\n{attack}\n"""', f"'); {attack}; ('", f"{{{{ {attack} }}}}", f"\\\n{attack}", f"#\r{attack}"]
    for text in texts:
        raw = module(
            {text: product(("x", U64)), f"{text}e": sum_((text, UNIT)), f"{text}s": sum_((text, U64))},
            [table(text, 0)],
            [reducer(text, (text, ref(1)), ("s", ref(2)))],
            [schemas.procedure(text, array(ref(0)), (text, U64))],
        )
        imported(generate(raw), folder)
    assert not (folder / "attacked").exists()
