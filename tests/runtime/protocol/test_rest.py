"""HTTP requests to a server: their paths, and what is understood of their answers."""

from __future__ import annotations

import pytest

from stdb_runtime import ConnectError
from stdb_runtime._protocol.endpoint import Endpoint
from stdb_runtime._protocol.rest import read_version, schema_path

ENDPOINT = Endpoint.parse("http://here", "game")


@pytest.mark.parametrize(
    ("body", "version"),
    [
        (b'{"version":"1.2.0"}', (1, 2, 0)),
        (b'{"version":"2.8.3","more":[]}', (2, 8, 3)),
        (b'{"version":"2.0.0-rc1"}', (2, 0, 0)),
        (b'{"version":"10"}', (10,)),
    ],
)
def test_the_version_is_read(body: bytes, version: tuple[int, ...]) -> None:
    assert read_version(ENDPOINT, body) == version


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not found",
        b"[]",
        b"{}",
        b'{"version":2}',
        b'{"version":""}',
        b'{"version":"next"}',
        b'{"version":"1..2"}',
        b'{"version":"\xff"}',
        b'{"version":"' + b"1" * 5000 + b'"}',
        b'{"more":' + b"[" * 100_000,
    ],
)
def test_an_answer_that_names_no_version_is_an_error_that_names_the_server(body: bytes) -> None:
    with pytest.raises(ConnectError, match="ws://here does not report its version at /v1/health"):
        read_version(ENDPOINT, body)


def test_the_schema_is_asked_for_in_version_9() -> None:
    assert schema_path(ENDPOINT) == "/v1/database/game/schema?version=9"
