"""A stage of an HTTP API at work: throttling in the documented order, authorizer, validation, cache, integration, answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from simulator.engine.message import Message, MessageType, spend
from simulator.engine.node import Node, Reply
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.wire import Wire
from simulator.measures import Gauge, Spread
from simulator.mechanics.apis.api_integrations import REASONS, relayed, waits_s
from simulator.mechanics.apis.api_routes import RouteSettings, best_route, missing_field, request_line
from simulator.mechanics.apis.response_cache import ResponseCache
from simulator.mechanics.apis.stage_deployments import Deployment, Releases
from simulator.mechanics.apis.usage_plans import bucket_of, keys_of
from simulator.mechanics.distributions import DurationDistribution
from simulator.mechanics.token_bucket import TokenBucket
from simulator.units import format_quantity
from simulator.vocabulary import ParameterSet, Verb

if TYPE_CHECKING:
    from simulator.engine.network import Network

LARGEST_REQUEST_BYTES = 10_485_760
LARGEST_CACHED_BYTES = 1_048_576
DEFAULT_AUTHORIZER_TTL_S = 300.0
CACHE_CREATION_S = 240.0
GB = 1e9
FREE_OF_CHARGE = frozenset({"usage_plan_throttle", "quota_exceeded", "route_throttle", "account_throttle", "unauthorized", "access_denied", "invalid_api_key", "authorizer_failure"})
"""What refuses a request before it is charged (from memory)."""


UNROUTED = RouteSettings()


class Exchange:
    """One request on its way through the API."""

    __slots__ = ("came_s", "canary", "message", "reply", "response_bytes", "route", "sent_s", "since_s", "stored", "wire")

    def __init__(self, message: Message, wire: Wire, reply: Reply, now_s: float) -> None:
        self.message = message
        self.wire = wire
        self.reply = reply
        self.came_s = self.since_s = self.sent_s = now_s
        self.route = UNROUTED
        self.response_bytes = 0
        self.canary = False
        self.stored: tuple[str, int, bool] | None = None
        """The key under which the cache keeps the answer."""


class AccountThrottle:
    """The token bucket that all APIs of an account and Region share."""

    def __init__(self, rate_per_s: float, burst: float) -> None:
        self.bucket = TokenBucket(rate_per_s, burst)


class ApiStage(Node):
    """An API that answers requests: by itself, from its cache, or through an integration."""

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.requests = self.client_errors = self.server_errors = self.cache_hits = self.cache_misses = 0
        self.throttled = self.timed_out = self.authorizer_calls = self.charged = self.charged_chunks = self.bytes_out = 0
        self.in_progress = Gauge()
        self.latencies, self.integration_latencies = Spread(), Spread()
        self._overhead_cause = self.cause("api_overhead", f"{name} handles the request", Culprit(id), capacity=False)
        self._authorizing = self.cause("authorizer", f"The authorizer of {name}", Culprit(id, "authorizer_result_ttl_s"), capacity=False)
        self._unanswered = self.cause("integration_timeout", "Waiting for an integration that did not answer in time", Culprit(id))
        self._handing_over = self.cause("service_integration", "The integrated service takes the request", Culprit(id), capacity=False)
        self._denials = self.stream("denials")
        self._routes: dict[str, RouteSettings] = {}
        self.releases = Releases(self.stream("canary"), 0.0)
        self._buckets: dict[str, TokenBucket | None] = {}
        self._taken: dict[MessageType, RouteSettings | None] = {}
        self._service_latency_s: dict[str, Callable[[], float]] = {}
        self._identities = ResponseCache(float("inf"))
        self._cache_since_s = 0.0
        self._cache_sizes: list[tuple[float, str | None]] = []
        """Since when the cache has had which size."""

    def start(self) -> None:
        values = self.parameters
        limits = self.network.account.get(self.kind)
        rate_per_s, burst = getattr(limits, "throttle_rate_limit_per_s", 10_000.0), getattr(limits, "throttle_burst_limit", 5_000)
        self.account = self.network.shared("api_gateway", lambda: AccountThrottle(rate_per_s, burst))
        self._overhead_s = self.overhead().sampler(self.stream("overhead"))
        self._keys = keys_of(values.usage_plans)
        self._stage_bucket = bucket_of(values.stage_rate_limit_per_s, values.stage_burst_limit)
        self._make_cache()
        wires = (*self.wires_out["integrations"], *self.wires_out["services"])
        self.releases.share = values.canary_share
        self.releases.serve(wires)
        self.releases.plan(values.deployments, self.agenda, self._publish)
        for wire in wires:
            for route in wire.parameters.routes:
                self._routes.setdefault(route, RouteSettings(route=route))
            if wire.source_port.verb is Verb.SEND:
                self._service_latency_s[wire.id] = wire.parameters.service_latency.sampler(self.stream(f"service {wire.id}"))
        for settings in values.routes:
            self._routes[settings.route] = settings
        for route, settings in self._routes.items():
            self._buckets[route] = bucket_of(settings.throttling_rate_limit_per_s, settings.throttling_burst_limit)

    def overhead(self) -> DurationDistribution:
        """The distribution of the time that the API itself takes for a request and its answer."""
        raise NotImplementedError

    def authorizer_ttl_s(self) -> float:
        """How long the answer of a Lambda authorizer is kept."""
        given: float | None = self.parameters.authorizer_result_ttl_s
        if given is not None:
            return given
        return DEFAULT_AUTHORIZER_TTL_S if self.parameters.api_type == "REST" else 0.0

    def _make_cache(self) -> None:
        size = self.parameters.cache_cluster_size
        self._cache_sizes.append((self.agenda._now, size))
        self._cache = None if size is None else ResponseCache(float(size) * GB)

    # -- a request comes ----------------------------------------------------------------------------------------------

    def invoke(self, message: Message, wire: Wire, reply: Reply) -> None:
        while message.count > 1:
            self._take(Exchange(message.split(1), wire, reply, self.agenda._now))
        self._take(Exchange(message, wire, reply, self.agenda._now))

    def _take(self, exchange: Exchange) -> None:
        self.requests += 1
        self.in_progress.add(1, self.agenda._now)
        self._enter(exchange)

    def _enter(self, exchange: Exchange) -> None:
        refused = self._refusal(exchange)
        if refused is not None:
            self._error(exchange, *refused)
            return
        self.agenda.at(self.agenda._now + self._overhead_s(), self._handled, exchange)

    def route_of(self, message_type: MessageType) -> RouteSettings | None:
        """The route that requests of a type take."""
        if message_type not in self._taken:
            name = best_route(self._routes, message_type.name, self.parameters.api_type == "WEBSOCKET")
            self._taken[message_type] = self._routes[name] if name is not None else None
        return self._taken[message_type]

    def _refusal(self, exchange: Exchange) -> tuple[int, str] | None:
        """Status and cause with which a request is turned away at once, in the order in which AWS looks."""
        message = exchange.message
        if message.size_bytes > LARGEST_REQUEST_BYTES:
            return 413, "request_too_large"
        route = self.route_of(message.type)
        if route is None:
            return (403 if self.parameters.api_type == "REST" else 404), "no_route"
        exchange.route = route
        exchange.canary = self.releases.draws_canary()
        if self.releases.is_unknown(route.route, exchange.canary):
            return 403, "no_route"
        now_s = self.agenda._now
        if route.api_key_required:
            key = self._keys.get(str(message.type.attributes.get("x-api-key", {}).get("Value", "")))
            if key is None:
                return 403, "invalid_api_key"
            limited = key.refuses(now_s)
            if limited is not None:
                return 429, limited
        for bucket in (self._buckets[route.route], self._stage_bucket):
            if bucket is not None and not bucket.take_all(1, now_s):
                return 429, "route_throttle"
        if not self.account.bucket.take_all(1, now_s):
            return 429, "account_throttle"
        return None

    def _handled(self, exchange: Exchange) -> None:
        now_s = self.agenda._now
        spend(exchange.message, self._overhead_cause, exchange.since_s, now_s)
        exchange.since_s = now_s
        self._authorize(exchange)

    # -- who asks -----------------------------------------------------------------------------------------------------

    def _authorize(self, exchange: Exchange) -> None:
        route = exchange.route
        if route.authorization != "lambda" or not self.wires_out["authorizer"] or self.parameters.api_type == "WEBSOCKET":
            self._authorized(exchange)
            return
        if self.authorizer_ttl_s() > 0 and self._identities.holds(exchange.message.key, self.agenda._now):
            self._authorized(exchange)
            return
        self.authorizer_calls += 1
        asked = exchange.message.copy()
        asked.path = asked.path.to(self.id)
        wire = self.wires_out["authorizer"][0]
        wire.invoke(asked, partial(self._authorizer_answered, exchange), self.parameters.authorizer_timeout_s, (exchange.wire, exchange.message))

    def _authorizer_answered(self, exchange: Exchange, _: Message, refusal: Refusal | None) -> None:
        now_s = self.agenda._now
        spend(exchange.message, self._authorizing, exchange.since_s, now_s)
        exchange.since_s = now_s
        if refusal is not None:
            self._error(exchange, 500, "authorizer_failure")
            return
        self.copied += 1
        ttl_s = self.authorizer_ttl_s()
        if ttl_s > 0:
            self._identities.keep(exchange.message.key, 1, now_s + ttl_s)
        self._authorized(exchange)

    def _authorized(self, exchange: Exchange) -> None:
        route = exchange.route
        if route.authorization != "none" and self.parameters.api_type != "WEBSOCKET" and self._denials.binomial(1, route.denied_share):
            self._error(exchange, *((401, "unauthorized") if route.authorization == "jwt" else (403, "access_denied")))
        elif missing_field(exchange.message.type.body, route.required_fields) is not None:
            self._error(exchange, 400, "invalid_request")
        else:
            self._look_up(exchange, route)

    # -- the answer: from the cache, or from the integration -------------------------------------------------------------

    def _look_up(self, exchange: Exchange, route: RouteSettings) -> None:
        message = exchange.message
        if self._cache is not None and route.caching_enabled and self.agenda._now >= self._cache_since_s:
            line = request_line(message.type.name)
            if line is not None and line[0] == "GET":
                exchange.stored = (message.type.name, message.key if route.cache_by_key else 0, exchange.canary)
                if self._cache.holds(exchange.stored, self.agenda._now):
                    self.cache_hits += 1
                    self._answer_itself(exchange)
                    return
                self.cache_misses += 1
        wire = self.releases.of(route.route, exchange.canary)
        if wire is None:
            self._answer_itself(exchange)
        elif wire.source_port.verb is Verb.SEND:
            exchange.sent_s, exchange.response_bytes = self.agenda._now, wire.parameters.response_bytes
            self.agenda.at(self.agenda._now + self._service_latency_s[wire.id](), self._hand_over, (exchange, wire))
        else:
            self._ask(exchange, wire)

    def _ask(self, exchange: Exchange, wire: Wire) -> None:
        exchange.sent_s, exchange.response_bytes = self.agenda._now, wire.parameters.response_bytes
        passed = exchange.message.copy()
        passed.path = passed.path.to(self.id)
        wire.invoke(passed, partial(self._integrated, exchange, wire), self.timeout_s(wire), (exchange.wire, exchange.message))

    def timeout_s(self, wire: Wire) -> float:
        """How long the API waits for the backend at this wire."""
        return waits_s(wire.parameters, self.parameters.api_type)  # type: ignore[arg-type]

    def _integrated(self, exchange: Exchange, wire: Wire, attempt: Message, refusal: Refusal | None) -> None:
        now_s = self.agenda._now
        self.integration_latencies.add(now_s - exchange.sent_s)
        if refusal is None:
            self.agenda.at(now_s, self._passed_on, exchange)
            return
        status, cause = relayed(refusal, self.parameters.api_type, wire.parameters.throttled_status)
        if cause == "integration_timeout":
            self.timed_out += 1
            spend(exchange.message, self._unanswered, exchange.sent_s, now_s)
        else:
            exchange.message.legs = attempt.legs
        # Answers go on by the agenda: through a long chain of APIs, or a circle of them, calls would pile up.
        self.agenda.at(now_s, self._relay, (exchange, status, cause))

    def _passed_on(self, exchange: Exchange) -> None:
        self._answered(exchange, ends_here=False)

    def _relay(self, answer: tuple[Exchange, int, str]) -> None:
        self._error(*answer)

    def _hand_over(self, handed: tuple[Exchange, Wire]) -> None:
        exchange, wire = handed
        now_s = self.agenda._now
        self.integration_latencies.add(now_s - exchange.sent_s)
        spend(exchange.message, self._handing_over, exchange.sent_s, now_s)
        passed = exchange.message.copy()
        passed.path = passed.path.to(self.id)
        refusal = wire.send(passed)
        if refusal is None:
            self._answered(exchange, ends_here=False)
        else:
            self._error(exchange, *relayed(refusal, self.parameters.api_type, 500))

    def _answer_itself(self, exchange: Exchange) -> None:
        self._answered(exchange, ends_here=True)

    def _answered(self, exchange: Exchange, ends_here: bool) -> None:
        """A good answer goes back. The request ends here, or has gone on to the backend."""
        if self._cache is not None and exchange.stored is not None and not ends_here and exchange.response_bytes <= LARGEST_CACHED_BYTES:
            self._cache.keep(exchange.stored, max(1, exchange.response_bytes), self.agenda._now + exchange.route.cache_ttl_s)
        self._charge(exchange)
        self._close(exchange)
        message = exchange.message
        waited = exchange.wire.answered(message, None)
        if ends_here and waited:
            self.finish(message, "answered")
        elif ends_here:
            self.finished += message.count
        exchange.reply(message, None)

    def _error(self, exchange: Exchange, status: int, cause: str) -> None:
        """An answer that is an error goes back; the request stays with whoever asked."""
        if status >= 500:
            self.server_errors += 1
            self.releases.server_errors += exchange.canary
        else:
            self.client_errors += 1
        if status == 429:
            self.throttled += 1
        if cause not in FREE_OF_CHARGE:
            self._charge(exchange)
        self._close(exchange)
        outcome = Outcome.THROTTLED if status == 429 else Outcome.FAILED if status >= 500 else Outcome.REJECTED
        title = f"{self.name} answers {status} {REASONS.get(status, '')}".rstrip() + f" ({cause.replace('_', ' ')})"
        refusal = Refusal(outcome, cause, title, status == 429 or status >= 500, status)
        exchange.wire.answered(exchange.message, refusal)
        exchange.reply(exchange.message, refusal)

    def _charge(self, exchange: Exchange) -> None:
        self.charged += 1
        self.charged_chunks += max(1, -(-(exchange.message.size_bytes + exchange.response_bytes) // 524_288))
        self.bytes_out += exchange.response_bytes

    def _close(self, exchange: Exchange) -> None:
        now_s = self.agenda._now
        self.in_progress.add(-1, now_s)
        self.latencies.add(now_s - exchange.came_s)

    # -- what breaks and changes --------------------------------------------------------------------------------------

    def fault_cache_flushed(self, value: ParameterSet | None) -> None:
        """The cache is emptied at this moment."""
        if value is not None and self._cache is not None:
            self._cache.flush()

    def cache_hours(self, elapsed_s: float) -> Mapping[str, float]:
        """Hours of ``elapsed_s`` for which the cache had each size."""
        now_s = self.agenda._now
        hours: defaultdict[str, float] = defaultdict(float)
        for (from_s, size), (to_s, _) in pairwise([*self._cache_sizes, (now_s, None)]):
            if size is not None and to_s > from_s:
                hours[size] += (to_s - from_s) / now_s * elapsed_s / 3600
        return hours

    def parameter_changed(self, name: str) -> None:
        if name == "cache_cluster_size":
            self._make_cache()
            self._cache_since_s = self.agenda._now + CACHE_CREATION_S
        if name in ("stage_rate_limit_per_s", "stage_burst_limit"):
            self._stage_bucket = bucket_of(self.parameters.stage_rate_limit_per_s, self.parameters.stage_burst_limit)
        if name == "canary_share":
            self.releases.share = self.parameters.canary_share
        if name == "authorizer_result_ttl_s":
            self._identities.flush()

    def _publish(self, deployment: Deployment) -> None:
        self.releases.share = deployment.canary_share
        self.log("info", f"{self.name}: deployment {deployment.name} is published; {format_quantity(deployment.canary_share, 'share')} of the requests go to the canary.")

    def canary_requests(self) -> int:
        """Requests that went to a canary release."""
        return self.releases.requests

    def canary_errors(self) -> int:
        """Requests of a canary release that were answered 5xx."""
        return self.releases.server_errors

    def canary_share_now(self) -> float:
        """Share of the requests that go to the canary, now."""
        return self.releases.share

    def worked_in_vain(self) -> int:
        """Requests on which integrations did the work after the API had stopped waiting."""
        return sum(wire.late for wire in self.wires_out["integrations"])

    def abandoned(self) -> int:
        """Requests that integrations still work on although the API waits no longer."""
        return sum(message.count for wire in self.wires_out["integrations"] for message in wire.abandoned)
