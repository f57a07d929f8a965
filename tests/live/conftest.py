"""A real server for the whole run, and databases on it. No server is a failure, never a skip."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.support.modules import module_wasm
from tests.support.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.server import Database


class Publish(Protocol):
    """Publishes a module under a name that no other test uses."""

    def __call__(self, module: str) -> Database: ...


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A running server. Tests that stop or restart one start their own."""
    with Server() as running:
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
