"""Typed queries: what can be compared with what, and what comes of it."""

from typing import reveal_type

from game_client import Client, Player, Team, tables
from stdb_runtime import Identity, Timestamp, Uuid
from tests.golden.league import client as league


def conditions(owner: Identity, at: Timestamp) -> None:
    reveal_type(tables.player.where(lambda p: p.level >= 3))  # accept: Selection[Player]
    tables.player.where(lambda p: (p.level >= 3) & (p.name != "x'y") | (p.owner == owner))
    tables.player.where(lambda p: (3 <= p.level) & (p.joined_at < at))
    tables.player.where(lambda p: p.online)
    tables.player.where(lambda p: p.online & (p.level == 1) | ~p.online)
    tables.player.where(lambda p: (p.level == 1) & p.online)
    tables.message.where(lambda m: m.text == "").where(lambda m: m.sender == owner)
    tables.player.where(lambda p: reveal_type(p.level >= 3))  # accept: Condition
    tables.player.where(lambda p: reveal_type(p.name == "x"))  # accept: Condition
    tables.player.where(lambda p: reveal_type(p.level == 3) & p.online)  # accept: Condition


def wrong_values(at: Timestamp) -> None:
    tables.player.where(lambda p: p.name == 1)  # reject: return-value arg-type reportArgumentType
    tables.player.where(lambda p: p.name != 1)  # reject: return-value arg-type reportArgumentType
    tables.player.where(lambda p: p.name < 1)  # reject: operator reportOperatorIssue
    tables.player.where(lambda p: p.level >= "3")  # reject: operator reportOperatorIssue
    tables.player.where(lambda p: (p.level >= 3) & (p.name == 1))  # reject: operator reportOperatorIssue
    tables.player.where(lambda p: p.level == None)  # reject: return-value arg-type reportArgumentType
    tables.player.where(lambda p: p.owner == "ab")  # reject: return-value arg-type reportArgumentType
    tables.player.where(lambda p: p.joined_at > 5)  # reject: operator reportOperatorIssue
    tables.player.where(lambda p: p.online == 1)  # reject: return-value arg-type reportArgumentType
    tables.player.where(lambda p: p.online > at)  # reject: operator reportOperatorIssue


def without_literals() -> None:
    tables.player.where(lambda p: p.team == Team.RED)  # reject: return-value arg-type reportArgumentType
    tables.player.where(lambda p: p.team != Team.RED)  # reject: return-value arg-type reportArgumentType
    tables.player.where(lambda p: p.team < Team.RED)  # reject: operator reportOperatorIssue
    tables.player.where(lambda p: p.status == "x")  # reject: return-value arg-type reportArgumentType
    tables.player.where(lambda p: p.team)  # reject: return-value arg-type reportArgumentType


def no_conditions() -> None:
    tables.player.where(lambda p: p.nick == "x")  # reject: attr-defined reportAttributeAccessIssue
    tables.player.where(lambda p: p.level)  # reject: return-value arg-type reportArgumentType
    tables.player.where(lambda p: True)  # reject: return-value arg-type reportArgumentType
    tables.player.where(lambda p: p.level & (p.level == 3))  # reject
    tables.player.where(lambda p: ~p.name)  # reject
    tables.player.where(lambda: True)  # reject
    tables.player.where("level = 3")  # reject: arg-type reportArgumentType
    tables.player.where(lambda p: p.id == p.level)  # reject: return-value arg-type reportArgumentType
    tables.nothing.where(lambda p: p.id == 1)  # reject: attr-defined reportAttributeAccessIssue


def joins() -> None:
    reveal_type(tables.player.semijoin(tables.message, on=lambda p, m: p.owner == m.sender))  # accept: Query[Player]
    tables.player.where(lambda p: p.online).semijoin(
        tables.message.where(lambda m: m.text != ""),
        on=lambda p, m: m.sender == p.owner,
    )
    tables.player.semijoin(tables.message, on=lambda p, m: p.name == m.sender)  # reject
    tables.player.semijoin(tables.message, on=lambda p, m: p.level == 3)  # reject
    tables.player.semijoin(tables.message, on=lambda p, m: p.owner < m.sender)  # reject
    tables.player.semijoin(tables.message, on=lambda p, m: p.team == m.text)  # reject
    tables.player.semijoin(tables.message, on=lambda p: p.owner)  # reject
    tables.player.semijoin("message", on=lambda p, m: p.owner == m.sender)  # reject


async def using(client: Client) -> None:
    await client.subscribe(tables.player.where(lambda p: p.level >= 3))
    await client.subscribe(client.db.player.semijoin(client.db.message, on=lambda p, m: p.owner == m.sender))
    found: list[Player] = await client.query(tables.player.where(lambda p: p.level < 3))
    reveal_type(found)  # accept: list[Player]


def uuids(client: league.Client, id: Uuid) -> None:
    client.db.badge.where(lambda b: (b.id == id) | (b.id < id))
    client.db.badge.where(lambda b: b.id == "8-5")  # reject: return-value arg-type reportArgumentType
    client.db.badge.where(lambda b: b.id > 5)  # reject: operator reportOperatorIssue
