"""The special types: text forms of the official SDKs, conversions, arithmetic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stdb_runtime import ConnectionId, Identity, TimeDuration, Timestamp

LEAST, MOST = -(2**63), 2**63 - 1
HEX = "c2003eeb6afb78dca2b2543db75199ebb6e11cd5baece3a74212169dc4247170"


# --- identities and connection ids ------------------------------------------------------------------------------------


def test_identity_in_texts() -> None:
    identity = Identity.from_hex(HEX)
    assert identity == Identity.from_hex("0x" + HEX.upper()) == Identity(int(HEX, 16))
    assert str(identity) == f"{identity}" == identity.to_hex() == HEX
    assert identity.to_abbreviated_hex() == "c2003eeb6afb78dc"
    assert repr(identity) == f"Identity({HEX})"


@given(st.integers(0, 2**256 - 1))
def test_identity_is_64_digits_whatever_it_starts_with(value: int) -> None:
    text = Identity(value).to_hex()
    assert len(text) == 64
    assert Identity.from_hex(text).value == value


@given(st.integers(0, 2**128 - 1))
def test_connection_id_is_32_digits(value: int) -> None:
    connection_id = ConnectionId(value)
    assert len(str(connection_id)) == 32
    assert ConnectionId.from_hex(str(connection_id)) == connection_id
    assert str(connection_id).startswith(connection_id.to_abbreviated_hex())
    assert repr(connection_id) == f"ConnectionId({connection_id})"


@pytest.mark.parametrize(
    "text", ["", "0x", HEX[1:], HEX + "0", "g" + HEX[1:], " " + HEX[1:], "-" + HEX[1:], "\u0661" * 64]
)
def test_what_is_no_identity(text: str) -> None:
    with pytest.raises(ValueError, match="an identity must be 64 hexadecimal digits"):
        Identity.from_hex(text)


@pytest.mark.parametrize(("kind", "size"), [(Identity, 32), (ConnectionId, 16)])
def test_bytes_in_both_orders(kind: type[Identity] | type[ConnectionId], size: int) -> None:
    one = kind(1)
    assert one.to_bytes() == one.to_bytes("little") == b"\x01" + bytes(size - 1), "as in BSATN"
    assert one.to_bytes("big") == bytes.fromhex(one.to_hex())
    data = bytes(range(size))
    assert kind.from_bytes(data).to_bytes() == data
    assert kind.from_bytes(data, "big").to_hex() == data.hex()
    assert kind.from_bytes(data) == kind.from_bytes(bytearray(data)) == kind.from_bytes(memoryview(data)[::1])
    assert kind.from_bytes(data) != kind.from_bytes(data, "big")
    for wrong in (b"", data[1:], data + b"\x00"):
        with pytest.raises(ValueError, match=f"must be {size} bytes, got {len(wrong)}"):
            kind.from_bytes(wrong)


def test_zero() -> None:
    assert (Identity(0), ConnectionId(0)) == (Identity.ZERO, ConnectionId.ZERO)


def test_numbers_that_do_not_fit() -> None:
    for value in (-1, 2**256, 10**5000):
        with pytest.raises(ValueError, match="unsigned integer of 256 bits"):
            Identity(value)
    for value in (-1, 2**128):
        with pytest.raises(ValueError, match="unsigned integer of 128 bits"):
            ConnectionId(value)


def test_order_and_hash() -> None:
    assert Identity(1) < Identity(2)
    assert {Identity(1), Identity(1)} == {Identity(1)}
    assert Timestamp(1) < Timestamp(2)
    assert TimeDuration(-1) < TimeDuration(0)


# --- time -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "+0.000000"),
        (1, "+0.000001"),
        (-1, "-0.000001"),
        (-67_419_000_000_003, "-67419000.000003"),
        (MOST, "+9223372036854.775807"),
        (LEAST, "-9223372036854.775808"),
    ],
)
def test_duration_as_text(micros: int, text: str) -> None:
    assert str(TimeDuration(micros)) == text


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "1970-01-01T00:00:00+00:00"),
        (1, "1970-01-01T00:00:00.000001+00:00"),
        (-1, "1969-12-31T23:59:59.999999+00:00"),
        (1_795_492_890_500_000, "2026-11-24T04:01:30.500+00:00"),
        (1_795_492_890_961_895, "2026-11-24T04:01:30.961895+00:00"),
        (253_402_300_799_999_999, "9999-12-31T23:59:59.999999+00:00"),
        (253_402_300_800_000_000, "+10000-01-01T00:00:00+00:00"),
        (-62_167_219_200_000_000, "0000-01-01T00:00:00+00:00"),
        (-62_167_219_200_000_001, "-0001-12-31T23:59:59.999999+00:00"),
    ],
)
def test_timestamp_as_text(micros: int, text: str) -> None:
    assert str(Timestamp(micros)) == Timestamp(micros).to_rfc3339() == text


@given(st.integers(LEAST, MOST))
def test_every_timestamp_has_a_text(micros: int) -> None:
    assert Timestamp(micros).to_rfc3339().endswith("+00:00")


@given(st.datetimes(timezones=st.just(UTC)))
def test_timestamp_and_datetime(moment: datetime) -> None:
    timestamp = Timestamp.from_datetime(moment)
    assert timestamp.to_datetime() == moment
    assert Timestamp.from_rfc3339(str(timestamp)) == timestamp
    assert Timestamp.from_rfc3339(moment.isoformat()) == timestamp


def test_zones_and_precision_of_rfc3339() -> None:
    noon = Timestamp.from_rfc3339("2026-01-31T12:00:00Z")
    assert noon == Timestamp.from_rfc3339("2026-01-31t14:00:00+02:00") == Timestamp.from_rfc3339("2026-01-31 12:00:00z")
    assert Timestamp.from_rfc3339("2026-01-31T12:00:00.1234567Z").micros - noon.micros == 123_456
    assert Timestamp.from_datetime(datetime(2026, 1, 31, 7, tzinfo=timezone(timedelta(hours=-5)))) == noon


@pytest.mark.parametrize("text", ["", "2026-01-31", "2026-01-31T12:00:00", "2026-02-30T12:00:00Z", "12:00:00Z"])
def test_what_is_no_rfc3339(text: str) -> None:
    with pytest.raises(ValueError, match=r"RFC 3339|day is out of range|day 30 must be"):
        Timestamp.from_rfc3339(text)


def test_naive_datetime_names_no_point_in_time() -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        Timestamp.from_datetime(datetime(2026, 1, 31))


def test_now_is_between_before_and_after() -> None:
    before, now, after = datetime.now(UTC), Timestamp.now(), datetime.now(UTC)
    assert before <= now.to_datetime() <= after


@given(st.timedeltas(min_value=timedelta(days=-100_000_000), max_value=timedelta(days=100_000_000)))
def test_duration_and_timedelta(delta: timedelta) -> None:
    assert TimeDuration.from_timedelta(delta).to_timedelta() == delta


def test_arithmetic() -> None:
    noon, hour = Timestamp.from_rfc3339("2026-01-31T12:00:00Z"), TimeDuration.from_timedelta(timedelta(hours=1))
    assert str(noon + hour) == "2026-01-31T13:00:00+00:00"
    assert str(noon - hour) == "2026-01-31T11:00:00+00:00"
    assert (noon + hour) - noon == hour
    assert noon - (noon + hour) == -hour
    assert abs(-hour) == hour == hour + hour - hour
    assert hour
    assert not hour - hour


def test_arithmetic_that_does_not_fit() -> None:
    one = TimeDuration(1)
    for fails in (
        lambda: Timestamp(MOST) + one,
        lambda: Timestamp(LEAST) - one,
        lambda: Timestamp(MOST) - Timestamp(-1),
        lambda: TimeDuration(MOST) + one,
        lambda: TimeDuration(LEAST) - one,
        lambda: -TimeDuration(LEAST),
        lambda: abs(TimeDuration(LEAST)),
    ):
        with pytest.raises(OverflowError, match="out of range for 64 bits"):
            fails()
