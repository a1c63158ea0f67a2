"""A WebSocket API at work: connections that are opened through $connect, live for a while, and are posted to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from simulator.engine.message import Message, MessageType, spend
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.wire import Wire
from simulator.measures import Gauge
from simulator.mechanics.apis.api_stage import ApiStage, Exchange
from simulator.mechanics.token_bucket import TokenBucket
from simulator.vocabulary import ParameterSet, Verb

if TYPE_CHECKING:
    from simulator.engine.network import Network

LIFETIME_S, IDLE_S = 7200.0, 600.0
LARGEST_MESSAGE_BYTES = 131_072
UNIT_BYTES = 32_768
CONNECT, DISCONNECT = "$connect", "$disconnect"


BEFORE_INTEGRATION = frozenset({
    "account_throttle", "route_throttle", "no_route", "message_too_large", "request_too_large", "connection_rate", "access_denied", "unauthorized", "invalid_request", "invalid_api_key",
})
UNCALLED = frozenset({"integration_timeout", "integration_failure", "integration_throttled", "authorizer_failure"})
"""Causes of errors in calling an integration, as opposed to errors that it answers with (from memory)."""


class Connection:
    """An open connection of one client."""

    __slots__ = ("key", "opened_s", "used_s")

    def __init__(self, key: int, now_s: float) -> None:
        self.key = key
        self.opened_s = self.used_s = now_s

    @property
    def ends_s(self) -> float:
        """When it will be closed if nothing more is sent on it."""
        return min(self.opened_s + LIFETIME_S, self.used_s + IDLE_S)


class WebSocketStage(ApiStage):
    """An `ApiStage` that is a WebSocket API if its type says so. The key of a message is the client, and so the connection."""

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.connects = self.socket_messages = self.socket_units = self.gone = self.stale = self.refused_connections = self.posts_throttled = 0
        self.integration_errors = self.early_errors = self.execution_errors = 0
        self.open_connections = Gauge()
        self._ended_minutes = 0.0
        self._sockets: dict[int, Connection] = {}
        self._connecting: dict[int, list[Exchange]] = {}
        self._opening = self.cause("connecting", f"The connection to {name} is opened", Culprit(id, "connection_rate_per_s"))
        self._lost_disconnects = self.stream("lost disconnects")
        self._goodbye = MessageType(DISCONNECT, 128)

    def start(self) -> None:
        super().start()
        rate = self.parameters.connection_rate_per_s
        self._new_connections = self.network.shared("api_gateway connections", lambda: TokenBucket(rate, rate))

    # -- messages of clients -------------------------------------------------------------------------------------------

    def _take(self, exchange: Exchange) -> None:
        if self.parameters.api_type != "WEBSOCKET":
            super()._take(exchange)
            return
        now_s, message = self.agenda._now, exchange.message
        self.requests += 1
        self.in_progress.add(1, now_s)
        connection = self._sockets.get(message.key)
        if message.size_bytes > LARGEST_MESSAGE_BYTES:
            if connection is not None:
                self._close_connection(connection)
            self._error(exchange, 413, "message_too_large")
        elif connection is not None:
            connection.used_s = now_s
            self._on_connection(exchange)
        elif message.key in self._connecting:
            self._connecting[message.key].append(exchange)
        elif not self._new_connections.take_all(1, now_s):
            self.refused_connections += 1
            self._error(exchange, 429, "connection_rate")
        else:
            self._connecting[message.key] = [exchange]
            self.agenda.at(now_s + self._overhead_s(), self._ask_authorizer, exchange)

    def _on_connection(self, exchange: Exchange) -> None:
        self._count_message(exchange.message.size_bytes)
        self._enter(exchange)

    def _count_message(self, size_bytes: int, times: int = 1) -> None:
        self.socket_messages += times
        self.socket_units += times * max(1, -(-size_bytes // UNIT_BYTES))

    def _error(self, exchange: Exchange, status: int, cause: str) -> None:
        if self.parameters.api_type == "WEBSOCKET":
            if cause in UNCALLED:
                self.execution_errors += 1
            elif cause in BEFORE_INTEGRATION:
                self.early_errors += 1
            else:
                self.integration_errors += 1
        super()._error(exchange, status, cause)

    # -- connections ---------------------------------------------------------------------------------------------------

    def _ask_authorizer(self, exchange: Exchange) -> None:
        """Connections are authorized once, at $connect."""
        route = self._routes.get(CONNECT)
        if route is None or route.authorization != "lambda" or not self.wires_out["authorizer"]:
            self._authorized_connection(exchange)
            return
        self.authorizer_calls += 1
        self._call(exchange, self.wires_out["authorizer"][0], self.parameters.authorizer_timeout_s, partial(self._authorizer_said, exchange))

    def _call(self, exchange: Exchange, wire: Wire, timeout_s: float, reply: partial[None]) -> None:
        asked = exchange.message.copy()
        asked.path = asked.path.to(self.id)
        wire.invoke(asked, reply, timeout_s, (exchange.wire, exchange.message))

    def _authorizer_said(self, exchange: Exchange, _: Message, refusal: Refusal | None) -> None:
        if refusal is not None:
            self._refuse_connection(exchange, 500, "authorizer_failure")
            return
        self.copied += 1
        self._authorized_connection(exchange)

    def _authorized_connection(self, exchange: Exchange) -> None:
        route = self._routes.get(CONNECT)
        if route is not None and route.authorization != "none" and self._denials.binomial(1, route.denied_share):
            self._refuse_connection(exchange, 401 if route.authorization == "jwt" else 403, "access_denied")
            return
        wire = self.releases.of(CONNECT)
        if wire is None or wire.source_port.verb is Verb.SEND:
            self._opened(exchange)
        else:
            self._call(exchange, wire, self.timeout_s(wire), partial(self._connect_said, exchange))

    def _connect_said(self, exchange: Exchange, _: Message, refusal: Refusal | None) -> None:
        if refusal is not None:
            self._refuse_connection(exchange, 502, "connect_failed")
            return
        self.copied += 1
        self._opened(exchange)

    def _opened(self, exchange: Exchange) -> None:
        now_s, key = self.agenda._now, exchange.message.key
        connection = self._sockets[key] = Connection(key, now_s)
        self.connects += 1
        self.open_connections.add(1, now_s)
        self.agenda.at(connection.ends_s, self._look, connection)
        for waiting in self._connecting.pop(key):
            spend(waiting.message, self._opening, waiting.since_s, now_s)
            waiting.since_s = now_s
            self._on_connection(waiting)

    def _refuse_connection(self, exchange: Exchange, status: int, cause: str) -> None:
        for waiting in self._connecting.pop(exchange.message.key):
            self.refused_connections += 1
            self._error(waiting, status, cause)

    def _look(self, connection: Connection) -> None:
        """The time of a connection may be up, unless it was used meanwhile."""
        if self._sockets.get(connection.key) is not connection:
            return
        if connection.ends_s > self.agenda._now:
            self.agenda.at(connection.ends_s, self._look, connection)
        else:
            self._close_connection(connection)

    def _close_connection(self, connection: Connection) -> None:
        now_s = self.agenda._now
        del self._sockets[connection.key]
        self.open_connections.add(-1, now_s)
        self._ended_minutes += (now_s - connection.opened_s) / 60
        if self._lost_disconnects.binomial(1, self.parameters.disconnect_lost_share):
            self.stale += 1
            return
        wire = self.releases.of(DISCONNECT)
        if wire is not None and wire.source_port.verb is Verb.INVOKE:
            said = Message(1, self._goodbye, now_s, self.network.root.to(self.id), None, connection.key)
            wire.invoke(said, self._disconnect_said, self.timeout_s(wire))

    def _disconnect_said(self, _: Message, refusal: Refusal | None) -> None:
        if refusal is None:
            self.created += 1

    # -- posts to clients -----------------------------------------------------------------------------------------------

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        now_s = self.agenda._now
        if message.size_bytes > LARGEST_MESSAGE_BYTES:
            return Refusal(Outcome.REJECTED, "message_too_large", f"{self.name} answers 413: the message is too large", retryable=False, status=413)
        if self.parameters.posts_to == "all":
            self._broadcast(message)
            return None
        if not self.account.bucket.take_all(message.count, now_s):
            self.posts_throttled += message.count
            return Refusal(Outcome.THROTTLED, "account_throttle", f"{self.name} answers 429 LimitExceededException", status=429)
        self.entered += message.count
        connection = self._sockets.get(message.key)
        if connection is None:
            self.gone += message.count
            self.lose(message, "gone", "The connection is gone (410)")
        else:
            connection.used_s = now_s
            self._count_message(message.size_bytes, message.count)
            self.finish(message, "posted")
        return None

    def _broadcast(self, message: Message) -> None:
        """One post for each known connection, those that are long gone too; each counts against the account's limit."""
        now_s, count = self.agenda._now, message.count
        known = len(self._sockets) + self.stale
        allowed = self.account.bucket.take(known * count, now_s)
        self.posts_throttled += known * count - allowed
        live = round(allowed * len(self._sockets) / known) if known else 0
        self.gone += allowed - live
        self._count_message(message.size_bytes, live)
        for connection in self._sockets.values():
            connection.used_s = now_s
        self.entered += count
        self.finish(message, "posted")

    # -- what breaks, and what it shows -----------------------------------------------------------------------------------

    def fault_cache_flushed(self, value: ParameterSet | None) -> None:
        """The cache is emptied, and all connections break, at this moment."""
        super().fault_cache_flushed(value)
        if value is not None:
            for connection in list(self._sockets.values()):
                self._close_connection(connection)

    def connection_minutes(self) -> float:
        """Minutes that connections have been open, all together."""
        now_s = self.agenda._now
        return self._ended_minutes + sum((now_s - connection.opened_s for connection in self._sockets.values()), 0.0) / 60
