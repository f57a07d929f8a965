"""All that a client is told: connections, rows, and its own calls."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, TypeVar

from game_client import Message, Player
from stdb_runtime import Delta, RowEvent, StdbError, SubscriptionApplied
from stdb_runtime.bindings import KeyedTable
from tests.soak.calls import End
from tests.soak.history import History, What
from tests.soak.rows import BARRIER

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from game_client import Client
    from stdb_runtime import ReducerEvent
    from stdb_runtime.bindings import Table
    from tests.soak.calls import Call

R = TypeVar("R", Player, Message)


class Ear:
    """Listens to one client.

    Args:
        client: the client.
        extra: the SQL of the subscription that comes and goes; others come only once.

    Attributes:
        active: whether it is connected, as far as callbacks say.
        losses: how often the connection was lost.
        wrong: what was seen to be wrong.
    """

    def __init__(self, client: Client, extra: str) -> None:
        self.active = asyncio.Event()
        self.active.set()
        self.losses = 0
        self.wrong: list[str] = []
        self._client = client
        self._told: Counter[str] = Counter()
        self._block = 0.0
        self._blocked = asyncio.Event()
        client.on_connect(self.active.set)
        client.on_disconnect(self._lost)
        client.on_error(lambda error, culprit: self.wrong.append(f"callback {culprit} raised {error!r}"))
        client.reducers.on_send_message(self._told_of_message)
        self._players: History[Player] = _record(client.db.player, lambda row: row.id)
        self._messages: History[Message] = _record(client.db.message, lambda row: row)
        client.db.player.on_update(self._may_block)
        client.on_transaction(self._may_apply)
        self._extra = extra
        self._settled_in = False

    def settled_in(self) -> None:
        """The rows of its subscriptions are here: from now on, reconnections bring none of them anew."""
        self._settled_in = True

    @property
    def events(self) -> int:
        """How many callbacks on rows were replayed."""
        return self._players.count + self._messages.count

    def replay(self) -> list[str]:
        """What is wrong with the callbacks on rows since the last time."""
        wrong = [f"player: {problem}" for problem in self._players.replay(list(self._client.db.player))]
        return wrong + [f"message: {problem}" for problem in self._messages.replay(list(self._client.db.message))]

    def mistold(self, calls: Iterable[Call]) -> list[str]:
        """Where calls since the last time were not told just once to the callback of their reducer."""
        told, self._told = self._told, Counter()
        wrong = [f"told {times} times of its message {text!r}" for text, times in told.items() if times > 1]
        for call in calls:
            if call.age == 0 and call.effect and call.effect.key[0] == "message" and call.end is End.DONE:
                wrong += [] if told[call.effect.key[1]] else [f"never told of {call}"]
        return wrong

    async def block(self, seconds: float) -> None:
        """Have the next callback on a change of a player block the event loop, and wait until it did."""
        self._blocked.clear()
        self._block = seconds
        await self._blocked.wait()

    def _lost(self, error: StdbError | None) -> None:
        self.losses += 1
        self.active.clear()

    def _may_apply(self, delta: Delta) -> None:
        cause = delta.cause
        if self._settled_in and isinstance(cause, SubscriptionApplied) and cause.queries != (self._extra,):
            self.wrong.append(f"rows of a subscription came anew, and not as what was reconciled: {cause.queries}")

    def _told_of_message(self, event: ReducerEvent, text: str) -> None:
        if event.caller_identity == self._client.identity and not text.startswith(BARRIER):
            self._told[text] += 1

    def _may_block(self, *_: object) -> None:
        if self._block:
            time.sleep(self._block)
            self._block = 0.0
            self._blocked.set()


def _record(table: Table[R], key: Callable[[R], Hashable]) -> History[R]:
    """Have all changes of a table recorded."""
    history: History[R] = History(key)

    def note(what: What, event: RowEvent, old: R, new: R) -> None:
        history.told.append((what, type(event.cause).__name__, old, new))

    table.on_insert(lambda event, row: note("insert", event, row, row))
    table.on_delete(lambda event, row: note("delete", event, row, row))
    if isinstance(table, KeyedTable):
        table.on_update(lambda event, old, new: note("update", event, old, new))
    return history
