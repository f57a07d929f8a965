"""A driver without I/O: lists in place of sockets and tasks, a clock that a test turns, and no event loop."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from stdb_runtime._engine.backoff import Backoff
from stdb_runtime._engine.cache_sink import CacheSink, TypedEngine
from stdb_runtime._engine.engine import Engine
from stdb_runtime._engine.handler import Callbacks, HandlerForm
from stdb_runtime._engine.handler_sink import HandlerSink
from stdb_runtime._engine.retry import RetryPolicy
from stdb_runtime._handles.reducer import parameters_of
from stdb_runtime._handles.table import declarations_of
from stdb_runtime._protocol.v1_json.encoding import V1Json
from stdb_runtime.errors import EventLoopError
from tests.support.recordings import Recording

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator

    from stdb_runtime._engine.driver import Driver, ServerVersionRequest
    from stdb_runtime._engine.sink import Sink
    from stdb_runtime._handles.reducer import ReducerSet
    from stdb_runtime._handles.table import TableSet

PROBE = Recording("1.2.0", "probe")
ARENA = Recording("2.8.3", "arena")
LOGGER = logging.getLogger("stdb_runtime.test")


class ListFuture:
    """A future without an event loop: whoever awaits it before it is done has to be driven by hand."""

    def __init__(self) -> None:
        self._outcome: tuple[Any, BaseException | None] | None = None

    def done(self) -> bool:
        return self._outcome is not None

    def set_result(self, result: Any, /) -> None:
        assert self._outcome is None, "it is done already"
        self._outcome = (result, None)

    def set_exception(self, exception: BaseException, /) -> None:
        assert self._outcome is None, "it is done already"
        self._outcome = (None, exception)

    def exception(self) -> BaseException | None:
        return None if self._outcome is None else self._outcome[1]

    def __await__(self) -> Generator[Any, None, Any]:
        while self._outcome is None:
            yield self
        value, error = self._outcome
        if error is not None:
            raise error
        return value


class Cancelled(BaseException):
    """What cancels a coroutine of this driver."""


class ListDriver:
    """Driver that keeps what the engine hands out.

    Attributes:
        sent: frames.
        asked: requests for other I/O.
        soon: functions that wait for the next turn, which `turn` runs.
        spawned: coroutines of callbacks, and the callbacks.
        tokens: tokens of the handshakes.
        seconds: the time.
        is_here: whether calls come from where the client runs.
    """

    cancelled_error = Cancelled
    latency: float | None = None

    def __init__(self, make_engine: Callable[[Driver], Engine[Any]]) -> None:
        self.sent: list[bytes] = []
        self.asked: list[ServerVersionRequest] = []
        self.soon: list[Callable[[], None]] = []
        self.spawned: list[tuple[Coroutine[Any, Any, object], Callable[..., object]]] = []
        self.tokens: list[str] = []
        self.seconds = 0.0
        self.is_here = True
        self.is_debugging = False
        self.engine = make_engine(self)

    def check_here(self) -> None:
        if not self.is_here:
            raise EventLoopError("elsewhere")

    def new_future(self) -> ListFuture:
        self.check_here()
        return ListFuture()

    def now(self) -> float:
        return self.seconds

    def chance(self) -> float:
        return 0.0

    def spawn(self, coroutine: Coroutine[Any, Any, object], callback: Callable[..., object]) -> None:
        self.spawned.append((coroutine, callback))

    def call_soon(self, function: Callable[[], None]) -> None:
        self.soon.append(function)

    def turn(self) -> None:
        """Run what waits for the next turn."""
        waiting, self.soon = self.soon, []
        for function in waiting:
            function()

    def within(self, seconds: float | None, awaitable: Awaitable[Any]) -> Awaitable[Any]:
        return awaitable

    def handshake_done(self, token: str) -> None:
        self.tokens.append(token)

    # --- what the server does: frames that it once sent, with ids changed ---------------------------------------------

    def connect(self) -> None:
        """Make a connection, up to the handshake."""
        self.engine.connecting()
        self.receive("IdentityToken")

    def receive(self, kind: str, text: str = "", /, **changed: object) -> None:
        """Receive the first recorded message of a kind that has a text in it."""
        self.engine.receive(PROBE.frame(kind, text, **changed))

    def apply(self, query_id: int, text: str = '"tables":[]', /) -> None:
        """Receive the rows of a subscription."""
        request_id = self.requests("SubscribeMulti", query_id)[-1]
        self.receive("SubscribeMultiApplied", text, request_id=request_id, query_id={"id": query_id})

    def remove(self, query_id: int, text: str = '"tables":[]', /) -> None:
        """Receive the end of a subscription, with the rows that `apply` brought."""
        update = PROBE.payload("SubscribeMultiApplied", text)["update"]
        for table in update["tables"]:
            table["updates"] = [{"deletes": part["inserts"], "inserts": []} for part in table["updates"]]
        request_id = self.requests("UnsubscribeMulti", query_id)[-1]
        self.receive("UnsubscribeMultiApplied", request_id=request_id, query_id={"id": query_id}, update=update)

    def refuse(self, kind: str, query_id: int) -> None:
        """Receive the refusal of the last message of a kind about a subscription."""
        request_id = self.requests(kind, query_id)[-1]
        self.receive("SubscriptionError", request_id={"some": request_id}, query_id={"some": query_id})

    def answer(self, request_id: int, text: str, /, **changed: object) -> None:
        """Receive the first recorded transaction with a text in it, as the answer to a call."""
        call = PROBE.payload("TransactionUpdate", text)["reducer_call"] | {"request_id": request_id}
        self.receive("TransactionUpdate", text, reducer_call=call, **changed)

    def end_procedure(self, request_id: int, **changed: object) -> None:
        """Receive the result of a procedure that a 2.8.3 server sent, as the answer to a call."""
        self.engine.receive(ARENA.frame("ProcedureResult", '"Returned"', request_id=request_id, **changed))

    def requests(self, kind: str, query_id: int) -> list[int]:
        """The request ids of the messages of a kind that were sent about a subscription."""
        found = [json.loads(frame).get(kind) for frame in self.sent]
        return [message["request_id"] for message in found if message and message["query_id"] == {"id": query_id}]

    def flush(self) -> None:
        self.sent += self.engine.outgoing()

    def request_version(self, request: ServerVersionRequest) -> None:
        self.asked.append(request)


def engine_of(
    driver: Driver, make_sink: Callable[[Engine[Any]], Sink], policy: RetryPolicy | None = None, **options: Any
) -> Engine[Any]:
    """An engine of whatever sink."""
    return Engine(
        driver, make_sink, V1Json(), options.get("parameters"), policy or RetryPolicy(), "game on ws://here", LOGGER
    )


def typed_engine(
    tables: type[TableSet], reducers: type[ReducerSet] | None = None, policy: RetryPolicy | None = None
) -> tuple[TypedEngine, ListDriver]:
    """An engine of a generated package, and its driver."""
    parameters = None if reducers is None else parameters_of(reducers).get
    driver = ListDriver(
        lambda driver: engine_of(
            driver, lambda engine: CacheSink(engine, declarations_of(tables)), policy, parameters=parameters
        )
    )
    return driver.engine, driver


def handler_engine(
    handler: HandlerForm, *, resubscribe: bool = True, subscribe_attempts: int = 3
) -> tuple[Engine[HandlerSink], ListDriver]:
    """An engine of a client without generated code, and its driver."""

    def make_sink(engine: Engine[HandlerSink]) -> HandlerSink:
        return HandlerSink(engine, Callbacks(handler), resubscribe=resubscribe, subscribe_attempts=subscribe_attempts)

    policy = RetryPolicy(backoff=Backoff(1.0, 8.0), subscribe_attempts=subscribe_attempts)
    driver = ListDriver(lambda driver: engine_of(driver, make_sink, policy))
    return driver.engine, driver


def run(awaitable: Awaitable[Any]) -> Any:
    """The result of something awaitable that has no need to wait."""
    steps = awaitable.__await__()
    try:
        next(steps)
    except StopIteration as stopped:
        return stopped.value
    raise AssertionError(f"{awaitable!r} waits")
