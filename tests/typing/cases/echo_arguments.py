"""Arguments of reducers and procedures: what can be sent, though rows have other types."""

from array import array
from collections import deque
from typing import reveal_type

from tests.golden.echo.client import Client, EchoBytes, EchoOptionVecU32, EchoVecU64, EchoVecVecU32, Point
from tests.golden.procedures import client as procedures


def sequences(client: Client, row: EchoVecU64, texts: list[str]) -> None:
    client.reducers.insert_vec_u64(1, row.v)
    client.reducers.insert_vec_u64(1, [1, 2])
    client.reducers.insert_vec_u64(1, range(3))
    client.reducers.insert_vec_u64(1, deque([1]))
    client.reducers.insert_vec_u64(1, array("Q", [1]))
    client.reducers.insert_vec_string(1, texts)
    client.reducers.insert_vec_point(1, [Point(1, 2.0)])
    client.reducers.insert_vec_u64(1, texts)  # reject: arg-type reportArgumentType
    client.reducers.insert_vec_u64(1, {1, 2})  # reject: arg-type reportArgumentType
    client.reducers.insert_vec_u64(1, iter([1]))  # reject: arg-type reportArgumentType
    client.reducers.insert_vec_u64(1, ["1"])  # reject: list-item arg-type reportArgumentType
    client.reducers.insert_vec_u64(1, None)  # reject: arg-type reportArgumentType


def nested(client: Client, row: EchoVecVecU32, maybe: EchoOptionVecU32) -> None:
    client.reducers.insert_vec_vec_u32(1, row.v)
    client.reducers.insert_vec_vec_u32(1, [[1], (2,), range(3)])
    client.reducers.insert_option_vec_u32(1, maybe.v)
    client.reducers.insert_option_vec_u32(1, [1])
    client.reducers.insert_option_vec_u32(1, None)
    client.reducers.insert_vec_option_u32(1, [1, None])
    client.reducers.insert_option_vec_u32(1, [None])  # reject: list-item arg-type reportArgumentType


def octets(client: Client, row: EchoBytes) -> None:
    client.reducers.insert_bytes(1, row.v)
    client.reducers.insert_bytes(1, bytearray(b"a"))
    client.reducers.insert_bytes(1, memoryview(b"a"))
    client.reducers.insert_vec_bytes(1, [b"a", bytearray(b"a"), memoryview(b"a")])
    client.reducers.insert_option_bytes(1, bytearray(b"a"))
    client.reducers.insert_option_bytes(1, None)
    client.reducers.insert_bytes(1, "a")  # reject: arg-type reportArgumentType
    client.reducers.insert_bytes(1, [1, 2])  # reject: arg-type reportArgumentType


def numbers(client: Client) -> None:
    client.reducers.insert_f64(1, 2)
    client.reducers.insert_vec_f64(1, [1, 2.5])
    client.reducers.insert_f64(1, "2")  # reject: arg-type reportArgumentType


def rows(row: EchoVecU64, octets: EchoBytes) -> None:
    reveal_type(row.v)  # accept: tuple[int, ...]
    reveal_type(octets.v)  # accept: bytes
    EchoVecU64(1, [1, 2])  # reject: arg-type reportArgumentType
    EchoBytes(1, bytearray(b"a"))  # reject: arg-type reportArgumentType


def in_procedures(client: procedures.Client, moves: list[procedures.Move]) -> None:
    client.procedures.try_it(moves)
    client.procedures.try_it(tuple(moves))
    client.procedures.try_it(set(moves))  # reject: arg-type reportArgumentType
    long = client.procedures.with_a_name_that_is_so_long_that_its_signature_needs_several_lines
    long("a", bytearray(b"a"))
    long("a", "b")  # reject: arg-type reportArgumentType
