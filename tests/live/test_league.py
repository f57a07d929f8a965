"""A module of 2.x on a server of 2.x: names that it converts, views, event tables, procedures, schedules and more."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import operator
from typing import TYPE_CHECKING, Any

import pytest

from stdb_runtime import (
    Condition,
    Err,
    Ok,
    ReducerError,
    ReducerEvent,
    ScheduleAtInterval,
    ScheduleAtTime,
    SubscriptionError,
    TimeDuration,
    Timestamp,
    Uuid,
)
from tests.golden.league import client as league
from tests.golden.league.client import Badge, Point2D, Rank, Shape2DNamed, Shape2DNothing, Shape2DPointAt, tables

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from tests.conftest import Publish

pytestmark = pytest.mark.since(2)

ONE, OTHER = Uuid(int=1), Uuid(int=2**127 + 5)


@contextlib.asynccontextmanager
async def joined(publish: Publish, count: int = 1) -> AsyncGenerator[list[league.Client]]:
    """Clients of a new league; the package must fit it."""
    database = publish("league")
    async with contextlib.AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(league.connect(database.uri, database.name, verify_schema="error"))
            for _ in range(count)
        ]


async def test_names_that_the_server_converts(publish: Publish) -> None:
    async with joined(publish) as (client,):
        await client.subscribe(tables.player_1, tables.player_1_copy, tables.level_2_people)
        calls: list[tuple[object, ...]] = []

        @client.reducers.on_create_player_1
        def called(event: ReducerEvent, id: int, name: str, value: int) -> None:
            calls.append((event.reducer, id, name, value))

        event = await client.reducers.create_player_1(player_1_id=7, last_name_2="Alice", u_8_value=9)
        assert (event.reducer, event.arguments) == ("create_player_1", (7, "Alice", 9))
        assert calls == [("create_player_1", 7, "Alice", 9)]
        alice = client.db.player_1.last_name_2.find("Alice")
        assert alice == league.Player1(7, "Alice", 9)
        assert client.db.player_1.player_1_id.find(7) is alice
        assert client.db.player_1.u_8_value.filter(ge=9) == [alice]
        assert [row.id for row in client.db.player_1_copy] == [7]
        assert await client.query(tables.player_1.where(lambda columns: columns.u_8_value == 9)) == [alice]
        with pytest.raises(ReducerError, match="create_player_1"):
            await client.reducers.create_player_1(7, "Bob", 9)
        for rank_no in (2, 1):
            await client.reducers.add_level_2_person(level=3, rank_no=rank_no, rank=Rank.HTTP_ONLY)
        assert [row.rank_no for row in client.db.level_2_people.by_level_and_rank.filter(ge=(3, 1))] == [1, 2]
        assert [row.owner for row in client.db.level_2_people] == [client.identity] * 2


async def test_names_that_the_module_sets(publish: Publish) -> None:
    async with joined(publish) as (client,):
        await client.subscribe(tables.badge, tables.level_2_people)
        await client.reducers.add_level_2_person(1, 1, Rank.SECOND2)
        (person,) = client.db.level_2_people
        event = await client.reducers.promote(person.id)
        assert event.reducer == "PromotePerson"
        assert [row.level for row in client.db.level_2_people] == [2]
        assert await client.procedures.count_players() == 0


async def test_results_uuids_and_sums_as_columns_and_arguments(publish: Publish) -> None:
    badges = [
        Badge(ONE, Rank.FIRST_CLASS, Ok(5), OTHER, Shape2DPointAt(Point2D(1, -2))),
        Badge(OTHER, Rank.SECOND2, Err("no"), None, Shape2DNamed("x")),
        Badge(Uuid(int=0), Rank.SECOND2, Ok(0), Uuid(int=2**128 - 1), Shape2DNothing()),
    ]
    async with joined(publish) as (client,):
        await client.subscribe(tables.badge)
        for badge in badges:
            event = await client.reducers.put_badge(badge.id, badge.rank, badge.result, badge.maybe, badge.shape)
            assert event.arguments == (badge.id, badge.rank, badge.result, badge.maybe, badge.shape)
        assert sorted(client.db.badge, key=lambda badge: badge.id.int) == sorted(badges, key=lambda badge: badge.id.int)
        assert client.db.badge.id.find(OTHER) == badges[1]
        assert client.db.badge.rank.filter(Rank.FIRST_CLASS) == badges[:1]
        assert {badge.id for badge in client.db.badge.rank.filter(Rank.SECOND2)} == {badge.id for badge in badges[1:]}
        assert client.db.badge.rank.filter(Rank.HTTP_ONLY) == []
        await client.reducers.put_badge(ONE, Rank.HTTP_ONLY, Err(""), None, Shape2DNothing())
        assert client.db.badge.rank.filter(Rank.FIRST_CLASS) == []
        assert [badge.id for badge in client.db.badge.rank.filter(Rank.HTTP_ONLY)] == [ONE]


async def test_uuids_in_queries(publish: Publish) -> None:
    ids = [Uuid(int=number) for number in (0, 1, 2**64, 2**127 - 1, 2**127 + 5, 2**128 - 1)]
    async with joined(publish) as (client,):
        for id in ids:
            await client.reducers.put_badge(id, Rank.SECOND2, Ok(0), None, Shape2DNothing())
        for compare in (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge):
            for id in ids:
                query = tables.badge.where(functools.partial(compares, compare, id))
                found = {badge.id for badge in await client.query(query)}
                assert found == {other for other in ids if compare(other, id)}, query
        await client.subscribe(tables.badge.where(lambda badge: badge.id == OTHER))
        assert [badge.id for badge in client.db.badge] == [OTHER]


def compares(compare: Callable[[Any, Any], Any], value: Uuid, columns: type[Badge]) -> Condition:
    """A condition on the column `id`."""
    condition: Condition = compare(columns.id, value)
    return condition


async def test_views(publish: Publish) -> None:
    async with joined(publish, 2) as (client, other):
        views = (tables.all_people, tables.my_people_2, tables.keyed_players_2, tables.first_player, tables.points)
        await asyncio.gather(client.subscribe(*views).applied(), other.subscribe(*views).applied())
        updated: list[tuple[int, int]] = []
        told: list[str] = []
        client.db.all_people.on_update(lambda event, old, new: updated.append((old.level, new.level)))
        client.db.my_people_2.on_insert(lambda event, row: told.append(f"+{row.level}"))
        client.db.my_people_2.on_delete(lambda event, row: told.append(f"-{row.level}"))
        await client.reducers.add_level_2_person(1, 1, Rank.FIRST_CLASS)
        await other.reducers.add_level_2_person(5, 1, Rank.SECOND2)
        await client.reducers.create_player_1(1, "first", 3)
        await client.reducers.create_player_1(2, "second", 4)
        mine = client.db.all_people.id.find(1)
        assert mine is not None
        await client.reducers.promote(mine.id)
        assert sorted(row.level for row in client.db.all_people) == [2, 5]
        assert [row.level for row in client.db.my_people_2] == [2]
        assert updated == [(1, 2)], "a query has the key of its table"
        assert told in (["+1", "-1", "+2"], ["+1", "+2", "-1"]), "a list of rows has no key"
        assert client.db.keyed_players_2.player_1_id.find(2) == league.Player1(2, "second", 4)
        assert [row.last_name_2 for row in client.db.first_player] == ["first"]
        assert sorted(client.db.points, key=lambda point: point.x_1) == [Point2D(3, 7), Point2D(4, 7)]
        await other.query(tables.all_people)
        assert [row.level for row in other.db.my_people_2] == [5]
        assert await client.query(tables.first_player) == [league.Player1(1, "first", 3)]


async def test_event_tables_cannot_be_subscribed_to(publish: Publish) -> None:
    async with joined(publish) as (client,):
        with pytest.raises(SubscriptionError):
            await client.subscribe("SELECT * FROM goal_scored")
        await client.subscribe_all()
        await client.reducers.score(1)
        assert client.is_active


async def test_procedures(publish: Publish) -> None:
    async with joined(publish) as (client,):
        await client.subscribe(tables.player_1)
        assert await client.procedures.echo_2_result(Ok(OTHER)) == Ok(OTHER)
        assert await client.procedures.echo_2_result(value=Err("é")) == Err("é")
        assert await client.procedures.add_player(1, last_name_2="Alice") == Ok(1)
        again = await client.procedures.add_player(1, "Bob")
        assert isinstance(again, Err)
        assert await client.procedures.count_players() == 1
        # Its transaction may be told after its answer.
        await client.query(tables.player_1)
        assert client.db.player_1.count() == 1


async def test_row_level_security(publish: Publish) -> None:
    async with joined(publish, 2) as (client, other):
        await asyncio.gather(
            client.subscribe(tables.private_note).applied(), other.subscribe(tables.private_note).applied()
        )
        await client.reducers.write_note("mine")
        await other.reducers.write_note("yours")
        await client.query(tables.private_note)
        assert [note.text for note in client.db.private_note] == ["mine"]
        assert [note.text for note in other.db.private_note] == ["yours"]
        assert [note.owner for note in await other.query(tables.private_note)] == [other.identity]


async def test_a_schedule(publish: Publish) -> None:
    hourly = ScheduleAtInterval(TimeDuration(3_600_000_000))
    async with joined(publish) as (client,):
        await client.subscribe(tables.half_time_2)
        gone = asyncio.Event()
        client.db.half_time_2.on_delete(lambda event, row: gone.set())
        await client.reducers.set_whistle(hourly, "each hour")
        await client.reducers.set_whistle(ScheduleAtTime(Timestamp(0)), "at once")
        await gone.wait()
        (row,) = client.db.half_time_2
        assert (row.scheduled_at, row.text) == (hourly, "each hour")
