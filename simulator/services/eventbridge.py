"""Amazon EventBridge event bus (Classic): events are put on it, rules with patterns pick them, each rule pushes to its targets.

A wire out of the bus is a target of a rule and carries the rule's event pattern, which is evaluated against the real event
of each message type. An event whose delivery fails is retried for up to 24 hours, then goes to the target's dead-letter queue
or is lost. An archive keeps what came; a replay sends it through the rules again. Rules on a schedule are a kind of their own
(Scheduler), and so are API destinations, Pipes and the Custom Event Bus.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from simulator.engine.message import Message, MessageType
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.placement import Placed
from simulator.engine.wire import Wire
from simulator.languages.event_patterns import QUOTA_CHARACTERS, compile_pattern, event_of, has_wildcard, pattern_problems
from simulator.measures import Tally
from simulator.mechanics.buses.event_archive import Archive, Entry
from simulator.mechanics.buses.event_rules import check_dead_letters, check_fifo_targets, check_loop, check_pattern, targets_of
from simulator.mechanics.buses.target_delivery import RETRIES, DeadLetterParameters, PermissionParameters, Pusher, RetryPolicy
from simulator.mechanics.distributions import Distribution, measured
from simulator.mechanics.pacing import Pacer
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
    Preset,
    Price,
    Quota,
    Source,
    Verb,
    parameter,
)

if TYPE_CHECKING:
    from simulator.engine.network import Network

GUIDE = "https://docs.aws.amazon.com/eventbridge/latest/userguide"
API = Source("Amazon EventBridge API Reference, service model of November 2026", "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html", "2026-11")
SIZE = Source("AWS Compute Blog, larger EventBridge payloads", "https://aws.amazon.com/blogs/compute/", "2026-01")
QUOTAS = Source("EventBridge User Guide, Amazon EventBridge quotas", f"{GUIDE}/eb-quota.html", "2026-11")
PARTNERS = Source("EventBridge User Guide, Receiving events from a SaaS partner", f"{GUIDE}/eb-saas.html", "2026-11")
PATTERNS = Source("EventBridge User Guide, Event patterns", f"{GUIDE}/eb-event-patterns.html", "2026-11")
TRANSFORMS = Source("EventBridge User Guide, Input transformation", f"{GUIDE}/eb-transform-target-input.html", "2026-11")
ARCHIVES = Source("EventBridge User Guide, Archiving and replaying events", f"{GUIDE}/eb-archive.html", "2026-11")
REPLAY_SPEED = Source("From memory: AWS publishes no figure for the speed of a replay", f"{GUIDE}/eb-replay-archived-event.html", "2026-11", "M")
METRICS = Source("EventBridge User Guide, Monitoring Amazon EventBridge", f"{GUIDE}/eb-monitoring.html", "2026-11")
LATENCY = Source("bitesizedserverless, Latency compared: EventBridge to a Lambda function (eu-west-1, February 2023)", "https://bitesizedserverless.com/", "2023-02", "T")
PRICING = Source("Amazon EventBridge pricing, us-east-1", "https://aws.amazon.com/eventbridge/pricing/", "2026-10", "T")

CHUNK_BYTES = 65536
MONTH_S = 30 * 86400.0
TARGETS_OF_A_RULE = 5
RULES, WILDCARD_RULES = 300, 30
ACTIVE_REPLAYS = 10


class Replay(ParameterSet):
    """A replay of archived events, started at a planned time."""

    name: str = parameter("replay", "What it is called; replayed events carry it as 'replay-name', which patterns can look at.", title="Name", section="Replay", min_length=1, max_length=64)
    at_s: float = parameter(900, "When it starts.", title="Starts at", unit="s", section="Replay", ge=0, le=1e8)
    from_s: float = parameter(0, "Events that came from this time on; AWS goes by whole minutes.", title="Events from", unit="s", section="Replay", ge=0, le=1e8)
    to_s: float = parameter(300, "Events that came before this time.", title="Events to", unit="s", section="Replay", ge=0, le=1e8)
    rules: tuple[str, ...] = parameter((), "Only to rules of these names. Empty: to all rules.", title="Rules", section="Replay", max_length=300)


class ReplayNow(ParameterSet):
    """What to replay at once."""

    last_s: float = parameter(3600, "Events of so much time before now.", title="Last", unit="s", section="Replay", gt=0, le=1e8)


class BusParameters(ParameterSet):
    """A custom, partner or default event bus of the Classic kind."""

    entries_per_request: int = parameter(
        1, "How many events senders put into one PutEvents request: the quota counts requests.", title="Entries a request", unit="count",
        section="Publishing", aws="PutEvents.Entries", ge=1, le=10, source=API, changeable=True)
    maximum_entry_size_bytes: int = parameter(
        1_048_576, "A larger event fails, alone, in a request that succeeds. 256 KB before January 2026.", title="Maximum event size", unit="bytes",
        section="Publishing", ge=1024, le=1_048_576, source=SIZE, advanced=True)
    delivery_latency: Distribution = parameter(
        lambda: measured((0.1, 0.113), (0.5, 0.148), (0.9, 0.241), (0.99, 0.387)), "Time from an event coming to the first attempt at a target, as measured to a Lambda function.",
        title="Delivery latency", unit="s", section="Delivery", widget="distribution", source=LATENCY, advanced=True)
    archive: bool = parameter(False, "Keep the events that came, so that they can be replayed.", title="Archive", section="Archive", aws="CreateArchive", source=ARCHIVES)
    archive_pattern: dict[str, Any] | None = parameter(
        None, "Only events that match are kept. Empty: all.", title="Archive pattern", section="Archive", aws="EventPattern", widget="event_pattern", source=ARCHIVES)
    archive_retention_s: float = parameter(
        0, "Events are kept this long; 0 is for ever.", title="Archive retention", unit="s", section="Archive", aws="RetentionDays", ge=0, le=3.2e9, source=ARCHIVES)
    archive_lag_s: float = parameter(
        600, "An event can be replayed only so long after it came; AWS advises to wait ten minutes.", title="Archive lag", unit="s", section="Archive",
        ge=0, le=3600, source=ARCHIVES, advanced=True)
    replays: tuple[Replay, ...] = parameter((), "Replays started during the run.", title="Replays", section="Archive", aws="StartReplay", source=ARCHIVES, widget="json", max_length=10)
    replay_rate_per_s: float = parameter(
        2500, "How fast a replay sends. AWS publishes no figure, and gives no setting.", title="Replay speed", unit="per_s", section="Archive",
        gt=0, le=100_000, source=REPLAY_SPEED, advanced=True)


class AccountQuotas(ParameterSet):
    """What all buses of the account and Region share."""

    put_events_per_s: float = parameter(
        10000, "PutEvents requests a second: 10,000 in us-east-1, 400 to 10,000 elsewhere. More is refused.", title="PutEvents quota", unit="per_s",
        section="EventBridge", gt=0, le=10_000_000, source=QUOTAS)
    put_partner_events_per_s: float = parameter(
        1400, "Events a second that a SaaS partner may put, with a burst of 3,600.", title="PutPartnerEvents quota", unit="per_s", section="EventBridge",
        gt=0, le=10_000_000, source=PARTNERS, advanced=True)
    invocations_per_s: float = parameter(
        18750, "Invocations of targets a second: 18,750 in us-east-1, 750 to 18,750 elsewhere. More is delayed.", title="Invocation quota", unit="per_s",
        section="EventBridge", gt=0, le=10_000_000, source=QUOTAS)


class Rule(ParameterSet):
    """Which events the target gets, and what of them."""

    rule: str = parameter(
        "", "Targets with the same rule name belong to one rule, and need the same pattern. Empty: a rule of its own.", title="Rule", section="Rule",
        aws="Name", source=API, max_length=64)
    event_pattern: dict[str, Any] | None = parameter(
        None, "Only events that match are delivered. Empty: all of them.", title="Event pattern", section="Rule", aws="EventPattern",
        widget="event_pattern", source=PATTERNS, changeable=RULE)
    enabled: bool = parameter(True, "Off: the rule matches nothing.", title="Enabled", section="Rule", aws="State", source=API, changeable=RULE)
    input_bytes: int | None = parameter(
        None, "Size of what the target gets, if an input path or transformer changes it. Empty: the whole event.", title="Input size", unit="bytes",
        section="Rule", aws="InputTransformer", ge=1, le=1_048_576, source=TRANSFORMS, changeable=True)


class RuleParameters(RetryPolicy, Rule):
    """A rule and one of its targets."""


class AccountRates:
    """The quotas that all buses of the account share."""

    def __init__(self, network: Network, quotas: AccountQuotas) -> None:
        self.requests = TokenBucket(quotas.put_events_per_s, quotas.put_events_per_s)
        self.partner = TokenBucket(quotas.put_partner_events_per_s, quotas.put_partner_events_per_s * 3600 / 1400)
        self.invocations = Pacer(network.agenda, quotas.invocations_per_s, quotas.invocations_per_s)


class RunningReplay:
    """A replay that goes on, and the events it has still to send."""

    __slots__ = ("cancelled", "entries", "replay")

    def __init__(self, replay: Replay, entries: Iterator[Entry]) -> None:
        self.replay = replay
        self.entries = entries
        self.cancelled = False


class Route:
    """Where events of one type go: the wires to targets, and how many rules that are."""

    __slots__ = ("archived", "rules", "source", "wires")

    def __init__(self, event: Mapping[str, Any], wires: list[Wire], archived: bool) -> None:
        self.wires = wires
        self.rules = len({rule_name(wire.parameters, wire.id) for wire in wires})
        self.archived = archived
        self.source = str(event["source"])


def rule_name(parameters: Any, wire: str) -> str:
    """The rule a wire belongs to."""
    return parameters.rule or f"rule of {wire}"


class EventBus(Pusher):
    """An event bus with rules."""

    kind = "eventbridge"
    title = "EventBridge bus"
    short_title = "EventBridge"
    neutral_title = "Event bus"
    group = "Application integration"
    icon = "architecture-service/AmazonEventBridge"
    summary = "Routes events to targets by rules that look into them; for many kinds of events with many kinds of receivers."
    documentation_url = f"{GUIDE}/eb-event-bus.html"
    Parameters = BusParameters
    AccountParameters = AccountQuotas
    presets = (
        Preset("recent_latency", "EventBridge bus, faster delivery", "With the delivery latency AWS stated in August 2024 (130 ms at p99), instead of the one measured in February 2023; a median of 50 ms is derived, and agrees with 80 ms at p90 told in 2026.",
               {"delivery_latency": {"type": "lognormal", "p50_s": 0.05, "p99_s": 0.13}}),
        Preset("faq_latency", "EventBridge bus, typical latency of the FAQ", "With the half second that the EventBridge FAQ calls typical, as third parties quote it; a 99th percentile of 2.2 s, which AWS stated for January 2023.",
               {"delivery_latency": {"type": "lognormal", "p50_s": 0.5, "p99_s": 2.2}}),
    )
    ports = (
        Port("in", "Put events", Direction.IN, Verb.SEND, frozenset({"events:PutEvents"}), "Applications, partners, AWS services and other buses put events here."),
        Port("out", "Targets", Direction.OUT, Verb.SEND,
             frozenset({"sqs:SendMessage", "sns:Publish", "lambda:InvokeAsync", "events:PutEvents", "kinesis:PutRecord", "kinesis:PutRecords",
                        "firehose:PutRecord", "firehose:PutRecordBatch", "states:StartExecution", "ecs:RunTask", "logs:PutLogEvents"}),
             "Each wire is a target of a rule, with an event pattern of its own.", wire_title="Rule and target", wire_parameters=RuleParameters),
        Port("requests", "Targets that answer", Direction.OUT, Verb.INVOKE, frozenset({"events:InvokeApiDestination", "execute-api:Invoke", "appsync:GraphQL"}),
             "Targets whose answer EventBridge waits for: API destinations, REST APIs, GraphQL APIs.", wire_title="Rule and target", wire_parameters=RuleParameters),
        Port("dlq", "Undeliverable events", Direction.OUT, Verb.SEND, frozenset({"sqs:SendMessage"}),
             "Events that a target could not get.", role="failure", wire_title="Dead-letter queue of a target", wire_parameters=DeadLetterParameters),
    )
    quotas = (
        Quota("put_events", "PutEvents requests, us-east-1", 10000, "per_s", "account and Region", True, QUOTAS, "400 to 10,000 elsewhere; more is refused"),
        Quota("invocations", "Invocations, us-east-1", 18750, "per_s", "account and Region", True, QUOTAS, "750 to 18,750 elsewhere; more is delayed"),
        Quota("partner_events", "PutPartnerEvents, burst 3,600", 1400, "per_s", "partner", True, PARTNERS),
        Quota("entries", "Entries of a PutEvents request", 10, "count", "request", False, API),
        Quota("rules", "Rules of a bus", RULES, "count", "bus", True, QUOTAS, "30 with wildcards, which cannot be raised"),
        Quota("targets", "Targets of a rule", TARGETS_OF_A_RULE, "count", "rule", False, QUOTAS),
        Quota("pattern", "Characters of an event pattern", QUOTA_CHARACTERS, "count", "rule", True, QUOTAS, "4,096 in the API"),
        Quota("buses", "Event buses", 100, "count", "account and Region", True, QUOTAS),
        Quota("retries", "Retries, over at most 24 hours", 185, "count", "target", False, RETRIES),
        Quota("replays", "Active replays", ACTIVE_REPLAYS, "count", "account and Region", False, ARCHIVES),
    )
    metrics = (
        Metric("PutEventsEntriesCount", "Events put", "messages", "sum", "Entries of PutEvents requests.", "entries", METRICS, True, "rates"),
        Metric("PutEventsApproximateCallCount", "PutEvents calls", "count", "sum", "PutEvents requests.", "calls", METRICS, False, "rates"),
        Metric("PutEventsApproximateThrottledCount", "Put throttled", "messages", "sum", "Events refused over the account's PutEvents quota.", "throttled", METRICS, True, "trouble"),
        Metric("PutEventsFailedEntriesCount", "Entries failed", "messages", "sum", "Entries refused although their request succeeded: too large.", "entries_failed", METRICS, False, "trouble"),
        Metric("PutEventsRequestSize", "Event size", "bytes", "spread", "Sizes of the events put.", "sizes", METRICS, False, "size"),
        Metric("MatchedEvents", "Matched", "messages", "sum", "Events that matched at least one rule.", "matched", METRICS, True, "filter"),
        Metric("EventsUnmatched", "Unmatched", "messages", "sum", "Events that matched no rule and are gone. CloudWatch has no such metric.", "unmatched", None, True, "filter"),
        Metric("TriggeredRules", "Triggered rules", "count", "sum", "Rules run, for each event that matched.", "triggered", METRICS, False, "filter"),
        Metric("InvocationsCreated", "Invocations created", "count", "sum", "Invocations created, one for each target of a rule that matched; what the invocation quota counts.", "created_invocations", METRICS, True, "rates"),
        Metric("ThrottledRules", "Throttled rules", "count", "sum", "Invocations delayed over the account's invocation quota.", "throttled_rules", METRICS, True, "trouble"),
        Metric("Invocations", "Invocations", "count", "sum", "Invocations that came to an end, in success or for good in failure; retries are not counted.", "invocations", METRICS, True, "rates"),
        Metric("InvocationAttempts", "Attempts", "count", "sum", "Attempts at targets, retries too.", "attempts", METRICS, False, "rates"),
        Metric("SuccessfulInvocationAttempts", "Successful attempts", "count", "sum", "Attempts that a target accepted.", "succeeded", METRICS, True, "rates"),
        Metric("RetryInvocationAttempts", "Retries", "count", "sum", "Attempts after the first.", "retried", METRICS, True, "trouble"),
        Metric("FailedInvocations", "Failed", "count", "sum", "Invocations that failed for good.", "failed", METRICS, True, "trouble"),
        Metric("InvocationsSentToDlq", "To dead-letter queue", "count", "sum", "Invocations moved to a dead-letter queue.", "dead_lettered", METRICS, False, "trouble"),
        Metric("InvocationsFailedToBeSentToDlq", "Lost on the way to it", "count", "sum", "Invocations that a dead-letter queue refused.", "dead_letters_failed", METRICS, False, "trouble"),
        Metric("IngestiontoInvocationStartLatency", "Latency to start", "s", "spread", "Time from an event coming to the first attempt at a target.", "start_latencies", METRICS, True, "latency"),
        Metric("IngestiontoInvocationCompleteLatency", "Latency to answer", "s", "spread", "Time from an event coming to the end of the first attempt.", "complete_latencies", METRICS, False, "latency"),
        Metric("IngestionToInvocationSuccessLatency", "Latency to success", "s", "spread", "Time from an event coming to its successful delivery, retries included.", "success_latencies", METRICS, True, "latency"),
        Metric("InvocationsPending", "Pending", "messages", "gauge", "Invocations on their way, delayed by the quota, or waiting for a retry. CloudWatch has no such metric.", "pending_now", None, True, "backlog"),
        Metric("InvocationsAwaitingRetry", "Awaiting retry", "messages", "gauge", "Of these: waiting for a retry. CloudWatch has no such metric.", "awaiting_retry", None, False, "backlog"),
        Metric("ReplayedEvents", "Replayed", "messages", "sum", "Archived events sent through the rules again. CloudWatch has no such metric.", "replayed", None, True, "archive"),
        Metric("ReplaysStarted", "Replays started", "count", "sum", "Replays started so far. CloudWatch has no such metric.", "replays_started", None, False, "archive"),
        Metric("ArchivedBytes", "Archived", "bytes", "gauge", "Size of the archive. CloudWatch has no such metric.", "archived", None, False, "archive"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {
        "delivery_latency": "Delivery latency", "invocation_quota": "Invocation quota of the account reached", "retry": "Retrying a target", "answer": "Waiting for a target to answer",
    }
    overlay = Overlay(
        "InvocationsPending", (Figure("PutEventsEntriesCount"), Figure("IngestionToInvocationSuccessLatency", "p99"), Figure("FailedInvocations", "failed", quiet=True)),
        picture=Picture("targets"),
    )
    faults = (
        Fault("unavailable", "PutEvents fails", "Senders get a server-side error, as in an outage of the service.", sort="stops"),
        Fault("permission_removed", "A permission is removed", "A target may no longer be invoked: events for it are not retried, but dead-lettered or lost at once.", PermissionParameters, sort="errors"),
        Fault("replay", "The archive is replayed", "An operator replays what came lately to all rules, on top of the live events. Clearing it cancels the replay.", ReplayNow, sort="operation"),
    )
    prices = (
        Price("events", "Custom and partner events", 1.00e-6, "event of up to 64 KB", PRICING),
        Price("cross_bus", "Events sent to another bus", 1.00e-6, "event of up to 64 KB", PRICING),
        Price("replayed", "Replayed events", 1.00e-6, "event of up to 64 KB", PRICING),
        Price("archiving", "Archive processing", 0.10, "GB", PRICING),
        Price("archived", "Archive storage", 0.023, "GB-month", PRICING),
    )
    fidelity = Fidelity(
        modelled=(
            "Event patterns are evaluated with every operator against the event of each message type; a rule has one or more targets.",
            "A body with 'source' and 'detail-type' is the event; any other body becomes the detail of an event of the type's name and the source 'custom'.",
            "The PutEvents quota refuses, the invocation quota delays; both are shared by all buses of the account. Events from AWS services and other buses do not count as PutEvents.",
            "Each target is retried up to 185 times or 24 hours; failures that a retry cannot mend go to its dead-letter queue at once, or are lost.",
            "Archive and replay: by minutes, out of order within one, to all rules or some, outside the PutEvents quota; replayed events carry 'replay-name' and are not archived again.",
            "Prices for each 64 KB of custom and partner events; events of AWS services are free.",
        ),
        approximated=(
            "Delivery latency is one public measurement; presets have the newer figure and that of the FAQ.",
            "Pauses between retries double from 1 s to 10 minutes: AWS publishes none; they are parameters.",
            "The speed of a replay is a parameter: AWS publishes none.",
            "Plain numbers in patterns are compared by value, as a library must that reads JSON; the guide says as text.",
        ),
        ignored=(
            "Rules on a schedule: use the Scheduler.",
            "Events that EventBridge itself delivers twice, and best-effort services whose events get lost: AWS publishes no shares.",
            "How many rules match does not slow matching, as AWS says; of wildcards, which do, it gives no figure.",
            "The time that PutEvents itself takes (PutEventsLatency), failures inside it (PutEventsApproximateFailedCount), and invocations that EventBridge refuses to make because of a loop (DeadLetterInvocations).",
            "Attributes of dead letters (rule, target, error code): nothing here reads them. Events put on a bus that does not exist, which AWS takes and drops: a wire leads to a bus that does.",
            "Permissions and encryption, schema discovery: they change neither rate nor time. Cross-Region targets and global endpoints: a diagram is one Region.",
            "Services that publish AWS events are traffic sources here, which retry as you set; the guaranteed ones retry for 24 hours.",
        ),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "A bus, two rules",
        "nodes": [
            {"id": "shop", "kind": "traffic", "name": "Shop", "parameters": {"load": {"shape": "constant", "rate_per_s": 20}, "message_types": [
                {"name": "order placed", "share": 3, "body": {"source": "shop.orders", "detail-type": "OrderPlaced", "detail": {"total": 40}}},
                {"name": "large order placed", "share": 1, "body": {"source": "shop.orders", "detail-type": "OrderPlaced", "detail": {"total": 900}}}]}},
            {"id": "bus", "kind": "eventbridge", "name": "shop", "parameters": {"archive": True, "archive_lag_s": 0}},
            {"id": "orders", "kind": "sqs", "name": "orders", "parameters": {}},
            {"id": "picking", "kind": "worker", "name": "Picking", "parameters": {"workers": 30}},
            {"id": "alert", "kind": "lambda", "name": "alert", "parameters": {}},
            {"id": "dead", "kind": "sqs", "name": "undeliverable", "parameters": {"message_retention_period_s": 1209600}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "shop", "port": "out"}, "to": {"node": "bus", "port": "in"}},
            {"id": "w2", "from": {"node": "bus", "port": "out"}, "to": {"node": "orders", "port": "in"}, "parameters": {"event_pattern": {"detail-type": ["OrderPlaced"]}}},
            {"id": "w3", "from": {"node": "bus", "port": "out"}, "to": {"node": "alert", "port": "events"}, "parameters": {"event_pattern": {"detail": {"total": [{"numeric": [">", 500]}]}}}},
            {"id": "w4", "from": {"node": "orders", "port": "out"}, "to": {"node": "picking", "port": "source"}},
            {"id": "w5", "from": {"node": "bus", "port": "dlq"}, "to": {"node": "dead", "port": "in"}},
        ],
        "run": {"duration_s": 60},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        quotas = network.account.get(self.kind) or AccountQuotas()
        self.rates = network.shared("eventbridge", lambda: AccountRates(network, quotas))  # type: ignore[arg-type]
        self.entries = self.throttled = self.entries_failed = self.matched = self.unmatched = self.triggered = 0
        self.created_invocations = self.throttled_rules = self.delayed = self.replayed = self.replays_started = 0
        self.requested = 0.0
        self.billed_events = self.billed_cross_bus = self.billed_replayed = 0
        self.sizes = Tally()
        self.archive = Archive()
        self.archived = self.archive.stored
        self._routes: dict[tuple[MessageType, str, tuple[str, ...]], Route] = {}
        self._unavailable = False
        self._replays: list[RunningReplay] = []
        self._by_operator: RunningReplay | None = None
        self._path = network.root.to(id)
        self._quota_cause = self.cause("invocation_quota", "Invocation quota of the account reached", Culprit(id))

    def start(self) -> None:
        self._latency_s = self.parameters.delivery_latency.sampler(self.stream("latency"))
        self._archives = compile_pattern(self.parameters.archive_pattern)
        for replay in self.parameters.replays:
            self.agenda.at(replay.at_s, self._start_replay, replay)

    # -- events come in ---------------------------------------------------------------------------------------------

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        count, now_s = message.count, self.agenda._now
        if self._unavailable:
            return Refusal(Outcome.FAILED, "unavailable", f"{self.name} is unavailable")
        route = self._route(message.type)
        from_bus = wire.source.kind == self.kind
        if not from_bus:
            refusal = self._admit(message, route, now_s)
            if refusal is not None:
                return refusal
        self.entered += count
        if route.archived:
            self.archive.add(message, now_s)
        self._deliver(message, route, now_s)
        return None

    def _admit(self, message: Message, route: Route, now_s: float) -> Refusal | None:
        """Quota, size and price of an event that does not come from another bus."""
        count = message.count
        free = route.source.startswith("aws.") and not route.source.startswith("aws.partner/")
        if not free:
            partner = route.source.startswith("aws.partner/")
            requests = count / self.parameters.entries_per_request
            if not (self.rates.partner.take_all(count, now_s) if partner else self.rates.requests.take_all(requests, now_s)):
                self.throttled += count
                return Refusal(Outcome.THROTTLED, "put_events_quota", "PutEvents quota of the account reached")
            self.requested += requests
            self.entries += count
        if message.size_bytes > self.parameters.maximum_entry_size_bytes:
            self.entries_failed += count
            return Refusal(Outcome.REJECTED, "too_large", "Event larger than an entry may be", retryable=False)
        self.sizes.add(message.size_bytes, count)
        if not free:
            self.billed_events += count * chunks(message.size_bytes)
        return None

    def _route(self, message_type: MessageType, replay: str = "", only: tuple[str, ...] = ()) -> Route:
        """Where events of this type go: evaluated once for each type."""
        route = self._routes.get((message_type, replay, only))
        if route is None:
            event = event_of(message_type.name, message_type.body)
            if replay:
                event = {**event, "replay-name": replay}
            wires = [
                wire for wire in self.target_wires()
                if wire.parameters.enabled and (not only or wire.parameters.rule in only) and compile_pattern(wire.parameters.event_pattern)(event)
            ]
            route = self._routes[message_type, replay, only] = Route(event, wires, self.parameters.archive and not replay and self._archives(event))
        return route

    def _deliver(self, message: Message, route: Route, now_s: float) -> None:
        count, wires = message.count, route.wires
        if not wires:
            self.unmatched += count
            self.finish(message, "matched no rule")
            return
        self.matched += count
        self.triggered += count * route.rules
        self.created_invocations += count * len(wires)
        self.copied += count * (len(wires) - 1)
        for wire in wires[1:]:
            self._invoke(message.copy(), wire, now_s)
        self._invoke(message, wires[0], now_s)

    def _invoke(self, message: Message, wire: Wire, now_s: float) -> None:
        if wire.parameters.input_bytes is not None:
            message.size_bytes = wire.parameters.input_bytes
        if wire.target.kind == self.kind:
            self.billed_cross_bus += message.count * chunks(message.size_bytes)
        delivery = Delivery(message, wire, now_s, self.delivering)
        self.delayed += message.count
        if not self.rates.invocations.go(self._within_quota, delivery, message.count):
            self.throttled_rules += message.count

    def _within_quota(self, delivery: Delivery) -> None:
        now_s = self.agenda._now
        message = delivery.message
        self.delayed -= message.count
        if now_s > delivery.since_s:
            self._quota_cause.message_s += message.count * (now_s - delivery.since_s)
            message.legs = (message.legs, self._quota_cause, delivery.since_s, now_s)
            delivery.since_s = now_s
        self.push(delivery, self._latency_s())

    # -- archive and replay -----------------------------------------------------------------------------------------

    def _start_replay(self, replay: Replay) -> RunningReplay | None:
        now_s = self.agenda._now
        if len(self._replays) >= ACTIVE_REPLAYS:
            self.log("warning", f"Replay '{replay.name}' is refused: {ACTIVE_REPLAYS} are active.")
            return None
        self.replays_started += 1
        ready_s = min(replay.to_s, now_s - self.parameters.archive_lag_s)
        if ready_s < min(replay.to_s, now_s):
            self.log("warning", f"Replay '{replay.name}': events younger than {format_duration(self.parameters.archive_lag_s)} are not in the archive yet.")
        if ready_s <= replay.from_s:
            return None
        running = RunningReplay(replay, self.archive.replay(replay.from_s, ready_s, self.stream(f"replay {self.replays_started}").generator))
        self._replays.append(running)
        self._replay_next(running)
        return running

    def _replay_next(self, running: RunningReplay) -> None:
        entry = None if running.cancelled else next(running.entries, None)
        if entry is None:
            self._replays.remove(running)
            return
        message_type, size_bytes, key = entry
        now_s = self.agenda._now
        self.created += 1
        self.replayed += 1
        self.billed_replayed += chunks(size_bytes)
        message = Message(1, message_type, now_s, self._path, size_bytes, key, self.replayed)
        self._deliver(message, self._route(message_type, running.replay.name, running.replay.rules), now_s)
        self.agenda.at(now_s + 1 / self.parameters.replay_rate_per_s, self._replay_next, running)

    def fault_replay(self, value: ReplayNow | None) -> None:
        """Replay what came lately, to all rules; None cancels it."""
        if self._by_operator is not None:
            self._by_operator.cancelled = True
            self._by_operator = None
        if value is not None:
            now_s = self.agenda._now
            self._by_operator = self._start_replay(Replay(name="operator", at_s=now_s, from_s=max(0.0, now_s - value.last_s), to_s=now_s))

    def fault_unavailable(self, value: ParameterSet | None) -> None:
        """Senders are refused until cleared (None)."""
        self._unavailable = value is not None

    # -- what it shows ----------------------------------------------------------------------------------------------

    def calls(self) -> int:
        """PutEvents requests so far, of full batches."""
        return math.ceil(self.requested - 1e-9)

    def pending_now(self) -> int:
        """Invocations not yet at their end."""
        return self.pending + self.delayed

    def holding(self) -> int:
        return self.pending_now()

    def backlog(self) -> float:
        return self.awaiting_retry + self.delayed

    def trouble(self) -> tuple[int, int]:
        return self.retried + self.failed, self.throttled + self.throttled_rules

    def wire_changed(self, wire: Wire) -> None:
        self._routes.clear()

    def housekeep(self) -> None:
        if self.parameters.archive_retention_s:
            now_s = self.agenda._now
            self.archive.expire(now_s - self.parameters.archive_retention_s, now_s)

    @classmethod
    def passes_at_once(cls, parameters: Any) -> bool:
        return bool(parameters.delivery_latency.expected_s() == 0)

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        yield from _check_rules(placed)
        for problem in pattern_problems(placed.parameters.archive_pattern):
            yield Finding("event-pattern", "error", f"Archive pattern of '{placed.name}': {problem}", "Correct the pattern", node=placed.id, parameter="archive_pattern")
        if placed.parameters.replays and not placed.parameters.archive:
            yield Finding("replay-without-archive", "warning", f"'{placed.name}' has replays, but no archive to replay from", "Turn on its archive", node=placed.id, parameter="archive")
        for replay in placed.parameters.replays:
            if replay.to_s > replay.at_s - placed.parameters.archive_lag_s:
                yield Finding("replay-before-archived", "warning", f"Replay '{replay.name}' of '{placed.name}' starts before all its events are in the archive: what is missing then is not replayed",
                              f"Start it {format_duration(placed.parameters.archive_lag_s)} after the last event or later", node=placed.id, parameter="replays")
        yield from check_loop(placed)
        yield from check_dead_letters(placed)
        yield from check_fifo_targets(placed)

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        yield self.prices[0], self.billed_events
        if self.billed_cross_bus:
            yield self.prices[1], self.billed_cross_bus
        if self.parameters.archive:
            yield self.prices[2], self.billed_replayed
            yield self.prices[3], self.archive.taken_bytes / 1e9
            yield self.prices[4], self.archived.area(elapsed_s) / 1e9 / MONTH_S

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if rates["PutEventsApproximateThrottledCount"] > 0:
            return f"{format_rate(rates['PutEventsApproximateThrottledCount'])} are refused: the account may make {format_rate(self.rates.requests.rate_per_s)} PutEvents requests.", Culprit(self.id, "entries_per_request")
        if self.delayed:
            return f"{format_rate(rates['InvocationsCreated'])} invocations are created; the account may make {format_rate(self.rates.invocations.rate_per_s)}: all rules are delayed.", Culprit(self.id)
        if rates["RetryInvocationAttempts"] > 0:
            worst = max((cause for cause in self.causes.values() if cause.name == "retry"), key=lambda cause: cause.message_s, default=None)
            return f"{format_rate(rates['RetryInvocationAttempts'])} attempts are retries. {worst.title if worst else ''}.", worst.culprit if worst else None
        if rates["ReplayedEvents"] > 0:
            return f"A replay sends {format_rate(rates['ReplayedEvents'])} on top of {format_rate(rates['PutEventsEntriesCount'])} live events.", None
        return None


def chunks(size_bytes: int) -> int:
    """How many units of the price a message of this size is."""
    return 1 if size_bytes <= CHUNK_BYTES else math.ceil(size_bytes / CHUNK_BYTES)


def _check_rules(placed: Placed) -> Iterator[Finding]:
    links = targets_of(placed)
    if not links:
        yield Finding("no-rules", "warning", f"'{placed.name}' has no rules: what is put on it is gone", "Wire it to a target", node=placed.id)
    rules: dict[str, list[Any]] = {}
    for link in links:
        rules.setdefault(rule_name(link.parameters, link.id), []).append(link)
        yield from check_pattern(placed, link)
    for name, members in rules.items():
        if len(members) > TARGETS_OF_A_RULE:
            yield Finding("targets-of-a-rule", "error", f"Rule '{name}' of '{placed.name}' has {len(members)} targets; a rule has at most {TARGETS_OF_A_RULE}", "Divide them among rules with the same pattern", node=placed.id, wire=members[-1].id, parameter="rule")
        if any(link.parameters.event_pattern != members[0].parameters.event_pattern or link.parameters.enabled != members[0].parameters.enabled for link in members):
            yield Finding("rule-patterns-differ", "error", f"The targets of rule '{name}' of '{placed.name}' have different patterns, or only some are enabled", "Give them the same, or another rule name", node=placed.id, wire=members[-1].id, parameter="event_pattern")
    wildcards = sum(has_wildcard(members[0].parameters.event_pattern) for members in rules.values())
    if len(rules) > RULES or wildcards > WILDCARD_RULES:
        yield Finding("rule-quota", "warning", f"'{placed.name}' has {len(rules)} rules, {wildcards} with wildcards; the quotas are {RULES} and {WILDCARD_RULES}", "Use several buses", node=placed.id)
