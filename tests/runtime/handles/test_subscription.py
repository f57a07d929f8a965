"""What a subscription says of its state."""

from __future__ import annotations

from typing import Any, cast

import pytest

from stdb_runtime import Subscription, SubscriptionState
from stdb_runtime._engine.result import PendingResult
from stdb_runtime._engine.subscription import SubscriptionRecord


@pytest.mark.parametrize("state", SubscriptionState)
def test_a_state_in_two_words(state: SubscriptionState) -> None:
    record = SubscriptionRecord(("SELECT * FROM player",), lambda: cast("PendingResult[None]", None))
    subscription = Subscription(record, cast("Any", None))
    record.state = state
    assert subscription.is_active == (state.value == "active")
    assert subscription.is_ended == (state.value in {"ended", "failed"})
