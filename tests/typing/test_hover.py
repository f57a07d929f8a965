"""What an editor shows and offers of generated code, and what `help()` and `inspect` tell."""

from __future__ import annotations

import inspect
import pydoc
from typing import TYPE_CHECKING

import pytest

from game_client import reducers
from tests.golden.procedures.client import procedures
from tests.typing.language_server import LanguageServer

if TYPE_CHECKING:
    from collections.abc import Iterator

SENT = "Sends the call at once. Await the result for the"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    with LanguageServer(tmp_path_factory.mktemp("hover")) as server:
        yield server


@pytest.mark.parametrize(
    ("source", "word", "shown"),
    [
        (
            "from game_client import reducers\nreducers.create_player('Alice')\n",
            "create_player",
            ["(method) def create_player(name: str) -> ReducerCall", "Call reducer `create_player`.", SENT],
        ),
        (
            "from game_client import Client\ndef f(client: Client) -> None:\n    client.reducers.level_up(1)\n",
            "level_up",
            ["(method) def level_up(id: U64) -> ReducerCall", "Call reducer `level_up`.", SENT],
        ),
        (
            "from tests.golden.procedures.client import procedures\nprocedures.add(1, 2)\n",
            "add",
            ["(method) def add(", ") -> PendingResult[U32]", "Call procedure `add`.", SENT],
        ),
        (
            "from game_client import reducers\nreducers.on_level_up\n",
            "on_level_up",
            ["ReducerListener[U64]", "Callbacks on calls of reducer `level_up`: `callback(event, id)`."],
        ),
        (
            "from game_client import Client\ndef f(client: Client) -> object:\n    return client.db.player\n",
            "player",
            ["PlayerTable", "Table `player`, with primary key `id`."],
        ),
        (
            "from game_client import Player\ndef f(player: Player) -> int:\n    return player.level\n",
            "level",
            ["level: U32", "Integer from 0 to 4,294,967,295."],
        ),
        (
            "from game_client import Client\ndef f(client: Client) -> None:\n    client.db.player.on_insert\n",
            "on_insert",
            ["(method) def on_insert(callback: (RowEvent[Client], Player) -> "],
        ),
        (
            "from game_client import tables\ntables.player.where(lambda p: p.level >= 3)\n",
            "level",
            ["level: Column[U32]", "Integer from 0 to 4,294,967,295."],
        ),
    ],
)
def test_a_hover_reads_as_what_it_is(server: LanguageServer, source: str, word: str, shown: list[str]) -> None:
    text = server.hover(source, word)
    for part in shown:
        assert part in text


CLIENT = "from game_client import Client, Player, tables\ndef f(client: Client, player: Player) -> object:\n    return "


@pytest.mark.parametrize(
    ("expression", "offered"),
    [
        ("client", {"db", "reducers", "subscribe", "query", "on_connect", "closed", "identity"}),
        ("client.db", {"player", "message"}),
        ("client.db.player", {"id", "name", "level", "count", "on_insert", "changes", "where"}),
        ("client.db.player.name", {"find", "wait_for", "changes"}),
        ("client.db.player.level", {"filter"}),
        ("client.reducers", {"create_player", "on_create_player"}),
        ("client.reducers.on_level_up", {"match", "remove"}),
        ("client.procedures", set[str]()),
        ("client.subscribe(tables.player)", {"applied", "on_applied", "is_active", "unsubscribe"}),
        ("player", {"id", "name", "level", "owner", "position"}),
    ],
)
def test_completion_offers_what_is_for_users(server: LanguageServer, expression: str, offered: set[str]) -> None:
    found = server.completion(f"{CLIENT}{expression}.")
    assert found >= offered
    # What Python gives every class and the operators of this one stay; nothing of the runtime is among it.
    private = {name for name in found if name.startswith("_")}
    assert private <= {*dir(type), "__annotations__", "__await__", "__bool__", "__contains__", "__iter__", "__len__"}


def test_completion_in_a_condition_offers_the_columns(server: LanguageServer) -> None:
    found = server.completion("from game_client import tables\ntables.player.where(lambda p: p.")
    assert found >= {"id", "name", "level", "owner", "position"}


def test_inspect_and_help_see_functions() -> None:
    assert str(inspect.signature(reducers.level_up)).startswith("(id: int) -> ")
    assert inspect.ismethod(reducers.create_player)
    assert reducers.create_player.__name__ == "create_player"
    text = pydoc.plain(pydoc.render_doc(reducers.create_player))
    assert "create_player(name: str) -> " in text
    assert "Call reducer `create_player`." in text
    assert str(inspect.signature(procedures.add)).startswith("(")
