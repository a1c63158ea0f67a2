"""Consumers of a message broker that pushes: prefetch buffers, acknowledge modes, and redelivery by the client."""

from __future__ import annotations

import math
from collections import deque
from typing import Literal, Protocol

from simulator.engine.agenda import Agenda
from simulator.engine.message import Message, spend
from simulator.engine.node import Node
from simulator.engine.outcomes import Culprit
from simulator.engine.wire import Wire
from simulator.mechanics.bottleneck import Bottleneck
from simulator.mechanics.brokers.broker_destination import Subscription
from simulator.mechanics.brokers.broker_producers import CLIENT, WEB
from simulator.mechanics.brokers.broker_storage import Stored
from simulator.vocabulary import ParameterSet, Source, Values, parameter

UNPUBLISHED = Source("Not published by AWS; an assumption to change", "https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/ensuring-effective-amazon-mq-performance.html", "2026-11", "M")
QUEUE_PREFETCH, DURABLE_PREFETCH, TOPIC_PREFETCH = 1000, 100, 32767
WINDOW_SHARE = 0.5
"""Of the prefetch: so many processed messages are reported together."""
OPTIMIZED_SHARE, OPTIMIZED_S = 0.65, 0.3

AcknowledgeMode = Literal["AUTO_ACKNOWLEDGE", "DUPS_OK_ACKNOWLEDGE", "CLIENT_ACKNOWLEDGE", "SESSION_TRANSACTED"]


class SubscribeParameters(ParameterSet):
    """The subscription of the consumers at this wire, and how they acknowledge."""

    destination: str = parameter(
        "", "Name of the queue or topic. Empty: the broker's default destination. Consumers of a virtual topic read the queue"
        " Consumer.<application>.VirtualTopic.<name>; dead letters are in ActiveMQ.DLQ.", title="Destination", section="Subscription", max_length=200, source=WEB)
    destination_type: Literal["queue", "topic"] = parameter(
        "queue", "Consumers of a queue share its messages; each consumer of a topic gets all of them.", title="Type", section="Subscription", source=WEB)
    durable: bool = parameter(
        False, "A durable subscriber of a topic: messages are stored for it while it is not connected. Only one consumer can be connected at a time.",
        title="Durable", section="Subscription", source=WEB)
    prefetch: int | None = parameter(
        None, "Messages that the broker pushes to one consumer before it acknowledges any. 0: the consumer asks for each message. Empty: ActiveMQ's own,"
        " 1,000 for a queue, 100 for a durable subscriber, 32,767 for a topic.", title="Prefetch", unit="messages", section="Prefetch", aws="queuePrefetch",
        ge=0, le=32767, source=CLIENT)
    exclusive: bool = parameter(
        False, "All messages of the queue go to one consumer, in order; the others wait for it to fail.", title="Exclusive consumer", section="Subscription", source=WEB)
    priority: int = parameter(
        0, "Consumers with a higher priority are filled first.", title="Consumer priority", section="Subscription", ge=0, le=127, source=WEB, advanced=True)
    acknowledge_mode: AcknowledgeMode = parameter(
        "AUTO_ACKNOWLEDGE", "Auto: each message when it is processed. Dups-ok: when half of the prefetch is processed. Client: when the application says so. Transacted: at the commit.",
        title="Acknowledge mode", section="Acknowledging", source=CLIENT)
    acknowledge_every: int = parameter(
        10, "In the modes client and transacted: messages that are acknowledged, or committed, together.", title="Messages an acknowledgement", unit="messages",
        section="Acknowledging", ge=1, le=32767)
    optimize_acknowledge: bool = parameter(
        False, "In the mode auto: acknowledge when 65 % of the prefetch is processed, or after 300 ms.", title="Optimize acknowledge", section="Acknowledging",
        aws="optimizeAcknowledge", source=CLIENT)
    maximum_redeliveries: int = parameter(
        6, "Deliveries after the first before a message that always fails goes to the dead-letter queue. -1: no end.", title="Maximum redeliveries", unit="times",
        section="Redelivery", aws="maximumRedeliveries", ge=-1, le=1_000_000, source=CLIENT, changeable=True)
    initial_redelivery_delay_s: float = parameter(
        1.0, "Pause before the first redelivery.", title="First delay", unit="s", section="Redelivery", aws="initialRedeliveryDelay", ge=0, le=86400, source=CLIENT, changeable=True)
    redelivery_delay_s: float = parameter(
        1.0, "Pause before each later redelivery.", title="Delay", unit="s", section="Redelivery", aws="redeliveryDelay", ge=0, le=86400, source=CLIENT, changeable=True)
    use_exponential_back_off: bool = parameter(
        False, "Each pause is the one before times the multiplier.", title="Exponential back-off", section="Redelivery", aws="useExponentialBackOff", source=CLIENT)
    back_off_multiplier: float = parameter(
        5.0, "Factor from one pause to the next.", title="Multiplier", unit="times", section="Redelivery", aws="backOffMultiplier", ge=1, le=1000, source=CLIENT)
    maximum_redelivery_delay_s: float | None = parameter(
        None, "The longest pause. Empty: no bound.", title="Longest delay", unit="s", section="Redelivery", aws="maximumRedeliveryDelay", gt=0, le=86400, source=CLIENT)
    non_blocking_redelivery: bool = parameter(
        False, "The consumer goes on with other messages during the pause; order is lost. Off: it stands still, with all that it has prefetched.",
        title="Non-blocking redelivery", section="Redelivery", aws="nonBlockingRedelivery", source=CLIENT)
    network_latency_s: float = parameter(
        0.0005, "One way between broker and consumer. AWS publishes no figure.", title="Network latency", unit="s", section="Prefetch", ge=0, le=10, source=UNPUBLISHED, advanced=True)


class BrokerSide(Protocol):
    """The broker, as its consumers see it."""

    def connect(self, wire: Wire, settings: Values, session: Session, number: int) -> Subscription | None:
        """A consumer subscribes; None if the broker does not take it (now)."""

    def disconnect(self, subscription: Subscription) -> None:
        """A consumer is gone without a word."""

    def acknowledge(self, subscription: Subscription, stored: Stored) -> bool:
        """A message is processed, and the consumer's; False if the broker has given it to someone else."""

    def dead_letter(self, subscription: Subscription, stored: Stored) -> None:
        """A consumer gives up on a message."""

    def credit(self, subscription: Subscription, messages: int) -> None:
        """The consumer reports processed messages before it acknowledges them: so many more may be dispatched."""


class JmsApplication(Protocol):
    """What the sessions of an application share."""

    errors: int

    def work_s(self, message: Message) -> float:
        """Draw how long this message takes."""

    def succeeds(self, message: Message) -> bool:
        """Draw whether processing succeeded, and publish what comes of it."""

    def processed_one(self, message: Message, *, first: bool) -> None:
        """A message was processed, for the first time or again."""

    def passed_one(self, message: Message) -> None:
        """A message is this application's now."""

    def occupy(self, change: int) -> None:
        """So many sessions more work."""


def prefetch_of(settings: Values) -> int:
    """The prefetch that is in force at a wire."""
    if settings.prefetch is not None:
        return int(settings.prefetch)
    if settings.destination_type == "queue":
        return QUEUE_PREFETCH
    return DURABLE_PREFETCH if settings.durable else TOPIC_PREFETCH


class Session:
    """One consumer: it works on one message at a time, out of the buffer that the broker fills."""

    def __init__(self, application: JmsApplication, wire: Wire, number: int, working_cause_node: Node) -> None:
        node = working_cause_node
        self.application = application
        self.wire = wire
        self.settings = wire.parameters
        self.broker: BrokerSide = wire.source  # type: ignore[assignment]
        self.agenda: Agenda = node.agenda
        self.number = number
        self.subscription: Subscription | None = None
        self.down = False
        """The consumer itself has crashed."""
        self.prefetch = prefetch_of(wire.parameters)
        self._latency_s: float = wire.parameters.network_latency_s
        self._buffer: deque[tuple[Stored, float]] = deque()
        self._working = False
        self._booked = False
        self._resume_s = 0.0
        self._epoch = 0
        self._unacknowledged: list[Stored] = []
        self._reported = 0
        self._flush_number = 0
        broker_node = wire.source
        self._behind = broker_node.cause("prefetched", f"Pushed to a consumer of {node.name} that is busy", Culprit(node.id, "prefetch", wire.id))
        self._stalled = broker_node.cause("redelivery_delay", f"A consumer of {node.name} pauses before a redelivery", Culprit(node.id, "redelivery_delay_s", wire.id))
        self._network = broker_node.cause("network", "On the way to the consumer", Culprit(node.id, "network_latency_s", wire.id), capacity=False)
        self._processing = node.cause("processing", "Processing", Culprit(node.id, "duration"), capacity=False)
        self._bottleneck = Bottleneck(self._behind)

    # -- the connection ---------------------------------------------------------------------------------------------

    def connected(self) -> None:
        """Subscribe, if the consumer runs."""
        if not self.down and self.subscription is None:
            self.subscription = self.broker.connect(self.wire, self.settings, self, self.number)
            self._ask()

    def connection_lost(self) -> None:
        """The broker is gone; what was delivered is its own again. Work in progress goes on, for nothing."""
        self._forget()

    def crash(self) -> None:
        """The consumer dies: its work is lost, and the broker notices that the connection is."""
        self.down = True
        self._epoch += 1
        if self._working:
            self._working = False
            self.application.occupy(-1)
        subscription = self.subscription
        self._forget()
        if subscription is not None:
            self.broker.disconnect(subscription)

    def recover(self) -> None:
        """The consumer is started again."""
        self.down = False
        self.connected()

    def _forget(self) -> None:
        self.subscription = None
        self._buffer.clear()
        self._unacknowledged.clear()
        self._reported = 0
        self._resume_s = 0.0
        self._bottleneck.change(self._behind, self.agenda._now)

    def holding(self) -> int:
        """Messages in the buffer, for display: they are the broker's until they are acknowledged."""
        return len(self._buffer)

    # -- working ----------------------------------------------------------------------------------------------------

    def deliver(self, stored: Stored) -> None:
        now_s = self.agenda._now
        ready_s = now_s + self._latency_s
        if ready_s > now_s:
            spend(stored.message, self._network, now_s, ready_s)
        stored.since_s = ready_s
        self._buffer.append((stored, ready_s))
        self._wake()

    def _wake(self) -> None:
        """Book the beginning of the next message, if the consumer is free."""
        if not self._working and not self._booked and self._buffer:
            self._booked = True
            self.agenda.at(max(self.agenda._now, self._buffer[0][1], self._resume_s), self._begin)

    def _begin(self, _: None) -> None:
        self._booked = False
        now_s = self.agenda._now
        if self._working or self.down or not self._buffer:
            return
        if self._buffer[0][1] > now_s or self._resume_s > now_s:
            self._wake()
            return
        stored, _ready_s = self._buffer.popleft()
        message = stored.message
        if now_s > stored.since_s:
            self._bottleneck.charge(message, stored.since_s, now_s)
        stored.since_s = now_s
        self._working = True
        self._bottleneck.change(self._behind, now_s)
        self.application.occupy(1)
        self.agenda.at(now_s + self.application.work_s(message), self._worked, (stored, message, now_s, self._epoch, self.subscription))

    def _worked(self, work: tuple[Stored, Message, float, int, Subscription | None]) -> None:
        stored, message, started_s, epoch, subscription = work
        if epoch != self._epoch:
            return
        now_s = self.agenda._now
        spend(message, self._processing, started_s, now_s)
        self._working = False
        self.application.occupy(-1)
        owned = subscription is not None and subscription is self.subscription
        if owned:
            stored.since_s = now_s
        if self.application.succeeds(message):
            first = not stored.done
            stored.done = True
            self.application.processed_one(message, first=first)
            if owned:
                self._processed(stored)
        else:
            self.application.errors += message.count
            if owned:
                self._roll_back(stored)
        self._ask()
        self._wake()

    def _ask(self) -> None:
        """With a prefetch of 0, ask for the next message."""
        if self.prefetch == 0 and self.subscription is not None and not self._working and not self._buffer:
            self.agenda.at(self.agenda._now + self._latency_s, self._pull, self.subscription)

    def _pull(self, subscription: Subscription) -> None:
        """The request for one message has reached the broker."""
        if subscription is self.subscription and not self._working and not self._buffer:
            subscription.pulled = True
            self.broker.credit(subscription, 0)

    # -- acknowledging ----------------------------------------------------------------------------------------------

    def _processed(self, stored: Stored) -> None:
        """Acknowledge now, or note that it is to be acknowledged."""
        mode = self.settings.acknowledge_mode
        gathers = mode != "AUTO_ACKNOWLEDGE" or self.settings.optimize_acknowledge
        self._unacknowledged.append(stored)
        if not gathers or len(self._unacknowledged) >= self._enough(mode):
            self._flush()
        elif mode == "AUTO_ACKNOWLEDGE":
            if len(self._unacknowledged) == 1:
                self.agenda.at(self.agenda._now + OPTIMIZED_S, self._flush_late, self._flush_number)
        elif mode != "DUPS_OK_ACKNOWLEDGE":
            self._report()

    def _enough(self, mode: str) -> int:
        """Processed messages that are acknowledged together."""
        if mode == "AUTO_ACKNOWLEDGE":
            return max(1, math.ceil(OPTIMIZED_SHARE * self.prefetch))
        if mode == "DUPS_OK_ACKNOWLEDGE":
            return max(1, math.ceil(WINDOW_SHARE * self.prefetch))
        return int(self.settings.acknowledge_every)

    def _report(self) -> None:
        """Tell the broker of processed messages, so that it sends more before they are acknowledged."""
        news = len(self._unacknowledged) - self._reported
        if self.subscription is not None and news >= max(1, WINDOW_SHARE * self.prefetch):
            self._reported += news
            self.agenda.at(self.agenda._now + self._latency_s, self._credit, (self.subscription, news))

    def _credit(self, report: tuple[Subscription, int]) -> None:
        if report[0] is self.subscription:
            self.broker.credit(*report)

    def _flush_late(self, number: int) -> None:
        if number == self._flush_number and self._unacknowledged:
            self._flush()

    def _flush(self) -> None:
        batch, self._unacknowledged, self._reported = self._unacknowledged, [], 0
        self._flush_number += 1
        self.agenda.at(self.agenda._now + self._latency_s, self._acknowledge, (batch, self.subscription))

    def _acknowledge(self, acknowledgement: tuple[list[Stored], Subscription]) -> None:
        batch, subscription = acknowledgement
        for stored in batch:
            if self.broker.acknowledge(subscription, stored):
                self.application.passed_one(stored.message)

    # -- redelivery -------------------------------------------------------------------------------------------------

    def _roll_back(self, stored: Stored) -> None:
        """Processing failed: all that is not acknowledged comes again, after a pause, or goes to the dead-letter queue."""
        transacted = self.settings.acknowledge_mode in ("CLIENT_ACKNOWLEDGE", "SESSION_TRANSACTED")
        batch = [stored]
        if transacted:
            batch = [*self._unacknowledged, stored]
            self._unacknowledged, self._reported = [], 0
        for each in batch:
            each.redeliveries += 1
        most = self.settings.maximum_redeliveries
        now_s = self.agenda._now
        if 0 <= most < batch[0].redeliveries:
            self.agenda.at(now_s + self._latency_s, self._give_up, (batch, self.subscription))
            return
        resume_s = now_s + self._delay_s(batch[0].redeliveries)
        if self.settings.non_blocking_redelivery:
            self.agenda.at(resume_s, self._redeliver, (batch, self.subscription))
            return
        self._resume_s = resume_s
        self._bottleneck.change(self._stalled, now_s)
        self._buffer.extendleft((each, now_s) for each in reversed(batch))

    def _delay_s(self, redeliveries: int) -> float:
        """Pause before this redelivery (the first is 1)."""
        settings = self.settings
        if redeliveries <= 1:
            return float(settings.initial_redelivery_delay_s)
        if not settings.use_exponential_back_off:
            return float(settings.redelivery_delay_s)
        longest_s = 86400.0 if settings.maximum_redelivery_delay_s is None else settings.maximum_redelivery_delay_s
        delay_s: float = settings.initial_redelivery_delay_s
        for _ in range(redeliveries - 1):
            delay_s = min(delay_s * settings.back_off_multiplier, longest_s)
            if delay_s in (0.0, longest_s):
                break
        return delay_s

    def _redeliver(self, redelivery: tuple[list[Stored], Subscription]) -> None:
        batch, subscription = redelivery
        if subscription is not self.subscription:
            return
        now_s = self.agenda._now
        for each in batch:
            spend(each.message, self._stalled, each.since_s, now_s)
            each.since_s = now_s
        self._buffer.extendleft((each, now_s) for each in reversed(batch))
        self._wake()

    def _give_up(self, poison: tuple[list[Stored], Subscription]) -> None:
        batch, subscription = poison
        if subscription is self.subscription:
            for stored in batch:
                self.broker.dead_letter(subscription, stored)
