"""`--build` in each language: which program runs, where, and what is said if it cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.codegen.sources.test_language import BUILT, ODD, put, write
from tests.support.modules import module_wasm

if TYPE_CHECKING:
    from pathlib import Path


class Generate(Protocol):
    """The command with `--build`, in a process of its own: builders write to its standard error."""

    def __call__(self, module: Path, **environment: str) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """All that is installed."""
    (tmp_path / "programs").mkdir()
    return tmp_path / "programs"


@pytest.fixture
def generate(tmp_path: Path, programs: Path) -> Generate:
    def generate(module: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "stdb_codegen", "generate", "--build", "--module", str(module)]
        return subprocess.run(
            [*command, "-o", str(tmp_path / "out")],
            env={**os.environ, "PATH": str(programs), **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return generate


def install(program: Path, made: str) -> None:
    """A builder that makes a `.wasm`, and says where."""
    program.parent.mkdir(parents=True, exist_ok=True)
    lines = ["#!/bin/sh", f'echo "{program.name} $* in $PWD"', f"/bin/mkdir -p {made}", f"/bin/rmdir {made}"]
    lines.append(f"/bin/cp {module_wasm('probe')} {made}")
    program.write_text("\n".join(lines))
    program.chmod(0o755)


@pytest.mark.parametrize("language", BUILT)
@pytest.mark.parametrize("inner", ["", "spacetimedb", ODD])
def test_spacetime_builds_every_language(
    tmp_path: Path, programs: Path, generate: Generate, language: str, inner: str
) -> None:
    folder = write(tmp_path / "project" / inner, language)
    install(programs / "spacetime", BUILT[language])
    done = generate(tmp_path / "project" if inner == "spacetimedb" else folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"spacetime build in {folder}\n"
    assert (folder / BUILT[language]).exists()
    assert not list(tmp_path.rglob("x"))


@pytest.mark.parametrize(
    ("language", "command"),
    [
        ("C#", "dotnet publish -c Release"),
        ("C++", "emcmake cmake -B build -DCMAKE_BUILD_TYPE=Release, and then cmake --build build"),
    ],
)
def test_cargo_builds_no_other_language(
    tmp_path: Path, programs: Path, generate: Generate, language: str, command: str
) -> None:
    folder = write(tmp_path / "project", language)
    install(programs / "cargo", BUILT[language])
    assert generate(folder).stderr == (
        f"error: {folder}: building a {language} module needs the program spacetime, which is not installed; "
        f"install it (https://spacetimedb.com/install), or run there: {command}; and omit --build\n"
    )


def test_spacetime_fails(tmp_path: Path, programs: Path, generate: Generate) -> None:
    """What an earlier build made is not taken for what this one did not."""
    folder = write(tmp_path / "project", "C#")
    put(folder / BUILT["C#"])
    (programs / "spacetime").write_text("#!/bin/sh\necho dotnet not found in PATH\nexit 3\n")
    (programs / "spacetime").chmod(0o755)
    done = generate(folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"dotnet not found in PATH\nerror: {folder}: `spacetime build` failed with exit code 3; see its output above\n"
    )
    assert not (tmp_path / "out").exists()


def test_nothing_was_made(tmp_path: Path, programs: Path, generate: Generate) -> None:
    folder = write(tmp_path / "project", "C++")
    install(programs / "spacetime", "elsewhere/lib.wasm")
    assert f"error: {folder}: this module has no .wasm yet" in generate(folder).stderr


def test_programs_of_the_project_are_not_run(tmp_path: Path, generate: Generate) -> None:
    """A relative path in PATH starts from where the command runs, and not from the project."""
    folder = write(tmp_path / "project", "C++")
    install(tmp_path / "tools" / "spacetime", BUILT["C++"])
    (folder / "tools").mkdir()
    (folder / "tools" / "spacetime").write_text("#!/bin/sh\necho wrong\n")
    (folder / "tools" / "spacetime").chmod(0o755)
    done = generate(folder, PATH="tools")
    assert done.stderr == f"spacetime build in {folder}\n"
