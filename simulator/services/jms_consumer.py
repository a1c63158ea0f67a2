"""JMS application: a program of yours whose consumers subscribe to a message broker, which pushes messages to them.

Each consumer works on one message at a time, out of a buffer that the broker fills up to the prefetch. What fails is delivered
again by the client, after a pause in which the consumer stands still. It does not scale by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from simulator.engine.message import Message
from simulator.engine.outcomes import Culprit
from simulator.engine.placement import Placed
from simulator.engine.wire import Wire
from simulator.measures import Spread
from simulator.mechanics.brokers.broker_sessions import Session, SubscribeParameters, prefetch_of
from simulator.mechanics.distributions import Distribution, Exponential
from simulator.mechanics.processing import Processor
from simulator.mechanics.publishing import PublishParameters
from simulator.units import all_busy, format_rate
from simulator.vocabulary import ANY_ACTION, Direction, Fault, Fidelity, Figure, Fill, Finding, Metric, Overlay, ParameterSet, Picture, Port, Verb, parameter

if TYPE_CHECKING:
    from simulator.engine.network import Network

GUIDE = "https://docs.aws.amazon.com/amazon-mq/latest/developer-guide"


class ApplicationParameters(ParameterSet):
    """The application, and what it does with a message."""

    consumers: int = parameter(
        2, "Consumers, each with a connection of its own, that each work on one message at a time.", title="Consumers", unit="count", section="Application",
        ge=1, le=10_000, capacity=True)
    duration: Distribution = parameter(
        lambda: Exponential(mean_s=0.1), "Time a consumer needs for one message.", title="Duration", unit="s", section="Work", widget="distribution", changeable=True)
    failure_probability: float = parameter(
        0.0, "Chance that one attempt at one message fails, beside what the message's type adds.", title="Failure probability", unit="share",
        section="Work", ge=0, le=1, changeable=True)
    start_s: float = parameter(
        0.0, "When the consumers connect.", title="Connects at", unit="s", section="Application", ge=0, le=31_536_000, advanced=True)


class CrashParameters(ParameterSet):
    """How many crash."""

    consumers: int = parameter(1, "So many consumers crash, and stay away until cleared.", title="Consumers", unit="count", ge=1, le=10_000)


class JmsConsumer(Processor):
    """Consumers that a broker pushes messages to."""

    kind = "jms_consumer"
    title = "JMS application"
    short_title = "Application · JMS"
    neutral_title = "Broker consumers"
    group = "Compute"
    icon = "resource/AmazonEC2Instances"
    summary = "A program of yours whose consumers subscribe to queues and topics of a message broker."
    documentation_url = f"{GUIDE}/ensuring-effective-amazon-mq-performance.html"
    Parameters = ApplicationParameters
    ports = (
        Port("source", "Subscriptions", Direction.IN, Verb.POLL, frozenset({"mq:Consume"}), "Brokers whose queues and topics the consumers subscribe to.",
             wire_title="Subscription", wire_parameters=SubscribeParameters, cuttable=True),
        Port("out", "Messages out", Direction.OUT, Verb.SEND, frozenset({ANY_ACTION}), "What the application publishes for each message it has processed.",
             wire_title="Published messages", wire_parameters=PublishParameters),
    )
    metrics = (
        Metric("MessagesProcessed", "Processed", "messages", "sum", "Messages whose processing succeeded. CloudWatch has no such metric.", "processed", None, True, "rates"),
        Metric("BusyConsumers", "Busy consumers", "count", "gauge", "Consumers that work on a message. CloudWatch has no such metric.", "busy", None, True, "concurrency", limit="consumers"),
        Metric("PrefetchedMessages", "Prefetched", "messages", "gauge", "Messages in the consumers' buffers that none works on yet. CloudWatch has no such metric.", "prefetched", None, True, "backlog"),
        Metric("LongestPrefetch", "Longest buffer", "messages", "gauge", "Messages in the fullest of these buffers. CloudWatch has no such metric.", "longest_prefetch", None, False, "backlog"),
        Metric("Duration", "Duration", "s", "spread", "Time a consumer worked on a message. CloudWatch has no such metric.", "durations", None, True, "latency"),
        Metric("Errors", "Errors", "messages", "sum", "Attempts at messages that failed. CloudWatch has no such metric.", "errors", None, True, "trouble"),
        Metric("DuplicatesProcessed", "Duplicates processed", "messages", "sum", "Messages processed although they had been processed before. CloudWatch has no such metric.", "duplicates", None, True, "trouble"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {"processing": "Processing"}
    overlay = Overlay(
        "BusyConsumers", (Figure("BusyConsumers", of="consumers"), Figure("MessagesProcessed"), Figure("PrefetchedMessages", "buffered", quiet=True)), limit="consumers",
        picture=Picture("slots", (Fill("BusyConsumers"),), limit="consumers"),
    )
    faults = (*Processor.processing_faults, Fault("crashes", "Consumers crash", "Their connections are lost with all they had prefetched, until cleared.", CrashParameters, sort="loss"))
    when_lost: ClassVar[Mapping[str, Mapping[str, Any]]] = {"crashes": {"consumers": 10_000}}
    fidelity = Fidelity(
        modelled=(
            "Prefetch: each consumer has a buffer that the broker fills; a prefetch of 0 asks for each message.",
            "Acknowledge modes: each message, windows of half the prefetch, by the application, at a commit, optimized (65 % of the prefetch, or 300 ms).",
            "Redelivery by the client: its count, its pauses and their back-off, during which the consumer stands still unless redelivery is non-blocking.",
            "A crashed consumer: all it had not acknowledged is delivered to others, what it had processed for the second time.",
        ),
        approximated=(
            "A consumer works on its messages one after the other; a listener that hands them on to threads of its own is several consumers.",
            "Results are published without waiting, as by an asynchronous producer; what a broker of their own has no room for waits there.",
        ),
        ignored=("The cost of running the application: it depends on the machines it runs on.", "Scaling by itself, for which every application has rules of its own: change the number of consumers instead.", "Selectors, which look into headers that messages do not have here, and queue browsers (their prefetch is 500), which take no messages."),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "A broker and two consumers",
        "nodes": [
            {"id": "orders", "kind": "traffic", "name": "Orders", "parameters": {"load": {"shape": "constant", "rate_per_s": 15}}},
            {"id": "broker", "kind": "mq", "name": "broker", "parameters": {}},
            {"id": "billing", "kind": "jms_consumer", "name": "Billing", "parameters": {}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "orders", "port": "out"}, "to": {"node": "broker", "port": "in"}},
            {"id": "w2", "from": {"node": "broker", "port": "out"}, "to": {"node": "billing", "port": "source"}},
        ],
        "run": {"duration_s": 120},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.errors = self._crashed = 0
        self.busy = self.limit("consumers", "Consumers", self.parameters.consumers, "consumers")
        self.durations = Spread()
        self.sessions: list[Session] = []

    def start(self) -> None:
        super().start()
        self._draw_s = self.parameters.duration.sampler(self.stream("duration"))
        self.sessions = [Session(self, wire, number, self) for wire in self.wires_in["source"] for number in range(self.parameters.consumers)]
        self.busy.change_limit(max(1, len(self.sessions)), self.agenda._now)
        self.agenda.at(self.parameters.start_s, self._connect)

    def _connect(self, _: None) -> None:
        for session in self.sessions:
            session.connected()

    # -- what its sessions ask for ----------------------------------------------------------------------------------

    def work_s(self, message: Message) -> float:
        worked_s: float = self._draw_s() * self.slow_factor
        self.durations.add(worked_s, message.count)
        return worked_s

    def succeeds(self, message: Message) -> bool:
        if self.failing(message):
            return False
        before = message.path
        message.path = before.to(self.id)
        if not self.publishes or self.publish(message):
            return True
        message.path = before
        return False

    def occupy(self, change: int) -> None:
        self.busy.add(change, self.agenda._now)

    # -- what changes -----------------------------------------------------------------------------------------------

    def fault_crashes(self, value: CrashParameters | None) -> None:
        """So many consumers are down until cleared (None)."""
        self._crashed = value.consumers if value else 0
        self._note_connections()

    def wire_cut(self, wire: Wire) -> None:
        self._note_connections()

    def _note_connections(self) -> None:
        """Connections break with what they had prefetched, and come back."""
        for place, session in enumerate(self.sessions):
            lost = place < self._crashed or session.wire.cut
            if lost and not session.down:
                session.crash()
            elif not lost and session.down:
                session.recover()

    def parameter_changed(self, name: str) -> None:
        if name == "duration":
            self._draw_s = self.parameters.duration.sampler(self.stream("duration"))

    # -- what it shows ----------------------------------------------------------------------------------------------

    def prefetched(self) -> int:
        """Messages in the buffers."""
        return sum(session.holding() for session in self.sessions)

    def longest_prefetch(self) -> int:
        """Messages in the fullest buffer."""
        return max((session.holding() for session in self.sessions), default=0)

    def trouble(self) -> tuple[int, int]:
        return self.errors, 0

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        for link in placed.into("source"):
            settings = link.parameters
            if settings.durable and settings.destination_type == "queue":
                yield Finding("durable-queue", "error", f"'{placed.name}': only subscribers of topics are durable; a queue keeps its messages in any case",
                              "Turn durable off, or subscribe to a topic", node=placed.id, wire=link.id, parameter="durable")
            elif settings.durable and placed.parameters.consumers > 1:
                yield Finding("durable-consumers", "warning", f"'{placed.name}' has {placed.parameters.consumers} consumers, but only one can be connected to a durable subscription",
                              "Use one consumer, or a virtual topic with a queue", node=placed.id, wire=link.id, parameter="durable")
            if prefetch_of(settings) * placed.parameters.duration.expected_s() > 300 and placed.parameters.consumers > 1 and settings.destination_type == "queue":
                yield Finding("large-prefetch", "note",
                              f"A consumer of '{placed.name}' is pushed work for {prefetch_of(settings) * placed.parameters.duration.expected_s():,.0f} s ahead, while others may be idle",
                              "Lower the prefetch", node=placed.id, wire=link.id, parameter="prefetch")

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        down = sum(session.down for session in self.sessions)
        if down:
            return f"{down} of {len(self.sessions)} consumers are down.", Culprit(self.id)
        if rates["Errors"] > 0:
            return f"{format_rate(rates['Errors'])} attempts fail.", Culprit(self.id, "failure_probability")
        if self.sessions and self.busy.value >= len(self.sessions):
            return all_busy(len(self.sessions), "consumers"), Culprit(self.id, "consumers")
        idle = len(self.sessions) - int(self.busy.value)
        if self.prefetched() > 10 * len(self.sessions) and idle:
            return f"{idle} consumers are idle while others have {self.prefetched():,} messages in their buffers.", Culprit(self.id, "prefetch", self.wires_in["source"][0].id)
        return None
