"""The three forms of a handler, without generated code: an object, a pair, and a mapping. One runs supervised."""

import asyncio
import os

from stdb_runtime import Handler, HandlerMapping, IdentityToken, InitialSubscription, TransactionUpdate, connect, get

URI = os.environ.get("SPACETIMEDB_URI", "http://localhost:3000")
DATABASE = os.environ.get("SPACETIMEDB_DATABASE", "my-module")


class Watcher(Handler):
    """An object, or its class. `Handler` is for the checkers: any class with some of its methods will do."""

    def __init__(self) -> None:
        self.watching = asyncio.Event()
        self.seen = asyncio.Event()

    def on_identity_token(self, message: IdentityToken, /) -> None:
        get("watcher").subscribe(["SELECT * FROM message"])  # whenever connected, also after a loss

    def on_initial_subscription(self, message: InitialSubscription, /) -> None:
        print(f"watcher: {sum(len(table.inserts) for table in message.tables)} messages so far")
        self.watching.set()

    def on_transaction_update(self, message: TransactionUpdate, /) -> None:
        print(f"watcher: {[row['text'] for table in message.tables for row in table.inserts]}")
        self.seen.set()


async def keep(update: TransactionUpdate, outcomes: asyncio.Queue[str]) -> None:
    """A function that gets the argument of its pair, here a queue."""
    await outcomes.put(update.status)


async def main() -> None:
    watcher, outcomes = Watcher(), asyncio.Queue[str]()
    watching = connect(uri=URI, database=DATABASE, handler=watcher, schema="fetch", name="watcher", resubscribe=False)
    speaking = connect(uri=URI, database=DATABASE, handler=({"on_transaction_update": keep}, outcomes))
    reader: HandlerMapping = {"on_one_off_query_response": lambda answer: print(f"reader: {len(answer.tables)} table")}

    async with asyncio.TaskGroup() as supervisor:
        supervisor.create_task(watching.run())
        await watcher.watching.wait()
        async with connect(uri=URI, database=DATABASE, handler=reader) as reading, speaking:
            await speaking.call_reducer("send_message", ["hello from a handler"])
            print(f"speaker: {await outcomes.get()}")
            await watcher.seen.wait()
            await reading.one_off_query("SELECT * FROM message")
        await watching.close()


if __name__ == "__main__":
    asyncio.run(main())
