"""The table of a subscription's states: what may follow what."""

from __future__ import annotations

import pytest

from stdb_runtime import ConnectionLost, ProtocolError
from stdb_runtime._engine.result import PendingResult
from stdb_runtime._engine.subscription import SubscriptionRecord, SubscriptionState, Transition
from tests.support.engine import ListFuture, run

PENDING, ACTIVE, ENDING = SubscriptionState.PENDING, SubscriptionState.ACTIVE, SubscriptionState.ENDING
ENDED, FAILED = SubscriptionState.ENDED, SubscriptionState.FAILED

# How to get into each state.
WAYS = {
    PENDING: [],
    ACTIVE: [Transition.APPLIED],
    ENDING: [Transition.UNSUBSCRIBED],
    ENDED: [Transition.CLOSED],
    FAILED: [Transition.REFUSED],
}

# For each state what follows each transition, in the order of `Transition`; None is what must not happen.
AFTER: dict[SubscriptionState, list[SubscriptionState | None]] = {
    # APPLIED, UNSUBSCRIBED, REMOVED, REFUSED, DISCONNECTED, CLOSED
    PENDING: [ACTIVE, ENDING, None, FAILED, PENDING, ENDED],
    ACTIVE: [None, ENDING, None, FAILED, ACTIVE, ENDED],
    ENDING: [ENDING, ENDING, ENDED, FAILED, ENDED, ENDED],
    ENDED: [None, ENDED, None, None, None, None],
    FAILED: [None, FAILED, None, None, None, None],
}

CASES = [
    (state, transition, after)
    for state, row in AFTER.items()
    for transition, after in zip(Transition, row, strict=True)
]


def new_result() -> PendingResult[None]:
    return PendingResult(ListFuture, lambda error, request: None, "a subscription")


def record_in(state: SubscriptionState) -> SubscriptionRecord:
    record = SubscriptionRecord(("SELECT * FROM player",), new_result)
    record.query_id = 7
    for transition in WAYS[state]:
        record.move(transition)
    assert record.state is state
    return record


@pytest.mark.parametrize(("state", "transition", "after"), CASES)
def test_each_transition_leads_to_one_state_or_is_refused(
    state: SubscriptionState, transition: Transition, after: SubscriptionState | None
) -> None:
    record = record_in(state)
    if after is not None:
        assert record.check(transition) is after
        assert record.state is state
        assert record.move(transition) is state
        assert record.state is after
        return
    message = f"subscription 7 is {state.value} and must not {transition.value}$"
    for attempt in (record.check, record.move):
        with pytest.raises(ProtocolError, match=message):
            attempt(transition)
    assert record.state is state


@pytest.mark.parametrize("state", list(SubscriptionState))
def test_it_waits_for_its_rows_or_for_their_end_or_for_nothing(state: SubscriptionState) -> None:
    record = record_in(state)
    assert record.unanswered is {PENDING: record.applied, ENDING: record.ended}.get(state)
    assert record.is_live is (state in {PENDING, ACTIVE})


def test_whoever_waits_for_rows_may_be_told_to_give_up_and_wait_anew() -> None:
    record = record_in(PENDING)
    first = record.applied
    next(first.__await__())
    record.give_up_waiting(ConnectionLost("lost"))
    with pytest.raises(ConnectionLost, match="lost"):
        run(first)
    record.applied.resolve(None)
    assert run(record.applied) is None


def test_where_nobody_waits_nobody_is_told_to_give_up() -> None:
    record = record_in(PENDING)
    first = record.applied
    record.give_up_waiting(ConnectionLost("lost"))
    assert (record.applied is first, first.done) == (True, False)


def test_rows_that_are_here_are_not_waited_for_any_more() -> None:
    record = record_in(ACTIVE)
    next(record.applied.__await__())
    record.give_up_waiting(ConnectionLost("lost"))
    assert not record.applied.done
