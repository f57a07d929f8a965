"""Run `async def` tests, without a plug-in, and tests with a server once for each server that there is."""

from __future__ import annotations

import asyncio
import inspect
import itertools
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.support.binary import Program, ServerMissing, find_servers
from tests.support.modules import module_wasm
from tests.support.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from tests.support.server import Database

ASYNC_TEST_TIMEOUT = 60.0


class Publish(Protocol):
    """Publishes a module under a name that no other test uses."""

    def __call__(self, module: str) -> Database: ...


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


# --- servers ----------------------------------------------------------------------------------------------------------


def _programs() -> list[Program | ServerMissing]:
    try:
        return [*find_servers()]
    except ServerMissing as missing:
        return [missing]


PROGRAMS = _programs()


def _version(program: Program | ServerMissing) -> str:
    return program.version if isinstance(program, Program) else "no server"


def pytest_report_header() -> list[str]:
    """Say which servers the run has."""
    return [f"server: {program}" for program in PROGRAMS]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs a server, and leave out what a server is too old for: its module could not be published there."""
    too_old: list[pytest.Item] = []
    for item in items:
        if not isinstance(item, pytest.Function) or "program" not in item.fixturenames:
            continue
        item.add_marker("live")
        since = item.get_closest_marker("since")
        program = item.callspec.params["program"]
        if since is not None and isinstance(program, Program) and program.major < since.args[0]:
            too_old.append(item)
    if too_old:
        config.hook.pytest_deselected(items=too_old)
        items[:] = [item for item in items if item not in set(too_old)]


@pytest.fixture(scope="session", params=PROGRAMS, ids=_version)
def program(request: pytest.FixtureRequest) -> Program:
    """A server program. No server is a failure, never a skip."""
    if isinstance(request.param, ServerMissing):
        pytest.fail(str(request.param), pytrace=False)
    found: Program = request.param
    return found


@pytest.fixture(scope="session")
def server(program: Program) -> Iterator[Server]:
    """A running server. Tests that stop or restart one start their own."""
    with Server(program) as running:
        yield running


@pytest.fixture(scope="session")
def publish(server: Server) -> Publish:
    """A function that gives a test a database of its own: `database = publish("game")`."""
    numbers = itertools.count(1)

    def publish(module: str) -> Database:
        return server.publish(module_wasm(module), f"{module.replace('_', '-')}-{next(numbers)}")

    return publish


@pytest.fixture
def game(publish: Publish) -> Database:
    """A fresh database that runs the example game."""
    return publish("game")
