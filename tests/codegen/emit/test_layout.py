"""Statements are broken so that formatters leave them alone, whatever their line length."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from stdb_codegen.emit.layout import laid_out
from tests.codegen import schemas
from tests.codegen.emit.lines import overlong_lines
from tests.codegen.schemas import STRING, U64, array, generate, module, option, product, reducer, ref, sum_, table

if TYPE_CHECKING:
    from pathlib import Path

LONG = "x" * 85
KEY = "k" * 40


@pytest.mark.parametrize(
    ("statement", "lines"),
    [
        ("class A(stdb.Product, frozen=True):", ["class A(stdb.Product, frozen=True):"]),
        (f"class {LONG}(A, B):", [f"class {LONG}(", "    A,", "    B,", "):"]),
        ("class A(B, frozen=True,):", ["class A(", "    B,", "    frozen=True,", "):"]),
        (
            'class A(B, rename={"a": "b",}):',
            ["class A(", "    B,", "    rename={", '        "a": "b",', "    },", "):"],
        ),
        (
            f"class A(B[{LONG}, C], row=D,):",
            ["class A(", "    B[", f"        {LONG},", "        C,", "    ],", "    row=D,", "):  # fmt: skip"],
        ),
        (f'    @a.b("{LONG}")', ["    @a.b(", f'        "{LONG}",', "    )"]),
        (
            f"    def f(self, x: {KEY}) -> {KEY}:",
            ["    def f(", "        self,", f"        x: {KEY},", f"    ) -> {KEY}:"],
        ),
        (
            f"    def f(self, x: {LONG}) -> A:",
            ["    def f(", "        self,", f"        x: {LONG},", "    ) -> A:  # fmt: skip"],
        ),
        (f"    a: {LONG}[int, str]", [f"    a: {LONG}[int, str]  # fmt: skip"]),
        (f'    a = "{LONG}"', [f'    a = "{LONG}"  # fmt: skip']),
        (
            f'    a = b[{KEY}, {KEY}]("c")',
            ["    a = b[", f"        {KEY},", f"        {KEY},", "    ](", '        "c",', "    )"],
        ),
        (f'    a = b[{KEY}]("{KEY}")', [f"    a = b[{KEY}](", f'        "{KEY}",', "    )"]),
        (f'    a = b[{LONG}, c]("d")', [f'    a = b[{LONG}, c]("d")  # fmt: skip']),
        ('    a = b("),]")', ['    a = b("),]")']),
        (f"A: TypeAlias = {KEY} | {KEY}", ["A: TypeAlias = (", f"    {KEY}  # 0", f"    | {KEY}  # 1", ")"]),
        (f"    a: {LONG} | {KEY}", ["    a: (", f"        {LONG}", f"        | {KEY}", "    )  # fmt: skip"]),
        (f'    {KEY} = "{LONG}"', [f"    {KEY} = (", f'        "{LONG}"', "    )  # fmt: skip"]),
        (
            f"    a: {KEY}[{LONG}[{KEY}], ...]",
            [
                f"    a: {KEY}[",
                f"        {LONG}[",
                f"            {KEY}",
                "        ],",
                "        ...",
                "    ]  # fmt: skip",
            ],
        ),
        (
            f'    a = b[c, {KEY} | {LONG}]("d")',
            ["    a = b[", "        c,", f"        {KEY}", f"        | {LONG}", '    ]("d")  # fmt: skip'],
        ),
        (f'    {LONG} = b[c]("{KEY}")', [f"    {LONG} = b[c](", f'        "{KEY}",', "    )  # fmt: skip"]),
        (
            f'    @a("b", c={{"{LONG}": "{KEY}",}})',
            [
                "    @a(",
                '        "b",',
                "        c={",
                f'            "{LONG}":',
                f'                "{KEY}",',
                "        },",
                "    )  # fmt: skip",
            ],
        ),
        (f"    a: {'表' * 40}", [f"    a: {'表' * 40}"]),
        (f"    a: {'表' * 41}", [f"    a: {'表' * 41}  # fmt: skip"]),
    ],
)
def test_layouts(statement: str, lines: list[str]) -> None:
    assert laid_out(f"{statement}\n") == "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("length", [88, 100, 120])
@pytest.mark.parametrize("name", ["n" * 10, "n" * 30, "n" * 40, "n" * 75, "n" * 84, "名" * 20, "名" * 40])
def test_formatter_leaves_names_of_every_length_alone(name: str, length: int, tmp_path: Path) -> None:
    shapes = {
        f"A{name}": product((f"a{name}", U64), (f"b{name}", STRING), (f"cC{name}", option(array(ref(1))))),
        f"B{name}": sum_((f"B{name}", U64), (f"C{name}", schemas.UNIT)),
        f"C{name}": sum_((f"B{name}", schemas.UNIT), (f"C{name}", schemas.UNIT)),
    }
    index = schemas.indexed({"BTree": [0, 1]})
    reducers = [
        reducer(f"r{name}", (f"p{name}", ref(1)), (f"qQ{name}", ref(0))),
        reducer(f"s{name}"),
        reducer("t", (name, ref(2))),
    ]
    raw = module(
        shapes, [table(f"t{name}", 0, key=0, indexes=[index])], reducers, [schemas.procedure(f"p{name}", ref(0))]
    )
    files = generate(raw)
    assert overlong_lines(files) == []
    for file, text in files.items():
        (tmp_path / file).write_text(text)
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--diff", f"--line-length={length}", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
