"""Run `async def` tests, without a plug-in."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

ASYNC_TEST_TIMEOUT = 60.0


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine test in an event loop of its own, for at most a minute."""
    test: Callable[..., Coroutine[Any, Any, None]] = pyfuncitem.obj
    if not inspect.iscoroutinefunction(test):
        return None
    wanted = inspect.signature(test).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in wanted}
    asyncio.run(_bounded(test(**arguments)), debug=False)
    return True


async def _bounded(test: Coroutine[Any, Any, None]) -> None:
    """Await a test, and fail it for what the loop would only have logged: a task whose error nobody took."""
    lost: list[str] = []

    def lose(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        lost.append(f"{context.get('message')}: {context.get('exception')!r}")

    asyncio.get_running_loop().set_exception_handler(lose)
    async with asyncio.timeout(ASYNC_TEST_TIMEOUT):
        await test
    assert not lost, "\n".join(lost)
