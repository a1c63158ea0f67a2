"""HTTP endpoint: a webhook or API outside AWS that answers requests after a while, with success or with an error.

It stands for whatever receives HTTP/S subscriptions and API destinations: your own server or a partner's. It works on a
limited number of requests at once and lets others wait; it fails some, limits their rate, and has outages. It cannot know
that a caller has given up, so it works on requests whose answer no one waits for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from simulator.engine.message import Message, spend
from simulator.engine.node import Reply
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.placement import Placed
from simulator.engine.wire import Wire
from simulator.measures import Gauge, Spread
from simulator.mechanics.bottleneck import Bottleneck
from simulator.mechanics.distributions import Distribution, Lognormal
from simulator.mechanics.outages import Behaviour, Outage, Outages
from simulator.mechanics.processing import Processor
from simulator.mechanics.publishing import PublishParameters, check_published
from simulator.mechanics.token_bucket import TokenBucket
from simulator.units import format_rate
from simulator.vocabulary import (
    ANY_ACTION,
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
    Verb,
    parameter,
)

if TYPE_CHECKING:
    from simulator.engine.network import Network

TITLES = {
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 407: "Proxy Authentication Required", 409: "Conflict", 410: "Gone",
    413: "Content Too Large", 429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}


class EndpointParameters(ParameterSet):
    """How the endpoint answers."""

    latency: Distribution = parameter(
        lambda: Lognormal(p50_s=0.1, p99_s=0.8), "Time it works on one request, without waiting for a free worker.", title="Latency", unit="s",
        section="Answers", widget="distribution", changeable=True)
    failure_probability: float = parameter(
        0.0, "Chance that a request is answered with a server error (5xx), beside what the message's type adds. Callers try again.", title="Server errors",
        unit="share", section="Answers", ge=0, le=1, changeable=True)
    server_error_status: Literal[500, 502, 503, 504] = parameter(500, "The status of these answers.", title="Server error status", section="Answers", advanced=True)
    client_error_share: float = parameter(
        0.0, "Share of the requests that are answered with a client error (4xx), as by a firewall or a strict check of the body. Most callers never try these again.",
        title="Client errors", unit="share", section="Answers", ge=0, le=1, changeable=True)
    client_error_status: Literal[400, 401, 403, 404, 407, 409, 410, 413] = parameter(
        403, "The status of these answers. Some callers try 401, 407 and 409 again.", title="Client error status", section="Answers", advanced=True)
    workers: int | None = parameter(
        50, "Requests worked on at once; others wait. Empty: as many as come.", title="Workers", unit="count", section="Capacity", ge=1, le=1_000_000, changeable=True)
    queue_limit: int = parameter(
        100, "Requests that may wait for a worker; one more is answered 503 at once.", title="Waiting requests", unit="requests", section="Capacity", ge=0, le=10_000_000,
        changeable=True)
    skips_abandoned: bool = parameter(
        False, "A worker does not begin with a request whose caller has closed the connection. Most servers do not look.", title="Skips abandoned requests",
        section="Capacity", changeable=True)
    server_timeout_s: float | None = parameter(
        60, "A request worked on for longer is stopped and answered 504. Empty: never.", title="Server timeout", unit="s", section="Capacity", gt=0, le=86400, changeable=True)
    rate_limit_per_s: float | None = parameter(
        None, "Requests a second that are let in; others are answered 429 at once. Empty: no limit.", title="Rate limit", unit="per_s", section="Rate limit",
        gt=0, le=10_000_000, changeable=True)
    rate_limit_burst: int = parameter(
        10, "Requests that may come at one moment, at most.", title="Burst", unit="requests", section="Rate limit", ge=1, le=10_000_000, advanced=True)
    retry_after_s: float | None = parameter(
        None, "A Retry-After header in answers 429 and 503. Only some callers heed it.", title="Retry-After", unit="s", section="Rate limit", ge=0, le=86400, advanced=True)
    outages: tuple[Outage, ...] = parameter(
        (), "Windows of time in which it does not work.", title="Outages", section="Outages", max_length=20)


class OutageParameters(ParameterSet):
    """How it is down."""

    behaviour: Behaviour = parameter(
        "refuses", "Refuses: connections fail at once. Hangs: requests are taken, and answered only when the fault is cleared.", title="Behaviour")


class Request:
    """A request that waits or is worked on."""

    __slots__ = ("came_s", "done_s", "message", "reply", "started_s", "stopped", "wire")

    def __init__(self, message: Message, wire: Wire, reply: Reply, came_s: float) -> None:
        self.message = message
        self.wire = wire
        self.reply = reply
        self.came_s = self.started_s = came_s
        self.done_s = -1.0
        self.stopped = False


class Endpoint(Processor):
    """A server that answers HTTP requests."""

    kind = "http_endpoint"
    title = "HTTP endpoint"
    short_title = "HTTP · webhook"
    neutral_title = "Endpoint"
    group = "Receivers"
    icon = "resource/Server"
    summary = "A webhook or API of yours or a partner's: it answers in its own time, and fails in its own ways."
    documentation_url = ""
    Parameters = EndpointParameters
    ports = (
        Port("in", "Requests", Direction.IN, Verb.INVOKE, frozenset({"http:Request"}), "Subscriptions, API destinations and applications that send requests here."),
        Port("out", "Messages out", Direction.OUT, Verb.SEND, frozenset({ANY_ACTION}), "What the application behind it sends for each request it has worked on.",
             wire_title="Published messages", wire_parameters=PublishParameters),
    )
    metrics = (
        Metric("Requests", "Requests", "requests", "sum", "Requests that came, retries too.", "requests", None, True, "rates"),
        Metric("Successes", "Answered 2xx", "requests", "sum", "Requests answered with success.", "successes", None, True, "rates"),
        Metric("ServerErrors", "Answered 5xx", "requests", "sum", "Requests answered with a server error, those for lack of room too.", "server_errors", None, True, "trouble"),
        Metric("ClientErrors", "Answered 4xx", "requests", "sum", "Requests answered with a client error, without those over the rate limit.", "client_errors", None, True, "trouble"),
        Metric("RateLimited", "Answered 429", "requests", "sum", "Requests over the rate limit.", "rate_limited", None, True, "trouble"),
        Metric("Overflowed", "No room", "requests", "sum", "Requests answered 503 because too many waited already.", "overflowed", None, False, "trouble"),
        Metric("ConnectionsRefused", "Connections refused", "requests", "sum", "Requests that failed at once in an outage.", "connections_refused", None, False, "trouble"),
        Metric("AnsweredTooLate", "Answered too late", "requests", "sum", "Requests worked on although their callers had given up: the work is wasted, or done twice.", "too_late", None, True, "trouble"),
        Metric("SkippedAbandoned", "Skipped, abandoned", "requests", "sum", "Requests dropped before any work, because their callers had given up.", "skipped", None, False, "trouble"),
        Metric("ConcurrentRequests", "Concurrent requests", "requests", "gauge", "Requests that are worked on.", "busy", None, True, "concurrency", limit="workers"),
        Metric("RequestsWaiting", "Waiting requests", "requests", "gauge", "Requests that wait for a worker.", "waiting", None, True, "backlog"),
        Metric("QueueTime", "Queue time", "s", "spread", "Time from the request to the beginning of the work.", "queue_times", None, False, "latency"),
        Metric("ResponseTime", "Response time", "s", "spread", "Time from the request to its answer, of requests that were worked on.", "response_times", None, True, "latency"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {"workers_busy": "All workers of the endpoint busy", "processing": "The endpoint works", "outage": "The endpoint hangs"}
    overlay = Overlay(
        "ConcurrentRequests", (Figure("ConcurrentRequests", of="workers"), Figure("ResponseTime", "p99"), Figure("ServerErrors", "5xx", quiet=True), Figure("RequestsWaiting", "waiting", quiet=True)), limit="workers",
        picture=Picture("slots", (Fill("ConcurrentRequests"),), limit="workers"),
    )
    faults = (
        *Processor.processing_faults,
        Fault("down", "The endpoint is down", "It does not work until cleared.", OutageParameters, sort="stops"),
    )
    fidelity = Fidelity(
        modelled=(
            "Workers, waiting requests in order, and 503 when too many wait.",
            "Server errors, client errors, 429 over a rate limit (a token bucket), and the server's own timeout.",
            "Planned outages: connections fail at once, or requests hang.",
            "Callers that give up: the endpoint works on all the same, and counts what it answered too late.",
            "What the application sends on for each request: a webhook that only puts the request into a queue is a cure for a slow one.",
        ),
        approximated=("A request that fails takes as long as one that succeeds; 429 and 503 for lack of room take no time: what your server does is not known.",),
        ignored=("Connections, TLS, and network latency: put them into the latency.", "Idempotency: a request that comes twice is worked on twice, because most servers do so."),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "Requests to a webhook",
        "nodes": [
            {"id": "shop", "kind": "traffic", "name": "Shop", "parameters": {"load": {"shape": "constant", "rate_per_s": 40}}},
            {"id": "webhook", "kind": "http_endpoint", "name": "Partner's webhook", "parameters": {"workers": 10}},
        ],
        "wires": [{"id": "w1", "from": {"node": "shop", "port": "requests"}, "to": {"node": "webhook", "port": "in"}}],
        "run": {"duration_s": 60},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.requests = self.successes = self.server_errors = self.client_errors = self.rate_limited = 0
        self.overflowed = self.connections_refused = self.too_late = self.skipped = 0
        self.busy = self.limit("workers", "Workers", self.parameters.workers, "workers")
        self.waiting = Gauge()
        self.queue_times, self.response_times = Spread(), Spread()
        self._queue: deque[Request] = deque()
        self._held: list[Request] = []
        self._down: Behaviour | None = None
        self._client_errors = self.stream("client errors")
        self._outages = Outages(self.agenda, self.parameters.outages, self._outage_changed)
        self._full = self.cause("workers_busy", f"All workers of {name} are busy", Culprit(id, "workers"))
        self._bottleneck = Bottleneck(self._full)
        self._hanging = self.cause("outage", f"{name} hangs", Culprit(id, "outages"))
        self._working = self.cause("processing", f"{name} works", Culprit(id, "latency"), capacity=False)

    def start(self) -> None:
        super().start()
        self._apply_latency()
        self._apply_rate_limit()
        self._outages.start()

    def _apply_latency(self) -> None:
        self._draw_s = self.parameters.latency.sampler(self.stream("latency"))

    def _apply_rate_limit(self) -> None:
        limit_per_s = self.parameters.rate_limit_per_s
        self._bucket = None if limit_per_s is None else TokenBucket(limit_per_s, float(self.parameters.rate_limit_burst), self.agenda._now)

    # -- a request comes --------------------------------------------------------------------------------------------

    def invoke(self, message: Message, wire: Wire, reply: Reply) -> None:
        while message.count > 1:
            self._take(Request(message.split(1), wire, reply, self.agenda._now))
        self._take(Request(message, wire, reply, self.agenda._now))

    def _take(self, request: Request) -> None:
        self.requests += 1
        if self._outages.refuses:
            self.connections_refused += 1
            self._answer(request, Refusal(Outcome.FAILED, "connection_refused", f"{self.name} refuses connections"))
        elif self._bucket is not None and not self._bucket.take_all(1, self.agenda._now):
            self.rate_limited += 1
            self._answer(request, self._error(Outcome.THROTTLED, 429, retry_after_s=self.parameters.retry_after_s))
        elif self._has_room():
            self._begin(request)
        elif len(self._queue) < self.parameters.queue_limit:
            self._queue.append(request)
            self.waiting.add(1, self.agenda._now)
        else:
            self.overflowed += 1
            self.server_errors += 1
            self._answer(request, self._error(Outcome.FAILED, 503, retry_after_s=self.parameters.retry_after_s))

    def _has_room(self) -> bool:
        workers = self.parameters.workers
        return not self._outages.hangs and (workers is None or bool(self.busy.value < workers))

    def _error(self, outcome: Outcome, status: int, *, retryable: bool = True, retry_after_s: float | None = None) -> Refusal:
        return Refusal(outcome, f"http_{status}", f"{self.name} answers {status} {TITLES[status]}", retryable, status, retry_after_s)

    def _answer(self, request: Request, refusal: Refusal | None) -> None:
        message = request.message
        in_time = request.wire.answered(message, refusal)
        if refusal is None:
            self.successes += 1
            self.passed(message, first=in_time)
        request.reply(message, refusal)

    # -- and is worked on -------------------------------------------------------------------------------------------

    def _begin(self, request: Request) -> None:
        now_s = self.agenda._now
        self.busy.add(1, now_s)
        self.queue_times.add(now_s - request.came_s)
        if now_s > request.came_s:
            self._bottleneck.charge(request.message, request.came_s, now_s)
        request.started_s = now_s
        work_s = self._draw_s() * self.slow_factor
        timeout_s = self.parameters.server_timeout_s
        if timeout_s is not None and work_s > timeout_s:
            work_s, request.stopped = timeout_s, True
        self.agenda.at(now_s + work_s, self._end, request)

    def _end(self, request: Request) -> None:
        now_s = self.agenda._now
        if request.done_s < 0:
            request.done_s = now_s
        if self._outages.hangs:
            self._held.append(request)
            return
        self.busy.add(-1, now_s)
        spend(request.message, self._working, request.started_s, request.done_s)
        if now_s > request.done_s:
            spend(request.message, self._hanging, request.done_s, now_s)
        self.response_times.add(now_s - request.came_s)
        if not request.wire.waits(request.message):
            self.too_late += 1
        self._answer(request, self._judge(request))
        self._begin_waiting()

    def _judge(self, request: Request) -> Refusal | None:
        """The answer, now that the work is done."""
        if request.stopped:
            self.server_errors += 1
            return self._error(Outcome.FAILED, 504)
        if self._client_errors.binomial(1, self.parameters.client_error_share):
            self.client_errors += 1
            return self._error(Outcome.REJECTED, self.parameters.client_error_status, retryable=False)
        if self.failing(request.message) or not self.publish(request.message):
            self.server_errors += 1
            return self._error(Outcome.FAILED, self.parameters.server_error_status)
        return None

    def _begin_waiting(self) -> None:
        while self._queue and self._has_room():
            request = self._queue.popleft()
            self.waiting.add(-1, self.agenda._now)
            if self.parameters.skips_abandoned and request.message in request.wire.abandoned:
                self.skipped += 1
                self._answer(request, Refusal(Outcome.FAILED, "skipped", f"{self.name} skips what no one waits for"))
            else:
                self._begin(request)

    # -- what breaks and changes ------------------------------------------------------------------------------------

    def _outage_changed(self) -> None:
        self._bottleneck.change(self._hanging if self._outages.hangs else self._full, self.agenda._now)
        if not self._outages.hangs:
            held, self._held = self._held, []
            for request in held:
                self._end(request)
            self._begin_waiting()

    def fault_down(self, value: OutageParameters | None) -> None:
        """It refuses or hangs until cleared (None)."""
        before, self._down = self._down, value.behaviour if value else None
        if self._down is not None:
            self._outages.change(self._down, 1)
        if before is not None:
            self._outages.change(before, -1)

    def parameter_changed(self, name: str) -> None:
        if name == "latency":
            self._apply_latency()
        if name == "rate_limit_per_s":
            self._apply_rate_limit()
        if name == "workers":
            self.busy.change_limit(self.parameters.workers, self.agenda._now)
            self._begin_waiting()

    # -- what it shows ----------------------------------------------------------------------------------------------

    def backlog(self) -> float:
        return self.waiting.value

    def trouble(self) -> tuple[int, int]:
        return self.server_errors + self.client_errors + self.connections_refused + self.too_late, self.rate_limited

    @classmethod
    def passes_at_once(cls, parameters: ParameterSet) -> bool:
        return bool(parameters.latency.expected_s() == 0)  # type: ignore[attr-defined]

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        yield from check_published(placed)
        values = placed.parameters
        expected_s = values.latency.expected_s()
        if values.server_timeout_s is not None and expected_s > values.server_timeout_s:
            yield Finding("endpoint-always-times-out", "warning", f"'{placed.name}' needs {expected_s:g} s for a request on average, but stops at {values.server_timeout_s:g} s: most answers are 504",
                          "Raise the server timeout, or make the work shorter", node=placed.id, parameter="server_timeout_s")
        for outage in values.outages:
            if outage.repeat_s is not None and outage.repeat_s <= outage.length_s:
                yield Finding("outage-without-end", "warning", f"'{placed.name}' has an outage of {outage.length_s:g} s every {outage.repeat_s:g} s: it never works again", "Repeat it less often", node=placed.id, parameter="outages")

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if self._outages.refuses or self._outages.hangs:
            return f"It is down: {'connections are refused' if self._outages.refuses else 'requests hang'}.", Culprit(self.id, "outages")
        if rates["AnsweredTooLate"] > 0:
            return f"{format_rate(rates['AnsweredTooLate'])} are answered after their callers gave up.", Culprit(self.id, "latency")
        if rates["Overflowed"] > 0:
            return f"{format_rate(rates['Overflowed'])} are answered 503: all workers are busy and {self.parameters.queue_limit} requests wait.", Culprit(self.id, "workers")
        if rates["RateLimited"] > 0:
            return f"{format_rate(rates['RateLimited'])} are answered 429: over its rate limit.", Culprit(self.id, "rate_limit_per_s")
        if rates["ServerErrors"] > 0:
            return f"{format_rate(rates['ServerErrors'])} are answered with a server error.", Culprit(self.id, "failure_probability")
        if rates["ClientErrors"] > 0:
            return f"{format_rate(rates['ClientErrors'])} are answered with a client error.", Culprit(self.id, "client_error_share")
        if self.waiting.value >= 1:
            return f"All workers are busy, and {self.waiting.value:g} requests wait.", Culprit(self.id, "workers")
        return None
