"""Handlers: their forms, and what is wrong with one before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from stdb_runtime import ArgumentError
from stdb_runtime._engine.handler import CALLBACKS, Callbacks, Handler


class Good:
    """A handler that needs no base."""

    def __init__(self) -> None:
        self.seen: list[object] = []

    def on_error(self, error: Exception) -> None:
        self.seen.append(error)

    def helper(self) -> None:
        """No callback, for its name does not begin with `on_`."""


def none() -> None: ...


def one(message: object) -> object:
    return message


def two(message: object, extra: object) -> object:
    return message, extra


def called(callbacks: Callbacks, name: str, *args: object) -> object:
    found = callbacks.get(name)
    assert found is not None
    function, extra = found
    return function(*args, *extra)


def test_an_object_gets_its_own_methods_called() -> None:
    handler, error = Good(), ValueError("x")
    callbacks = Callbacks(handler)
    called(callbacks, "on_error", error)
    assert handler.seen == [error]
    assert callbacks.get("on_reconnect") is None
    assert callbacks.get("helper") is None


def test_a_class_is_instantiated_once() -> None:
    instances: list[object] = []

    class Counting(Good):
        def __init__(self) -> None:
            super().__init__()
            instances.append(self)

    callbacks = Callbacks(Counting)
    for _ in range(2):
        called(callbacks, "on_error", ValueError("x"))
    (instance,) = instances
    assert isinstance(instance, Good)
    assert len(instance.seen) == 2


def test_a_mapping_has_functions_by_name() -> None:
    assert called(Callbacks({"on_error": one}), "on_error", 1) == 1


def test_the_argument_of_a_tuple_is_passed_last() -> None:
    assert called(Callbacks(({"on_error": two}, "extra")), "on_error", 1) == (1, "extra")


def test_the_base_has_every_callback() -> None:
    callbacks = Callbacks(Handler())
    assert all(callbacks.get(name) for name in CALLBACKS)
    for name, count in CALLBACKS.items():
        assert called(callbacks, name, *range(count)) is None


def test_functions_without_a_known_signature_are_taken() -> None:
    # It is implemented in C, and Python does not know its parameters.
    assert called(Callbacks({"on_error": dict}), "on_error", {"a": 1}) == {"a": 1}


@pytest.mark.parametrize(
    ("handler", "problem"),
    [
        (({"on_error": print}, 1, 2), r"a tuple must be \(handler, argument\), got 3 parts"),
        ({"on_error": "text"}, "on_error must be a function, got str"),
        ({"on_errors": print}, "unknown callback on_errors; the callbacks are on_identity_token, "),
        ({}, "it has no callback; the callbacks are on_identity_token, "),
        (object(), "it has no callback"),
        ({"on_error": none}, "on_error must take 1 argument$"),
        ({"on_reconnect": one}, "on_reconnect must take 0 arguments$"),
        (({"on_error": one}, "extra"), "on_error must take 2 arguments$"),
    ],
)
def test_what_is_wrong_is_an_argument_error_that_says_what(handler: Any, problem: str) -> None:
    with pytest.raises(ArgumentError, match=problem) as caught:
        Callbacks(handler)
    assert caught.value.argument == "handler"
