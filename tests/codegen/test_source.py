"""Where schemas come from, and each way that one does not come."""

from __future__ import annotations

import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
import wasmtime

from stdb_codegen import source, wasm
from stdb_codegen.errors import SourceError
from tests.codegen.schemas import GOLDEN
from tests.support.modules import module_wasm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

IDENTITY = "c200" + "0" * 60
SCHEMA = (GOLDEN / "probe" / "schema.json").read_bytes()


class Handler(BaseHTTPRequestHandler):
    """Answers as the database's name asks for, and remembers who asked."""

    def do_GET(self) -> None:
        assert isinstance(self.server, Loopback)
        self.server.asked.append((self.path, self.headers.get("Authorization")))
        name = self.path.split("/")[3]
        if name.startswith("status-"):
            self.answer(int(name.removeprefix("status-")), b"\x1b[2J no")
        elif name == "elsewhere":
            self.answer(302, b"", Location=f"http://localhost:{self.server.server_port}/v1/database/other")
        elif name == "silent":
            self.server.released.wait()
        elif name == "hangs-up":
            self.wfile.write(b"nonsense\r\n")
        elif name == "cut":
            self.answer(200, SCHEMA[:500])
        else:
            self.answer(200, SCHEMA)

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Loopback(ThreadingHTTPServer):
    """A server that answers what a real one will not answer on demand."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str | None]] = []
        self.released = threading.Event()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    with Loopback() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


def test_server_gives_what_the_module_says(loopback: Loopback, run: Callable[..., Result], tmp_path: Path) -> None:
    result = run("--module", "my-module", "--server", f"{loopback.uri}/", "-o", tmp_path)
    assert result.exit_code == 0, result.output
    assert loopback.asked == [("/v1/database/my-module/schema?version=9", None)]
    assert run("--module", module_wasm("probe"), "-o", tmp_path).stdout.endswith("unchanged\n")


def test_identity_is_a_database(loopback: Loopback) -> None:
    assert source.from_server(loopback.uri, IDENTITY).data == SCHEMA


def test_token_is_sent_and_not_told(loopback: Loopback, fails: Callable[..., str], tmp_path: Path) -> None:
    arguments = ("--module", "status-401", "--server", loopback.uri, "-o", tmp_path)
    error = fails(*arguments, SPACETIMEDB_TOKEN="se.cr.et")
    assert loopback.asked[-1][1] == "Bearer se.cr.et"
    assert "se.cr.et" not in error
    assert "put a token of this server into SPACETIMEDB_TOKEN" in error


def test_token_is_not_for_those_redirected_to(loopback: Loopback) -> None:
    assert source.from_server(loopback.uri, "elsewhere", "se.cr.et").data == SCHEMA
    assert [token for _, token in loopback.asked] == ["Bearer se.cr.et", None]


def test_odd_token_is_not_told(loopback: Loopback, fails: Callable[..., str], tmp_path: Path) -> None:
    error = fails("--module", "a", "--server", loopback.uri, "-o", tmp_path, SPACETIMEDB_TOKEN="se\ncr\net")
    assert error == "error: SPACETIMEDB_TOKEN: is not a token: it holds characters that none has; copy it again\n"
    assert loopback.asked == []


def test_environment_names_no_proxy(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert source.from_server(loopback.uri, "my-module").data == SCHEMA


@pytest.mark.parametrize(
    ("database", "message"),
    [
        ("status-404", "no database 'status-404' on this server; publish it, or check its name"),
        ("status-403", "the server refuses access (403)"),
        ("status-400", "the server answered 400 Bad Request; check that a SpacetimeDB server of version"),
        ("status-500", "the server answered 500"),
        ("hangs-up", "the server cannot be reached: nonsense"),
        ("cut", "Input data was truncated"),
        ("my_module", "error: --module 'my_module': cannot be a database name: names hold small letters, digits and "),
        ("my_module", "single hyphens; did you mean 'my-module'?"),
        ("My Module!", "did you mean 'my-module'?"),
        ("../identity", "did you mean 'identity'?"),
        ("_", "give a name or an identity with --module"),
    ],
)  # fmt: skip
def test_server_refuses(
    loopback: Loopback, fails: Callable[..., str], tmp_path: Path, database: str, message: str
) -> None:
    assert message in fails("--module", database, "--server", loopback.uri, "-o", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_server_is_silent(loopback: Loopback) -> None:
    with pytest.raises(SourceError, match="did not answer in time; check its address, and that it runs"):
        source.from_server(loopback.uri, "silent", timeout=0.05)


def test_server_is_not_there(fails: Callable[..., str], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        server = f"http://127.0.0.1:{taken.getsockname()[1]}"
        error = fails("--module", "my-module", "--server", server, "-o", tmp_path)
    assert f"{server}: the server cannot be reached: Connection refused; check its address" in error


@pytest.mark.parametrize("server", ["localhost:3000", "file:///etc", "maincloud"])
def test_server_is_no_address(fails: Callable[..., str], tmp_path: Path, server: str) -> None:
    assert "is not an address of a server; write it as http://HOST:PORT" in fails(
        "--module", "m", "--server", server, "-o", tmp_path
    )


def test_nothing_there(fails: Callable[..., str], tmp_path: Path) -> None:
    error = fails("--module", tmp_path / "nothing", "-o", tmp_path)
    assert "no such file or folder" in error
    assert "for a database on a server, add --server URL" in error


def test_neither_wasm_nor_json(fails: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "lib.rs").write_text("")
    assert "is neither a .wasm nor a .json" in fails("--module", tmp_path / "lib.rs", "-o", tmp_path)


class TestProject:
    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        (tmp_path / "target/wasm32-unknown-unknown/release").mkdir(parents=True)
        (tmp_path / "Cargo.toml").write_text("")
        return tmp_path

    def test_built_module_goes_before_one_beside_the_manifest(self, project: Path) -> None:
        release = project / "target/wasm32-unknown-unknown/release"
        (project / "old.wasm").write_bytes(module_wasm("edge").read_bytes())
        assert source.from_path(project).place == str(project / "old.wasm")
        (release / "new.wasm").write_bytes(module_wasm("probe").read_bytes())
        (release / "new.opt.wasm").write_bytes(b"")
        assert source.from_path(project).place == str(release / "new.wasm")

    def test_not_built(self, project: Path, fails: Callable[..., str]) -> None:
        error = fails("--module", project, "-o", project / "out")
        assert "this module has no .wasm yet; build it first: cargo build --release --target wasm32-" in error

    def test_several(self, project: Path, fails: Callable[..., str]) -> None:
        (project / "a.wasm").touch()
        (project / "b.wasm").touch()
        error = fails("--module", project, "-o", project / "out")
        assert "holds several modules: a.wasm, b.wasm; give one of these files with --module" in error

    def test_no_project(self, fails: Callable[..., str], tmp_path: Path) -> None:
        assert "holds neither a .wasm nor a Cargo.toml" in fails("--module", tmp_path, "-o", tmp_path / "out")


SINK = '(import "s" "bytes_sink_write" (func $write (param i32 i32 i32) (result i32)))'
MEMORY = '(memory (export "memory") 1)'
DESCRIBE = '(func (export "__describe_module__") (param i32)'


def assembled(text: str) -> bytes:
    return bytes(wasmtime.wat2wasm(f"(module {text})"))


class TestWasm:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "it has no function __describe_module__"),
            ('(memory (export "__describe_module__") 1)', "it has no function __describe_module__"),
            (f"{DESCRIBE} (loop (br 0)))", "it runs without end"),
            (f'(func (export "__preinit__1") unreachable) {DESCRIBE})', "cannot describe itself: "),
            (f"(memory 9999) {DESCRIBE})", "cannot describe itself: memory minimum size"),
            ('(import "a" "b" (memory 1))', "it imports 'b', which is no function"),
            (
                f"{SINK} {MEMORY} {DESCRIBE} (drop (call $write (i32.const 0) (i32.const 0) (i32.const -2))))",
                "it points outside of its memory",
            ),
            (
                f"{SINK} {DESCRIBE} (drop (call $write (i32.const 0) (i32.const 0) (i32.const 0))))",
                "it has no memory",
            ),
        ],
    )
    def test_modules_that_do_not_describe_themselves(self, text: str, message: str) -> None:
        with pytest.raises(SourceError) as caught:
            wasm.describe(assembled(text), "x.wasm", fuel=100_000)
        assert message in str(caught.value)
        assert "give the .wasm of a SpacetimeDB module" in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_description_may_come_in_parts(self) -> None:
        text = f"""{SINK}
            (import "s" "log" (func $log (param i64) (result i64)))
            {MEMORY}
            (data (i32.const 8) "\\02\\00\\00\\00ab")
            {DESCRIBE}
                (drop (call $log (i64.const 1)))
                (drop (call $write (local.get 0) (i32.const 12) (i32.const 8)))
                (drop (call $write (local.get 0) (i32.const 12) (i32.const 8))))"""
        assert wasm.describe(assembled(text), "x.wasm") == b"abab"

    def test_endless_description(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(wasm, "LARGEST", 10)
        with pytest.raises(SourceError, match="its description is too long"):
            wasm.describe(module_wasm("probe").read_bytes(), "x.wasm")

    @pytest.mark.parametrize("size", [0, 4, 1000])
    def test_truncated(self, fails: Callable[..., str], tmp_path: Path, size: int) -> None:
        broken = tmp_path / "broken.wasm"
        broken.write_bytes(module_wasm("probe").read_bytes()[:size])
        assert "broken.wasm: the module cannot describe itself: " in fails("--module", broken, "-o", tmp_path / "out")

    def test_without_the_extra(
        self, fails: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "wasmtime", None)
        error = fails("--module", module_wasm("probe"), "-o", tmp_path)
        assert "needs the package wasmtime; run: pip install 'stdb[wasm]'" in error
