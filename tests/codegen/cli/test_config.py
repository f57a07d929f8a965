"""The section `[tool.stdb-codegen]`: what it says, and what is said about a wrong one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stdb_codegen.cli import config
from stdb_codegen.cli.config import Target
from stdb_codegen.errors import ConfigError
from stdb_codegen.sources import toml
from stdb_codegen.sources.source import Source
from tests.support.modules import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    from tests.codegen.loopback import Loopback


@pytest.fixture
def configured(shell: Callable[..., Result], tmp_path: Path) -> Callable[[str], Callable[..., Result]]:
    """The command in a folder whose pyproject.toml holds this text."""

    def write(text: str) -> Callable[..., Result]:
        (tmp_path / "pyproject.toml").write_text(text)
        return shell

    return write


TWO = """
[tool.stdb-codegen]
strict = true
server = "http://localhost:3000"

[tool.stdb-codegen.modules.game]
module = "game"
output = "clients/game"

[tool.stdb-codegen.modules.chat]
module = "../chat"
server = ""
output = "clients/chat"
strict = false
include-private = true
build = true
templates = "templates"
rename.tables.Player = "players"
rename."types.a.B" = "Ab"
"""


def test_everything_it_says(configured: Callable[[str], object], tmp_path: Path) -> None:
    configured(TWO)
    game, chat = config.load(tmp_path / "pyproject.toml")
    assert game == Target(Source("game", "http://localhost:3000"), Path("clients/game"), "game", strict=True)
    assert chat == Target(
        Source("../chat", build=True),
        Path("clients/chat"),
        "chat",
        include_private=True,
        templates=Path("templates"),
        rename={"tables.Player": "players", "types.a.B": "Ab"},
    )


def test_example_of_the_documents(configured: Callable[[str], object], tmp_path: Path) -> None:
    (text,) = re.findall(r"^```toml\n(.*?)^```", (ROOT / "docs" / "generator.md").read_text(), re.DOTALL | re.MULTILINE)
    configured(text)
    game, chat = config.load(tmp_path / "pyproject.toml")
    assert (str(game.source), game.output, game.strict) == ("my_module", Path("game_client"), True)
    assert game.rename == {"player.class": "kind"}
    assert (str(chat.source), chat.output) == ("database 'chat' on https://example.com", Path("chat_client"))


def test_one_module_needs_no_name(configured: Callable[[str], Callable[..., Result]], tmp_path: Path) -> None:
    shell = configured('[tool.stdb-codegen]\nmodule = "probe.wasm"\noutput = "client"\n')
    result = shell("generate")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "probe.wasm: 3 tables, 6 reducers, 9 types\nclient/: 5 files written\n"


def test_paths_start_from_its_folder(
    configured: Callable[[str], Callable[..., Result]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = configured('[tool.stdb-codegen]\nmodule = "probe.wasm"\noutput = "client"\n')
    inner = tmp_path / "src" / "inner"
    inner.mkdir(parents=True)
    # What has no section is passed by on the way up.
    (tmp_path / "src" / "pyproject.toml").write_text("[tool.other]\n")
    monkeypatch.chdir(inner)
    assert shell("generate").exit_code == 0
    assert (tmp_path / "client" / "types.py").is_file()


BOTH = """
[tool.stdb-codegen.modules.first]
module = "probe.wasm"
output = "first"

[tool.stdb-codegen.modules.second]
module = "nothing.json"
output = "second"

[tool.stdb-codegen.modules.third]
module = "schema.json"
output = "third"
"""


def test_all_modules_whatever_becomes_of_one(
    configured: Callable[[str], Callable[..., Result]], tmp_path: Path
) -> None:
    result = configured(BOTH)("generate")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: second: nothing.json: no such file or folder; ")
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == [
        "probe.wasm",
        "first/",
        "schema.json",
        "third/",
    ]


def test_named_modules_only(configured: Callable[[str], Callable[..., Result]], tmp_path: Path) -> None:
    assert configured(BOTH)("generate", "third").exit_code == 0
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["third"]


def test_options_add_to_it(configured: Callable[[str], Callable[..., Result]]) -> None:
    shell = configured(BOTH)
    result = shell("generate", "--build", "first")
    # A file is no project, so for it --build means nothing; where it is the only source, it is an error.
    assert result.exit_code == 0, result.output
    assert shell("generate", "--build", "--module", "probe.wasm", "-o", "x").exit_code == 1


def test_module_on_the_command_line_goes_before_all_of_it(
    configured: Callable[[str], Callable[..., Result]], tmp_path: Path
) -> None:
    # It is not even read.
    result = configured("[[[")("generate", "--module", "probe.wasm", "-o", "client")
    assert result.exit_code == 0, result.output


def test_database_on_a_server(configured: Callable[[str], Callable[..., Result]], loopback: Loopback) -> None:
    shell = configured(
        f'[tool.stdb-codegen]\nmodule = "my-module"\nserver = "{loopback.uri}"\noutput = "client"\nbuild = false\n'
    )
    assert shell("generate", "--build", "--token", "se.cr.et").exit_code == 0
    assert loopback.asked == [("/v1/database/my-module/schema?version=10", "Bearer se.cr.et")]


ONE = '[tool.stdb-codegen]\nmodule = "probe.wasm"\noutput = "client"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[[", "pyproject.toml: is not TOML: "),
        ("a = 1\n\xff", "pyproject.toml: is not TOML: "),
        ("[tool.stdb-codegen]", "tool.stdb-codegen.module: is missing; add it, or run: stdb-codegen init"),
        ('[tool.stdb-codegen]\nmodule = "x"', "tool.stdb-codegen.output: is missing; add it, or run: "),
        (ONE.replace('"client"', "1"), "tool.stdb-codegen.output: is 1; write a string in quotes"),
        (f'{ONE}strict = "yes"', "tool.stdb-codegen.strict: is 'yes'; write true or false"),
        (f'{ONE}strct = true', "tool.stdb-codegen.strct: is not a key of this section; did you mean 'strict'?"),
        (f"{ONE}x = true", "tool.stdb-codegen.x: is not a key of this section; known keys are module, output, "),
        (f'{ONE}token = "se.cr.et"', "tool.stdb-codegen.token: is not read from here; keep secrets out of shared "),
        (ONE.replace("probe.wasm", "-"), "tool.stdb-codegen.module: is standard input; name a file, a folder or a"),
        (f"{ONE}rename = 1", "tool.stdb-codegen.rename: is 1; write a Python name"),
        (f"{ONE}rename.tables.a = 1", "tool.stdb-codegen.rename.tables.a: is 1; write a Python name, as in "),
        (f'{ONE}rename.a = "class"', "tool.stdb-codegen.rename.a: is 'class'; write a Python name"),
        (f'{ONE}rename.a = "a b"', "tool.stdb-codegen.rename.a: is 'a b'; write a Python name"),
        (f"{ONE}modules.a = 1", "tool.stdb-codegen.module: belongs to one module, and there are several; write it"),
        ("[tool.stdb-codegen]\nmodules = 1", "tool.stdb-codegen.modules: has no modules; write a table [tool.stdb-"),
        ("[tool.stdb-codegen.modules]\na = 1", "tool.stdb-codegen.modules.a: is not a table; write [tool.stdb-codegen"),
        ("[tool.stdb-codegen.modules.a]", "tool.stdb-codegen.modules.a.module: is missing; add it"),
        (
            BOTH.replace('"third"', '"./first"'),
            "modules.third.output: is 'first' too; give each module its own folder; modules.first has this one",
        ),
    ],
)  # fmt: skip
def test_errors_name_the_key_and_what_to_do(
    shell: Callable[..., Result], tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "pyproject.toml").write_bytes(text.encode("latin-1"))
    result = shell("generate")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert "se.cr.et" not in result.stderr


def deep(place: str) -> str:
    section = "[tool.stdb-codegen]\n"
    return {
        "key": f"{section}rename.{'.'.join('a' * 20_000)} = 'b'",
        "quoted": f"{section}rename.{'.'.join([repr('a')] * 20_000)} = 'b'",
        "header": f"[tool.stdb-codegen.{' . '.join('a' * 20_000)}]",
        "arrays": f"{section}module = {'[' * 100_000}",
        "tables": f"{section}module = {'{a=' * 100_000}",
        "rename": f"{section}module = 'm'\noutput = 'o'\nrename.{'.'.join('a' * 40)}.{'.'.join('a' * 40)} = 'b'",
        "value": f"{section}module = {'[' * 60}{']' * 60}",
    }[place]


@pytest.mark.parametrize("place", ["key", "quoted", "header", "arrays", "tables", "rename", "value"])
def test_deep_files(configured: Callable[[str], Callable[..., Result]], tmp_path: Path, place: str) -> None:
    result = configured(deep(place))("generate")
    error = f"error: {tmp_path / 'pyproject.toml'}: is nested more than 50 deep; write it with fewer levels\n"
    assert (result.exit_code, result.stderr) == (1, error)


@pytest.mark.parametrize(
    "text",
    [
        f"[project]\ndescription = '{'a.' * 500}'",
        f'[project]\ndescription = """{"a." * 500}"""',
        f"[project]\ndescription = '''\n{'a.' * 500}'''",
        f"# {'a.' * 500}\n[project]",
        '[project]\ndescription = "\\"' + "a." * 500 + '"',
    ],
)  # fmt: skip
def test_texts_may_hold_many_dots(text: str) -> None:
    assert "project" in toml.parse(text)


def test_large_files(configured: Callable[[str], Callable[..., Result]]) -> None:
    result = configured("#" * 1024 * 1024 + "\n")("generate")
    assert "pyproject.toml: is larger than 1,048,576 bytes; check that the file can be read" in result.stderr


@pytest.mark.parametrize("key", ["module", "output", "server", "templates"])
def test_nul_in_a_path(configured: Callable[[str], Callable[..., Result]], key: str) -> None:
    keys = {"module": "schema.json", "output": "client"} | {key: r"a\u0000b"}
    text = "".join(f'{name} = "{value}"\n' for name, value in keys.items())
    result = configured(f"[tool.stdb-codegen]\n{text}")("generate")
    assert result.exit_code == 1
    assert f"pyproject.toml: tool.stdb-codegen.{key}: holds a NUL character; remove it" in result.stderr


def test_outputs_behind_a_circle_of_links(configured: Callable[[str], Callable[..., Result]], tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    modules = "".join(
        f"[tool.stdb-codegen.modules.{name}]\nmodule = 'schema.json'\noutput = '{output}'\n"
        for name, output in (("one", "circle/client"), ("two", "client"))
    )
    result = configured(modules)("generate")
    assert result.exit_code == 1
    assert "error: one: circle/client: Too many levels of symbolic links; " in result.stderr
    assert "client/: 5 files written" in result.stdout


def test_configuration_is_gone(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    with pytest.raises(ConfigError, match=r"has no section \[tool\.stdb-codegen\]; run: stdb-codegen init"):
        config.load(tmp_path / "pyproject.toml")
    with pytest.raises(ConfigError, match="No such file or directory; check that the file can be read"):
        config.load(tmp_path / "nothing.toml")


def test_collision_is_settled_by_a_rename(configured: Callable[[str], Callable[..., Result]], tmp_path: Path) -> None:
    schema = (tmp_path / "schema.json").read_text().replace('"name":"bulk"', '"name":"PLAYER"')
    (tmp_path / "both.json").write_text(schema)
    text = '[tool.stdb-codegen]\nmodule = "both.json"\noutput = "client"\n'
    refused = configured(text)("generate")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "'PLAYER' and 'player' both become 'player'; give one of them another name, in the mod" in refused.stderr
    settled = configured(text + 'rename.PLAYER = "other"\nrename.Nobody = "somebody"\n')("generate")
    assert settled.exit_code == 0, settled.output
    assert settled.stderr == "warning: rename 'Nobody': the schema has no such part\n"
    assert "    other: OtherTable\n" in (tmp_path / "client" / "_tables.py").read_text()


def test_nothing_is_configured(configured: Callable[[str], Callable[..., Result]]) -> None:
    result = configured("[project]\nname = 'x'\n")("generate")
    assert result.exit_code == 2
    assert "give --module X, or run `stdb-codegen init`" in result.stderr
