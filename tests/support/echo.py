"""The module `echo`, which has a table and reducers for each kind of column."""

from __future__ import annotations

from typing import get_type_hints

from tests.golden.echo import client as echo_client

# Tables with a key and a reducer that takes what they hold; trees and expressions are stored flat.
KINDS = sorted(
    name.removeprefix("echo_")
    for name in get_type_hints(echo_client.Tables)
    if name.startswith("echo_") and name not in {"echo_tree", "echo_expr"}
)
