"""Amazon EventBridge Custom Event Bus, the newer kind of bus: it keeps events for a while, and subscribers get them, in order of their group if asked.

A wire out of the bus is a subscriber. A FIFO subscriber gets the events of one group one after the other, and a failing event
holds its group; an unordered one gets all as they come. Every failure is retried, 5 times or 5 minutes by default, and then
dead-lettered or dropped. A subscriber that starts later can begin with what the bus still keeps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from simulator.engine.message import Message, MessageType
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.placement import Placed
from simulator.engine.wire import Wire
from simulator.languages.event_patterns import Matcher, compile_pattern, event_of
from simulator.measures import Tally
from simulator.mechanics.buses.event_archive import Archive, Entry
from simulator.mechanics.buses.event_rules import check_dead_letters, check_fifo_targets, check_loop, check_pattern, targets_of
from simulator.mechanics.buses.target_delivery import DeadLetterParameters, PermissionParameters, Pusher, RetryPolicy
from simulator.mechanics.distributions import Distribution, Lognormal
from simulator.mechanics.propagation import RULE
from simulator.mechanics.redelivery import Delivery
from simulator.mechanics.token_bucket import TokenBucket
from simulator.units import format_duration, format_rate
from simulator.vocabulary import (
    Direction,
    Fault,
    Fidelity,
    Figure,
    Finding,
    Metric,
    Overlay,
    ParameterSet,
    Picture,
    Port,
    Price,
    Quota,
    Source,
    Tier,
    Verb,
    parameter,
)

if TYPE_CHECKING:
    from simulator.engine.network import Network

GUIDE = "https://docs.aws.amazon.com/eventbridge/latest/userguide"
API = Source("Amazon EventBridge API Reference, service model EventBridgeV2 of November 2026", "https://docs.aws.amazon.com/eventbridge/latest/APIReference/Welcome.html", "2026-11")
PAGES = Source("EventBridge User Guide, Custom Event Bus: ordering, retries, observability", f"{GUIDE}/eb-event-bus.html", "2026-11")
RETENTION = Source("EventBridge and SNS guide: a retention of one day; AWS's own text gives no default", f"{GUIDE}/eb-event-bus.html", "2026-10", "T")
QUOTAS = Source("EventBridge User Guide, Amazon EventBridge quotas", f"{GUIDE}/eb-quota.html", "2026-11")
LATENCY = Source("As stated for Classic buses in August 2024 (130 ms at p99); no figure for the Custom Event Bus", f"{GUIDE}/eb-event-bus.html", "2026-11", "D")
UNPUBLISHED = Source("From memory: AWS publishes no figure", f"{GUIDE}/eb-event-bus.html", "2026-11", "M")
PRICING = Source("Amazon EventBridge pricing, us-east-1", "https://aws.amazon.com/eventbridge/pricing/", "2026-10", "T")

DAY_S, MONTH_DAYS = 86400.0, 30.0
DEDUPLICATION_S = 300.0
GROUPS_KEPT = 50_000


class CustomBusParameters(ParameterSet):
    """A Custom Event Bus."""

    retention_period_s: float = parameter(
        DAY_S, "Events are kept so long, for subscribers that start later.", title="Retention", unit="s", section="Bus", aws="RetentionPeriodInDays",
        ge=DAY_S, le=365 * DAY_S, source=RETENTION)
    event_groups: bool = parameter(
        True, "Senders give each event a group: the key of its message. Only then can subscribers be FIFO.", title="Event groups", section="Publishing", aws="EventGroupId", source=API)
    deduplication: bool = parameter(
        False, "An event that was put within the last 5 minutes is taken, and not delivered again. Here copies of one message are the same event.", title="Deduplication",
        section="Publishing", aws="EventDeduplicationId", source=PAGES)
    delivery_latency: Distribution = parameter(
        lambda: Lognormal(p50_s=0.05, p99_s=0.13), "Time from an event coming to the first attempt at a subscriber.", title="Delivery latency", unit="s", section="Delivery",
        widget="distribution", source=LATENCY, advanced=True)
    events_per_s: float = parameter(
        500_000, "Events a second the bus takes; more is refused. A hard limit.", title="Bus throughput", unit="per_s", section="Quotas", gt=0, le=10_000_000, source=QUOTAS, advanced=True)
    group_events_per_s: float = parameter(
        1500, "Events and kilobytes a second that one event group takes; more is refused. A hard limit.", title="Group throughput", unit="per_s", section="Quotas",
        gt=0, le=1_000_000, source=QUOTAS, advanced=True)
    catch_up_rate_per_s: float = parameter(
        10_000, "How fast a subscriber that starts in the past gets what is kept.", title="Catch-up rate", unit="per_s", section="Quotas", gt=0, le=1_000_000, source=UNPUBLISHED, advanced=True)


class Subscriber(ParameterSet):
    """Which events a subscriber gets, and how."""

    event_pattern: dict[str, Any] | None = parameter(
        None, "Only events that match are delivered. Empty: all of them, and no evaluation is billed.", title="Event pattern", section="Subscriber", aws="EventPattern",
        widget="event_pattern", source=API, changeable=RULE)
    order: Literal["UNORDERED", "FIFO"] = parameter(
        "UNORDERED", "FIFO: the events of a group one after the other; one that fails holds the others up.", title="Type", section="Subscriber", aws="Subscriber.Type", source=PAGES)
    starts_s: float = parameter(0, "When it subscribes.", title="Starts at", unit="s", section="Subscriber", ge=0, le=1e8)
    starting_position: Literal["LATEST", "POINT_IN_TIME"] = parameter(
        "LATEST", "LATEST: events that come from then on. POINT_IN_TIME: first what the bus keeps from a time on.", title="Starting position", section="Subscriber",
        aws="StartingPosition", source=API)
    point_in_time_s: float = parameter(0, "From which time on it gets what is kept.", title="Point in time", unit="s", section="Subscriber", ge=0, le=1e8, source=API)


class SubscriberRetries(RetryPolicy):
    """The retry policy of a subscriber: much shorter than that of a Classic rule."""

    maximum_retry_attempts: int = parameter(
        5, "Retries after the first attempt; whichever ends first, they or the maximum age.", title="Retry attempts", unit="times", section="Retry policy",
        aws="MaxRetryAttempts", ge=0, le=185, source=API, changeable=True)
    maximum_event_age_s: float = parameter(
        300, "No attempt is made later than this after the event came.", title="Maximum event age", unit="s", section="Retry policy", aws="MaxEventAgeInSeconds",
        ge=60, le=86400, source=API, changeable=True)
    invocation_timeout_s: float = parameter(
        30, "A target that has not answered by then has failed.", title="Invocation timeout", unit="s", section="Retry policy", aws="InvocationTimeoutSeconds",
        ge=1, le=30, source=API)


class SubscriberParameters(SubscriberRetries, Subscriber):
    """A subscriber and its target."""


class CustomEventBus(Pusher):
    """A Custom Event Bus with subscribers."""

    retries_everything = True
    kind = "custom_event_bus"
    title = "EventBridge Custom Event Bus"
    short_title = "Custom Event Bus"
    neutral_title = "Event bus"
    group = "Application integration"
    icon = "resource/AmazonEventBridgeCustomEventBus"
    summary = "Keeps events and hands them to subscribers, in order of their group if asked; for high rates and late subscribers."
    documentation_url = f"{GUIDE}/eb-event-bus.html"
    Parameters = CustomBusParameters
    ports = (
        Port("in", "Put events", Direction.IN, Verb.SEND, frozenset({"events:PutEvents"}), "Applications, services and other buses put events here."),
        Port("out", "Subscribers", Direction.OUT, Verb.SEND,
             frozenset({"sqs:SendMessage", "sns:Publish", "lambda:InvokeAsync", "events:PutEvents", "kinesis:PutRecord", "kinesis:PutRecords", "firehose:PutRecord", "states:StartExecution"}),
             "Each wire is a subscriber whose target takes events and does not answer.", wire_title="Subscriber", wire_parameters=SubscriberParameters),
        Port("requests", "Subscribers that answer", Direction.OUT, Verb.INVOKE, frozenset({"lambda:Invoke", "states:StartSyncExecution", "events:InvokeApiDestination"}),
             "Each wire is a subscriber whose target is waited for: only so is work on a FIFO group done in order.", wire_title="Subscriber", wire_parameters=SubscriberParameters),
        Port("dlq", "On-failure destination", Direction.OUT, Verb.SEND, frozenset({"sqs:SendMessage"}),
             "Events that a subscriber could not get.", role="failure", wire_title="On-failure destination of a subscriber", wire_parameters=DeadLetterParameters),
    )
    quotas = (
        Quota("events", "Events of a bus", 500_000, "per_s", "bus", False, QUOTAS),
        Quota("group_events", "Events, and kilobytes, of an event group", 1500, "per_s", "event group", False, QUOTAS),
        Quota("subscribers", "Subscribers of a bus", 10_000, "count", "bus", True, QUOTAS),
        Quota("buses", "Custom Event Buses", 5, "count", "account and Region", True, QUOTAS),
        Quota("entries", "Entries of a PutEvents request", 100, "count", "request", False, API),
    )
    metrics = (
        Metric("EventsPut", "Events put", "messages", "sum", "Events that the bus took. CloudWatch has no such metric.", "put", None, True, "rates"),
        Metric("PublishEventsApproximateThrottledCallCount", "Put throttled", "messages", "sum", "Events refused over the throughput of the bus or of a group.", "throttled", PAGES, True, "trouble"),
        Metric("EventsDeduplicated", "Deduplicated", "messages", "sum", "Events taken and not delivered, because they had been put before. CloudWatch has no such metric.", "deduplicated", None, False, "rates"),
        Metric("EventDeliveryAttempts", "Attempts", "count", "sum", "Attempts at subscribers, retries too.", "attempts", PAGES, True, "rates"),
        Metric("EventsDelivered", "Delivered", "messages", "sum", "Events that subscribers took.", "succeeded", PAGES, True, "rates"),
        Metric("RetryInvocationAttempts", "Retries", "count", "sum", "Attempts after the first.", "retried", PAGES, True, "trouble"),
        Metric("EventsDropped", "Dropped", "messages", "sum", "Events given up and lost.", "dropped", PAGES, True, "trouble"),
        Metric("OnFailureDestinationDelivered", "To on-failure destination", "messages", "sum", "Events given up and dead-lettered.", "dead_lettered", PAGES, True, "trouble"),
        Metric("ApproximateBacklogAge", "Backlog age", "s", "gauge", "Age of the oldest event not yet delivered.", "backlog_age_s", PAGES, True, "age"),
        Metric("EventsPending", "Pending", "messages", "gauge", "Events on their way, waiting for a retry, or behind an earlier one of their group. CloudWatch has no such metric.", "pending_now", None, True, "backlog"),
        Metric("EventsHeld", "Held by their group", "messages", "gauge", "Of these: behind an earlier event of their group. CloudWatch has no such metric.", "held", None, False, "backlog"),
        Metric("IngestionToInvocationStartTime", "Latency to start", "s", "spread", "Time from an event coming to the first attempt at a subscriber.", "start_latencies", PAGES, True, "latency"),
        Metric("IngestionToSuccessTime", "Latency to success", "s", "spread", "Time from an event coming to its successful delivery. CloudWatch has no such metric.", "success_latencies", None, True, "latency"),
        Metric("PutEventsRequestSize", "Event size", "bytes", "spread", "Sizes of the events put. CloudWatch has no such metric.", "sizes", None, False, "size"),
        Metric("CaughtUp", "Caught up", "messages", "sum", "Kept events delivered to subscribers that started in the past. CloudWatch has no such metric.", "caught_up", None, False, "rates"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {
        "delivery_latency": "Delivery latency", "event_group": "Behind an earlier event of its group", "retry": "Retrying a subscriber", "answer": "Waiting for a subscriber to answer",
    }
    overlay = Overlay(
        "EventsPending", (Figure("EventsPut"), Figure("ApproximateBacklogAge", "age"), Figure("EventsDropped", "dropped", quiet=True)),
        picture=Picture("targets"),
    )
    faults = (
        Fault("unavailable", "PutEvents fails", "Senders get a server-side error, as in an outage of the service.", sort="stops"),
        Fault("permission_removed", "A permission is removed", "A subscriber's target may no longer be invoked: even that is retried first.", PermissionParameters, sort="errors"),
    )
    prices = (
        Price("in", "Events in", 0.18, "GB", PRICING, tiers=(Tier(5000, 0.12, PRICING),)),
        Price("out", "Events out", 0.05, "GB", PRICING),
        Price("evaluation", "Pattern evaluations", 0.15e-6, "event and subscriber", PRICING),
        Price("retention", "Retention beyond a day", 0.08, "GB-month", PRICING),
    )
    fidelity = Fidelity(
        modelled=(
            "FIFO and unordered subscribers, each with a pattern; a failing event holds its group, and no other.",
            "Every failure is retried first, 5 times or 300 s by default; then the on-failure destination, or loss.",
            "Subscribers that start later, with the latest events or with those the bus keeps.",
            "The throughput of the bus and of each event group, in events and kilobytes.",
            "Deduplication for 5 minutes of what is put twice.",
        ),
        approximated=(
            "Delivery latency is that of Classic buses; the catch-up rate and the pauses between retries are parameters: AWS publishes none.",
            "Copies of one message are the same event to deduplication: contents are not compared.",
            "A subscriber that catches up gets what is kept minute by minute, out of order within one, while live events come too.",
            "Retention is billed at once, for all the days that an event will be kept.",
        ),
        ignored=("Batches for subscribers (1 to 500 events, 10 by default, a window of up to 300 s): each event is delivered by itself. AWS does not say what of a batch is tried again when a part of it fails, nor whether a FIFO batch may span groups.", "Quotas on buses and subscribers, which a diagram does not reach; permissions and encryption, which change neither rate nor time."),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "A bus with an ordered and an unordered subscriber",
        "nodes": [
            {"id": "shop", "kind": "traffic", "name": "Shop", "parameters": {"load": {"shape": "constant", "rate_per_s": 30}, "message_types": [{"name": "order", "key": {"keys": "uniform", "number": 40}}]}},
            {"id": "bus", "kind": "custom_event_bus", "name": "shop", "parameters": {}},
            {"id": "ledger", "kind": "lambda", "name": "ledger", "parameters": {"failure_probability": 0.02}},
            {"id": "analytics", "kind": "sqs", "name": "analytics", "parameters": {}},
            {"id": "counters", "kind": "worker", "name": "Counters", "parameters": {"workers": 40}},
            {"id": "dead", "kind": "sqs", "name": "undeliverable", "parameters": {"message_retention_period_s": 1209600}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "shop", "port": "out"}, "to": {"node": "bus", "port": "in"}},
            {"id": "w2", "from": {"node": "bus", "port": "requests"}, "to": {"node": "ledger", "port": "requests"}, "parameters": {"order": "FIFO"}},
            {"id": "w3", "from": {"node": "bus", "port": "out"}, "to": {"node": "analytics", "port": "in"}},
            {"id": "w4", "from": {"node": "analytics", "port": "out"}, "to": {"node": "counters", "port": "source"}},
            {"id": "w5", "from": {"node": "bus", "port": "dlq"}, "to": {"node": "dead", "port": "in"}},
        ],
        "run": {"duration_s": 60},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.put = self.throttled = self.deduplicated = self.held = self.caught_up = self.evaluations = 0
        self.bytes_in = self.bytes_out = 0
        self.sizes = Tally()
        self._kept = Archive()
        self._bus_bucket = TokenBucket(self.parameters.events_per_s, self.parameters.events_per_s)
        self._group_buckets: dict[int, tuple[TokenBucket, TokenBucket]] = {}
        self._seen: dict[tuple[Any, ...], float] = {}
        self._groups: dict[tuple[str, int], deque[Delivery]] = {}
        self._open: dict[Delivery, None] = {}
        self._routes: dict[MessageType, list[Wire]] = {}
        self._path = network.root.to(id)
        self._unavailable = False
        self._held_cause = self.cause("event_group", "Behind an earlier event of its group", Culprit(id))

    def start(self) -> None:
        self._latency_s = self.parameters.delivery_latency.sampler(self.stream("latency"))
        self._matchers: dict[str, Matcher] = {}
        self._subscribed: list[Wire] = []
        self._keeps = any(wire.parameters.starting_position == "POINT_IN_TIME" for wire in self.target_wires())
        for wire in self.target_wires():
            self._matchers[wire.id] = compile_pattern(wire.parameters.event_pattern)
            if wire.parameters.starts_s > 0:
                self.agenda.at(wire.parameters.starts_s, self._subscribe, wire)
            else:
                self._subscribed.append(wire)

    # -- events come in ---------------------------------------------------------------------------------------------

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        count, now_s = message.count, self.agenda._now
        if self._unavailable:
            return Refusal(Outcome.FAILED, "unavailable", f"{self.name} is unavailable")
        refusal = self._throttle(message, now_s)
        if refusal is not None:
            self.throttled += count
            return refusal
        self.entered += count
        self.put += count
        self.bytes_in += count * message.size_bytes
        self.sizes.add(message.size_bytes, count)
        if self.parameters.deduplication and self._put_before(message, now_s):
            self.deduplicated += count
            self.finish(message, "deduplicated")
            return None
        if self._keeps:
            self._kept.add(message, now_s)
        self._deliver(message, self._route(message.type), now_s)
        return None

    def _throttle(self, message: Message, now_s: float) -> Refusal | None:
        count = message.count
        if not self._bus_bucket.take_all(count, now_s):
            return Refusal(Outcome.THROTTLED, "bus_throughput", "Throughput of the bus reached")
        if self.parameters.event_groups:
            per_s = self.parameters.group_events_per_s
            events, kilobytes = self._group_buckets.get(message.key) or self._group_buckets.setdefault(message.key, (TokenBucket(per_s, per_s, now_s), TokenBucket(per_s, per_s, now_s)))
            if not (events.take_all(count, now_s) and kilobytes.take_all(count * message.size_bytes / 1024, now_s)):
                return Refusal(Outcome.THROTTLED, "group_throughput", "Throughput of an event group reached")
        return None

    def _put_before(self, message: Message, now_s: float) -> bool:
        identity = (message.type, message.number, message.born_s, message.path.nodes[0])
        before_s = self._seen.get(identity)
        if before_s is not None and now_s - before_s < DEDUPLICATION_S:
            return True
        self._seen.pop(identity, None)
        self._seen[identity] = now_s
        return False

    def _route(self, message_type: MessageType) -> list[Wire]:
        """The subscribers to events of this type: evaluated once for each type."""
        route = self._routes.get(message_type)
        if route is None:
            event = event_of(message_type.name, message_type.body)
            route = self._routes[message_type] = [wire for wire in self._subscribed if self._matchers[wire.id](event)]
        return route

    def _deliver(self, message: Message, wires: list[Wire], now_s: float) -> None:
        count = message.count
        self.evaluations += count * sum(wire.parameters.event_pattern is not None for wire in self._subscribed)
        if not wires:
            self.finish(message, "matched no subscriber")
            return
        self.copied += count * (len(wires) - 1)
        for wire in wires[1:]:
            self._hand_over(message.copy(), wire, now_s)
        self._hand_over(message, wires[0], now_s)

    # -- subscribers ------------------------------------------------------------------------------------------------

    def _hand_over(self, message: Message, wire: Wire, now_s: float) -> None:
        self.bytes_out += message.count * message.size_bytes
        delivery = Delivery(message, wire, now_s, self.delivering)
        self._open[delivery] = None
        if wire.parameters.order == "FIFO":
            waiting = self._groups.get((wire.id, message.key))
            if waiting is not None:
                delivery.waits_for = self._held_cause
                self.held += message.count
                waiting.append(delivery)
                return
            self._groups[wire.id, message.key] = deque()
        self.push(delivery, self._latency_s())

    def ended(self, delivery: Delivery) -> None:
        """The next event of the group may go."""
        self._open.pop(delivery, None)
        if delivery.wire.parameters.order != "FIFO":
            return
        group = (delivery.wire.id, delivery.message.key)
        waiting = self._groups[group]
        if not waiting:
            del self._groups[group]
            return
        follower = waiting.popleft()
        self.held -= follower.message.count
        self.push(follower, 0.0)

    def _subscribe(self, wire: Wire) -> None:
        """A subscriber starts, now or in the past."""
        now_s = self.agenda._now
        self._subscribed.append(wire)
        self._routes.clear()
        values = wire.parameters
        if values.starting_position == "POINT_IN_TIME" and values.point_in_time_s < now_s:
            from_s = max(values.point_in_time_s, now_s - self.parameters.retention_period_s)
            self._catch_up((wire, self._kept.replay(from_s, now_s, self.stream(f"catch up {wire.id}").generator), {}))

    def _catch_up(self, run: tuple[Wire, Iterator[Entry], dict[MessageType, bool]]) -> None:
        wire, entries, wanted = run
        now_s = self.agenda._now
        for message_type, size_bytes, key in entries:
            if message_type not in wanted:
                wanted[message_type] = self._matchers[wire.id](event_of(message_type.name, message_type.body))
            if wanted[message_type]:
                self.created += 1
                self.caught_up += 1
                self._hand_over(Message(1, message_type, now_s, self._path, size_bytes, key, self.caught_up), wire, now_s)
                self.agenda.at(now_s + 1 / self.parameters.catch_up_rate_per_s, self._catch_up, run)
                return

    def wire_changed(self, wire: Wire) -> None:
        if wire.id in self._matchers:
            self._matchers[wire.id] = compile_pattern(wire.parameters.event_pattern)
            self._routes.clear()

    def fault_unavailable(self, value: ParameterSet | None) -> None:
        """Senders are refused until cleared (None)."""
        self._unavailable = value is not None

    # -- what it shows ----------------------------------------------------------------------------------------------

    def dropped(self) -> int:
        """Events given up and lost."""
        return self.failed - self.dead_lettered

    def pending_now(self) -> int:
        """Events that a subscriber has still to get."""
        return self.pending + self.held

    def backlog_age_s(self) -> float:
        """Age in seconds of the oldest event not yet delivered; 0 when there is none."""
        oldest = next(iter(self._open), None)
        return 0.0 if oldest is None else float(self.agenda._now - oldest.came_s)

    def holding(self) -> int:
        return self.pending_now()

    def backlog(self) -> float:
        return self.awaiting_retry + self.held

    def trouble(self) -> tuple[int, int]:
        return self.retried + self.failed, self.throttled

    def housekeep(self) -> None:
        now_s = self.agenda._now
        for identity, put_s in list(self._seen.items()):
            if now_s - put_s < DEDUPLICATION_S:
                break
            del self._seen[identity]
        if len(self._group_buckets) > GROUPS_KEPT:
            full = self.parameters.group_events_per_s
            self._group_buckets = {key: buckets for key, buckets in self._group_buckets.items() if min(bucket.available(now_s) for bucket in buckets) < full}
        if self._keeps:
            self._kept.expire(now_s - self.parameters.retention_period_s, now_s)

    @classmethod
    def passes_at_once(cls, parameters: Any) -> bool:
        return bool(parameters.delivery_latency.expected_s() == 0)

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        yield self.prices[0], self.bytes_in / 1e9
        yield self.prices[1], self.bytes_out / 1e9
        yield self.prices[2], self.evaluations
        yield self.prices[3], self.bytes_in / 1e9 * (self.parameters.retention_period_s - DAY_S) / DAY_S / MONTH_DAYS

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        links = targets_of(placed)
        if not links:
            yield Finding("no-subscription", "warning", f"'{placed.name}' has no subscribers: what is put on it is only kept", "Wire it to a target", node=placed.id)
        for link in links:
            yield from check_pattern(placed, link)
            fifo = link.parameters.order == "FIFO"
            if fifo and not placed.parameters.event_groups:
                yield Finding("fifo-without-groups", "error", f"'{link.other.name}' subscribes in FIFO order, but events on '{placed.name}' have no groups", "Turn on event groups", node=placed.id, wire=link.id, parameter="order")
            if fifo and link.port == "out" and link.other_port == "events":
                yield Finding("order-lost", "warning", f"'{link.other.name}' takes the events of a group in order, and works on them all at once", "Wire it to the port that waits for the answer", node=placed.id, wire=link.id, parameter="order")
        yield from check_loop(placed)
        yield from check_dead_letters(placed)
        yield from check_fifo_targets(placed)

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if rates["PublishEventsApproximateThrottledCallCount"] > 0:
            return f"{format_rate(rates['PublishEventsApproximateThrottledCallCount'])} are refused: over the throughput of the bus or of an event group.", Culprit(self.id)
        if self.held:
            return f"{self.held:,} events wait behind an earlier one of their group; the oldest for {format_duration(self.backlog_age_s())}.", Culprit(self.id)
        if rates["RetryInvocationAttempts"] > 0:
            return f"{format_rate(rates['RetryInvocationAttempts'])} attempts are retries.", None
        return None
