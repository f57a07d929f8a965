"""HTTP requests: how long they may take, and how much they may bring."""

from __future__ import annotations

import pytest

import stdb_runtime
from stdb_runtime import ServerUnreachableError
from tests.support.answering import answering


async def test_http_has_one_deadline_for_all_of_it() -> None:
    async with answering(lambda _: b"HTTP/1.1 200 OK\r\n\r\n ", drip=True) as (uri, _):
        with pytest.raises(ServerUnreachableError, match=r"within 0\.2 seconds \(open_timeout\)"):
            await stdb_runtime.connect(
                uri=uri, database="x", schema="fetch", open_timeout=0.2, handler={"on_error": print}
            ).run()


async def test_http_answers_have_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stdb_runtime.aio.http._MAX_RESPONSE_BYTES", 1_000_000)
    async with answering(lambda _: b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 2_000_000) as (uri, _):
        with pytest.raises(ServerUnreachableError, match="larger than 1000000 bytes"):
            await stdb_runtime.connect(uri=uri, database="x", schema="fetch", handler={"on_error": print}).run()
