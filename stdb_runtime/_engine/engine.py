"""Client engine: the client without I/O.

A driver passes frames (`receive`) and lost connections (`disconnected`) to it, and sends the frames that it returns
(`outgoing`). The engine has the session, the requests in flight and the lifecycle. Rows and subscriptions are handled
by its sink: `CacheSink` for typed clients, `HandlerSink` for handlers.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar

from .._protocol.encoding import Encoding, ParameterSource, Session, SessionState, Values
from .._protocol.events import (
    Answer,
    CallRefused,
    Event,
    Opened,
    ProcedureReturned,
    QueryAnswered,
    Transaction,
)
from .._sats.parameters import Parameters
from .._sats.sats import SatsType
from ..errors import (
    ConnectionLost,
    ConnectionRejectedError,
    NotConnectedError,
    OutOfEnergyError,
    ProtocolError,
    ReducerError,
    StdbError,
)
from ..stats import Stats
from .dispatcher import Dispatcher
from .driver import Driver, ServerVersionRequest
from .lifecycle import ConnectionState, Lifecycle
from .procedures import ParkedCalls
from .result import PendingResult, ReducerCall
from .retry import RetryPolicy
from .sink import Sink
from .unretrieved import UnretrievedErrors, calling_line

__all__ = ["Engine"]

T = TypeVar("T")
S = TypeVar("S", bound=Sink)


class Engine(Generic[S]):
    """Client engine.

    Args:
        driver: the driver.
        make_sink: creates the sink, given the engine.
        encoding: the encoding of the connection.
        parameters: the declared parameters of reducers; None if there is no generated code.
        policy: the policy of reconnecting.
        address: the database and its server, for messages.
        logger: the logger of frames (at level DEBUG), lost connections and unhandled errors.

    Attributes:
        opened: identity, connection id and token of the last handshake; None before the first.
        dispatcher: the dispatcher of callbacks.
        errors: the errors of requests, to be reported if nobody retrieves them.
        sink: the sink.
        stats: the counters of the client.
    """

    def __init__(
        self,
        driver: Driver,
        make_sink: Callable[[Engine[S]], S],
        encoding: Encoding,
        parameters: ParameterSource | None,
        policy: RetryPolicy,
        address: str,
        logger: logging.Logger,
    ) -> None:
        self.driver = driver
        self.encoding = encoding
        self.address = address
        self.logger = logger
        self.stats = Stats()
        self.opened: Opened | None = None
        self.dispatcher = Dispatcher(driver, logger, self.stats)
        self.errors = UnretrievedErrors(logger, driver.call_soon, lambda error: self.sink.unretrieved(error))
        self._lifecycle = Lifecycle(policy, driver.now, driver.chance)
        self._parameters = parameters
        self._ids = itertools.count(1)
        self._session: Session = encoding.new_session(parameters, self._ids)
        self._unanswered: list[object] = []  # requests of a session that has ended, until they are failed
        self._parked = ParkedCalls(self.errors, driver.request_version)
        self.sink: S = make_sink(self)

    # --- requests -----------------------------------------------------------------------------------------------------

    @property
    def session(self) -> Session:
        """Session for requests. `driver.flush()` then sends them.

        Raises:
            NotConnectedError: there is no open connection, or it is resyncing.
            EventLoopError: the caller runs in another event loop or thread than the client.
        """
        self.driver.check_here()
        session = self._session
        self._lifecycle.check_open(session.state is SessionState.OPEN)
        if not self.sink.is_ready:
            raise NotConnectedError(
                "the client has reconnected, and its rows have not all arrived: wait for on_reconnect"
            )
        return session

    def call_reducer(self, reducer: str, values: Values, parameters: Parameters | None = None) -> ReducerCall:
        """Send a reducer call.

        Args:
            reducer: the name of the reducer.
            values: its arguments.
            parameters: its declared parameters; None if the arguments are JSON values.

        Raises:
            ArgumentError: an argument cannot be sent.
            NotConnectedError: there is no open connection.
        """
        arguments = self.encoding.arguments(values, parameters)
        session = self.session
        driver = self.driver
        call = ReducerCall(reducer, driver.new_future, self.errors.add, driver.now(), self._origin())
        call.id = session.call(reducer, arguments, call)
        driver.flush()
        return call

    def call_reducer_without_reply(self, reducer: str, values: Values, parameters: Parameters | None = None) -> None:
        """Send a reducer call whose outcome the server does not report. Raises as `call_reducer` does."""
        arguments = self.encoding.arguments(values, parameters)
        self.session.call_without_reply(reducer, arguments)
        self.driver.flush()

    def call_procedure(
        self,
        procedure: str,
        values: Values,
        parameters: Parameters | None = None,
        returns: SatsType | None = None,
        *,
        check_version: bool = True,
    ) -> PendingResult[Any]:  # Any: a value of the type that `returns` says
        """Send a procedure call, as `call_reducer` does.

        Args:
            procedure: the name of the procedure.
            values: its arguments.
            parameters: its declared parameters; None if the arguments are JSON values.
            returns: the declared type of the returned value; None for a JSON value.
            check_version: True to send it only once the server is known to have procedures; others close the
                connection.
        """
        arguments = self.encoding.arguments(values, parameters)
        session = self.session
        result = self.result_maker(f"procedure {procedure}")()

        def send() -> None:
            result.id = session.call_procedure(procedure, arguments, returns, result)

        if check_version:
            self._parked.add(procedure, result, send)
        else:
            send()
        self.driver.flush()
        return result

    def query(self, sql: str) -> PendingResult[list[Any]]:  # Any: rows of any type
        """Send a one-off query. Raises NotConnectedError if there is no open connection."""
        session = self.session
        result = self.result_maker("a query")()
        result.id = session.query(sql, result)
        self.driver.flush()
        return result

    def unanswered(self) -> list[PendingResult[Any]]:  # Any: results of any kind
        """Return the results of requests that have no answer yet, without those whose waiters were all cancelled."""
        results = [_result(request) for request in self._session.in_flight]
        results += self._parked.results
        results += self.sink.unanswered()
        return [result for result in results if not result.is_abandoned]

    def result_maker(self, request: str) -> Callable[[], PendingResult[Any]]:  # Any: results of any kind
        """Return a function that creates results of a request. Call it where the request is made."""
        return partial(PendingResult, self.driver.new_future, self.errors.add, request, self._origin())

    def _origin(self) -> str:
        return calling_line() if self.driver.is_debugging else ""

    # --- state --------------------------------------------------------------------------------------------------------

    @property
    def state(self) -> ConnectionState:
        """Lifecycle state of the connection."""
        return self._lifecycle.state

    @property
    def is_active(self) -> bool:
        """True if requests can be made."""
        is_open = self.state is ConnectionState.OPEN and self._session.state is SessionState.OPEN
        return is_open and self.sink.is_ready

    @property
    def is_closed(self) -> bool:
        """True once the client is closed or has given up."""
        return self.state is ConnectionState.CLOSED

    @property
    def was_open(self) -> bool:
        """True once the first handshake is done."""
        return self._lifecycle.was_open

    @property
    def token(self) -> str | None:
        """Token that the server issued; None before the first handshake."""
        return None if self.opened is None else self.opened.token

    # --- for the driver -----------------------------------------------------------------------------------------------

    def outgoing(self) -> list[bytes]:
        """Return the frames to send now. Each is returned once."""
        frames = self._session.outgoing()
        debugging = self.logger.isEnabledFor(logging.DEBUG)
        for frame in frames:
            self.stats.messages_sent += 1
            self.stats.bytes_sent += len(frame)
            if debugging:
                self.logger.debug("> %s", frame)
        return frames

    def connecting(self) -> None:
        """Create a new session: the driver is about to connect."""
        self._session = self.encoding.new_session(self._parameters, self._ids)

    def receive(self, frame: bytes) -> None:
        """Handle a frame: update the cache, then run callbacks, then resolve awaited results.

        Raises:
            ProtocolError: the frame is invalid, or contradicts earlier ones. The driver has to close the connection.
        """
        self.stats.messages_received += 1
        self.stats.bytes_received += len(frame)
        session = self._session
        is_handshake = session.state is SessionState.OPENING
        events: list[Event] = []
        try:
            events = session.receive(frame)
            # Logged only once it is decoded: an invalid frame may hold the token.
            if self.logger.isEnabledFor(logging.DEBUG):
                self.logger.debug("< %s", "(the identity token)" if is_handshake else frame)
            for event in events:
                self._handle(event)
        except BaseException as error:
            # The session has removed the requests that these events answer; they fail with the connection.
            answers = [event for event in events if isinstance(event, Answer)]
            self._unanswered += [answer.request for answer in answers if answer.request is not None]
            if isinstance(error, ProtocolError):
                self._end_session()  # the driver may take its time to close the connection
            raise

    def server_version(self, request: ServerVersionRequest, answer: tuple[int, ...] | StdbError) -> None:
        """Handle the answer to a request: the numbers of the version, or an error."""
        self._parked.answer(request, answer)
        self.driver.flush()

    def disconnected(self, error: StdbError) -> float | None:
        """Handle a lost connection, or a failed attempt to connect.

        Returns:
            The seconds to wait before the driver reconnects; None if it must not, and has to call `end`.
        """
        self._end_session()
        delay = self._lifecycle.retry_delay(error)
        if delay is None:
            return None
        # A warning for the loss; further attempts that fail are less important.
        level = logging.WARNING if self._lifecycle.is_open else logging.INFO
        self.logger.log(level, "%s: %s; reconnecting in %.1f s", self.address, error, delay)
        self._lose(error, _as_connection_lost(error))
        if self._lifecycle.is_failing:
            attempts = self._lifecycle.attempts
            self.sink.retries_failing(attempts.error(), attempts.count)
        return delay

    def loss(self, error: ConnectionLost) -> StdbError:
        """Return the error for the end of a connection: before the handshake is done, it means a rejection."""
        return ConnectionRejectedError(_REJECTED) if self._session.state is SessionState.OPENING else error

    def close(self) -> None:
        """Refuse requests from now on: the client is about to be closed."""
        self._lifecycle.state = ConnectionState.CLOSED

    def end(self, cause: BaseException | None) -> StdbError | None:
        """End the client for good.

        Args:
            cause: the exception that ends it; None if it was closed.

        Returns:
            The error that callbacks get; None if it was closed.
        """
        error = None if cause is None else self._as_error(cause)
        self._lifecycle.state = ConnectionState.CLOSED
        if error is not None and self.was_open:  # else `connect` raises it
            self.logger.error("%s: the client has ended: %s", self.address, error)
        self._end_session()
        loss = _as_connection_lost(error)
        try:
            self._lose(error, loss)
        finally:
            self.sink.ending(loss)
            try:
                self.errors.report_all()
            finally:
                self.sink.ended(error)
        return error

    def _as_error(self, cause: BaseException) -> StdbError:
        if isinstance(cause, StdbError):
            return cause
        cancelled = isinstance(cause, self.driver.cancelled_error)
        what = "its task was cancelled" if cancelled else f"{type(cause).__name__}: {cause}"
        error = ConnectionLost(f"the client ended unexpectedly: {what}")
        error.__cause__ = cause
        return error

    def _end_session(self) -> None:
        self._lifecycle.stop_serving(settled=self._session.is_settled)
        self._unanswered += self._session.end()

    def _lose(self, error: StdbError | None, loss: ConnectionLost) -> None:
        """Dispatch the loss of an open connection, once."""
        if not self._lifecycle.is_open:
            return
        self._lifecycle.is_open = False
        unanswered, self._unanswered = self._unanswered, []
        for request in unanswered:
            self.errors.fail(_result(request), loss)
        self._parked.lose(error)
        self.sink.disconnected(error)

    # --- events -------------------------------------------------------------------------------------------------------

    def _handle(self, event: Event) -> None:
        match event:
            case Transaction() | CallRefused():
                self._transaction(event)
            case Opened():
                self._opened(event)
            case QueryAnswered(request=request):
                self.sink.query_answered(event, _result(request))
            case ProcedureReturned(request=request):
                self.sink.procedure_returned(event, _result(request))
            case _:
                self.sink.subscription_event(event)

    def _opened(self, opened: Opened) -> None:
        if self.is_closed:
            return  # closed before the message arrived
        again = self.was_open
        self.driver.handshake_done(opened.token)
        self.opened = opened
        self.stats.connections += 1
        self._lifecycle.open()
        self.sink.opened(opened, again=again)

    def _transaction(self, event: Transaction | CallRefused) -> None:
        handled = self.sink.transaction(event)
        call, request = event.call, event.request
        if call is None or not isinstance(request, ReducerCall):
            return
        self.stats.record_latency(request.reducer, self.driver.now() - request.started)
        if call.status == "committed":
            request.resolve(call)
        elif call.status == "failed":
            self.errors.fail(request, ReducerError(request.reducer, call.message), handled=handled)
        else:
            error = OutOfEnergyError(request.reducer, "it ran out of energy")
            self.errors.fail(request, error, handled=handled)


_REJECTED = (
    "the server accepted the connection and closed it before the handshake was done: "
    "the module's client_connected reducer returned an error, or the server is stopping"
)


def _as_connection_lost(error: StdbError | None) -> ConnectionLost:
    """Return the error for requests in flight, given the error that ended the connection; None if it was closed."""
    lost = ConnectionLost(str(error or "the client was closed"))
    if error is not None:
        lost.__cause__ = error.__cause__
    return lost


def _result(request: object) -> PendingResult[Any]:
    """Return the result that the session holds for a request."""
    assert isinstance(request, PendingResult)
    return request  # pyright: ignore[reportUnknownVariableType]  # a result of any type
