"""Rows: their columns have types, nobody may assign to them, and sums are exhaustive."""

from typing import assert_never, reveal_type

from game_client import Activity, ActivityIdle, ActivityMove, ActivityScore, Client, Message, Player, Team


def columns(player: Player, message: Message) -> None:
    reveal_type(player.id)  # accept: int
    reveal_type(player.name)  # accept: str
    reveal_type(player.level)  # accept: int
    reveal_type(player.owner)  # accept: Identity
    reveal_type(player.online)  # accept: bool
    reveal_type(player.status)  # accept: str | None
    reveal_type(player.position)  # accept: Position
    reveal_type(player.position.x)  # accept: float
    reveal_type(player.activity)  # accept: ActivityIdle | ActivityScore | ActivityMove
    reveal_type(player.team)  # accept: Team
    reveal_type(player.joined_at)  # accept: Timestamp
    reveal_type(message.sender)  # accept: Identity
    reveal_type(message.text)  # accept: str
    _ = player.nick  # reject: attr-defined reportAttributeAccessIssue
    _ = player.status.upper()  # reject: union-attr reportOptionalMemberAccess
    _ = player.name + 1  # reject: operator reportOperatorIssue
    _ = player.activity.value  # reject: union-attr reportAttributeAccessIssue


def frozen(player: Player, message: Message) -> None:
    player.level = 2  # reject: misc reportAttributeAccessIssue
    player.position.x = 2.0  # reject: misc reportAttributeAccessIssue
    message.text = "better"  # reject: misc reportAttributeAccessIssue


def exhaustive(activity: Activity) -> float:
    match activity:
        case ActivityIdle():
            return 0.0
        case ActivityScore(value=points):
            reveal_type(points)  # accept: int
            return points
        case ActivityMove(value=position):
            reveal_type(position)  # accept: Position
            return position.x
        case _:
            assert_never(activity)


def forgotten(activity: Activity) -> None:
    match activity:
        case ActivityIdle() | ActivityScore():
            pass
        case _:
            assert_never(activity)  # reject: arg-type reportArgumentType


def enumeration(team: Team) -> str:
    if team is Team.RED:
        return "red"
    if team is Team.BLUE:
        return "blue"
    assert_never(team)


def unknown_variant() -> None:
    _ = Team.GREEN  # reject: attr-defined reportAttributeAccessIssue


def found(client: Client) -> None:
    bob = client.db.player.name.find("Bob")
    _ = bob.level  # reject: union-attr reportOptionalMemberAccess
    if bob is not None:
        reveal_type(bob.level)  # accept: int
