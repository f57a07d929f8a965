"""Calls of reducers: each parameter keeps its type, whichever way the reducer is reached."""

from typing import assert_type, reveal_type

import game_client
from game_client import (
    Activity,
    ActivityIdle,
    ActivityMove,
    ActivityScore,
    Client,
    Position,
    Reducers,
    Team,
    connect,
    reducers,
)
from stdb_runtime import ReducerCall, ReducerEvent, RowEvent, fire_and_forget


async def connecting() -> None:
    async with connect("http://localhost:3000", "my-module") as client:
        reveal_type(client)  # accept: Client[Tables, Reducers, ProcedureSet]
        assert_type(client, Client)
    connect(3000, "my-module")  # reject: arg-type reportArgumentType


def ambient() -> None:
    reveal_type(reducers)  # accept: Reducers
    reveal_type(reducers.create_player("Alice"))  # accept: ReducerCall
    reducers.create_player("Alice")
    reducers.create_player(name="Alice")
    reducers.create_player(1)  # reject: arg-type reportArgumentType
    reducers.create_player()  # reject: call-arg reportCallIssue
    reducers.create_player("Alice", 1)  # reject: call-arg reportCallIssue
    reducers.create_player(nick="Alice")  # reject: call-arg reportCallIssue
    reducers.create_player(None)  # reject: arg-type reportArgumentType
    reducers.create_playr("Alice")  # reject: attr-defined reportAttributeAccessIssue


async def explicit(client: Client) -> None:
    reveal_type(client.reducers)  # accept: Reducers
    reveal_type(client.reducers.create_player("Bob"))  # accept: ReducerCall
    call: ReducerCall = client.reducers.create_player("Bob")
    reveal_type(await call)  # accept: ReducerEvent
    await client.reducers.create_player(name="Bob")
    client.reducers.create_player(1)  # reject: arg-type reportArgumentType
    client.reducers.create_player()  # reject: call-arg reportCallIssue
    client.reducers.nothing()  # reject: attr-defined reportAttributeAccessIssue


async def values(client: Client) -> None:
    await client.reducers.level_up(1)
    client.reducers.level_up("1")  # reject: arg-type reportArgumentType
    client.reducers.level_up(1.0)  # reject: arg-type reportArgumentType
    await client.reducers.set_status(1, "away")
    await client.reducers.set_status(1, None)
    client.reducers.set_status(1)  # reject: call-arg reportCallIssue
    client.reducers.set_status(1, 2)  # reject: arg-type reportArgumentType
    await client.reducers.move_to(1, Position(x=1.0, y=2.0))
    client.reducers.move_to(1, (1.0, 2.0))  # reject: arg-type reportArgumentType
    client.reducers.move_to(Position(x=1.0, y=2.0), 1)  # reject: arg-type reportArgumentType


async def sums(client: Client) -> None:
    await client.reducers.do_activity(1, ActivityIdle())
    await client.reducers.do_activity(1, ActivityScore(value=3))
    await client.reducers.do_activity(1, ActivityMove(value=Position(x=1.0, y=2.0)))
    client.reducers.do_activity(1, "Idle")  # reject: arg-type reportArgumentType
    client.reducers.do_activity(1, ActivityIdle)  # reject: arg-type reportArgumentType
    client.reducers.do_activity(1, Team.RED)  # reject: arg-type reportArgumentType
    ActivityScore(value="three")  # reject: arg-type reportArgumentType
    ActivityScore()  # reject: call-arg reportCallIssue
    Position(x=1.0)  # reject: call-arg reportCallIssue
    activity: Activity = ActivityIdle()
    await client.reducers.do_activity(1, activity)


def same_object(one: Reducers) -> None:
    assert_type(one.create_player("Alice"), ReducerCall)
    assert_type(game_client.reducers, Reducers)
    game_client.reducers.create_player("Alice")
    game_client.reducers.create_player(1)  # reject: arg-type reportArgumentType


def without_reply(client: Client) -> None:
    fire_and_forget(client.reducers.create_player, "Alice")
    fire_and_forget(reducers.create_player, name="Alice")
    fire_and_forget(reducers.create_player, 1)  # reject: arg-type reportArgumentType
    fire_and_forget(reducers.create_player)  # reject: call-arg reportCallIssue
    fire_and_forget(print, 1)  # reject: arg-type reportArgumentType


def causes(client: Client, event: RowEvent, call: ReducerEvent) -> None:
    reveal_type(client.reducers.on_set_status.match(event))  # accept: tuple[int, str | None] | None
    if (arguments := client.reducers.on_level_up.match(call)) is not None:
        (number,) = arguments
        assert_type(number, int)
    client.reducers.on_levelup.match(event)  # reject: attr-defined reportAttributeAccessIssue
    client.reducers.on_level_up.match("level_up")  # reject: arg-type reportArgumentType
