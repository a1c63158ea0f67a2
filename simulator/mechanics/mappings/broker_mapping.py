"""The event source mapping of a message broker (Amazon MQ for ActiveMQ): a consumer that invokes a function with batches of a queue.

The broker pushes messages up to the prefetch; the mapping gathers them into batches, of which a few are in progress at once. A batch that
fails is delivered again as a whole, after a pause in which its place is taken, and after too many redeliveries it goes to the
broker's dead-letter queue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, Protocol, cast

from simulator.engine.agenda import Agenda
from simulator.engine.limits import Limit
from simulator.engine.message import Message, Path, spend
from simulator.engine.outcomes import Cause, Culprit, Refusal
from simulator.engine.streams import Stream
from simulator.engine.wire import Wire
from simulator.languages.event_patterns import data_record_of
from simulator.mechanics.bottleneck import Bottleneck
from simulator.mechanics.brokers.broker_destination import Subscription
from simulator.mechanics.brokers.broker_sessions import BrokerSide
from simulator.mechanics.brokers.broker_storage import Stored
from simulator.mechanics.functions.batch_payload import SYNCHRONOUS_BYTES
from simulator.mechanics.mappings.mapping_filter import MappingFilter
from simulator.mechanics.mappings.stream_mapping import MOST_DOUBLINGS, StreamFunction
from simulator.vocabulary import ParameterSet, Source, parameter

GUIDE = "https://docs.aws.amazon.com/lambda/latest/dg"
API = Source("Lambda service model (botocore 1.43.11), CreateEventSourceMapping", "https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html", "2026-11")
BROKER = Source("Lambda Developer Guide, using Lambda with Amazon MQ (2025-26 copy)", f"{GUIDE}/with-mq.html", "2026-11")
TROUBLE = Source("Lambda Developer Guide, troubleshoot Amazon MQ mapping errors (2025-26 copy)", f"{GUIDE}/services-mq-errors.html", "2026-11")
MEMORY = Source("Not published by AWS; an assumption to change", f"{GUIDE}/with-mq.html", "2026-11", "M")


class BrokerFunction(StreamFunction, Protocol):
    """What a mapping invokes."""

    entered: int

    def processed_one(self, message: Message, *, first: bool) -> None:
        """A message was processed, for the first time or again; whose it is, the broker says later (`passed_one`)."""

    def passed_one(self, message: Message) -> None:
        """A message that was processed is the function's now, and done."""

    def finish(self, message: Message, end: str) -> None:
        """A message ends here."""

    def lose(self, message: Message, name: str, title: str) -> None:
        """A message is lost here."""


class BrokerReadingParameters(ParameterSet):
    """How a queue of a message broker is consumed for a function, or a pipe."""

    destination: str = parameter("", "Name of the queue. Empty: the broker's default destination.", title="Queue", section="Subscription", aws="Queues", max_length=1000, source=API)
    batch_size: int = parameter(
        100, "Messages in one invocation, at most.", title="Batch size", unit="messages", section="Batching", aws="BatchSize", ge=1, le=10_000, source=API, changeable=True)
    batching_window_s: float = parameter(
        0.5, "How long to gather messages, from the first one on.", title="Batching window", unit="s", section="Batching", aws="MaximumBatchingWindowInSeconds", ge=0, le=300,
        source=API, changeable=True)
    record_overhead_bytes: int = parameter(
        500, "What a message's metadata adds in the payload of an invocation, which is 6 MB at most; the data are a third larger there (base64). A single message that does not fit is not processed.",
        title="Metadata of a message", unit="bytes", section="Batching", ge=0, le=100_000, source=MEMORY, advanced=True)
    concurrency: int = parameter(
        5, "Batches in progress at once. AWS raises it on request only; reserved concurrency does not.", title="Concurrent batches", unit="count", section="Scaling", ge=1, le=1000, source=BROKER,
        capacity=True)
    prefetch: int = parameter(
        1000, "Messages that the broker pushes to the mapping before it acknowledges any: ActiveMQ's own default for a queue.", title="Prefetch", unit="messages", section="Scaling", ge=1,
        le=32_767, source=MEMORY, advanced=True)
    maximum_redeliveries: int = parameter(
        6, "Deliveries of a failed batch after the first; then all of it goes to the broker's dead-letter queue. AWS says 6 (5 in 2022); a user saw many more. -1: no end.", title="Maximum redeliveries",
        unit="times", section="Errors", ge=-1, le=1_000_000, source=TROUBLE, changeable=True)
    redelivery_delay_s: float = parameter(
        1.0, "Pause before a failed batch is delivered again: that of ActiveMQ's default policy. A user saw less than 1 s.", title="Redelivery delay", unit="s", section="Errors", ge=0,
        le=3600, source=TROUBLE, changeable=True)
    retry_base_s: float = parameter(
        1, "First pause before a throttled batch is tried again; it doubles each time, with jitter. Throttles use up no redeliveries.", title="First throttle pause", unit="s", section="Errors",
        ge=0.01, le=3600, source=MEMORY, advanced=True)
    retry_max_s: float = parameter(30, "Longest such pause.", title="Longest throttle pause", unit="s", section="Errors", ge=0.01, le=3600, source=MEMORY, advanced=True)
    network_latency_s: float = parameter(
        0.0005, "One way between broker and mapping.", title="Network latency", unit="s", section="Scaling", ge=0, le=10, source=MEMORY, advanced=True)
    enabled: bool = parameter(True, "Off: the mapping disconnects from the broker.", title="Enabled", section="Scaling", aws="Enabled", source=API, changeable=True)


class BrokerMappingParameters(BrokerReadingParameters):
    """The event source mapping between a queue of a message broker and a function."""

    filter_criteria: list[dict[str, Any]] = parameter(
        list, 'Patterns of which a message has to match one, for example [{"data": {"kind": ["order"]}}]; the others count as processed. Five at most (a secondary source).', title="Filter criteria",
        section="Filter", aws="FilterCriteria", widget="data_patterns", source=API, max_length=5)


class BrokerBatch:
    """Messages that are invoked together, until they succeed or are given up."""

    __slots__ = ("failures", "paths", "stored", "throttles")

    def __init__(self, stored: list[Stored]) -> None:
        self.stored = stored
        self.failures = self.throttles = 0
        self.paths: list[Path] = []
        """What the messages' paths were before the invocation."""


class BrokerMapping:
    """One mapping; to the broker it is a consumer of one queue."""

    def __init__(self, wire: Wire, function: BrokerFunction, agenda: Agenda, jitter: Stream) -> None:
        self.wire = wire
        self.function = function
        self.agenda = agenda
        self.settings = wire.parameters
        self.broker = cast(BrokerSide, wire.source)
        self.prefetch = int(self.settings.prefetch)
        self.polled = self.invoked = self.failed = self.filtered = self.throttled_batches = self.deleted = 0
        self.provisioned = None
        self.active = Limit(f"batches:{wire.id}", f"Concurrent batches from {wire.source.name}", self.settings.concurrency, None)
        self.subscription: Subscription | None = None
        self.waiting: deque[Stored] = deque()
        self.filter = MappingFilter(self.settings.filter_criteria, data_record_of) if self.settings.filter_criteria else None
        self.window = self._cause("batching_window", f"Batching window of {function.name}", "batching_window_s", capacity=False)
        self.busy = self._cause("function_busy", f"All concurrent batches of {function.name} are in progress", "concurrency")
        self.redelivery = self._cause("redelivery_delay", f"Before a batch at which {function.name} failed is delivered again", "redelivery_delay_s")
        self.network = self._cause("network", "On the way to the mapping", "network_latency_s", capacity=False)
        self._bottleneck = Bottleneck(self.window)
        self._jitter = jitter
        self._window_number = 0
        self._window_open = self._window_over = False
        self._pausing: set[BrokerBatch] = set()

    def _cause(self, name: str, title: str, parameter_name: str, *, capacity: bool = True) -> Cause:
        return self.wire.source.cause(name, title, Culprit(self.wire.target.id, parameter_name, self.wire.id), capacity=capacity)

    @property
    def allowed(self) -> float:
        """Batches it may have in progress."""
        return float(self.settings.concurrency)

    def start(self) -> None:
        """Begin to consume."""
        self.agenda.at(self.agenda.now, self._connect)

    def book_idle_polls(self) -> None:
        """A broker pushes: nobody polls for nothing."""

    def settings_changed(self) -> None:
        """A setting of the wire was changed while the run goes on."""
        if self.settings.enabled:
            self.connected()
        elif self.subscription is not None:
            subscription = self.subscription
            self.connection_lost()
            cast(Any, self.broker).disconnect(subscription)
        self._pump()

    # -- the connection ---------------------------------------------------------------------------------------------

    def _connect(self, _: None) -> None:
        self.connected()

    def connected(self) -> None:
        """The broker can be reached: subscribe."""
        if self.subscription is None and self.settings.enabled:
            as_consumer = SimpleNamespace(destination=self.settings.destination, destination_type="queue", durable=False, exclusive=False, priority=0)
            self.subscription = self.broker.connect(self.wire, cast(Any, as_consumer), cast(Any, self), 0)

    def connection_lost(self) -> None:
        """The broker is gone, and what was delivered is its own again; invocations go on, for nothing."""
        self.subscription = None
        self.waiting.clear()
        self._window_open = self._window_over = False
        self._window_number += 1
        for batch in self._pausing:
            self.active.add(-1, self.agenda._now)
            batch.stored = []
        self._pausing.clear()

    # -- gathering --------------------------------------------------------------------------------------------------

    def deliver(self, stored: Stored) -> None:
        """The broker has dispatched this message."""
        now_s = self.agenda._now
        ready_s = now_s + self.settings.network_latency_s
        if ready_s > now_s:
            spend(stored.message, self.network, now_s, ready_s)
        stored.since_s = ready_s
        self.agenda.at(ready_s, self._arrived, (stored, self.subscription))

    def _arrived(self, delivery: tuple[Stored, Subscription | None]) -> None:
        stored, subscription = delivery
        if subscription is not self.subscription or subscription is None:
            return
        self.polled += stored.message.count
        if self.filter is not None and not self.filter.passes(stored.message.type):
            self.filtered += stored.message.count
            self._put_aside(stored, "filtered out")
            return
        if self._payload_of(stored) > SYNCHRONOUS_BYTES:
            self._put_aside(stored, None)
            return
        self.waiting.append(stored)
        self._pump()

    def _payload_of(self, stored: Stored) -> float:
        return stored.message.count * (stored.message.size_bytes * 4 / 3 + float(self.settings.record_overhead_bytes))

    def _put_aside(self, stored: Stored, end: str | None) -> None:
        """A message that the function is not invoked with: it ends here, or is lost because it is too large."""
        assert self.subscription is not None  # noqa: S101 - narrows the type
        message = stored.message
        if self.broker.acknowledge(self.subscription, stored):
            message.path = message.path.to(self.function.id)
            self.function.entered += message.count
            if end is not None:
                self.function.finish(message, end)
            else:
                self.function.lose(message, "payload", "Larger than the payload of an invocation, 6 MB")

    def _pump(self) -> None:
        """Start invocations, as many as may be."""
        while self.waiting and self.active.value < self.allowed:
            size, full = self._first_batch()
            if not full and not self._window_over and self.settings.batching_window_s > 0:
                self._open_window()
                break
            batch = BrokerBatch([self.waiting.popleft() for _ in range(size)])
            self._window_number += 1
            self._window_open = self._window_over = False
            self.active.add(1, self.agenda._now)
            self._invoke(batch)
        self._bottleneck.change(self.busy if self.active.value >= self.allowed else self.window, self.agenda._now)

    def _first_batch(self) -> tuple[int, bool]:
        """How many messages go into the next batch, and whether no more would fit."""
        total_bytes = 0.0
        for place, stored in enumerate(self.waiting):
            total_bytes += self._payload_of(stored)
            if place and (place >= self.settings.batch_size or total_bytes > SYNCHRONOUS_BYTES):
                return place, True
        return len(self.waiting), len(self.waiting) >= self.settings.batch_size

    def _open_window(self) -> None:
        """The window starts at the first message."""
        if not self._window_open:
            self._window_open = True
            due_s = max(self.agenda._now, self.waiting[0].since_s + self.settings.batching_window_s)
            self.agenda.at(due_s, self._end_window, self._window_number)

    def _end_window(self, number: int) -> None:
        if number == self._window_number and self.waiting:
            self._window_over = True
            self._pump()

    # -- invoking ---------------------------------------------------------------------------------------------------

    def _invoke(self, batch: BrokerBatch) -> None:
        now_s = self.agenda._now
        messages = [stored.message for stored in batch.stored]
        batch.paths = [message.path for message in messages]
        for stored in batch.stored:
            if now_s > stored.since_s:
                if batch.failures or batch.throttles:
                    spend(stored.message, self.redelivery, stored.since_s, now_s)
                else:
                    self._bottleneck.charge(stored.message, stored.since_s, now_s)
            stored.since_s = now_s
            stored.message.path = stored.message.path.to(self.function.id)
        subscription = self.subscription

        def done(succeeded: Sequence[Message], failed: Sequence[Message], handler_failed: bool | str) -> None:
            self._done(batch, messages, subscription, not failed)

        refusal = self.function.run_batch(messages, done, False)
        if refusal is not None:
            self._throttled(batch, refusal)
        else:
            self.invoked += sum(message.count for message in messages)

    def _throttled(self, batch: BrokerBatch, refusal: Refusal) -> None:
        self._back_on_their_paths(batch)
        if not refusal.retryable:
            self._failed(batch)
            return
        self.throttled_batches += 1
        wait_s = min(self.settings.retry_base_s * 2 ** min(batch.throttles, MOST_DOUBLINGS), self.settings.retry_max_s) * (0.5 + 0.5 * self._jitter.uniform())
        batch.throttles += 1
        now_s = self.agenda._now
        cause = self.wire.source.cause(refusal.cause, refusal.title, self.function.throttle_culprit(refusal))
        self._pausing.add(batch)
        self.agenda.at(now_s + wait_s, self._again, (batch, cause))

    def _back_on_their_paths(self, batch: BrokerBatch) -> None:
        for stored, path in zip(batch.stored, batch.paths, strict=True):
            stored.message.path = path

    def _again(self, paused: tuple[BrokerBatch, Cause]) -> None:
        batch, cause = paused
        if batch not in self._pausing:
            return
        self._pausing.remove(batch)
        now_s = self.agenda._now
        for stored in batch.stored:
            if now_s > stored.since_s:
                spend(stored.message, cause, stored.since_s, now_s)
                stored.since_s = now_s
        self._invoke(batch)
        self._pump()

    def _done(self, batch: BrokerBatch, messages: list[Message], subscription: Subscription | None, succeeded: bool) -> None:
        """An invocation has ended. If the connection was lost meanwhile, the broker delivers the messages again, whatever came of it."""
        now_s = self.agenda._now
        owned = subscription is not None and subscription is self.subscription
        if owned:
            for stored in batch.stored:
                stored.since_s = now_s
        if succeeded:
            for stored, message in zip(batch.stored, messages, strict=True):
                self._processed(stored, message, subscription if owned else None)
        else:
            self.failed += sum(message.count for message in messages)
            if owned:
                self._back_on_their_paths(batch)
                self._failed(batch)
                return
        self.active.add(-1, now_s)
        self._pump()

    def _processed(self, stored: Stored, message: Message, subscription: Subscription | None) -> None:
        first, stored.done = not stored.done, True
        self.function.processed_one(message, first=first)
        if subscription is not None and self.broker.acknowledge(subscription, stored):
            self.deleted += message.count
            self.function.passed_one(message)

    def _failed(self, batch: BrokerBatch) -> None:
        """All of the batch is delivered again, or has been often enough."""
        batch.failures += 1
        for stored in batch.stored:
            stored.redeliveries += 1
        if 0 <= self.settings.maximum_redeliveries < batch.failures:
            self.active.add(-1, self.agenda._now)
            subscription = self.subscription
            for stored in batch.stored if subscription is not None else ():
                cast(Any, self.broker).dead_letter(subscription, stored)
            self._pump()
            return
        self._pausing.add(batch)
        self.agenda.at(self.agenda._now + self.settings.redelivery_delay_s, self._again, (batch, self.redelivery))
