"""Reducer calls in flight, and matching of answers to them (docs/protocol.md, 4.2)."""

from __future__ import annotations

import msgspec

from ...events import ReducerEvent
from ..events import CallRefused
from .messages import ReducerCallInfo

__all__ = ["CallsInFlight"]


class _Call(msgspec.Struct, frozen=True):
    """Reducer call in flight."""

    reducer: str
    args: str
    request: object


class CallsInFlight:
    """Reducer calls of one connection that have no answer yet, in the order in which they were sent."""

    def __init__(self) -> None:
        self._calls: dict[int, _Call] = {}
        # Refusals of calls that never ran. They have only the name of the reducer: held until it is clear which call
        # each of them answers.
        self._held: list[ReducerEvent] = []

    @property
    def requests(self) -> list[object]:
        """Calls in flight: the `request` of each."""
        return [call.request for call in self._calls.values()]

    def add(self, request_id: int, reducer: str, args: str, request: object) -> None:
        """Register a call that is being sent."""
        self._calls[request_id] = _Call(reducer, args, request)

    def match(self, info: ReducerCallInfo) -> tuple[int | None, object]:
        """Remove the call that a transaction of this connection answers.

        Returns:
            The request id and the `request` of the call; None and None if the transaction answers no call.
        """
        if info.request_id:
            call = self._calls.pop(info.request_id, None)
            return (None, None) if call is None else (info.request_id, call.request)
        for request_id, call in self._calls.items():
            if call.reducer == info.reducer_name and call.args == info.args:
                del self._calls[request_id]
                return request_id, call.request
        return None, None

    def hold(self, refusal: ReducerEvent) -> bool:
        """Hold the refusal of a call that never ran. Returns False if no call of its reducer is in flight."""
        found = any(call.reducer == refusal.reducer for call in self._calls.values())
        if found:
            self._held.append(refusal)
        return found

    def settle(self, reducer: str) -> list[CallRefused]:
        """Remove the calls of a reducer that held refusals certainly answer, and return their events."""
        settled: list[CallRefused] = []
        for event in [held for held in self._held if held.reducer == reducer]:
            waiting = [request_id for request_id, call in self._calls.items() if call.reducer == reducer]
            held = sum(1 for other in self._held if other.reducer == reducer)
            alike = len({self._calls[request_id].args for request_id in waiting}) == 1
            if waiting and (alike or len(waiting) <= held):
                call = self._calls.pop(waiting[0])
                self._held.remove(event)
                # The refusal does not have the arguments of the call.
                known = msgspec.structs.replace(event, args=call.args)
                settled.append(CallRefused(waiting[0], known, call.request))
        return settled
