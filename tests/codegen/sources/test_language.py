"""Projects in C#, C++ and TypeScript: which `.wasm` is the module's, and what to do where there is none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from stdb_codegen.errors import SourceError
from stdb_codegen.sources import artifact, project
from tests.support.modules import module_wasm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

PROBE = module_wasm("probe").read_bytes()
CSPROJ = '<Project Sdk="Microsoft.NET.Sdk"><PackageReference Include="SpacetimeDB.Runtime" /></Project>'
CMAKE = "cmake_minimum_required(VERSION 3.20)\nadd_executable(lib src/lib.cpp)\nuse(${SPACETIMEDB})\n"
MANIFESTS = {
    "Rust": {"Cargo.toml": '[package]\nname = "lib"\n\n[dependencies]\nspacetimedb = "2"\n'},
    "C#": {"StdbModule.csproj": CSPROJ, "Lib.cs": "// nothing"},
    "C++": {"CMakeLists.txt": CMAKE, "src/lib.cpp": "// nothing"},
    "TypeScript": {"package.json": '{"dependencies": {"spacetimedb": "2"}}', "src/index.ts": "// nothing"},
}
ODD = "a b; $(touch x) '\"`&\n{bin}*"


def write(folder: Path, *languages: str) -> Path:
    for language in languages:
        for name, text in MANIFESTS[language].items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
    return folder


def put(path: Path, age: int = 0) -> Path:
    """A module that is so many seconds old."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(PROBE)
    time = 1_000_000_000 - age
    os.utime(path, (time, time))
    return path


class TestCSharp:
    @pytest.mark.parametrize("bin_", ["bin", "bin~"])
    @pytest.mark.parametrize(
        "place", ["wasi-wasm/AppBundle", "wasi-wasm/publish", "wasi-wasm/native", "native"]
    )  # fmt: skip
    @pytest.mark.parametrize("profile", ["Release/net8.0", "Release/net10.0", "Debug/net8.0"])
    def test_places(self, tmp_path: Path, bin_: str, profile: str, place: str) -> None:
        built = put(write(tmp_path, "C#") / bin_ / profile / place / "StdbModule.wasm")
        put(built.with_name("dotnet.wasm"))
        assert project.find_wasm(tmp_path) == built

    def test_release_goes_before_debug_and_the_newest_goes_first(self, tmp_path: Path) -> None:
        places = [
            put(write(tmp_path, "C#") / "beside.wasm"),
            put(tmp_path / "bin/Debug/net8.0/wasi-wasm/AppBundle/StdbModule.wasm"),
            put(tmp_path / "bin~/Release/net8.0/wasi-wasm/AppBundle/StdbModule.wasm", age=30),
            put(tmp_path / "bin/Release/net8.0/wasi-wasm/publish/StdbModule.wasm", age=20),
            put(tmp_path / "bin/Release/net10.0/native/StdbModule.wasm", age=10),
        ]
        assert project.find_all(tmp_path) == places[::-1]


class TestCpp:
    def test_the_newest_goes_first(self, tmp_path: Path) -> None:
        places = [
            put(write(tmp_path, "C++") / "beside.wasm"),
            put(tmp_path / "build/lib.wasm", age=20),
            put(tmp_path / "build/a/b/c/lib.wasm", age=10),
        ]
        put(tmp_path / "build/CMakeFiles/3.28/CompilerIdC/a.wasm")
        put(tmp_path / "build/a/lib.opt.wasm")
        put(tmp_path / "lib.wasm").rename(tmp_path / "build" / "lib.js")
        assert project.find_all(tmp_path) == places[::-1]

    def test_links_are_not_followed(self, tmp_path: Path) -> None:
        built = put(write(tmp_path / "project", "C++") / "build/lib.wasm", age=10)
        put(tmp_path / "outside/lib.wasm")
        for name, place in {"outside": tmp_path / "outside", "self": tmp_path / "project" / "build"}.items():
            (built.parent / name).symlink_to(place)
        (built.parent / "other.wasm").symlink_to(tmp_path / "outside/lib.wasm")
        assert project.find_all(tmp_path / "project") == [built]

    def test_the_build_folder_has_a_largest_size(
        self, tmp_path: Path, fails: Callable[..., str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(write(tmp_path, "C++") / "build/a/lib.wasm")
        monkeypatch.setattr(artifact, "MOST_ENTRIES", 2)
        assert project.find_wasm(tmp_path).name == "lib.wasm"
        monkeypatch.setattr(artifact, "MOST_ENTRIES", 1)
        error = fails("--module", tmp_path, "-o", tmp_path / "out")
        assert f"{tmp_path}/build: holds more than 1 files and folders; give the module's .wasm with --module" in error


class TestTypeScript:
    @pytest.mark.parametrize("bundled", [False, True])
    @pytest.mark.parametrize("options", [[], ["--build"]])
    def test_there_is_no_wasm(
        self, tmp_path: Path, fails: Callable[..., str], bundled: bool, options: list[str]
    ) -> None:
        write(tmp_path, "TypeScript")
        if bundled:
            (tmp_path / "dist").mkdir()
            (tmp_path / "dist" / "bundle.js").write_text("")
        assert fails("--module", tmp_path, "-o", tmp_path / "out", *options) == (
            f"error: {tmp_path}: is a TypeScript module, and those have no .wasm; publish it (spacetime publish NAME), "
            "and generate from the server: --module NAME --server URL\n"
        )

    def test_bundle(self, tmp_path: Path, fails: Callable[..., str]) -> None:
        (tmp_path / "bundle.js").write_text("")
        error = fails("--module", tmp_path / "bundle.js", "-o", tmp_path / "out")
        assert "bundle.js: is no .wasm, but the bundle of a TypeScript module; publish it" in error
        assert "none.js: no such file or folder" in fails("--module", tmp_path / "none.js", "-o", tmp_path / "out")

    def test_package_without_an_entry_is_no_module(self, tmp_path: Path) -> None:
        (write(tmp_path, "TypeScript") / "src/index.ts").unlink()
        with pytest.raises(SourceError, match="holds neither"):
            project.find_wasm(tmp_path)
        built = put(write(tmp_path, "C++") / "build/lib.wasm")
        (tmp_path / "src/index.ts").unlink(missing_ok=True)
        assert project.find_wasm(tmp_path) == built


@pytest.mark.parametrize(
    ("languages", "names"),
    [
        (("Rust", "C#"), "Cargo.toml, StdbModule.csproj"),
        (("C#", "C++"), "StdbModule.csproj, CMakeLists.txt"),
        (("C++", "TypeScript"), "CMakeLists.txt, package.json"),
    ],
)
@pytest.mark.parametrize("options", [[], ["--build"]])
def test_several_manifests(
    tmp_path: Path, fails: Callable[..., str], languages: tuple[str, ...], names: str, options: list[str]
) -> None:
    put(write(tmp_path, *languages) / "lib.wasm")
    error = fails("--module", tmp_path, "-o", tmp_path / "out", *options)
    assert f"{tmp_path}: holds the manifests of several modules: {names}; move all but one" in error


def test_two_manifests_of_one_language(tmp_path: Path) -> None:
    (write(tmp_path, "C#") / "Other.csproj").write_text(CSPROJ)
    with pytest.raises(SourceError, match=r"several modules: Other\.csproj, StdbModule\.csproj; move"):
        project.find_wasm(tmp_path)


@pytest.mark.parametrize(
    ("language", "command"),
    [
        ("Rust", "cargo build --release --target wasm32-unknown-unknown"),
        ("C#", "dotnet publish -c Release"),
        ("C++", "emcmake cmake -B build -DCMAKE_BUILD_TYPE=Release, and then cmake --build build"),
    ],
)
def test_not_built(tmp_path: Path, fails: Callable[..., str], language: str, command: str) -> None:
    error = fails("--module", write(tmp_path, language), "-o", tmp_path / "out")
    remedy = f"build it with --build (or by hand: spacetime build, {command})"
    assert error == f"error: {tmp_path}: this module has no .wasm yet; {remedy}\n"


BUILT = {
    "Rust": "target/wasm32-unknown-unknown/release/lib.wasm",
    "C#": "bin/Release/net8.0/wasi-wasm/AppBundle/StdbModule.wasm",
    "C++": "build/lib.wasm",
}


@pytest.mark.parametrize("language", BUILT)
def test_module_in_the_folder_of_a_project(tmp_path: Path, language: str) -> None:
    """`spacetime init` puts the client at the top, which may have a manifest, too."""
    put(write(tmp_path, "Rust") / BUILT["Rust"])
    built = put(write(tmp_path / "spacetimedb", language) / BUILT[language])
    assert project.find_wasm(tmp_path) == built
    for name in MANIFESTS[language]:
        (tmp_path / "spacetimedb" / name).unlink()
    assert project.find_wasm(tmp_path) == tmp_path / BUILT["Rust"]


@pytest.mark.parametrize("language", BUILT)
def test_odd_names_of_folders(tmp_path: Path, run: Callable[..., Result], language: str) -> None:
    built = put(write(tmp_path / ODD, language) / BUILT[language])
    assert project.find_all(tmp_path / ODD) == [built]
    result = run("--module", tmp_path / ODD, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output


def test_other_builds_are_told(tmp_path: Path, run: Callable[..., Result]) -> None:
    write(tmp_path, "C++")
    for age in range(3):
        put(tmp_path / f"build/{age}.wasm", age)
    details = run("--module", tmp_path, "-o", tmp_path / "out", "--verbose").stderr
    assert f"  {tmp_path}/build/0.wasm: 1" in details
    assert f"  {tmp_path}/build/1.wasm: another build, not read\n" in details
    assert f"  {tmp_path}/build/2.wasm: another build, not read\n" in details


def test_trouble_in_other_places_does_not_matter(tmp_path: Path) -> None:
    built = put(write(tmp_path, "C++") / "build/lib.wasm")
    put(tmp_path / "a.wasm")
    put(tmp_path / "b.wasm")
    assert project.find_all(tmp_path) == [built]


def test_files_that_a_build_reads(tmp_path: Path) -> None:
    folder = write(tmp_path, "C#")
    for name in ("obj/Made.cs", "bin/Made.cs", "inner/Other.cs"):
        put(folder / name)
    assert {str(path.relative_to(folder)) for path in project.sources(folder)} == {
        "StdbModule.csproj",
        "Lib.cs",
        "inner/Other.cs",
    }
    inner = write(tmp_path / "spacetimedb", "C++")
    assert set(project.sources(tmp_path)) == {inner / "CMakeLists.txt", inner / "src" / "lib.cpp"}


def test_modules_are_found_by_what_they_depend_on(tmp_path: Path) -> None:
    for language in MANIFESTS:
        write(tmp_path / language, language)
    (tmp_path / "client").mkdir()
    (tmp_path / "client" / "Client.csproj").write_text(CSPROJ.replace("Runtime", "ClientSDK"))
    (tmp_path / "CMakeLists.txt").write_text("project(other)")
    assert project.modules(tmp_path) == [tmp_path / name for name in ("C#", "C++", "Rust")]
    assert project.modules(tmp_path / "C++") == [tmp_path / "C++"]
