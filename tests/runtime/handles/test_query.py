"""Typed queries: the SQL that comes of them, and what is refused."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeAlias, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from game_client import Activity, Message, Player, Team, tables
from stdb_runtime import ConnectionId, Identity, Timestamp
from stdb_runtime._handles.query import Condition
from stdb_runtime._protocol.sql import literal, quoted
from stdb_runtime._sats.annotation import type_of
from stdb_runtime.bindings import F32, F64, I8, I128, U8, U64, U256, Column, OpaqueColumn, Product, Table

Ask: TypeAlias = Callable[[Any], Any]  # Any: what is asked here is wrong on purpose, and checkers know

PLAYER = "SELECT * FROM player WHERE "
STRING = type_of(str)


CONDITIONS: list[tuple[Ask, str]] = [
    (lambda p: p.level >= 3, "level >= 3"),
    (lambda p: p.level > 3, "level > 3"),
    (lambda p: p.level <= 3, "level <= 3"),
    (lambda p: p.level < 3, "level < 3"),
    (lambda p: p.level == 3, "level = 3"),
    (lambda p: p.level != 3, "level != 3"),
    (lambda p: 3 < p.level, "level > 3"),  # noqa: SIM300
    (lambda p: 3 == p.level, "level = 3"),  # noqa: SIM300
    (lambda p: p.online, "online = true"),
    (lambda p: ~p.online, "online = false"),
    (lambda p: p.online == False, "online = false"),  # noqa: E712
    (lambda p: (p.level >= 3) & (p.name != "x'y"), "level >= 3 AND name != 'x''y'"),
    (lambda p: p.online & (p.level == 1), "online = true AND level = 1"),
    (lambda p: p.online | p.online, "online = true OR online = true"),
    (lambda p: (p.level == 1) | p.online, "level = 1 OR online = true"),
    (lambda p: (p.level == 1) & (p.level == 2) & (p.level == 3), "level = 1 AND level = 2 AND level = 3"),
    (lambda p: (p.level == 1) & ((p.level == 2) & (p.level == 3)), "level = 1 AND (level = 2 AND level = 3)"),
    (lambda p: (p.level == 1) | (p.level == 2) & p.online, "level = 1 OR (level = 2 AND online = true)"),
    (lambda p: ((p.level == 1) | (p.level == 2)) & p.online, "(level = 1 OR level = 2) AND online = true"),
]


@pytest.mark.parametrize(("ask", "where"), CONDITIONS)
def test_conditions(ask: Ask, where: str) -> None:
    query = tables.player.where(ask)
    assert query.sql == PLAYER + where
    assert (query.row_class, query.table_name) == (Player, "player")
    assert repr(query) == f"<query {PLAYER}{where}>"


def test_queries_are_narrowed_further() -> None:
    one = tables.player.where(lambda p: (p.level == 1) | (p.level == 2))
    assert one.where(lambda p: p.online).sql == PLAYER + "(level = 1 OR level = 2) AND online = true"
    assert one.sql == PLAYER + "level = 1 OR level = 2"


def test_a_thousand_conditions() -> None:
    def any_level(p: Any) -> Condition:
        found: Condition = p.level == 0
        for level in range(1, 1000):
            found |= p.level == level
        return found

    sql = tables.player.where(any_level).sql
    assert sql.count(" OR ") == 999
    assert "(" not in sql


def test_semijoins() -> None:
    plain = tables.player.semijoin(tables.message, on=lambda p, m: p.owner == m.sender)
    assert plain.sql == "SELECT a.* FROM player AS a JOIN message AS b ON a.owner = b.sender"
    assert (plain.row_class, plain.table_name) == (Player, "player")
    online = tables.player.where(lambda p: p.online | (p.level == 1))
    said = tables.message.where(lambda m: m.text != "")
    assert online.semijoin(said, on=lambda p, m: m.sender == p.owner).sql == (
        "SELECT a.* FROM player AS a JOIN message AS b ON a.owner = b.sender "
        "WHERE (a.online = true OR a.level = 1) AND b.text != ''"
    )
    assert said.semijoin(tables.player, on=lambda m, p: m.sender == p.owner).row_class is Message
    itself = tables.player.semijoin(tables.player, on=lambda p, q: p.level == q.level)
    assert itself.sql == "SELECT a.* FROM player AS a JOIN player AS b ON a.level = b.level"


NO_JOINS: list[Callable[[Any, Any], Any]] = [
    lambda p, m: p.owner == p.owner,
    lambda p, m: m.sender == m.sender,
    lambda p, m: p.level == 3,
    lambda p, m: p.owner,
    lambda p, m: True,
    lambda p, m: p.owner == m.text,
    lambda p, m: p.owner != m.sender,
    lambda p, m: p.owner < m.sender,
    lambda p, m: (p.owner == m.sender) and True,
]


@pytest.mark.parametrize("on", NO_JOINS)
def test_joins_compare_one_column_of_each_table(on: Callable[[Any, Any], Any]) -> None:
    with pytest.raises(TypeError):
        tables.player.semijoin(tables.message, on=on)


TRUTH_VALUES: list[Ask] = [
    lambda p: (p.level >= 3) and (p.name == "x"),
    lambda p: (p.level >= 3) or (p.name == "x"),
    lambda p: not p.online,
    lambda p: not (p.level == 3),  # noqa: SIM201
    lambda p: 1 < p.level < 3,
    lambda p: p.online and p.level == 3,
    lambda p: p.level == 3 if p.online else p.level == 4,
    lambda p: p.level in (1, 2),
]


@pytest.mark.parametrize("ask", TRUTH_VALUES)
def test_truth_values_are_refused(ask: Ask) -> None:
    with pytest.raises(TypeError, match=r"combine conditions with & and \| .* parentheses: \(p.level >= 3\)"):
        tables.player.where(ask)


WRONG_TYPES: list[tuple[Ask, str]] = [
    (lambda p: True, "got True"),
    (lambda p: "level = 3", "got 'level = 3'"),
    (lambda p: None, "got None"),
    (lambda p: p.level, "column level is not boolean: compare it with a value"),
    (lambda p: p.team, "column team is not boolean"),
    (lambda p: p.level & p.online, "column level is not boolean: compare it with a value"),
    (lambda p: p.online & 1, "got 1"),
    (lambda p: p.name == 1, "column name: expected str, got 1"),
    (lambda p: p.name == None, "column name: expected str, got None"),  # noqa: E711
    (lambda p: p.level == "1", "column level: expected int, got '1'"),
    (lambda p: p.level == 1.0, "column level: expected int, got 1.0"),
    (lambda p: p.level == True, "column level: expected int, got True"),  # noqa: E712
    (lambda p: p.online == 1, "column online: expected bool, got 1"),
    (lambda p: p.owner == "ab", "column owner: expected Identity, got 'ab'"),
    (lambda p: p.joined_at == 5, "column joined_at: expected Timestamp, got 5"),
    (lambda p: p.team == Team.RED, "column team: SQL has no literals of its type, so it cannot be compared"),
    (lambda p: p.team != Team.RED, "column team: SQL has no literals"),
    (lambda p: p.status == "x", "column status: SQL has no literals"),
    (lambda p: p.team < Team.RED, "column team: SQL has no literals"),
    (lambda p: ~p.level, "column level: expected int, got False"),
]


@pytest.mark.parametrize(("ask", "message"), WRONG_TYPES)
def test_wrong_types_are_refused(ask: Ask, message: str) -> None:
    with pytest.raises(TypeError, match=message.replace("(", r"\(")):
        tables.player.where(ask)


HUGE = 10**5000


@pytest.mark.parametrize(
    ("annotation", "value", "text"),
    [
        (bool, True, "true"),
        (U8, 255, "255"),
        (I8, -128, "-128"),
        (I128, -(2**127), "-170141183460469231731687303715884105728"),
        (U256, 2**256 - 1, str(2**256 - 1)),
        (F64, 0.1, "0.1"),
        (F64, 5, "5.0"),
        (F64, -1e300, "-1" + "0" * 300),
        (F64, 1.5e-10, "0.00000000015"),
        (F64, -0.0, "-0.0"),
        (F32, 0.5, "0.5"),
        (bytes, b"", "0x"),
        (bytes, b"\x00\xff", "0x00ff"),
        (Identity, Identity(5), "0x" + "0" * 63 + "5"),
        (ConnectionId, ConnectionId(5), "0x" + "0" * 31 + "5"),
        (Timestamp, Timestamp(0), "'1970-01-01T00:00:00+00:00'"),
        (Timestamp, Timestamp(-1), "'1969-12-31T23:59:59.999999+00:00'"),
        (Timestamp, Timestamp(-62_167_219_200_000_000), "'0000-01-01T00:00:00+00:00'"),
        (str, "", "''"),
        (str, "'", "''''"),
        (str, 'a\n"\\\x00é😀', "'a\n\"\\\x00é😀'"),
        (str, "'; DROP TABLE player; --", "'''; DROP TABLE player; --'"),
    ],
)
def test_literals(annotation: object, value: object, text: str) -> None:
    assert literal(type_of(annotation), value) == text


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (U8, 256),
        (U8, -1),
        (I8, 128),
        pytest.param(U64, HUGE, id="huge"),
        (F64, float("nan")),
        (F64, float("inf")),
        (F64, float("-inf")),
        pytest.param(F64, HUGE, id="huge float"),
        (F32, 1e39),
        (str, "\ud800"),
        (str, "a\udfffb"),
        (Timestamp, Timestamp(253_402_300_800_000_000)),
        (Timestamp, Timestamp(-62_167_219_200_000_001)),
    ],
)
def test_values_without_a_literal_are_refused(annotation: object, value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        literal(type_of(annotation), value)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_ends_where_its_literal_ends(text: str) -> None:
    found = re.fullmatch(
        r"'((?:[^']|'')*)' AND '((?:[^']|'')*)'", f"{literal(STRING, text)} AND {literal(STRING, text)}"
    )
    assert found is not None
    assert {group.replace("''", "'") for group in found.groups()} == {text}


@pytest.mark.parametrize(
    ("name", "text"), [("player", "player"), ("größe", '"größe"'), ('a"b', '"a""b"'), ("x y", '"x y"'), ("1a", '"1a"')]
)
def test_names(name: str, text: str) -> None:
    assert quoted(name) == text


class Odd(Product, frozen=True, rename={"size": "größe"}):
    """Row with a column that has a name of its own in the module."""

    size: Column[U8]
    shape: OpaqueColumn[Sequence[U8]]


class OddTable(Table[Odd], row=Odd, name="odd"):
    """Table of such rows."""


def no_engine() -> NoReturn:
    """Queries need no client."""
    raise AssertionError("a query is made without a client")


def odd_columns() -> type[Odd]:
    """The columns, as conditions get them."""
    given: list[type[Odd]] = []

    def take(columns: type[Odd]) -> Condition:
        given.append(columns)
        return columns.size == 3

    OddTable(no_engine).where(take)
    return given[0]


def test_rows_have_plain_annotations_at_run_time() -> None:
    assert get_type_hints(Odd) == {"size": int, "shape": Sequence[int]}


def test_columns_by_their_names_in_the_module() -> None:
    columns = odd_columns()
    assert OddTable(no_engine).where(lambda p: p.size == 3).sql == 'SELECT * FROM odd WHERE "größe" = 3'
    assert repr(columns.size) == "<column größe>"
    assert repr(columns.shape) == "<column shape>"
    assert repr(columns.size == 3) == '<condition "größe" = 3>'
    with pytest.raises(AttributeError, match="Odd has no column 'shap'"):
        _ = columns.shap  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("compare", [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge])
def test_opaque_columns_are_never_compared(compare: Callable[[object, object], object]) -> None:
    for other in (1, None, odd_columns().shape, Activity):
        with pytest.raises(TypeError):
            compare(odd_columns().shape, other)


def test_columns_are_no_keys() -> None:
    for column in (odd_columns().size, odd_columns().shape):
        with pytest.raises(TypeError, match="unhashable"):
            hash(column)
