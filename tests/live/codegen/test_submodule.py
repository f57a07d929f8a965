"""Submodules on a real server: one package from each source, whose names are those on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.codegen import shop
from tests.codegen.golden import texts
from tests.codegen.schemas import GOLDEN
from tests.golden.submodules import client as submodules
from tests.golden.submodules.client import ShopStockItem, tables
from tests.support.server import ServerRequestError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from tests.support.server import Server

pytestmark = pytest.mark.since(2)


def test_every_source_gives_the_same_package(server: Server, run: Callable[..., Result], tmp_path: Path) -> None:
    module = tmp_path / "shop.wasm"
    module.write_bytes(shop.wasm())
    database = server.publish(module, "submodules")
    sources: list[list[object]] = [[module], [database.name, "--server", server.uri]]
    for number, source in enumerate(sources):
        result = run("--module", *source, "-o", tmp_path / f"client{number}")
        assert (result.exit_code, result.stderr) == (0, "")
        assert texts(tmp_path / f"client{number}") == texts(GOLDEN / "submodules" / "client")


async def test_names_are_those_on_the_wire(server: Server, tmp_path: Path) -> None:
    module = tmp_path / "shop.wasm"
    module.write_bytes(shop.wasm())
    database = server.publish(module, "submodules-used")
    # The client compares itself with version 9 of the schema, which leaves submodules out.
    async with submodules.connect(database.uri, database.name, verify_schema="off") as client:
        subscription = await client.subscribe(tables.shop_stock_item, tables.shop_all_items)
        event = await client.reducers.shop_add_item(7, name="apple")
        assert (event.reducer, event.arguments) == ("shop.add_item", (7, "apple"))
        apple = ShopStockItem(7, "apple")
        assert client.db.shop_stock_item.id.find(7) == apple
        assert list(client.db.shop_all_items) == [ShopStockItem(*shop.VIEWED)]
        assert await client.query(tables.shop_stock_item.where(lambda item: item.name == "apple")) == [apple]
        assert await client.procedures.shop_count_items() == shop.COUNT
        await client.reducers.ping()
        await subscription.unsubscribe()
        await client.subscribe_all()
        assert list(client.db.shop_stock_item) == [apple]


def test_views_with_parameters_cannot_be_read(
    server: Server, run: Callable[..., Result], fails: Callable[..., str], tmp_path: Path
) -> None:
    """That is why they are refused: a query has no place for arguments."""
    module = tmp_path / "shop.wasm"
    module.write_bytes(shop.wasm(view_has_parameter=True))
    database = server.publish(module, "parameters")
    with pytest.raises(ServerRequestError, match="invalid arguments for view all_items: failed to typecheck args"):
        database.sql('SELECT * FROM "shop.all_items"')
    with pytest.raises(ServerRequestError, match="Unsupported FROM expression"):
        database.sql("SELECT * FROM shop.all_items(5)")
    source = ("--module", database.name, "--server", server.uri, "-o", tmp_path / "client")
    assert "view 'shop.all_items': takes parameters" in fails(*source)
    assert run(*source, "--exclude", "shop.all_items").exit_code == 0
    assert "shop_all_items" not in (tmp_path / "client" / "_tables.py").read_text()
