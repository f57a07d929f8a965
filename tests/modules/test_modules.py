"""The committed modules: each .wasm was built from the source beside it, and tells nothing of the machine."""

import hashlib
import re
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
MODULES = [
    REPO / "examples" / "game" / "my_module",
    *(manifest.parent for manifest in sorted(REPO.glob("tests/modules/*/Cargo.toml"))),
]
HINT = "rebuild it with tests/modules/build.sh"

# The build maps these to short names such as `rust/library/...` and `crates/...`.
MACHINE_PATH = re.compile(
    rb"/(?:Users|builds?|home|mnt|opt|private|root|srv|tmp|usr|var)/"
    rb"|\.cargo/|\.rustup/|registry/src"
)


def read_sums(module: Path) -> dict[str, str]:
    lines = (module / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def wasm_of(module: Path) -> Path:
    return module / f"{module.name}.wasm"


def test_the_modules_are_found() -> None:
    assert [module.name for module in MODULES] == ["my_module", "arena", "echo", "edge", "league", "probe"]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_wasm_belongs_to_its_source(module: Path) -> None:
    sums = read_sums(module)

    assert list(sums) == ["Cargo.toml", "src/lib.rs", wasm_of(module).name]
    for name, digest in sums.items():
        actual = hashlib.sha256((module / name).read_bytes()).hexdigest()
        assert actual == digest, f"{module.name}/{name} changed since the module was built: {HINT}"


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_all_source_is_under_the_sums(module: Path) -> None:
    sources = [path.relative_to(module).as_posix() for path in module.glob("src/**/*") if path.is_file()]

    assert sources == ["src/lib.rs"], "tests/modules/build.sh sums src/lib.rs only"


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_wasm_holds_no_path_of_a_machine(module: Path) -> None:
    wasm = wasm_of(module).read_bytes()

    found = MACHINE_PATH.search(wasm)
    assert found is None, f"{wasm_of(module).name} holds {wasm[found.start() : found.end() + 80]!r}: {HINT}"
    for path in (REPO, Path.home()):
        assert f"{path}/".encode() not in wasm, f"{wasm_of(module).name} holds {path}: {HINT}"
