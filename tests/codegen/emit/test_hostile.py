"""A schema is untrusted: whatever its text, it never becomes code."""

from __future__ import annotations

import ast
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stdb_codegen.emit import context, render
from stdb_codegen.errors import SchemaError
from tests.codegen.schemas import (
    STRING,
    U64,
    UNIT,
    generate,
    module,
    one_table,
    product,
    read,
    reducer,
    ref,
    sum_,
    table,
)

HOSTILE = [
    '"""\nimport os\nos.abort()\n"""',
    "'); import os; os.abort()  #",
    "\\",
    '\\"""',
    "{{ 7 * 7 }}{% include 'x' %}",
    "__class__",
    "__init__",
    "a\r\nb\x00c\x1b[2J\u2028d",
    "\u202eabc\u2066",
    "x" * 300,
    "import",
    "None",
    "self",
    "stdb",
]


CALLED = {
    *("stdb.Bindings", "stdb.Unique", "stdb.BTree", "stdb.Column", "stdb.OpaqueColumn"),
    *("stdb.OnReducer", "stdb.procedure", "stdb.reducer"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_never_code(name: str) -> None:
    column = name if re.fullmatch(r'[^\x00-\x1f"\\]*', name) else "column"
    files = generate(
        module(
            {
                name: product((column, U64), ("of_enumeration", ref(1)), ("of_sum", ref(2))),
                f"{name}Enumeration": sum_((name, UNIT)),
                f"{name}Sum": sum_((f"{name}Variant", U64)),
            },
            [table(name, 0, key=0)],
            [reducer(name, (name, STRING))],
        )
    )
    for text in files.values():
        assert not set(text) & {"\r", "\x00", "\x1b", "\u2028", "\u202e", "\u2066"}
        for node in ast.walk(ast.parse(text)):
            assert not isinstance(node, ast.Import) or [alias.name for alias in node.names] == ["stdb_runtime.bindings"]
            assert not isinstance(node, ast.Call) or ast.unparse(node.func).split("[")[0] in CALLED
    assert strings(files["_tables.py"]) >= {name}
    assert strings(files["_reducers.py"]) >= {name}
    assert strings(files["types.py"]) >= {name}


def strings(text: str) -> set[str]:
    return {
        node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant) and type(node.value) is str
    }


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "a\x00b"])
def test_columns_that_no_json_key_can_name_are_one_error(name: str) -> None:
    with pytest.raises(SchemaError, match="its name holds a quote, a backslash or a control character, which no ser"):
        generate(one_table((name, U64)))


@given(st.text())
def test_literals_mean_their_text(text: str) -> None:
    assert ast.literal_eval(render.literal(text)) == text
    docstring = render.docstring(f"x {text} x")
    assert ast.literal_eval(f'"""{docstring}"""').split() == f"x {text} x".split()
    assert "\n" not in render.comment(text)
    assert str(render.literal(text)).isprintable()


@pytest.mark.parametrize(
    ("text", "literal"),
    [("a", '"a"'), ("it's", '"it\'s"'), ('"x"', "'\"x\"'"), ("'\"", '"\'\\""'), ("\n\x7f\u202e", r'"\n\x7f\u202e"')],
)
def test_literals_are_quoted_as_formatters_quote(text: str, literal: str) -> None:
    assert render.literal(text) == literal


def test_templates_write_nothing_unchecked() -> None:
    package = context.build(read(one_table(("id", U64))))
    handle = package.tables[0]
    object.__setattr__(handle, "python_name", "x: int = __import__('os').abort()")
    with pytest.raises(TypeError, match="without a filter"):
        render.render(package)
