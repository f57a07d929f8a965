"""What can be subscribed to, and what is refused before anything is sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from stdb_runtime import ArgumentError
from stdb_runtime._handles.client import BaseClient
from stdb_runtime._handles.procedure import ProcedureSet
from tests.golden.probe.client import Reducers, Tables
from tests.golden.probe.client._tables import PlayerTable
from tests.support.engine import ListDriver, typed_engine

if TYPE_CHECKING:
    from stdb_runtime._handles.subscription import Subscription

PLAYER = 'SELECT * FROM "player"'
LEVEL = "SELECT * FROM player WHERE level = 1"


@pytest.fixture
def made() -> tuple[BaseClient[Tables, Reducers, ProcedureSet], ListDriver]:
    engine, driver = typed_engine(Tables, Reducers)
    client = BaseClient(engine, Tables, Reducers, ProcedureSet)
    driver.connect()
    return client, driver


@pytest.fixture
def client(made: tuple[BaseClient[Tables, Reducers, ProcedureSet], ListDriver]) -> Any:
    return made[0]


@pytest.fixture
def driver(made: tuple[BaseClient[Tables, Reducers, ProcedureSet], ListDriver]) -> ListDriver:
    return made[1]


def test_queries_may_stand_in_a_list(client: Any, driver: ListDriver) -> None:
    player = client.db.player
    wanted = (player.__sql__(), LEVEL)
    forms: list[tuple[Any, ...]] = [
        (player, LEVEL),
        ([player, LEVEL],),
        ((player, LEVEL),),
        (player, [LEVEL]),
        ([], [player], [LEVEL]),
    ]
    for form in forms:
        subscription: Subscription = client.subscribe(*form)
        assert subscription.queries == wanted
        assert json.loads(driver.sent[-1])["SubscribeMulti"]["query_strings"] == list(wanted)


REFUSED: list[tuple[tuple[Any, ...], str]] = [
    ((), r"subscribe_all\(\)"),
    (([],), r"subscribe_all\(\)"),
    ((1,), "a typed query or SQL, got int 1"),
    ((None,), "got NoneType None"),
    (([LEVEL, 1],), "got int 1"),
    (([[LEVEL]],), "got list "),
    (({LEVEL},), "got set "),
    (({"player": LEVEL},), "got dict "),
    ((b"SELECT * FROM player",), "got bytes "),
    ((PlayerTable,), "got the class "),
]


@pytest.mark.parametrize(("queries", "problem"), REFUSED)
def test_anything_else_is_refused(client: Any, driver: ListDriver, queries: tuple[Any, ...], problem: str) -> None:
    sent = len(driver.sent)
    with pytest.raises(ArgumentError, match=problem):
        client.subscribe(*queries)
    assert len(driver.sent) == sent


def test_a_query_is_checked_too(client: Any) -> None:
    with pytest.raises(ArgumentError, match="expected a table such as tables.player, a typed query or SQL, got list "):
        client.query([LEVEL])
