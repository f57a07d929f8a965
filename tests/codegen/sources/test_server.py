"""A server gives a schema, and each way that one does not: on loopback, what a real server will not do on demand."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from stdb_codegen.errors import SourceError
from stdb_codegen.sources import server
from tests.codegen.loopback import RAW, SCHEMA, serving
from tests.support.modules import module_wasm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

    from tests.codegen.loopback import Loopback

IDENTITY = "c200" + "0" * 60


def test_server_gives_what_the_module_says(loopback: Loopback, run: Callable[..., Result], tmp_path: Path) -> None:
    result = run("--module", "my-module", "--server", f"{loopback.uri}/", "-o", tmp_path)
    assert result.exit_code == 0, result.output
    assert loopback.asked == [("/v1/database/my-module/schema?version=10", None)]
    assert run("--module", module_wasm("probe"), "-o", tmp_path).stdout.endswith("unchanged\n")


def test_identity_is_a_database(loopback: Loopback) -> None:
    assert server.fetch(loopback.uri, IDENTITY).data == SCHEMA


def test_token_is_sent_and_not_told(loopback: Loopback, fails: Callable[..., str], tmp_path: Path) -> None:
    arguments = ("--module", "status-401", "--server", loopback.uri, "-o", tmp_path)
    error = fails(*arguments, SPACETIMEDB_TOKEN="se.cr.et")
    assert loopback.asked[-1][1] == "Bearer se.cr.et"
    assert "se.cr.et" not in error
    assert "give a token of this server with --token or SPACETIMEDB_TOKEN" in error


def test_token_is_not_for_those_redirected_to(loopback: Loopback) -> None:
    assert server.fetch(loopback.uri, "elsewhere", "se.cr.et").data == SCHEMA
    assert [token for _, token in loopback.asked] == ["Bearer se.cr.et", None]


def test_token_is_for_its_origin(loopback: Loopback) -> None:
    loopback.location = f"{loopback.uri}/v1/database/other"
    assert server.fetch(loopback.uri, "redirected", "se.cr.et").data == SCHEMA
    assert [token for _, token in loopback.asked] == ["Bearer se.cr.et", "Bearer se.cr.et"]


def test_relative_redirects_are_followed(loopback: Loopback) -> None:
    loopback.location = "../other/schema"
    assert server.fetch(loopback.uri, "redirected").data == SCHEMA
    assert loopback.asked[-1] == ("/v1/database/other/schema", None)


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/schema", "file:///etc/passwd", "data:,x", "http://", "http://["])
def test_other_schemes_are_not_followed(
    loopback: Loopback, fails: Callable[..., str], tmp_path: Path, location: str
) -> None:
    loopback.location = location
    error = fails("--module", "redirected", "--server", loopback.uri, "-o", tmp_path)
    assert f"error: {loopback.uri}: invalid response of the server: " in error


def test_redirects_without_end_are_not_followed(loopback: Loopback) -> None:
    loopback.location = f"{loopback.uri}/v1/database/redirected"
    with pytest.raises(SourceError, match="invalid response of the server: it redirects more than 5 times"):
        server.fetch(loopback.uri, "redirected")
    assert len(loopback.asked) == 6


def test_redirects_without_an_address_are_no_answer(loopback: Loopback) -> None:
    with pytest.raises(SourceError, match="the server answered 302 Found"):
        server.fetch(loopback.uri, "status-302")


def test_odd_token_is_not_told(loopback: Loopback, fails: Callable[..., str], tmp_path: Path) -> None:
    error = fails("--module", "a", "--server", loopback.uri, "-o", tmp_path, SPACETIMEDB_TOKEN="se\ncr\net")
    assert error == "error: --token or SPACETIMEDB_TOKEN: is not a token: it holds invalid characters; copy it again\n"
    assert loopback.asked == []


def test_environment_names_no_proxy(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert server.fetch(loopback.uri, "my-module").data == SCHEMA


@pytest.mark.parametrize(
    ("database", "message"),
    [
        ("status-404", "no database 'status-404' on this server; publish it there, or check its name and the server"),
        ("status-403", "the server refuses access (403)"),
        ("status-400", "the server answered 400 Bad Request; check that a SpacetimeDB server of version"),
        ("status-500", "the server answered 500"),
        ("hangs-up", "invalid response of the server: nonsense"),
        ("cut", "invalid response of the server: it is cut off"),
        ("page", "JSON is malformed"),
        ("my_module", "error: --module 'my_module': cannot be a database name: names consist of lower case "),
        ("my_module", "single hyphens; did you mean 'my-module'?"),
        ("My Module!", "did you mean 'my-module'?"),
        ("../identity", "did you mean 'identity'?"),
        ("my_module/my_module.wasm", "omit --server to read the schema from there"),
        ("-", "omit --server to read the schema from there"),
        ("_", "give a name or an identity with --module"),
    ],
)  # fmt: skip
def test_server_refuses(
    loopback: Loopback, fails: Callable[..., str], tmp_path: Path, database: str, message: str
) -> None:
    assert message in fails("--module", database, "--server", loopback.uri, "-o", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_newest_version_is_asked_for_first(loopback: Loopback) -> None:
    assert server.fetch(loopback.uri, "new").data == SCHEMA
    assert [path for path, _ in loopback.asked] == ["/v1/database/new/schema?version=10"]


def test_old_server_is_asked_for_version_9(loopback: Loopback) -> None:
    assert server.fetch(loopback.uri, "old", "se.cr.et").data == SCHEMA
    assert loopback.asked == [(f"/v1/database/old/schema?version={n}", "Bearer se.cr.et") for n in (10, 9)]


def test_other_answers_are_not_asked_for_again(loopback: Loopback, fails: Callable[..., str], tmp_path: Path) -> None:
    fails("--module", "status-404", "--server", loopback.uri, "-o", tmp_path)
    assert len(loopback.asked) == 1


def test_server_is_silent(loopback: Loopback) -> None:
    with pytest.raises(SourceError, match="did not answer in time; check its address, and that it is running"):
        server.fetch(loopback.uri, "held", timeout=0.05)


@pytest.mark.parametrize("database", ["drips", "drips-status", "drips-headers", "continues"])
def test_server_never_ends(loopback: Loopback, monkeypatch: pytest.MonkeyPatch, database: str) -> None:
    monkeypatch.setattr(server, "PATIENCE", 0.05)
    with pytest.raises(SourceError, match="did not answer in time"):
        server.fetch(loopback.uri, database)


def test_address_is_not_found_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def search(*_: object, **__: object) -> list[object]:
        released.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", search)
    with pytest.raises(SourceError, match="http://localhost: the server did not answer in time"):
        server.fetch("http://localhost", "my-module", timeout=0.05)
    released.set()


def test_time_is_shared_by_all_that_is_asked(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """When an old server has been asked for version 10, nothing is left to ask it for version 9."""
    monkeypatch.setattr(server, "PATIENCE", 0.0)
    with pytest.raises(SourceError, match="did not answer in time"):
        server.fetch(loopback.uri, "old")
    assert loopback.asked == []


@pytest.mark.parametrize("database", ["continues-long", "chunks"])
def test_all_that_is_sent_is_counted(loopback: Loopback, monkeypatch: pytest.MonkeyPatch, database: str) -> None:
    monkeypatch.setattr(server, "LARGEST", 100_000)
    with pytest.raises(SourceError, match="invalid response of the server: it is too long"):
        server.fetch(loopback.uri, database)


@pytest.mark.parametrize("database", RAW)
def test_answer_is_no_http(loopback: Loopback, fails: Callable[..., str], tmp_path: Path, database: str) -> None:
    error = fails("--module", database, "--server", loopback.uri, "-o", tmp_path)
    assert error.startswith(f"error: {loopback.uri}")
    assert error[:-1].isprintable()


def test_answer_is_too_long(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "LARGEST", 1000)
    with pytest.raises(SourceError, match="invalid response of the server: it is too long"):
        server.fetch(loopback.uri, "my-module")


def test_server_is_not_there(fails: Callable[..., str], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{taken.getsockname()[1]}"
        error = fails("--module", "my-module", "--server", uri, "-o", tmp_path)
    assert f"{uri}: the server cannot be reached: Connection refused; check its address" in error


def test_host_is_not_known(fails: Callable[..., str], tmp_path: Path) -> None:
    error = fails("--module", "my-module", "--server", "http://no-such-host.invalid", "-o", tmp_path)
    assert "http://no-such-host.invalid: the server cannot be reached: " in error


@pytest.mark.parametrize("address", ["localhost:3000", "file:///etc", "maincloud", "http://", "http://h:x", "http://["])
def test_server_is_no_address(fails: Callable[..., str], tmp_path: Path, address: str) -> None:
    error = fails("--module", "m", "--server", address, "-o", tmp_path)
    assert f"--server {address!r}: is not the address of a server; write it as http://HOST:PORT" in error


@pytest.mark.parametrize("address", ["http://me:se.cr.et@localhost", "http://localhost?token=se.cr.et"])
def test_secrets_in_an_address_are_not_told(fails: Callable[..., str], tmp_path: Path, address: str) -> None:
    error = fails("--module", "m", "--server", address, "-o", tmp_path)
    assert error == "error: --server: is more than an address; write it as http://HOST:PORT, and give --token\n"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that only those trust who are told to; its key is in the same file."""
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())
    return both


@pytest.fixture
def tls(certificate: Path) -> Iterator[Loopback]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(context) as loopback:
        yield loopback


def test_trusted(tls: Loopback, run: Callable[..., Result], tmp_path: Path, certificate: Path) -> None:
    result = run("--module", "my-module", "--server", tls.uri, "-o", tmp_path, SSL_CERT_FILE=str(certificate))
    assert result.exit_code == 0, result.output
    assert len(tls.asked) == 1


def test_not_trusted(tls: Loopback, fails: Callable[..., str], tmp_path: Path) -> None:
    error = fails("--module", "my-module", "--server", tls.uri, "-o", tmp_path)
    assert f"{tls.uri}: the server's certificate is not trusted: self-signed certificate; " in error
    assert "name the authority's certificate in SSL_CERT_FILE" in error
    assert tls.asked == []


def test_redirects_do_not_leave_tls(
    tls: Loopback, loopback: Loopback, monkeypatch: pytest.MonkeyPatch, certificate: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls.location = f"{loopback.uri}/v1/database/other"
    with pytest.raises(SourceError, match="it redirects to 'http://127.0.0.1:.*', which has no TLS"):
        server.fetch(tls.uri, "redirected")
    assert loopback.asked == []


def test_https_to_a_server_without_tls(loopback: Loopback, fails: Callable[..., str], tmp_path: Path) -> None:
    uri = loopback.uri.replace("http", "https")
    error = fails("--module", "my-module", "--server", uri, "-o", tmp_path)
    assert f"{uri}: the server has no TLS: " in error
    assert "check its address; http:// has no TLS" in error


def test_http_to_a_server_with_tls(tls: Loopback, fails: Callable[..., str], tmp_path: Path) -> None:
    uri = tls.uri.replace("https", "http")
    error = fails("--module", "my-module", "--server", uri, "-o", tmp_path)
    assert f"error: {uri}: the server " in error
