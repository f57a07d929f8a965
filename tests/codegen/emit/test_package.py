"""Written packages, used: imported, read by the runtime, checked by type checkers and linter."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import TYPE_CHECKING, cast

import pytest

from stdb_runtime._handles.declaration import declaration_of
from stdb_runtime._handles.reducer import OnReducer, ReducerDeclaration
from stdb_runtime._protocol.v1_json.arguments import encode
from stdb_runtime._sats.annotation import product_of
from stdb_runtime.bindings import Enumeration, Product
from tests.codegen.golden import CASES, built
from tests.codegen.schemas import GOLDEN
from tests.support.declarations import of_reducer
from tests.support.modules import GAME, ROOT

if TYPE_CHECKING:
    from types import ModuleType

PACKAGES = [str(GOLDEN), str(GAME / "game_client")]


def module(case: str, name: str = "") -> ModuleType:
    return importlib.import_module(f"tests.golden.{case}.client{name}")


@pytest.mark.parametrize("case", CASES)
def test_package_has_what_it_offers(case: str) -> None:
    package = module(case)
    for name in package.__all__:
        assert hasattr(package, name)


@pytest.mark.parametrize("case", CASES)
def test_runtime_reads_the_types_of_the_schema(case: str) -> None:
    declarations = built(case).types
    types = module(case, ".types") if declarations else None
    for declared in declarations:
        names = [part.name for part in declared.parts]
        found = getattr(types, declared.python_name)
        match declared.kind:
            case "product":
                assert issubclass(found, Product)
                assert [field.wire_name for field in product_of(found).fields] == names
            case "enumeration":
                assert issubclass(found, Enumeration)
                assert [member.value for member in found] == names
            case "variant":
                assert found.variant == declared.name
            case "alias":
                assert [variant.variant for variant in getattr(found, "__args__", [found])] == names


@pytest.mark.parametrize("case", CASES)
def test_runtime_knows_the_reducers_by_their_wire_names(case: str) -> None:
    declared = cast("dict[str, object]", vars(module(case).Reducers))
    reducers = built(case).reducers
    found = (declaration_of(value, ReducerDeclaration) for value in declared.values())
    called = {reducer.name for reducer in found if reducer is not None}
    assert called == {reducer.name for reducer in reducers if reducer.method}
    assert sum(isinstance(value, OnReducer) for value in declared.values()) == len(reducers)


def test_renamed_arguments_are_sent() -> None:
    from tests.golden.features.client import Reducers

    parameters = of_reducer(Reducers.create_account).parameters
    assert encode(parameters, parameters.bind(("a",), {"self_": 5})) == '["a",5]'


@pytest.mark.parametrize(
    "checker",
    [
        ["mypy", "--strict"],
        ["basedpyright", f"--pythonpath={sys.executable}"],
        ["ruff", "check"],
    ],
    ids=lambda checker: checker[0],
)
def test_checkers_have_nothing_to_say(checker: list[str]) -> None:
    command = [sys.executable, "-m", *checker, *PACKAGES]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
