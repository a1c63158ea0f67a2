"""EventBridge API destination: sends events to an HTTP endpoint outside AWS, at a limited rate, through a connection that authorises them.

A bus (or a pipe) asks it to make a call and waits for the outcome; the caller's own retry policy decides what happens after
a failure. Calls over the rate limit wait here, first come, first served, until the caller's maximum event age. An endpoint
that has not answered after 5 seconds has failed, even if it does the work a moment later.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from simulator.engine.message import Message, Path, spend
from simulator.engine.node import Node, Reply
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.placement import Placed
from simulator.engine.wire import Wire
from simulator.measures import Gauge, Spread
from simulator.mechanics.distributions import Distribution, Lognormal
from simulator.mechanics.pacing import Pacer
from simulator.units import format_count, format_duration, format_rate
from simulator.vocabulary import (
    Direction,
    Fault,
    Fidelity,
    Figure,
    Fill,
    Finding,
    Metric,
    Overlay,
    ParameterSet,
    Picture,
    Port,
    Price,
    Quota,
    Source,
    Verb,
    parameter,
)

if TYPE_CHECKING:
    from simulator.engine.network import Network

GUIDE = "https://docs.aws.amazon.com/eventbridge/latest/userguide"
API = Source("Amazon EventBridge API Reference, CreateApiDestination", "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateApiDestination.html", "2026-11")
DESTINATIONS = Source("EventBridge User Guide, API destinations, in copies of 2025 and 2026", f"{GUIDE}/eb-api-destinations.html", "2026-10", "T")
CONNECTIONS = Source("From memory: a new token is fetched when the endpoint answers 401 or 407", f"{GUIDE}/eb-target-connection.html", "2026-11", "M")
QUOTAS = Source("EventBridge User Guide, Amazon EventBridge quotas", f"{GUIDE}/eb-quota.html", "2026-11")
PRICING = Source("Amazon EventBridge pricing, us-east-1", "https://aws.amazon.com/eventbridge/pricing/", "2026-10", "T")

CHUNK_BYTES = 65536
TRIED_AGAIN = {"current": frozenset({401, 407, 409, 429}), "until_2023": frozenset({429})}
"""Client errors that are retried; others never."""


class DestinationParameters(ParameterSet):
    """An API destination and its connection."""

    invocation_rate_limit_per_s: int = parameter(
        300, "Calls a second, at most. More wait, hidden from the receiver, until their event is too old.", title="Invocation rate limit", unit="per_s", section="Rate",
        aws="InvocationRateLimitPerSecond", ge=1, le=10_000, source=API, changeable=True)
    timeout_s: float = parameter(
        5, "A call that is not answered by then has failed and is retried, whatever the endpoint does. AWS fixes it at 5 s.", title="Timeout", unit="s", section="Calls",
        gt=0, le=300, source=DESTINATIONS, advanced=True)
    retried_statuses: Literal["current", "until_2023"] = parameter(
        "current", "Which answers are tried again, beside 5xx and timeouts. current: 401, 407, 409, 429. until_2023: 429 alone, as the guide of 2023 says.",
        title="Answers tried again", section="Calls", source=DESTINATIONS, advanced=True)
    authorization: Literal["api_key", "basic", "oauth"] = parameter(
        "api_key", "How the connection authorises a call. OAuth uses a token that expires.", title="Authorization", section="Connection",
        aws="AuthorizationType", source=API)
    token_lifetime_s: float = parameter(
        3600, "An OAuth token is good for so long; the first call after that is answered 401, a new token is fetched, and the call is retried.", title="Token lifetime",
        unit="s", section="Connection", gt=0, le=1e8, source=CONNECTIONS)
    token_latency: Distribution = parameter(
        lambda: Lognormal(p50_s=0.2, p99_s=1.0), "Time the authorisation server needs for a new token.", title="Token fetch", unit="s", section="Connection",
        widget="distribution", source=CONNECTIONS, advanced=True)


class Call:
    """A call that waits for its turn or for its answer."""

    __slots__ = ("came_s", "message", "path", "reply", "started_s", "wire")

    def __init__(self, message: Message, wire: Wire, reply: Reply, now_s: float) -> None:
        self.message = message
        self.path: Path = message.path
        self.wire = wire
        self.reply = reply
        self.came_s = self.started_s = now_s


class ApiDestination(Node):
    """An API destination with its connection."""

    kind = "api_destination"
    title = "API destination"
    short_title = "API destination"
    neutral_title = "API destination"
    group = "Application integration"
    icon = "resource/AmazonEventBridgeEvent"
    summary = "Calls an HTTP endpoint outside AWS for events of a bus, at a limited rate, with OAuth or a key."
    documentation_url = f"{GUIDE}/eb-api-destinations.html"
    Parameters = DestinationParameters
    ports = (
        Port("in", "Calls to make", Direction.IN, Verb.INVOKE, frozenset({"events:InvokeApiDestination"}), "Rules of a bus, and pipes, whose target this is."),
        Port("out", "HTTP endpoint", Direction.OUT, Verb.INVOKE, frozenset({"http:Request"}), "The endpoint that is called.", max_wires=1),
    )
    quotas = (
        Quota("rate", "Invocations of an API destination", 300, "per_s", "API destination", True, QUOTAS, "more is delayed"),
        Quota("timeout", "Time for an answer", 5, "s", "call", False, DESTINATIONS),
    )
    metrics = (
        Metric("CallsRequested", "Calls requested", "count", "sum", "Calls that rules or pipes asked for, retries too. CloudWatch has no such metric.", "requested", None, True, "rates"),
        Metric("CallsMade", "Calls made", "count", "sum", "Calls sent to the endpoint. CloudWatch has no such metric.", "calls", None, True, "rates"),
        Metric("CallsSucceeded", "Succeeded", "count", "sum", "Calls answered 2xx in time. CloudWatch has no such metric.", "succeeded", None, True, "rates"),
        Metric("CallsTimedOut", "Timed out", "count", "sum", "Calls not answered in time; the endpoint may have done the work. CloudWatch has no such metric.", "timed_out", None, True, "trouble"),
        Metric("CallsFailed", "Failed, to be retried", "count", "sum", "Calls answered 401, 407, 409, 429 or 5xx, or refused. CloudWatch has no such metric.", "retryable", None, True, "trouble"),
        Metric("CallsRejected", "Failed for good", "count", "sum", "Calls answered with another 4xx: never retried. CloudWatch has no such metric.", "rejected", None, True, "trouble"),
        Metric("CallsExpired", "Expired waiting", "count", "sum", "Events that reached their maximum age while they waited for the rate limit. CloudWatch has no such metric.", "expired", None, True, "trouble"),
        Metric("CallsDelayed", "Delayed", "count", "sum", "Calls that had to wait for the rate limit. CloudWatch has no such metric.", "delayed", None, False, "rates"),
        Metric("CallsWaiting", "Waiting", "messages", "gauge", "Events that wait for the rate limit: a backlog AWS does not show. CloudWatch has no such metric.", "waiting", None, True, "backlog"),
        Metric("CallsInFlight", "In flight", "count", "gauge", "Calls that wait for the endpoint's answer. CloudWatch has no such metric.", "in_flight", None, False, "concurrency"),
        Metric("CallDuration", "Call duration", "s", "spread", "Time from the call to its answer or timeout. CloudWatch has no such metric.", "durations", None, True, "latency"),
        Metric("TokensFetched", "Tokens fetched", "count", "sum", "OAuth tokens fetched after one expired. CloudWatch has no such metric.", "tokens", None, False, "rates"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {"rate_limit": "Invocation rate limit reached", "timeout": "Waiting for an answer that came too late", "token": "Token expired"}
    overlay = Overlay(
        "CallsWaiting", (Figure("CallsMade"), Figure("CallDuration", "p99"), Figure("CallsFailed", "failed", quiet=True)),
        picture=Picture("tank", (Fill("CallsWaiting"), Fill("CallsInFlight", "held"))),
    )
    faults = (Fault("revoked", "The credentials are revoked", "Every call is answered 401 until cleared; it is retried until its event is too old.", sort="errors"),)
    prices = (Price("calls", "API destination calls", 0.20e-6, "call of up to 64 KB", PRICING),)
    fidelity = Fidelity(
        modelled=(
            "The rate limit delays calls and refuses none; they wait in order, until their event is too old.",
            "A timeout of 5 s: the call has failed although the endpoint works on, and the retry makes a duplicate.",
            "401, 407, 409, 429, 5xx and timeouts are retried by the caller, other 4xx are not; a Retry-After makes the pause longer.",
            "OAuth tokens that expire: calls fail with 401 until a new one is fetched.",
            "Each attempt is billed, by 64 KB.",
        ),
        approximated=(
            "Calls leave evenly spaced at the limit: AWS may let short bursts through, and does not say which.",
            "When tokens are fetched is from memory. Which answers are retried differs between the guide of 2023 and its later copies: both can be chosen.",
        ),
        ignored=("The endpoint's answer is thrown away: on AWS nobody gets it either.", "Private connections, headers and query parameters, encryption: they change neither rate nor time."),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "A partner called for each event",
        "nodes": [
            {"id": "crm", "kind": "traffic", "name": "CRM", "parameters": {"load": {"shape": "constant", "rate_per_s": 20}}},
            {"id": "bus", "kind": "eventbridge", "name": "crm", "parameters": {}},
            {"id": "partner", "kind": "api_destination", "name": "partner", "parameters": {"authorization": "oauth", "token_lifetime_s": 30}},
            {"id": "webhook", "kind": "http_endpoint", "name": "Partner's webhook", "parameters": {}},
            {"id": "dead", "kind": "sqs", "name": "undeliverable", "parameters": {"message_retention_period_s": 1209600}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "crm", "port": "out"}, "to": {"node": "bus", "port": "in"}},
            {"id": "w2", "from": {"node": "bus", "port": "requests"}, "to": {"node": "partner", "port": "in"}},
            {"id": "w3", "from": {"node": "partner", "port": "out"}, "to": {"node": "webhook", "port": "in"}},
            {"id": "w4", "from": {"node": "bus", "port": "dlq"}, "to": {"node": "dead", "port": "in"}},
        ],
        "run": {"duration_s": 60},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.requested = self.calls = self.succeeded = self.timed_out = self.retryable = self.rejected = 0
        self.expired = self.delayed = self.tokens = self.billed = 0
        self.waiting, self.in_flight = Gauge(), Gauge()
        self.durations = Spread()
        self._pacer = Pacer(self.agenda, self.parameters.invocation_rate_limit_per_s, 1.0)
        self._revoked = self._fetching = False
        self._token_good_s = self.parameters.token_lifetime_s if self.parameters.authorization == "oauth" else math.inf
        self._token_latency_s = self.parameters.token_latency.sampler(self.stream("token"))
        self._rate_cause = self.cause("rate_limit", f"{name} is at its invocation rate limit", Culprit(id, "invocation_rate_limit_per_s"))
        self._late_cause = self.cause("timeout", "Waiting for an answer that came too late", Culprit(id))

    # -- calls ------------------------------------------------------------------------------------------------------

    def invoke(self, message: Message, wire: Wire, reply: Reply) -> None:
        now_s = self.agenda._now
        self.requested += message.count
        if not hasattr(wire.parameters, "maximum_event_age_s"):
            message.deadline_s = math.inf
        if not self._pacer.go(self._call, Call(message, wire, reply, now_s), message.count):
            self.delayed += message.count
            self.waiting.add(message.count, now_s)

    def _call(self, call: Call) -> bool:
        """Make the call now; False if the event is too old for it."""
        now_s = self.agenda._now
        message = call.message
        if now_s > call.came_s:
            self.waiting.add(-message.count, now_s)
            spend(message, self._rate_cause, call.came_s, now_s)
        if now_s > message.deadline_s:
            self.expired += message.count
            self._answer(call, Refusal(Outcome.TIMED_OUT, "event_age", "Maximum event age reached", retryable=False))
            return False
        self.calls += message.count
        self.billed += message.count * math.ceil(message.size_bytes / CHUNK_BYTES)
        call.started_s = now_s
        if self._revoked or now_s >= self._token_good_s:
            self._unauthorized(call)
        elif not self.wires_out["out"]:
            self._failed(call, message, Refusal(Outcome.FAILED, "no_endpoint", f"{self.name} has no endpoint"))
        else:
            message.path = message.path.to(self.id)
            self.in_flight.add(message.count, now_s)
            self.wires_out["out"][0].invoke(message, lambda attempt, refusal: self._answered(call, attempt, refusal), self.parameters.timeout_s)
        return True

    def _answered(self, call: Call, attempt: Message, refusal: Refusal | None) -> None:
        now_s = self.agenda._now
        count = call.message.count
        self.in_flight.add(-count, now_s)
        self.durations.add(now_s - call.started_s, count)
        if refusal is None:
            self.succeeded += count
            self._answer(call, None)
        else:
            self._failed(call, attempt, refusal)

    def _failed(self, call: Call, attempt: Message, refusal: Refusal) -> None:
        message = call.message
        if refusal.outcome is Outcome.TIMED_OUT:
            self.timed_out += message.count
            spend(message, self._late_cause, call.started_s, self.agenda._now)
        else:
            message.legs = attempt.legs
        retryable = refusal.retryable or refusal.status in TRIED_AGAIN[self.parameters.retried_statuses]
        if retryable:
            self.retryable += message.count if refusal.outcome is not Outcome.TIMED_OUT else 0
        else:
            self.rejected += message.count
        self._answer(call, Refusal(refusal.outcome, refusal.cause, refusal.title, retryable, refusal.status, refusal.retry_after_s))

    def _answer(self, call: Call, refusal: Refusal | None) -> None:
        if refusal is not None:
            call.message.path = call.path
        call.wire.answered(call.message, refusal)
        call.reply(call.message, refusal)

    # -- the connection ---------------------------------------------------------------------------------------------

    def _unauthorized(self, call: Call) -> None:
        """The endpoint answers 401; a new token is fetched, if that helps."""
        if not self._fetching and not self._revoked:
            self._fetching = True
            self.agenda.at(self.agenda._now + self._token_latency_s(), self._token_fetched)
        self._failed(call, call.message, Refusal(Outcome.REJECTED, "http_401", f"{self.name}'s credentials are refused (401)", retryable=True, status=401))

    def _token_fetched(self, _: None) -> None:
        self._fetching = False
        self.tokens += 1
        self._token_good_s = self.agenda._now + self.parameters.token_lifetime_s

    def fault_revoked(self, value: ParameterSet | None) -> None:
        """Every call is answered 401 until cleared (None)."""
        self._revoked = value is not None

    # -- what it shows ----------------------------------------------------------------------------------------------

    def parameter_changed(self, name: str) -> None:
        if name == "invocation_rate_limit_per_s":
            self._pacer.change_rate(self.parameters.invocation_rate_limit_per_s, 1.0)

    def backlog(self) -> float:
        return self.waiting.value

    def trouble(self) -> tuple[int, int]:
        return self.timed_out + self.retryable + self.rejected + self.expired, 0

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        yield self.prices[0], self.billed

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        if not placed.out_of("out"):
            yield Finding("no-endpoint", "warning", f"'{placed.name}' calls no endpoint: every call fails", "Wire it to an HTTP endpoint", node=placed.id)
        for link in placed.out_of("out"):
            latency = getattr(link.other.parameters, "latency", None)
            timeout_s = placed.parameters.timeout_s
            if latency is not None and latency.quantile_s(0.99) > timeout_s:
                yield Finding("slower-than-timeout", "warning",
                              f"More than one in a hundred answers of '{link.other.name}' takes longer than {format_duration(timeout_s)}: '{placed.name}' then calls again although the work was done",
                              "Let the endpoint answer first and work afterwards, for example from a queue", node=link.other.id, parameter="latency", related=(placed.id,))

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if self._revoked:
            return "The credentials are revoked: every call is answered 401.", None
        if self.waiting.value >= self.parameters.invocation_rate_limit_per_s:
            return self._limited(rates)
        if rates["CallsTimedOut"] > 0:
            return f"{format_rate(rates['CallsTimedOut'])} calls time out after {format_duration(self.parameters.timeout_s)}, and are made again.", Culprit(self.id)
        if rates["CallsFailed"] + rates["CallsRejected"] > 0:
            return f"{format_rate(rates['CallsFailed'] + rates['CallsRejected'])} of {format_rate(rates['CallsMade'])} calls fail.", None
        return self._limited(rates) if self.waiting.value >= 1 else None

    def _limited(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None]:
        limit = self.parameters.invocation_rate_limit_per_s
        return (f"{format_rate(rates['CallsRequested'])} are asked for, {format_rate(limit)} are allowed: {format_count(self.waiting.value)} wait,"
                f" the youngest for {format_duration(self.waiting.value / limit)}."), Culprit(self.id, "invocation_rate_limit_per_s")
