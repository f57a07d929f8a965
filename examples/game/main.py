"""A game client in a few lines: who is here, what they do, and what they say."""

import asyncio
import os

from game_client import ActivityMove, Player, Position, connect, reducers, tables
from stdb_runtime import ReducerError, RowEvent

URI = os.environ.get("SPACETIMEDB_URI", "http://localhost:3000")
DATABASE = os.environ.get("SPACETIMEDB_DATABASE", "my-module")


async def main() -> None:
    async with connect(URI, DATABASE) as client:
        print(f"connected as {client.identity.to_abbreviated_hex()}")

        @client.db.player.on_insert
        def joined(event: RowEvent, player: Player) -> None:
            print(f"+ {player.name} joins the {player.team.name} team")

        @client.db.player.on_update
        def changed(event: RowEvent, old: Player, new: Player) -> None:
            if new.level > old.level:
                print(f"* {new.name} reaches level {new.level}")
            if new.activity != old.activity:
                print(f"* {new.name} is at {new.activity}")

        @client.db.player.on_delete
        def left(event: RowEvent, player: Player) -> None:
            print(f"- {player.name} leaves")

        client.db.message.on_insert(lambda event, message: print(f"> {message.text}"))

        await client.subscribe(tables.player, tables.message)

        reducers.create_player("Alice")  # sent at once; nobody has to wait for it
        await reducers.create_player("Bob")  # awaited: its rows are here now
        try:
            await reducers.create_player("Bob")
        except ReducerError as error:
            print(f"! {error.message}")

        bob = client.db.player.name.find("Bob")
        assert bob is not None
        await reducers.level_up(bob.id)
        await reducers.do_activity(bob.id, ActivityMove(Position(x=1.5, y=-2.0)))
        await reducers.send_message("hello from Python")

        print("level 2 and up:", [player.name for player in client.db.player.level.filter(ge=2)])
        for player in client.db.player:
            await reducers.delete_player(player.id)


if __name__ == "__main__":
    asyncio.run(main())
