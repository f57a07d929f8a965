"""`--templates`: single templates of the user's own, and what is said about wrong ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stdb_codegen.emit import render
from tests.codegen.golden import texts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

GENERATE = ("generate", "--module", "schema.json", "-o", "client")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "own").mkdir()
    return tmp_path / "own"


def builtin(name: str) -> str:
    return (render.templates() / name).read_text()


def test_one_template_goes_before_the_built_in_one(shell: Callable[..., Result], tmp_path: Path, own: Path) -> None:
    shell(*GENERATE)
    before = texts(tmp_path / "client")
    (own / "_product.jinja").write_text(builtin("_product.jinja") + "    # of our own\n")
    result = shell(*GENERATE, "--templates", "own")
    assert (result.exit_code, result.stderr) == (0, "")
    after = texts(tmp_path / "client")
    assert [name for name in before if after[name] != before[name]] == ["types.py"]
    assert after["types.py"].replace("    # of our own\n", "") == before["types.py"]
    # What was generated so is still known as generated.
    assert shell(*GENERATE).exit_code == 0
    assert texts(tmp_path / "client") == before


def test_configured(shell: Callable[..., Result], tmp_path: Path, own: Path) -> None:
    (own / "_product.jinja").write_text("")
    shell("init", "--module", "schema.json", "-o", "client")
    with (tmp_path / "pyproject.toml").open("a") as file:
        file.write('[tool.stdb-codegen.modules.other]\nmodule = "schema.json"\noutput = "other"\ntemplates = "own"\n')
    assert shell("generate").exit_code == 0
    assert "class Player(" in (tmp_path / "client" / "types.py").read_text()
    assert "class Player(" not in (tmp_path / "other" / "types.py").read_text()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("mine.jinja", "", "own: has no template of a known name; give a folder with one of _alias.jinja, "),
        ("_product.jinja", "\n{% if %}", "own/_product.jinja:2: Expected an expression, got "),
        ("_product.jinja", "\n\n{{ nobody }}", "own/_product.jinja:3: 'nobody' is undefined; fix it, or omit --"),
        ("_product.jinja", "{% include 'no' %}", "own/_product.jinja:1: 'no' not found"),
        ("_product.jinja", "{{ type.name }}", "own/_product.jinja:1: a template writes '"),
        ("_product.jinja", "class", "own: the templates produce invalid Python, types.py:"),
        ("types.jinja", "X = 1\n", "types.py: would be written without the generator's header; begin its"),
        ("_product.jinja", "{{ 1 / 0 }}", "own/_product.jinja:1: division by zero"),
    ],
)  # fmt: skip
def test_wrong_templates(
    shell: Callable[..., Result], tmp_path: Path, own: Path, name: str, text: str, message: str
) -> None:
    (own / name).write_text(text)
    result = shell(*GENERATE, "--templates", "own")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"error: {message}")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "client").exists()


def test_no_such_folder(shell: Callable[..., Result]) -> None:
    assert "error: nothing: has no template of a known name" in shell(*GENERATE, "--templates", "nothing").stderr
