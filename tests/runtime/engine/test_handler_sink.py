"""Clients without generated code: which callback gets which message, and what is asked for again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stdb_runtime import ConnectionLost
from tests.support.engine import handler_engine, run

if TYPE_CHECKING:
    from collections.abc import Callable

LOST = ConnectionLost("lost")


class Heard:
    """A handler that notes what it gets."""

    def __init__(self) -> None:
        self.got: list[tuple[Any, ...]] = []

    def mapping(self, *names: str) -> dict[str, Callable[..., object]]:
        return {name: self._noting(name) for name in names}

    def _noting(self, name: str) -> Callable[..., object]:
        return lambda *args: self.got.append((name, *args))


def fail(*args: object) -> None:
    raise ValueError("broken")


# --- errors -----------------------------------------------------------------------------------------------------------


def test_what_a_callback_raises_goes_to_on_error() -> None:
    heard = Heard()
    _, driver = handler_engine({**heard.mapping("on_error"), "on_identity_token": fail})
    driver.connect()
    ((name, error),) = heard.got
    assert (name, str(error)) == ("on_error", "broken")


def test_what_a_callback_raises_is_logged_by_its_name_without_on_error(caplog: pytest.LogCaptureFixture) -> None:
    engine, driver = handler_engine({"on_identity_token": fail})
    driver.connect()
    engine.sink.report(ValueError("no callback's"))
    assert caplog.messages == ["the callback fail raised", "an error that no on_error takes"]


def test_what_on_error_raises_is_logged_and_not_passed_to_it_again(caplog: pytest.LogCaptureFixture) -> None:
    errors: list[Exception] = []

    def on_error(error: Exception) -> None:
        errors.append(error)
        raise error

    _, driver = handler_engine({"on_identity_token": fail, "on_error": on_error})
    driver.connect()
    assert [str(error) for error in errors] == ["broken"]
    assert [message.rpartition(".")[2] for message in caplog.messages] == ["on_error raised"]


def test_what_an_on_error_that_is_a_coroutine_raises_is_logged_and_not_passed_to_it_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def on_error(error: Exception, extra: object) -> None:
        raise error

    engine, driver = handler_engine(({"on_identity_token": fail, "on_error": on_error}, "extra"))
    driver.connect()
    ((coroutine, callback),) = driver.spawned
    with pytest.raises(ValueError, match="broken") as caught:
        run(coroutine)
    engine.dispatcher.report_spawned(caught.value, callback)
    assert len(driver.spawned) == 1
    assert [message.rpartition(".")[2] for message in caplog.messages] == ["on_error raised"]
