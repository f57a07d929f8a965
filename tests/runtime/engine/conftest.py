"""A connected engine of the probe's package, its driver, and its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.golden.probe.client import Reducers, Tables
from tests.support.engine import ListDriver, typed_engine

if TYPE_CHECKING:
    from stdb_runtime._engine.cache_sink import TypedEngine


@pytest.fixture
def made() -> tuple[TypedEngine, ListDriver]:
    engine, driver = typed_engine(Tables, Reducers)
    driver.connect()
    return engine, driver


@pytest.fixture
def engine(made: tuple[TypedEngine, ListDriver]) -> TypedEngine:
    return made[0]


@pytest.fixture
def driver(made: tuple[TypedEngine, ListDriver]) -> ListDriver:
    return made[1]


@pytest.fixture
def tables(engine: TypedEngine) -> Tables:
    return Tables(lambda: engine)
