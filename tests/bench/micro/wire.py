"""Rows decoded to the types of the wire only: what msgspec alone takes for the rows that the micro-benchmark reads.

Rows of `bulk` are in `floor`. Those here have the columns of the module's tables, as `{"column": value}`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

__all__ = ["EVERY", "HERO", "PLAYER", "READING", "WireDecoder"]

WireDecoder: TypeAlias = msgspec.json.Decoder[list[Any]]  # Any: a class of this module


class _Part(msgspec.Struct, gc=False):
    """Row or part of one."""


class _Sum(_Part, array_like=True):
    tag: int
    payload: msgspec.Raw  # of any type: it is not decoded


class _Identity(_Part, rename={"value": "__identity__"}):
    value: str


class _Timestamp(_Part, rename={"micros": "__timestamp_micros_since_unix_epoch__"}):
    micros: int


class _TimeDuration(_Part, rename={"micros": "__time_duration_micros__"}):
    micros: int


class _Player(_Part):
    id: int
    name: str
    level: int
    owner: _Identity
    conn: _Sum
    at: _Timestamp
    color: _Sum


class _Hero(_Part):
    id: int
    name: str
    level: int
    owner: _Identity
    at: _Timestamp
    last_move: _Sum
    badge: _Sum
    outcome: _Sum


class _Reading(_Part):
    label: str
    a: float | None
    b: float | None
    seen: list[float | None]
    maybe: _Sum


class _Every(_Part):
    a: int
    b: int
    c: float | None
    d: float | None
    e: str
    f: list[str]
    g: _Sum
    shape: _Sum
    dur: _TimeDuration
    sched: _Sum
    ok: bool
    big: int
    by: list[_Sum]
    un: _Sum
    u256: str


PLAYER: WireDecoder = msgspec.json.Decoder(list[_Player])
HERO: WireDecoder = msgspec.json.Decoder(list[_Hero])
READING: WireDecoder = msgspec.json.Decoder(list[_Reading])
EVERY: WireDecoder = msgspec.json.Decoder(list[_Every])
