"""The messages of one connection, without a socket: texts in, events and texts out. The texts are from real servers."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from stdb_runtime._protocol.encoding import SessionState
from stdb_runtime._protocol.events import (
    CallRefused,
    Event,
    Opened,
    SetSubscribed,
    Subscribed,
    SubscriptionRefused,
    SubscriptionsDropped,
    Transaction,
    Unsubscribed,
)
from stdb_runtime._protocol.v1_json.messages import TableUpdate
from stdb_runtime._protocol.v1_json.session import Session
from stdb_runtime.errors import NotConnectedError, ProtocolError
from stdb_runtime.types import ConnectionId, Identity

ME, OTHER = 335324372228514295771113082771726072980, 252657663827749936760606359339677892655
IDENTITY = "0xc2003eeb6afb78dca2b2543db75199ebb6e11cd5baece3a74212169dc4247170"


def greeting() -> str:
    body: dict[str, Any] = {
        "identity": {"__identity__": IDENTITY},
        "token": "secret",
        "connection_id": {"__connection_id__": ME},
    }
    return json.dumps({"IdentityToken": body})


def update(
    reducer: str,
    args: str = "[]",
    *,
    request_id: int = 0,
    status: Any = None,
    caller: int = ME,
    energy: int = 2696000,
    duration: int = 80,
) -> str:
    body: dict[str, Any] = {
        "status": status or {"Committed": {"tables": []}},
        "timestamp": {"__timestamp_micros_since_unix_epoch__": 1795492938648674},
        "caller_identity": {"__identity__": IDENTITY},
        "caller_connection_id": {"__connection_id__": caller},
        "reducer_call": {"reducer_name": reducer, "reducer_id": 4, "args": args, "request_id": request_id},
        "energy_quanta_used": {"quanta": energy},
        "total_host_execution_duration": {"__time_duration_micros__": duration},
    }
    return json.dumps({"TransactionUpdate": body})


def refusal(reducer: str, message: str) -> str:
    """A call that never ran: no arguments, no energy, no time (protocol notes, 4.2)."""
    return update(reducer, status={"Failed": message}, energy=0, duration=0)


def subscription_error(request_id: int | None, query_id: int | None) -> str:
    def option(value: int | None) -> dict[str, Any]:
        return {"none": []} if value is None else {"some": value}

    body: dict[str, Any] = {
        "total_host_execution_duration_micros": 245,
        "request_id": option(request_id),
        "query_id": option(query_id),
        "table_id": {"none": []},
        "error": "Internal error",
    }
    return json.dumps({"SubscriptionError": body})


@pytest.fixture
def session() -> Session:
    session = Session()
    session.receive(greeting())
    return session


def answered(events: list[Event]) -> list[tuple[int | None, str]]:
    """Which calls were answered, and with what status."""
    return [
        (event.request_id, event.call.status)
        for event in events
        if isinstance(event, Transaction | CallRefused) and event.call is not None
    ]


def sent(session: Session) -> list[Any]:
    return [json.loads(frame) for frame in session.outgoing()]


def test_it_opens_with_the_greeting() -> None:
    session = Session()
    assert session.state.value == "opening"
    (opened,) = session.receive(greeting())
    assert opened == Opened(Identity(int(IDENTITY, 16)), ConnectionId(ME), "secret")
    assert "secret" not in repr(opened)
    assert session.state is SessionState.OPEN


def test_nothing_may_be_asked_before_it_is_open_or_after_it_ended() -> None:
    session = Session()
    with pytest.raises(NotConnectedError):
        session.call("create_player", "[]")
    session.receive(greeting())
    session.end()
    with pytest.raises(NotConnectedError):
        session.subscribe(["SELECT * FROM player"])
    assert session.outgoing() == []


def test_the_server_must_begin_with_the_greeting_and_greet_once(session: Session) -> None:
    with pytest.raises(ProtocolError, match="the first message must be IdentityToken"):
        Session().receive(update("create_player"))
    with pytest.raises(ProtocolError, match="twice"):
        session.receive(greeting())


def test_requests_are_written_once_in_order_with_ids_from_one(session: Session) -> None:
    assert session.call("create_player", '["Alice"]') == 1
    assert session.subscribe(["SELECT * FROM player", "SELECT * FROM message"]) == 2
    session.unsubscribe(2)
    assert sent(session) == [
        {"CallReducer": {"reducer": "create_player", "args": '["Alice"]', "request_id": 1, "flags": 0}},
        {
            "SubscribeMulti": {
                "query_strings": ["SELECT * FROM player", "SELECT * FROM message"],
                "request_id": 2,
                "query_id": {"id": 2},
            }
        },
        {"UnsubscribeMulti": {"request_id": 3, "query_id": {"id": 2}}},
    ]
    assert session.outgoing() == []


def test_a_request_id_names_the_call(session: Session) -> None:
    session.call("level_up", "[1]")
    session.call("level_up", "[1]")
    assert answered(session.receive(update("level_up", "[1]", request_id=2))) == [(2, "committed")]
    assert answered(session.receive(update("level_up", "[1]", request_id=1))) == [(1, "committed")]


def test_a_call_of_somebody_else_with_my_request_id_is_not_mine(session: Session) -> None:
    session.call("level_up", "[1]")
    assert answered(session.receive(update("level_up", "[1]", request_id=1, caller=OTHER))) == [(None, "committed")]
    assert answered(session.receive(update("level_up", "[1]", request_id=1))) == [(1, "committed")]


def test_a_failure_without_an_id_goes_to_the_oldest_call_of_that_name_and_text(session: Session) -> None:
    session.call("create_player", '["Alice"]')
    session.call("create_player", '["Bob"]')
    session.call("create_player", '["Bob"]')
    failed = {"Failed": "name taken"}
    assert answered(session.receive(update("create_player", '["Bob"]', status=failed))) == [(2, "failed")]
    assert answered(session.receive(update("create_player", '["Bob"]', status=failed))) == [(3, "failed")]
    assert answered(session.receive(update("create_player", '["Alice"]', status=failed))) == [(1, "failed")]


def test_an_empty_failure_text_is_a_failure(session: Session) -> None:
    session.call("boom", "[]")
    assert answered(session.receive(update("boom", request_id=1, status={"Failed": ""}))) == [(1, "failed")]


def test_out_of_energy_is_told(session: Session) -> None:
    session.call("boom", "[]")
    assert answered(session.receive(update("boom", request_id=1, status={"OutOfEnergy": []}))) == [(1, "out_of_energy")]


def test_a_refusal_goes_to_the_oldest_of_calls_that_are_alike(session: Session) -> None:
    session.call("nope", "[1]")
    session.call("nope", "[1]")
    assert answered(session.receive(refusal("nope", "no such reducer"))) == [(1, "failed")]
    assert answered(session.receive(refusal("nope", "no such reducer"))) == [(2, "failed")]


def test_a_refusal_that_could_mean_several_calls_waits_for_the_others(session: Session) -> None:
    session.call("create_player", '["Alice"]')
    session.call("create_player", "[5]")
    session.call("create_player", '["Bob"]')
    assert session.receive(refusal("create_player", "invalid arguments")) == []
    assert answered(session.receive(update("create_player", '["Alice"]', request_id=1))) == [(1, "committed")]
    assert answered(session.receive(update("create_player", '["Bob"]', request_id=3))) == [
        (3, "committed"),
        (2, "failed"),
    ]


def test_a_refusal_is_not_mistaken_for_a_call_without_arguments(session: Session) -> None:
    session.call("create_player", "[]")
    session.call("create_player", "[5]")
    assert session.receive(refusal("create_player", "invalid arguments")) == []
    ran = update("create_player", "[]", status={"Failed": "name must not be empty"})
    assert answered(session.receive(ran)) == [(1, "failed"), (2, "failed")]


def test_a_refusal_of_nothing_that_waits_is_told_without_a_call(session: Session) -> None:
    assert answered(session.receive(refusal("<none>", "already exists"))) == [(None, "failed")]


def test_subscriptions_are_answered_by_query_id(session: Session) -> None:
    query_id = session.subscribe(["SELECT * FROM player"])
    applied: dict[str, Any] = {"request_id": 1, "total_host_execution_duration_micros": 9, "query_id": {"id": query_id}}
    applied["update"] = {"tables": []}
    assert session.receive(json.dumps({"SubscribeMultiApplied": applied})) == [Subscribed(1, query_id, ())]
    session.unsubscribe(query_id)
    applied["request_id"] = 2
    assert session.receive(json.dumps({"UnsubscribeMultiApplied": applied})) == [Unsubscribed(2, query_id, ())]


def test_a_subscription_error_counts_only_for_its_own_request(session: Session) -> None:
    query_id = session.subscribe(["SELECT * FROM nope"])
    assert session.receive(subscription_error(77, query_id)) == []
    assert session.receive(subscription_error(query_id, query_id)) == [
        SubscriptionRefused(query_id, query_id, "Internal error")
    ]


def test_a_subscription_error_without_a_query_drops_all(session: Session) -> None:
    session.subscribe(["SELECT * FROM player"])
    assert session.receive(subscription_error(None, None)) == [SubscriptionsDropped("Internal error")]


def test_a_light_update_is_nobodys_answer(session: Session) -> None:
    session.call("level_up", "[1]")
    light: dict[str, Any] = {"TransactionUpdateLight": {"request_id": 1, "update": {"tables": []}}}
    assert session.receive(json.dumps(light)) == [Transaction((), None, None)]
    assert answered(session.receive(update("level_up", "[1]", request_id=1))) == [(1, "committed")]


def test_the_set_of_queries_is_answered_by_request_id(session: Session) -> None:
    request_id = session.subscribe_set(["SELECT * FROM player"])
    assert sent(session) == [{"Subscribe": {"query_strings": ["SELECT * FROM player"], "request_id": request_id}}]
    body: dict[str, Any] = {"database_update": {"tables": []}, "request_id": request_id}
    body["total_host_execution_duration"] = {"__time_duration_micros__": 1}
    assert session.receive(json.dumps({"InitialSubscription": body})) == [SetSubscribed(request_id, ())]


def test_a_single_subscription_is_ended_by_its_own_message(session: Session) -> None:
    query_id = session.subscribe_single("SELECT * FROM player")
    rows: dict[str, Any] = {"table_name": "player", "updates": []}
    body = {"request_id": 1, "query_id": {"id": query_id}, "total_host_execution_duration_micros": 9}
    applied: dict[str, Any] = {
        "SubscribeApplied": body | {"rows": {"table_id": 1, "table_name": "player", "table_rows": rows}}
    }
    assert session.receive(json.dumps(applied)) == [Subscribed(1, query_id, (TableUpdate("player", ()),))]
    session.unsubscribe(query_id)
    assert [list(message) for message in sent(session)] == [["SubscribeSingle"], ["Unsubscribe"]]


def test_ids_go_on_in_the_next_session() -> None:
    ids = itertools.count(1)
    for expected in (1, 2):
        session = Session(ids=ids)
        session.receive(greeting())
        assert session.call("level_up", "[1]") == expected
