"""Mutants of what real servers sent: whatever comes, nothing but errors of ours comes out, and soon.

`STDB_FUZZ_MUTANTS` says how many mutants there are, 5,000 if it is not set. A mutant's number makes it up, so a failure
is repeated by its number alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeGuard

import pytest

from stdb_runtime import StdbError
from stdb_runtime._protocol.v1_json import messages as wire
from stdb_runtime._protocol.v1_json.rows import RowReader
from stdb_runtime._protocol.v1_json.session import Session
from stdb_runtime._sats.annotation import product_of
from tests.golden.echo.client import types as echo
from tests.support.recordings import RECORDINGS, row_classes, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stdb_runtime._sats.annotation import Product

MUTANTS = int(os.environ.get("STDB_FUZZ_MUTANTS", "5000"))
PATIENCE = 1.0

Frame: TypeAlias = str | bytes


class Seed(NamedTuple):
    """A recorded message, with what reads the rows in it."""

    text: str
    readers: dict[str, RowReader[Product]]


def seeds() -> list[Seed]:
    found: list[Seed] = []
    for recording in RECORDINGS:
        readers = {table: RowReader(row, table) for table, row in row_classes(recording).items()}
        found += [Seed(text, readers) for text in recording.received()]
    return found


def greeting() -> str:
    return next(text for text in RECORDINGS[0].received() if "IdentityToken" in text)


# --- mutations of texts -----------------------------------------------------------------------------------------------


def truncate(rng: random.Random, text: str) -> Frame:
    return text[: rng.randrange(len(text))]


def cut_out(rng: random.Random, text: str) -> Frame:
    start = rng.randrange(len(text))
    return text[:start] + text[start + rng.randint(1, 30) :]


def repeat_part(rng: random.Random, text: str) -> Frame:
    start = rng.randrange(len(text))
    end = start + rng.randint(1, 60)
    return text[:end] + text[start:end] * rng.randint(1, 50) + text[end:]


def replace_character(rng: random.Random, text: str) -> Frame:
    at = rng.randrange(len(text))
    return text[:at] + rng.choice('{}[]",:\\0-9e.ntfu\0\x1f\ud800\U0010ffff') + text[at + 1 :]


def break_utf8(rng: random.Random, text: str) -> Frame:
    data = bytearray(text.encode())
    for _ in range(rng.randint(1, 3)):
        data[rng.randrange(len(data))] = rng.choice([0x80, 0xC0, 0xC3, 0xE2, 0xED, 0xF5, 0xFF, rng.randrange(256)])
    return bytes(data)


def double_a_key(rng: random.Random, text: str) -> Frame:
    keys = [part for part in text.split('"') if part.isidentifier()]
    return text.replace(f'"{rng.choice(keys)}"', f'"{rng.choice(keys)}"', rng.randint(1, 3))


# --- mutations of values ----------------------------------------------------------------------------------------------

ATOMS: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    0.5,
    -0.0,
    "",
    "0x",
    "0x5",
    "-0x1",
    "abc",
    "\ud800",
    [],
    {},
    [[]],
    [0],
    {"some": 1},
]
NUMBERS = [2**31, 2**32, 2**63, 2**64, -(2**63) - 1, 2**128, -(2**127) - 1, 2**256, 10**40, 1e308, 1.5, -1.5]


def is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def swap_type(rng: random.Random, old: Any) -> Any:
    return rng.choice(ATOMS)


def huge_number(rng: random.Random, old: Any) -> Any:
    return rng.choice(NUMBERS)


def nest(rng: random.Random, old: Any) -> Any:
    for _ in range(rng.choice([1, 2, 5, 50, 200])):
        old = [old] if rng.random() < 0.6 else {rng.choice(["none", "some", "x"]): old}
    return old


def resize(rng: random.Random, old: Any) -> Any:
    if is_list(old):
        return old[: rng.randrange(5)] * rng.randint(1, 3)
    if is_object(old):
        return {key: value for key, value in old.items() if rng.random() < 0.7} | {"extra": None}
    return old * 2 if isinstance(old, str) else old


def hexadecimal(rng: random.Random, old: Any) -> Any:
    return rng.choice(["0x", "-0x", "", "0X"]) + f"{rng.getrandbits(rng.choice([8, 128, 256, 257, 3000])):x}"


VALUE_MUTATIONS: list[Callable[[random.Random, Any], Any]] = [swap_type, huge_number, nest, resize, hexadecimal]


def mutate_value(rng: random.Random, text: str) -> Frame:
    """Another value somewhere: in the message, or in one of the rows and arguments, which are JSON in strings."""
    return json.dumps(_mutated(rng, json.loads(text)), ensure_ascii=rng.random() < 0.5)


def _mutated(rng: random.Random, value: Any) -> Any:
    """The value with one part of it mutated: the deeper it is nested, the likelier it goes further down."""
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        with contextlib.suppress(ValueError):
            return json.dumps(_mutated(rng, json.loads(value)))
    if value and rng.random() < 0.95:
        if is_object(value):
            key = rng.choice(list(value))
            return {**value, key: _mutated(rng, value[key])}
        if is_list(value):
            at = rng.randrange(len(value))
            return [*value[:at], _mutated(rng, value[at]), *value[at + 1 :]]
    return rng.choice(VALUE_MUTATIONS)(rng, value)


def mutate_digits(rng: random.Random, text: str) -> Frame:
    """A number that Python's parser of numbers has trouble with."""
    places = [at for at, character in enumerate(text) if character.isdigit()]
    at = rng.choice(places)
    number = rng.choice(
        ["9" * 5_000, "-" + "1" * 400, "1e999", "-0", "1E+5", "0.0000001", "00", "1.", "Infinity", "NaN"]
    )
    return text[:at] + number + text[at + 1 :]


def deepen(rng: random.Random, text: str) -> Frame:
    at = rng.choice([place for place, character in enumerate(text) if character in "[{:,"]) + 1
    depth = rng.choice([100, 1_000, 20_000])
    opening, closing = rng.choice([("[", "]"), ('{"x":', "}"), ('{\\"x\\":', "}"), ("[0,", "]")])
    return text[:at] + opening * depth + rng.choice(["", "1", closing * depth]) + text[at:]


MUTATIONS: list[Callable[[random.Random, str], Frame]] = [
    truncate,
    cut_out,
    repeat_part,
    replace_character,
    break_utf8,
    double_a_key,
    *[mutate_value] * 8,
    mutate_digits,
    deepen,
]


# --- what is done with them -------------------------------------------------------------------------------------------


def consume(frame: Frame, seed: Seed) -> bool:
    """Do with a text frame what a client does; whether it was understood to the last row."""
    try:
        session = Session()
        if "IdentityToken" not in seed.text:
            session.receive(greeting())
            session.call("create_player", '["x"]')
            session.subscribe(["SELECT * FROM player"])
        session.receive(frame)
    except StdbError:
        pass
    try:
        for table, texts in rows_of(wire.decode(frame)):
            if table in seed.readers:
                for row in seed.readers[table].read(texts):
                    key = product_of(type(row)).key
                    hash(row if key is None else key(row))
    except StdbError:
        return False
    return True


def test_seeds_are_understood() -> None:
    assert all(consume(seed.text, seed) for seed in seeds())


def test_mutants() -> None:
    recorded = seeds()
    understood = 0
    slowest = (0.0, -1)
    for number in range(MUTANTS):
        rng = random.Random(number)
        seed = rng.choice(recorded)
        frame = rng.choice(MUTATIONS)(rng, seed.text)
        began = time.perf_counter()
        try:
            understood += consume(frame, seed)
        except Exception as error:
            raise AssertionError(f"mutant {number}: {error!r} of {frame[:300]!r}") from error
        slowest = max(slowest, (time.perf_counter() - began, number))
    assert slowest[0] < PATIENCE, f"mutant {slowest[1]} took {slowest[0]:.1f} s"
    # Else the mutations are too coarse to reach what is behind the first check, or have no effect.
    assert 0.05 < understood / MUTANTS < 0.6


# --- size -------------------------------------------------------------------------------------------------------------

SIZE = 1_000_000


def light(rows: list[str]) -> str:
    """A message that inserts rows into a table."""
    updates = [{"deletes": [], "inserts": rows}]
    tables = [{"table_id": 1, "table_name": "t", "num_rows": len(rows), "updates": updates}]
    return json.dumps({"TransactionUpdateLight": {"request_id": 1, "update": {"tables": tables}}})


def large_rows() -> Iterator[tuple[str, type[Product], list[str]]]:
    yield "digits", echo.EchoU256, ["[1," + "9" * SIZE + "]"]
    yield "digits of a float", echo.EchoF64, ["[1,0." + "9" * SIZE + "]"]
    yield "exponent", echo.EchoF64, ["[1,1e" + "9" * SIZE + "]"]
    yield "hexadecimal digits", echo.EchoU256, ['[1,"0x' + "9" * SIZE + '"]']
    yield "digits of an identity", echo.EchoIdentity, ['[1,["0x' + "9" * SIZE + '"]]']
    yield "bytes", echo.EchoBytes, ['[1,"' + "9" * SIZE + 'x"]']
    yield "brackets", echo.EchoDeep, ["[1," + "[" * SIZE]
    yield "objects", echo.EchoPoint, ['{"x":' * (SIZE // 5)]
    yield "equal keys", echo.EchoU8, ["{" + '"n":1,' * (SIZE // 6) + '"v":1}']
    yield "other keys", echo.EchoU8, ["{" + ",".join(f'"k{key}":1' for key in range(SIZE // 8)) + "}"]
    yield "elements, the last one wrong", echo.EchoVecShape, ["[1,[" + "[0,[]]," * (SIZE // 7) + "7]]"]
    yield "escapes", echo.EchoString, ['[1,"' + "\\u0041" * (SIZE // 6) + '\\ud800"]']
    yield "rows, the last one wrong", echo.EchoU8, ["[1,2]"] * (SIZE // 8) + ["[1,256]"]
    yield "rows of both dialects", echo.EchoU8, ["[1,2]", '{"n":1,"v":2}'] * (SIZE // 20)
    yield "rows of both dialects, half of them NaN", echo.EchoF64, ["[1,null]", '{"n":1,"v":2.0}'] * (SIZE // 20)


@pytest.mark.parametrize(("row_class", "rows"), [pytest.param(row, rows, id=name) for name, row, rows in large_rows()])
def test_large_rows_take_no_quadratic_time(row_class: type[Product], rows: list[str]) -> None:
    frame = light(rows)
    seed = Seed(frame, {"t": RowReader(row_class, "t")})
    began = time.perf_counter()
    consume(frame, seed)
    assert time.perf_counter() - began < 3 * PATIENCE


@pytest.mark.parametrize(
    "frame",
    [
        "[" * SIZE,
        '{"x":' * (SIZE // 5),
        '{"TransactionUpdateLight":' * (SIZE // 26),
        '{"TransactionUpdateLight":{"request_id":' + "9" * SIZE + "}}",
        "{" + ",".join(f'"k{key}":1' for key in range(SIZE // 8)) + "}",
        '{"IdentityToken":{"identity":{"__identity__":"' + "9" * SIZE + '"},"token":"","connection_id":'
        '{"__connection_id__":1}}}',
        b'{"IdentityToken":"' + b"\xff" * SIZE + b'"}',
    ],
    ids=["lists", "objects", "messages", "digits", "keys", "identity", "no UTF-8"],
)
def test_large_messages_take_no_quadratic_time(frame: Frame) -> None:
    began = time.perf_counter()
    session = Session()
    with pytest.raises(StdbError) as caught:
        session.receive(frame)
    assert time.perf_counter() - began < PATIENCE
    assert len(str(caught.value)) < 1_000
