"""Lists of callbacks: their order, their doubles, and what changes while they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stdb_runtime._engine.callbacks import CallbackList

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def callbacks() -> CallbackList[Callable[[], object]]:
    return CallbackList()


def one() -> None: ...


def two() -> None: ...


def test_they_are_in_the_order_of_registration(callbacks: CallbackList[Callable[[], object]]) -> None:
    for callback in (one, two, one):
        callbacks.add(callback)
    assert callbacks.registered == (one, two, one)


def test_removing_takes_one_registration_the_first(callbacks: CallbackList[Callable[[], object]]) -> None:
    for callback in (one, two, one):
        callbacks.add(callback)
    callbacks.remove(one)
    assert callbacks.registered == (two, one)


def test_what_was_handed_out_does_not_change(callbacks: CallbackList[Callable[[], object]]) -> None:
    callbacks.add(one)
    handed_out = callbacks.registered
    callbacks.add(two)
    callbacks.remove(one)
    assert (handed_out, callbacks.registered) == ((one,), (two,))


def test_what_is_not_registered_cannot_be_removed(callbacks: CallbackList[Callable[[], object]]) -> None:
    callbacks.add(one)
    with pytest.raises(ValueError, match="two is not registered here"):
        callbacks.remove(two)
    assert callbacks.registered == (one,)
