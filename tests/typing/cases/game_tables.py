"""Tables of the cache: keys, indexes, and the parameters of callbacks."""

from typing import reveal_type

from game_client import Client, Message, Player, tables
from stdb_runtime import (
    Change,
    Identity,
    KeyedTable,
    PendingResult,
    RowEvent,
    Stats,
    Stream,
    Subscription,
    SubscriptionError,
    Table,
    TableInfo,
    table_info,
)
from tests.golden.league import client as league


def finding(client: Client) -> None:
    reveal_type(client.db)  # accept: Tables
    reveal_type(client.db.player)  # accept: PlayerTable
    reveal_type(client.db.player.id.find(1))  # accept: Player | None
    reveal_type(client.db.player.name.find("Bob"))  # accept: Player | None
    reveal_type(client.db.player.level.filter(3))  # accept: list[Player]
    reveal_type(client.db.player.level.filter(ge=3))  # accept: list[Player]
    reveal_type(client.db.player.level.filter(gt=3, lt=5))  # accept: list[Player]
    reveal_type(client.db.player.level.filter(lt=5, gt=3))  # accept: list[Player]
    reveal_type(client.db.player.level.filter(ge=3, gt=3, le=5, lt=5))  # accept: list[Player]
    reveal_type(client.db.player.level.filter(gt=3, le=5))  # accept: list[Player]
    reveal_type(client.db.player.level.filter(le=5, lt=5))  # accept: list[Player]
    reveal_type(client.db.player.level.filter(lt=5))  # accept: list[Player]
    client.db.player.level.filter()  # reject: call-overload reportCallIssue
    client.db.player.level.filter(3, ge=3)  # reject: call-overload reportCallIssue
    client.db.player.level.filter(3, 5)  # reject: call-overload reportCallIssue
    client.db.player.level.filter(value=3)  # reject: call-overload reportCallIssue
    client.db.player.level.filter(eq=3)  # reject: call-overload reportCallIssue
    client.db.player.id.find("1")  # reject: arg-type reportArgumentType
    client.db.player.name.find(1)  # reject: arg-type reportArgumentType
    client.db.player.name.find()  # reject: call-arg reportCallIssue
    client.db.player.name.find(None)  # reject: arg-type reportArgumentType
    client.db.player.level.filter("3")  # reject: arg-type call-overload reportArgumentType reportCallIssue
    client.db.player.level.filter(ge="3")  # reject: arg-type call-overload reportArgumentType reportCallIssue
    client.db.player.level.find(3)  # reject: attr-defined reportAttributeAccessIssue
    client.db.player.find(1)  # reject: attr-defined reportAttributeAccessIssue


def unknown(client: Client) -> None:
    client.db.players.count()  # reject: attr-defined reportAttributeAccessIssue
    client.db.player.nick.find("Bob")  # reject: attr-defined reportAttributeAccessIssue
    client.db.player.online.filter(True)  # reject: attr-defined reportAttributeAccessIssue
    tables.nothing.count()  # reject: attr-defined reportAttributeAccessIssue


def reading(client: Client) -> None:
    for player in client.db.player:
        reveal_type(player)  # accept: Player
    for message in client.db.message:
        reveal_type(message)  # accept: Message
    reveal_type(len(client.db.player))  # accept: int


async def subscribing(client: Client) -> None:
    reveal_type(client.subscribe(tables.player, "SELECT * FROM message"))  # accept: Subscription
    subscription = await client.subscribe(tables.player, tables.message)
    reveal_type(subscription)  # accept: Subscription
    await subscription.unsubscribe()

    @subscription.on_error
    def refused(error: SubscriptionError) -> None:
        reveal_type(error.query)  # accept: str | None
        reveal_type(error.queries)  # accept: tuple[str, ...]

    reveal_type(client.subscribe([tables.player, "SELECT * FROM message"]))  # accept: Subscription
    client.subscribe((tables.player, tables.message))
    client.subscribe([tables.player.where(lambda p: p.level >= 3)], tables.message)
    async with client.subscription([tables.player, tables.message]) as lasting:
        reveal_type(lasting)  # accept: Subscription
    client.subscribe(1)  # reject: arg-type reportArgumentType
    client.subscribe([1])  # reject: list-item arg-type reportArgumentType
    client.subscribe({"player": tables.player})  # reject: arg-type reportArgumentType
    client.subscribe({tables.player})  # reject: arg-type reportArgumentType
    client.subscribe(b"SELECT * FROM player")  # reject: arg-type reportArgumentType
    client.subscribe(tables.nothing)  # reject: attr-defined reportAttributeAccessIssue


def callbacks(client: Client) -> None:
    @client.db.player.on_insert
    def joined(event: RowEvent, player: Player) -> None: ...

    @client.db.player.on_insert
    async def joined_later(event: RowEvent, player: Player) -> None: ...

    @client.db.player.on_update
    def changed(event: RowEvent, old: Player, new: Player) -> None: ...

    @client.db.player.on_delete
    def left(_event: RowEvent, player: Player) -> int:
        return player.level

    @client.db.message.on_insert
    def said(event: RowEvent, message: Message) -> None: ...

    # A lambda fits, and knows its parameters.
    client.db.player.on_insert(lambda _, player: player.name)
    client.db.player.on_insert(lambda _, row: row.nick)  # reject: attr-defined reportAttributeAccessIssue

    # The client of the event is the package's, whether the callback says so or not.
    client.db.player.on_insert(lambda event, _: reveal_type(event.client))  # accept: Client

    @client.db.player.on_insert
    def typed(event: RowEvent[Client], player: Player) -> None:
        event.client.reducers.level_up(player.id)
        event.client.reducers.level_up(player.name)  # reject: arg-type reportArgumentType

    def of_another_package(event: RowEvent[league.Client], player: Player) -> None: ...

    client.db.player.on_insert(of_another_package)  # reject: arg-type type-var reportArgumentType
    client.db.player.remove_on_insert(typed)

    # The decorator gives the function back as it was.
    joined()  # reject: call-arg reportCallIssue

    client.db.player.remove_on_insert(joined)
    client.db.player.remove_on_update(changed)
    client.db.player.remove_on_delete(left)


def wrong_callbacks(client: Client) -> None:
    def only_a_row(player: Player) -> None: ...
    def another_row(event: RowEvent, message: Message) -> None: ...
    def another_type(event: RowEvent, player: int) -> None: ...
    def a_row(event: RowEvent, player: Player) -> None: ...
    def two_rows(event: RowEvent, old: Player, new: Player) -> None: ...

    client.db.player.on_insert(only_a_row)  # reject: arg-type type-var reportArgumentType
    client.db.player.on_insert(another_row)  # reject: arg-type type-var reportArgumentType
    client.db.player.on_insert(another_type)  # reject: arg-type type-var reportArgumentType
    client.db.player.on_insert(two_rows)  # reject: arg-type type-var reportArgumentType
    client.db.player.on_update(a_row)  # reject: arg-type type-var reportArgumentType
    client.db.player.on_delete(two_rows)  # reject: arg-type type-var reportArgumentType
    client.db.player.on_insert(lambda _: None)  # reject
    client.db.message.on_insert(a_row)  # reject: arg-type type-var reportArgumentType


def without_a_key(client: Client) -> None:
    def two_rows(event: RowEvent, old: Message, new: Message) -> None: ...

    client.db.message.on_update(two_rows)  # reject: attr-defined reportAttributeAccessIssue
    client.db.message.id.find(1)  # reject: attr-defined reportAttributeAccessIssue


def events(event: RowEvent, owner: Identity) -> None:
    event.nothing()  # reject: attr-defined union-attr reportAttributeAccessIssue
    reveal_type(event.identity)  # accept: Identity
    owner.nothing()  # reject: attr-defined reportAttributeAccessIssue


def annotated(client: Client) -> None:
    table: Table[Player] = client.db.player
    keyed: KeyedTable[Player] = client.db.player
    plain: Table[Message] = client.db.message
    wrong: Table[Message] = client.db.player  # reject: assignment reportAssignmentType
    unkeyed: KeyedTable[Message] = client.db.message  # reject: assignment reportAssignmentType
    changes: Stream[Change[Player]] = client.db.player.changes()
    rows: PendingResult[list[Player]] = client.query(client.db.player)
    stats: Stats = client.stats
    reveal_type(stats.as_dict())  # accept: dict[str, object]
    print(table, keyed, plain, wrong, unkeyed, changes, rows)  # noqa: T201 - uses them


def declared(client: Client) -> None:
    reveal_type(table_info(client.db.player))  # accept: TableInfo[Player]
    info: TableInfo[Message] = table_info(client.db.message)
    reveal_type(info.name)  # accept: str
    reveal_type(info.row)  # accept: type[Message]
    reveal_type(info.primary_key)  # accept: str | None
    table_info(client.db)  # reject: arg-type reportArgumentType


def numbers(owner: Identity) -> None:
    reveal_type(Identity.ZERO)  # accept: Identity
    reveal_type(Identity.from_bytes(bytearray(32), "big"))  # accept: Identity
    reveal_type(owner.to_bytes())  # accept: bytes
    owner.to_bytes("middle")  # reject: arg-type reportArgumentType


async def states(client: Client) -> None:
    subscription = client.subscribe(tables.player)
    assert not subscription.is_active
    await subscription.unsubscribe()
    assert subscription.is_ended
    reveal_type(subscription)  # accept: Subscription


def state(subscription: Subscription) -> None:
    reveal_type(subscription.is_active)  # accept: bool
    subscription.is_active = True  # reject: misc reportAttributeAccessIssue
    subscription.is_ended()  # reject: operator reportCallIssue
