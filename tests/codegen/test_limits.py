"""What is too large, too deep or no file is refused in one line, before it takes time or memory."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from stdb_codegen.emit import context
from stdb_codegen.emit.naming import Identifier
from stdb_codegen.emit.order import all_order, import_order
from stdb_codegen.errors import SchemaError, SourceError
from stdb_codegen.schema import ir, rawdef, typespace
from stdb_codegen.schema.recursion import check_finite
from stdb_codegen.sources import source, wasm
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
    from pathlib import Path

    from click.testing import Result


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
        assert f"reducer `{name}`" in generate(raw)["_reducers.py"]

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
        return lambda characters: monkeypatch.setattr(typespace, "LARGEST_PACKAGE", characters)

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


class TestFiles:
    @pytest.mark.parametrize("name", ["schema.json", "module.wasm"])
    def test_pipes_are_not_waited_for(self, fails: Callable[..., str], tmp_path: Path, name: str) -> None:
        os.mkfifo(tmp_path / name)
        error = fails("--module", tmp_path / name, "-o", tmp_path / "out")
        assert f"{name}: is not a regular file; check that the file can be read" in error

    @pytest.mark.parametrize("name", ["pyproject.toml", "Cargo.toml"])
    def test_pipes_for_configuration(self, shell: Callable[..., Result], tmp_path: Path, name: str) -> None:
        (tmp_path / "project").mkdir()
        os.mkfifo(tmp_path / "project" / name)
        result = shell("generate", "--module", "project", "-o", "out")
        assert result.exit_code == 1
        assert "error: project: holds neither a .wasm nor a Cargo.toml" in result.stderr
        assert stat.S_ISFIFO((tmp_path / "project" / name).stat().st_mode)

    def test_init_does_not_wait_for_a_pipe(self, shell: Callable[..., Result], tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pyproject.toml")
        result = shell("init", "--module", "probe.wasm")
        assert result.stderr == "error: pyproject.toml: is not a regular file; check that the file can be read\n"

    def test_devices_are_no_schemas(self, fails: Callable[..., str], tmp_path: Path) -> None:
        (tmp_path / "schema.json").symlink_to("/dev/zero")
        error = fails("--module", tmp_path / "schema.json", "-o", tmp_path / "out")
        assert "schema.json: is not a regular file; " in error

    @pytest.mark.parametrize(("name", "module"), [("schema.json", source), ("module.wasm", wasm)])
    def test_files_have_a_largest_size(
        self, fails: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: object
    ) -> None:
        monkeypatch.setattr(module, "LARGEST_MODULE" if module is wasm else "LARGEST", 100)
        (tmp_path / name).write_bytes(b" " * 101)
        error = fails("--module", tmp_path / name, "-o", tmp_path / "out")
        assert f"{name}: is larger than 100 bytes; " in error

    def test_standard_input_has_a_largest_size(
        self, fails: Callable[..., str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(wasm, "LARGEST_MODULE", 100)
        error = fails("--module", "-", "-o", "out", input=b" " * 101)
        assert "standard input: is larger than 100 bytes; " in error

    @pytest.mark.parametrize("name", ["x" * 5000, "x/" * 5000, "x" * 5000 + ".wasm"])
    def test_paths_that_no_system_has(self, fails: Callable[..., str], tmp_path: Path, name: str) -> None:
        assert fails("--module", name, "-o", tmp_path / "out").startswith("error: ")

    @pytest.mark.parametrize("name", ["a\0b", "a\0b.json", "a\0b.wasm"])
    def test_paths_that_none_can_be(self, name: str) -> None:
        for action in (source.Source(name).check, source.Source(name).read):
            with pytest.raises(SourceError, match="no such file or folder|no path holds a NUL character"):
                action()
