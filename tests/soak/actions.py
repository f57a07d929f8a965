"""What a client under load does, one thing after the other, as a random number generator has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from game_client import ActivityScore, Player, Position
from tests.soak.calls import Effect

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable

    from stdb_runtime import Subscription
    from tests.soak.caller import Caller
    from tests.soak.rows import Watched

MOST_PLAYERS = 40


class Actions:
    """The choices of one client.

    Args:
        caller: makes the calls.
        rng: chooses.
        extra: a subscription that comes and goes.
    """

    def __init__(self, caller: Caller, rng: random.Random, extra: Watched) -> None:
        self.extra_subscription: Subscription | None = None
        self._caller = caller
        self._client = caller.client
        self._rng = rng
        self._extra = extra
        self._weights: dict[Callable[[], None], int] = {
            self._create: 8,
            self._create_again: 1,
            self._create_nameless: 1,
            self._delete: 6,
            self._level_up: 12,
            self._set_status: 8,
            self._move: 8,
            self._score: 8,
            self._send_message: 10,
            self._query: 1,
            self._toggle_extra: 1,
        }

    def act(self) -> None:
        """Do something."""
        (action,) = self._rng.choices([*self._weights], [*self._weights.values()])
        action()

    def _create(self) -> None:
        if len(self._client.db.player) < MOST_PLAYERS:
            name = self._caller.text()
            self._create_player(name, refusable=False)

    def _create_again(self) -> None:
        if player := self._some_player():
            self._create_player(player.name)

    def _create_nameless(self) -> None:
        self._create_player("")

    def _create_player(self, name: str, *, refusable: bool = True) -> None:
        effect = Effect("create", ("player", name))
        send = self._client.reducers.create_player
        self._caller.call(f"create_player({name!r})", effect, lambda: send(name), refusable=refusable)

    def _delete(self) -> None:
        if player := self._some_player():
            effect = Effect("delete", ("player", player.name))
            send = self._client.reducers.delete_player
            self._caller.call(f"delete_player({player.id})", effect, lambda: send(player.id))

    def _level_up(self) -> None:
        if player := self._some_player():
            effect = Effect("raise", ("player", player.name))
            send = self._client.reducers.level_up
            self._caller.call(f"level_up({player.id})", effect, lambda: send(player.id))

    def _set_status(self) -> None:
        if player := self._some_player():
            text = self._caller.text()
            effect = Effect("write", ("player", player.name), "status", text)
            send = self._client.reducers.set_status
            self._caller.call(f"set_status({player.id}, {text!r})", effect, lambda: send(player.id, text))

    def _move(self) -> None:
        if player := self._some_player():
            position = Position(float(self._caller.number()), 0.5)
            effect = Effect("write", ("player", player.name), "x", position.x)
            send = self._client.reducers.move_to
            self._caller.call(f"move_to({player.id}, {position.x})", effect, lambda: send(player.id, position))

    def _score(self) -> None:
        if player := self._some_player():
            score = self._caller.number()
            effect = Effect("write", ("player", player.name), "score", score)
            send = self._client.reducers.do_activity
            self._caller.call(
                f"do_activity({player.id}, {score})", effect, lambda: send(player.id, ActivityScore(score))
            )

    def _send_message(self) -> None:
        text = self._caller.text()
        effect = Effect("create", ("message", text))
        send = self._client.reducers.send_message
        self._caller.call(f"send_message({text!r})", effect, lambda: send(text), refusable=False)

    def _query(self) -> None:
        sql = "SELECT * FROM player WHERE level = 1"
        self._caller.call(f"query({sql!r})", None, lambda: self._client.query(sql), refusable=False)

    def _toggle_extra(self) -> None:
        subscription, self.extra_subscription = self.extra_subscription, None
        if subscription is not None:
            ended = subscription.unsubscribe()
            self._caller.start(_awaited(ended))
        elif self._client.is_active:
            self.extra_subscription = self._client.subscribe(self._extra.sql)
            self._caller.start(self._caller.rows_of(self.extra_subscription))

    def _some_player(self) -> Player | None:
        players = sorted(self._client.db.player, key=lambda player: player.id)
        return self._rng.choice(players) if players else None


async def _awaited(outcome: Awaitable[None]) -> None:
    await outcome
