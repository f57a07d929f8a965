"""What an editor shows of generated code, and what `help()` and `inspect` tell."""

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
    ],
)
def test_a_hover_reads_as_what_it_is(server: LanguageServer, source: str, word: str, shown: list[str]) -> None:
    text = server.hover(source, word)
    for part in shown:
        assert part in text


def test_inspect_and_help_see_functions() -> None:
    assert str(inspect.signature(reducers.level_up)).startswith("(id: int) -> ")
    assert inspect.ismethod(reducers.create_player)
    assert reducers.create_player.__name__ == "create_player"
    text = pydoc.plain(pydoc.render_doc(reducers.create_player))
    assert "create_player(name: str) -> " in text
    assert "Call reducer `create_player`." in text
    assert str(inspect.signature(procedures.add)).startswith("(")
