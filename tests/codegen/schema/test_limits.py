"""Schemas that are too large or too deep are refused in one line, before they take time or memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stdb_codegen.emit import context
from stdb_codegen.emit.naming import Identifier
from stdb_codegen.emit.order import all_order, import_order
from stdb_codegen.errors import SchemaError
from stdb_codegen.schema import ir, rawdef, size
from stdb_codegen.schema.recursion import check_finite
from tests.codegen.schemas import (
    STRING,
    U64,
    UNIT,
    Json,
    build,
    generate,
    module,
    one_table,
    option,
    procedure,
    product,
    read,
    reducer,
    ref,
    result,
    sum_,
    table,
    version_10,
    view,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def with_types(raw: Json, *types: Json) -> Json:
    """A module with further types, that have no names."""
    raw["typespace"]["types"] += types
    return raw


class TestTypes:
    def test_types_that_double_with_each_alias_are_refused(self) -> None:
        doubled = [result(ref(number + 1), ref(number + 1)) for number in range(1, 10)]
        raw = with_types(module({"A": product(("a", ref(1)))}, [table("t", 0)]), *doubled, U64)
        with pytest.raises(SchemaError, match="its type has more than 100 parts; give inner types names"):
            read(raw)

    def test_some_doubling_is_allowed(self) -> None:
        doubled = [result(ref(number + 1), ref(number + 1)) for number in range(1, 6)]
        raw = with_types(module({"A": product(("a", ref(1)))}, [table("t", 0)]), *doubled, U64)
        assert generate(raw)["types.py"].count("stdb.Ok[") == 31

    def test_chains_of_named_aliases_are_followed_once(self) -> None:
        """Followed twice at each step, 45 steps would have no end."""
        types = {f"Alias{number}": option(ref(number + 1)) for number in range(45)}
        raw = module({**types, "Alias45": U64, "Row": product(("a", ref(0)))}, [table("t", 46)])
        assert generate(raw)["types.py"].count("| None") == 45

    def test_chains_of_aliases_are_as_deep_as_what_they_make(self) -> None:
        """Each alias is found before the next one, so that none of them is deep by itself."""
        types = {f"A{number:02}": option(ref(number - 1)) if number else U64 for number in range(60)}
        raw = module({**types, "Row": product(("a", ref(59)))}, [table("t", 60)])
        with pytest.raises(SchemaError, match="its type is nested more than 50 deep; give inner types names"):
            read(raw)

    def test_long_chains_of_structs(self) -> None:
        types = {f"T{number}": product(("next", ref(number + 1))) for number in range(2000)}
        declared = build(module({**types, "T2000": product()}, [table("t", 0)]))
        assert len(declared.types) == 2001

    def test_long_circles_of_structs(self) -> None:
        types = {f"T{number:04}": product(("next", ref((number + 1) % 2000))) for number in range(2000)}
        with pytest.raises(SchemaError, match="type 'T0000': contains itself by value"):
            read(module(types))

    def test_enums_have_a_value_once_a_variant_has_one(self) -> None:
        a, b = ir.Named("A"), ir.Named("B")
        check_finite([ir.Sum("A", (ir.Field("x", a), ir.Field("y", ir.Atom.UNIT)))])
        check_finite([ir.Sum("A", (ir.Field("x", a), ir.Field("y", b))), ir.Product("B", ())])
        check_finite([ir.Sum("A", (ir.Field("x", ir.Result(a, ir.Result(a, b))),)), ir.Product("B", ())])
        circle: list[ir.Product | ir.Sum] = [
            ir.Sum("B", (ir.Field("x", b), ir.Field("y", a))),
            ir.Product("A", (ir.Field("x", ir.Result(a, b)),)),
        ]
        with pytest.raises(SchemaError, match="type 'A': contains itself by value"):
            check_finite(circle)

    def test_unions_of_thousands_are_refused(self) -> None:
        raw = module({"Many": sum_(*((f"v{number}", U64) for number in range(3000)))})
        with pytest.raises(SchemaError, match="type 'Many': is an enum of 3,000 variants, and 1,000 are allowed"):
            read(raw)

    def test_enumerations_of_thousands_are_allowed(self) -> None:
        raw = module(
            {"Many": sum_(*((f"v{number}", UNIT) for number in range(3000)))}, [], [reducer("r", ("a", ref(0)))]
        )
        assert generate(raw)["types.py"].count(' = "v') == 3000


class TestNames:
    LONG = "x" * 1001

    @pytest.mark.parametrize(
        "raw",
        [
            one_table((LONG, U64)),
            one_table(("id", U64), name=LONG),
            module({LONG: product()}),
            module({}, [], [reducer(LONG)]),
            module({}, [], [reducer("a", (LONG, U64))]),
            module({}, [], [], [procedure(LONG, UNIT)]),
            module({"A": product()}, [], [], [view(LONG, option(ref(0)))]),
        ],
    )
    @pytest.mark.parametrize("version", [9, 10])
    def test_long_names_are_refused(self, raw: Json, version: int) -> None:
        remedy = "; shorten that name: names may have 1,000 characters"
        with pytest.raises(SchemaError, match=f"Expected `str` of length <= 1000 - at .*{remedy}"):
            read(raw if version == 9 else version_10(raw))

    def test_long_scopes_are_refused(self) -> None:
        problem = "its name has 1,199 characters, and 1,000 are allowed; shorten it in the module"
        with pytest.raises(SchemaError, match=problem):
            read(module({".".join(["scope"] * 200): product()}))

    @pytest.mark.parametrize("name", ["x" * 1000, "é" * 1000, "9" * 1000, "\ufdfa" * 1000, "A\u1369" * 500, "²" * 1000])
    def test_names_may_be_long(self, name: str) -> None:
        raw = module({name: sum_((name, U64), ("b", STRING))}, [], [reducer(name, (name, ref(0)))])
        assert f"`{name}`" in generate(raw)["_reducers.py"]

    @pytest.mark.parametrize("digit", ["\u1369", "\u2460", "²", "\u0663", "\U0001d7d8"])
    def test_digits_of_all_scripts(self, digit: str) -> None:
        names = {f"A1{digit}{digit}": product(), f"A{digit}": product(), "A": product()}
        raw = module(names, [], [reducer("r", *((f"a{place}", ref(place)) for place in range(3)))])
        assert len(build(raw).all_types) == 3

    def test_numbers_are_ordered_by_value(self) -> None:
        names = [Identifier(name) for name in ("a10", "a9", "a010", "a\u0663", "a" + "9" * 5000, "a1" + "0" * 5000)]
        expected = ("a\u0663", "a9", "a10", "a010", "a" + "9" * 5000, "a1" + "0" * 5000)
        assert all_order(names) == import_order(names) == expected


class TestSize:
    @pytest.fixture
    def allowed(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
        return lambda characters: monkeypatch.setattr(size, "LARGEST", characters)

    COLUMNS = tuple((f"c{number}", U64) for number in range(40))

    @pytest.mark.parametrize(
        "raw",
        [
            one_table(*COLUMNS),
            one_table(("a", U64), unique=[[0] * 100]),
            one_table(("a", U64), indexes=[{"BTree": [0] * 10}]),
            module({"A": product()}, [table(f"t{number}", 0) for number in range(9)]),
            module({"A": product()}, [], [], [view(f"v{number}", option(ref(0))) for number in range(9)]),
            module({}, [], [reducer(f"r{number}") for number in range(9)]),
            module({}, [], [reducer("r", *COLUMNS)]),
            module({}, [], [], [procedure(f"p{number}", UNIT) for number in range(9)]),
            module({"A" * 900: sum_(("a", U64), ("b", U64))}),
            module({"A" * 900: product(), "B": product(("a", ref(0)), ("b", ref(0)))}),
        ],
    )
    def test_packages_have_a_largest_size(self, allowed: Callable[[int], None], raw: Json) -> None:
        allowed(1500)
        with pytest.raises(SchemaError, match="the schema: its package would have more than 1,500 characters; divide"):
            read(raw)

    def test_packages_are_no_larger_than_they_are_counted(self, allowed: Callable[[int], None]) -> None:
        """An index of many columns, which is searched by its first ones too, takes the square of their number."""
        allowed(100_000)
        columns = [(f"c{number}", U64) for number in range(60)]
        raw: dict[str, Any] = one_table(*columns, indexes=[{"BTree": list(range(60))}])
        assert sum(map(len, generate(raw).values())) < 100_000
        allowed(50_000)
        with pytest.raises(SchemaError, match="its package would have more than 50,000 characters"):
            context.build(read(raw))

    def test_schemas_have_a_largest_size(self) -> None:
        data = b" " * (rawdef.LARGEST + 1)
        with pytest.raises(SchemaError, match="x.json: its schema has 16,777,217 bytes, and 16,777,216 are allowed"):
            rawdef.decode(rawdef.Definition(data, "json", "x.json"))
