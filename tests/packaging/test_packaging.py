"""A wheel, an editable install and a bare checkout: each must find its templates, and generate the same package.

Each is tried in an environment of its own, which sees the dependencies of this one, but not its `stdb`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.modules import ROOT, module_wasm

SITE_PACKAGES = {sysconfig.get_path(name) for name in ("purelib", "platlib")}


@dataclass(frozen=True)
class Environment:
    """A virtual environment, and what must be set to use the package in it."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def run(self, *command: str | Path, cwd: Path) -> str:
        """Run a command that must succeed, and return what it prints."""
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": "", "PYTHONSAFEPATH": "1", **self.variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}"
        return done.stdout


def new_environment(folder: Path, variables: dict[str, str] | None = None) -> Environment:
    """Make an environment that finds the installed dependencies through a .pth file, at no cost of time or network.

    The .pth files of this environment, by which an editable `stdb` is found, have no effect there.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    environment = Environment(folder, variables or {})
    where = environment.run(
        environment.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder
    ).strip()
    (Path(where) / "dependencies.pth").write_text("\n".join(SITE_PACKAGES) + "\n")
    return environment


def install(folder: Path, *what: str | Path) -> Environment:
    """Install this project, and nothing else, in a new environment."""
    environment = new_environment(folder)
    pip = (sys.executable, "-m", "pip", "--python", environment.python, "install", "--quiet", "--no-deps")
    # The `stdb` that is installed here would be seen through the .pth file: it is not to be touched.
    environment.run(*pip, "--ignore-installed", "--no-build-isolation", "--no-index", *what, cwd=folder)
    return environment


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as a release has it: built from the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    build: list[str | Path] = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def environments(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Environment]:
    folder = tmp_path_factory.mktemp("environments")
    return {
        "wheel": install(folder / "wheel", wheel),
        "editable": install(folder / "editable", "-e", ROOT),
        "checkout": new_environment(folder / "checkout", {"PYTHONPATH": str(ROOT)}),
    }


def generate(environment: Environment, *command: str | Path, folder: Path) -> dict[str, bytes]:
    """Run the generator, and return the files that it made."""
    environment.run(*command, "generate", "--module", module_wasm("game"), "-o", folder / "game_client", cwd=folder)
    made = folder / "game_client"
    return {str(path.relative_to(made)): path.read_bytes() for path in made.rglob("*") if path.is_file()}


def test_wheel_holds_the_templates_and_the_type_markers(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    expected = {f"stdb_codegen/templates/{path.relative_to(ROOT / 'templates')}" for path in templates()}
    assert expected
    assert expected <= set(names)
    assert {"stdb_codegen/py.typed", "stdb_runtime/py.typed"} <= set(names)


def test_wheel_holds_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    roots = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert roots == {"stdb_codegen", "stdb_runtime"}
    assert not [name for name in names if "__pycache__" in name]


def templates() -> list[Path]:
    return sorted((ROOT / "templates").rglob("*.jinja"))


@pytest.mark.parametrize("form", ["wheel", "editable", "checkout"])
def test_each_form_generates_with_its_own_templates(
    form: str, environments: dict[str, Environment], tmp_path: Path
) -> None:
    environment = environments[form]
    where = environment.run(environment.python, "-c", "import stdb_codegen; print(stdb_codegen.__file__)", cwd=tmp_path)
    home = environment.folder if form == "wheel" else ROOT
    assert Path(where.strip()).is_relative_to(home.resolve()), "another stdb is seen than the one to be tried"

    files = generate(environment, environment.python, "-m", "stdb_codegen", folder=tmp_path)
    assert "py.typed" in files
    committed = ROOT / "examples" / "game" / "game_client"
    assert files == {name: (committed / name).read_bytes() for name in files}


@pytest.mark.parametrize("form", ["wheel", "editable"])
def test_the_command_is_the_module(form: str, environments: dict[str, Environment], tmp_path: Path) -> None:
    environment = environments[form]
    for name in ("command", "module"):
        (tmp_path / name).mkdir()
    by_command = generate(environment, environment.folder / "bin" / "stdb-codegen", folder=tmp_path / "command")
    by_module = generate(environment, environment.python, "-m", "stdb_codegen", folder=tmp_path / "module")
    assert by_command == by_module


@pytest.mark.parametrize("form", ["wheel", "editable", "checkout"])
def test_generated_client_is_imported(form: str, environments: dict[str, Environment], tmp_path: Path) -> None:
    environment = environments[form]
    generate(environment, environment.python, "-m", "stdb_codegen", folder=tmp_path)
    program = f"import sys; sys.path.append({str(tmp_path)!r}); import game_client; print(game_client.reducers)"
    environment.run(environment.python, "-W", "error", "-c", program, cwd=tmp_path)
