"""Types of the schema by their annotations, and what each class says of its form on the wire."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Sequence
from typing import Annotated, Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stdb_runtime import types
from stdb_runtime._sats import annotation, array, product, scalar, sums
from stdb_runtime._sats.annotation import F64, U8, U32, BytesLike, Product, type_of
from stdb_runtime._sats.sats import Dialect, Fault, SatsType
from stdb_runtime._sats.scalar import NAN
from stdb_runtime.errors import BindingsError
from stdb_runtime.types import Err, Ok, Some, Variant
from tests.golden.echo.client import types as echo

SATS_CLASSES = [
    found
    for module in (scalar, array, product, sums)
    for found in vars(module).values()
    if inspect.isclass(found) and issubclass(found, SatsType) and found is not SatsType
]
VALUE_CLASSES = [
    *[getattr(types, name) for name in types.__all__ if inspect.isclass(getattr(types, name)) and name != "Uuid"],
    annotation.Product,
    annotation.Enumeration,
    Variant,
]


class Unresolved(Product, frozen=True):
    """Its annotation names nothing."""

    x: Nowhere  # type: ignore[name-defined]  # noqa: F821 # pyright: ignore[reportUndefinedVariable, reportUnknownVariableType]


class Unknown(Product, frozen=True):
    """Its annotation is none that generated code uses."""

    x: list[U8]


@pytest.mark.parametrize("found", [*SATS_CLASSES, *VALUE_CLASSES], ids=lambda found: found.__name__)
def test_docstring_shows_the_form_on_the_wire_and_names_the_section(found: type) -> None:
    text = found.__doc__ or ""
    assert "`" in text or "object" in text
    assert re.search(r"\b3\.[123]\)", text), text


@pytest.mark.parametrize(
    "wrong",
    [
        int,
        float,
        list,
        list[U8],
        dict[str, int],
        tuple[U8, U8],
        tuple[U8],
        Sequence,
        Sequence[int],
        set[U8],
        Annotated[int, "x"],
        object,
        "U8",
        5,
        U32 | str,
    ],
)
def test_what_generated_code_never_says(wrong: object) -> None:
    with pytest.raises(BindingsError, match="run stdb-codegen again"):
        type_of(wrong).read([])


@pytest.mark.parametrize("product", [Unresolved, Unknown])
def test_a_class_that_does_not_fit_is_noticed_on_first_use(product: type[Product]) -> None:
    found = type_of(product)
    with pytest.raises(BindingsError, match="run stdb-codegen again"):
        found.read([])


def test_parameters_are_of_the_types_of_columns() -> None:
    for parameter, column in (
        (Sequence[U32], tuple[U32, ...]),
        (Sequence[Sequence[str]], tuple[tuple[str, ...], ...]),
        (Sequence[U32] | None, tuple[U32, ...] | None),
        (BytesLike, bytes),
        (Sequence[BytesLike | None], tuple[bytes | None, ...]),
    ):
        assert type_of(parameter).type_string() == type_of(column).type_string()


def test_a_type_is_made_once() -> None:
    assert type_of(echo.Shape) is type_of(echo.Shape)
    assert type_of(echo.Point) is type_of(echo.Point)


def test_a_type_that_holds_itself_is_read_in_both_dialects() -> None:
    tree = echo.Tree(1, (echo.Tree(2, ()), echo.Tree(3, (echo.Tree(4, ()),))))
    found = type_of(echo.Tree)
    assert found.read([1, [[2, []], [3, [[4, []]]]]]) == tree
    assert found.read({"value": 1, "children": [[2, []], {"value": 3, "children": [[4, []]]}]}) == tree
    for named in (True, False):
        assert found.decode_plan(Dialect(named)).build is not None
    assert found.key is None or found.key(tree) == found.key(tree)


FLOATS = st.sampled_from([0.0, -0.0, 1.5, -1.5, math.nan, math.inf, -math.inf, NAN])
SPECIAL: dict[object, st.SearchStrategy[Any]] = {
    F64: FLOATS,
    tuple[F64, ...]: st.lists(FLOATS, max_size=3).map(tuple),
    Optional[F64]: FLOATS | st.none(),  # noqa: UP045 - checkers see an object here
    Some[Optional[F64]] | None: st.none() | (FLOATS | st.none()).map(Some),  # noqa: UP045 - as above
    Ok[F64] | Err[str]: FLOATS.map(Ok) | st.text(max_size=2).map(Err),
    echo.Point: st.builds(echo.Point, st.just(1), FLOATS),
    echo.Tree: st.just(echo.Tree(1, (echo.Tree(2, ()),))),
}


@pytest.mark.parametrize("annotation", SPECIAL, ids=str)
@given(data=st.data())
def test_special_values_are_those_whose_key_is_another_value(annotation: object, data: st.DataObject) -> None:
    type_ = type_of(annotation)
    values = data.draw(st.lists(SPECIAL[annotation], max_size=6))
    keys = [value if type_.key is None else type_.key(value) for value in values]
    assert sorted(type_.special(values)) == [at for at, value in enumerate(values) if keys[at] is not value]
    for key, value in zip(keys, values, strict=True):
        for other, another in zip(keys, values, strict=True):
            assert (key == other) == (repr(value) == repr(another))


def test_path_of_a_fault() -> None:
    fault = Fault("wrong").under("[3]").under("tags").under("shape")
    assert fault.path("$") == "$.shape.tags[3]"
    assert fault.path("") == "shape.tags[3]"
    assert Fault("wrong").path("$") == "$"
