"""Subscriptions of a topic: filter, latency, retries, and the dead-letter queue, by kind of subscriber."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from simulator.engine.cohorts import Span, share_out, span_of, spend_all, take_some, unroll
from simulator.engine.message import Message, spend
from simulator.engine.node import Node
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.wire import Wire
from simulator.languages.filter_policies import compile_policy
from simulator.mechanics.quantiles import QuantileTable, table_of
from simulator.mechanics.redelivery import Delivery, PhasedRetries, Redelivery
from simulator.mechanics.retry import AWS_MANAGED, CUSTOMER_MANAGED, RetrySchedule
from simulator.mechanics.token_bucket import TokenBucket
from simulator.mechanics.topics.ordered_delivery import OrderedDelivery
from simulator.mechanics.topics.topic_parameters import LATENCIES
from simulator.mechanics.topics.webhook_delivery import WebhookDelivery

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.engine.streams import Stream

LATENCY_PARTS = 4
"""A cohort is delivered in so many parts, each with a latency of its own from another part of the distribution."""


class Publisher(Node):
    """What subscriptions deliver for: it counts how deliveries go, and takes back what cannot be delivered."""

    if TYPE_CHECKING:
        delivered: int
        failed: int
        retries: int
        deactivated: int
        given_up: int
        jitter: Stream
        add_dwell: Callable[[float, int], None]
        note_dwell: Callable[[float], None]

        def is_forbidden(self, wire: Wire) -> bool: ...

        def delivered_to(self, message: Message, pushed_s: float) -> None: ...

        def attempt_failed(self, message: Message) -> None: ...

        def retried(self, message: Message) -> None: ...

        def give_up(self, delivery: Delivery, why: Refusal) -> None: ...


class Subscription:
    """Delivers to one subscriber: filter, latency, retries, dead-letter queue."""

    def __init__(self, topic: Publisher, wire: Wire) -> None:
        self.topic = topic
        self.wire = wire
        self.agenda = topic.agenda
        self._at = topic.agenda.at
        self.envelope_bytes = 0 if wire.parameters.raw_message_delivery else wire.parameters.envelope_bytes
        given = wire.parameters.fifo_delivery_latency if topic.parameters.fifo else wire.parameters.delivery_latency
        latency = LATENCIES.get(wire.parameters.latency_profile, given)
        self._latency = latency
        self.latency_s = latency.sampler(topic.stream(f"latency {wire.id}"))
        self.spreading = topic.stream(f"cohorts {wire.id}")
        self._latencies: QuantileTable | None = None
        self.instant = latency.expected_s() == 0
        self.at_once = 0
        """Messages delivered without a latency whose dwell time is not noted yet."""
        self.matches = compile_policy(wire.parameters.filter_policy, wire.parameters.filter_policy_scope)
        self.filters_body = wire.parameters.filter_policy is not None and wire.parameters.filter_policy_scope == "MessageBody"
        self.delivering = topic.cause("delivery_latency", "Delivery latency", Culprit(wire.target.id, "delivery_latency", wire.id), capacity=False)
        self.retrying = topic.cause("delivery_retry", f"Retrying delivery to {wire.target.name}", Culprit(wire.target.id))
        self.redelivery = Redelivery(self.agenda, PhasedRetries(lambda refusal: self.schedule_for(refusal), topic.jitter.uniform), self._retry, self.give_up)

    def push(self, message: Message, now_s: float) -> None:
        """Deliver ``message`` after the latency."""
        message.size_bytes += self.envelope_bytes
        if self.instant:
            refusal = self.wire.send(message)
            if refusal is None:
                self.topic.delivered += message.count
                self.at_once += message.count
            else:
                self._failed(Delivery(message, self.wire, now_s, self.retrying), refusal)
        else:
            self.wire.depart(message.count)
            self._at(now_s + self.latency_s(), self._deliver, (message, now_s))

    def push_cohort(self, message: Message, now_s: float) -> None:
        """Deliver a cohort: in a few parts of different latency, or message by message where single ones are needed."""
        if not self.wire.target.takes_cohorts:
            unroll(message, self.agenda, self.spreading, lambda single: self.push(single, self.agenda._now))
            return
        message.size_bytes += self.envelope_bytes
        self.wire.depart(message.count)
        if self._latencies is None:
            self._latencies = table_of(self._latency, self.spreading)
        shares = share_out(message.count, LATENCY_PARTS)
        for place, count in enumerate(shares):
            part = take_some(message, count) if count < message.count else message
            latency_s = self._latencies.at((place + self.spreading.uniform()) / len(shares))
            part.span = span_of(part).shifted(latency_s)
            self._at(max(now_s, part.span.to_s), self._deliver_cohort, (part, latency_s))

    def _deliver_cohort(self, pushed: tuple[Message, float]) -> None:
        part, latency_s = pushed
        middle_s = span_of(part).middle_s
        spend_all(part, self.delivering, middle_s - latency_s, middle_s)
        now_s = self.agenda._now
        self._arrive(part, now_s - latency_s, now_s, self.wire.arrive(part))

    def _deliver(self, pushed: tuple[Message, float]) -> None:
        message, pushed_s = pushed
        now_s: float = self.agenda._now
        cause = self.delivering  # as `spend`
        cause.message_s += message.count * (now_s - pushed_s)
        message.legs = (message.legs, cause, pushed_s, now_s)
        self._arrive(message, pushed_s, now_s, self.wire.arrive(message))

    def _arrive(self, message: Message, pushed_s: float, now_s: float, refusal: Refusal | None) -> None:
        if refusal is not None:
            self._failed(Delivery(message, self.wire, pushed_s, self.retrying, now_s), refusal)
            return
        topic = self.topic
        count = message.count
        topic.delivered += count
        if count == 1:
            topic.note_dwell(now_s - pushed_s)
        else:
            topic.add_dwell(now_s - pushed_s, count)

    def _failed(self, delivery: Delivery, refusal: Refusal) -> None:
        if self.redelivery.failed(delivery, refusal):
            self.topic.retries += delivery.message.count

    def give_up(self, delivery: Delivery, why: Refusal) -> None:
        """No more attempts are made: the copy has failed."""
        self.topic.failed += delivery.message.count
        self.topic.give_up(delivery, why)

    def schedule_for(self, refusal: Refusal) -> RetrySchedule:
        """Retries after this refusal. Firehose that throttles is tried as rarely as a customer's endpoint."""
        return CUSTOMER_MANAGED if refusal.outcome is Outcome.THROTTLED and "firehose:PutRecord" in self.wire.target_port.actions else AWS_MANAGED

    def _retry(self, delivery: Delivery) -> None:
        message = delivery.message
        refusal = FORBIDDEN if self.topic.is_forbidden(self.wire) else self.wire.send(message)
        if refusal is None:
            self.topic.delivered += message.count
            self.topic.add_dwell(self.agenda._now - delivery.came_s, message.count)
        else:
            self._failed(delivery, refusal)


class PeopleSubscription(Subscription):
    """Delivers to people: tried 50 times in 6 hours; e-mail above its limit deactivates the subscription."""

    def __init__(self, topic: Publisher, wire: Wire) -> None:
        super().__init__(topic, wire)
        limit_per_s = wire.parameters.email_limit_per_s
        self._bucket = TokenBucket(limit_per_s, max(1.0, limit_per_s), topic.agenda.now) if "email:Send" in wire.target_port.actions else None
        self._inactive_until_s = -1.0

    def schedule_for(self, refusal: Refusal) -> RetrySchedule:
        return CUSTOMER_MANAGED

    def push(self, message: Message, now_s: float) -> None:
        if self._bucket is None or (now_s >= self._inactive_until_s and self._bucket.take_all(message.count, now_s)):
            super().push(message, now_s)
            return
        topic = self.topic
        if now_s >= self._inactive_until_s:
            again_s = self.wire.parameters.confirmed_again_after_s
            self._inactive_until_s = math.inf if again_s is None else now_s + again_s
            topic.log("warning", f"The subscription of {self.wire.target.name} is deactivated: more than {self.wire.parameters.email_limit_per_s:g} mails a second")
        topic.deactivated += message.count
        topic.given_up += message.count
        topic.lose(message, "deactivated", "E-mail subscription deactivated")


class WebhookSubscription(Subscription):
    """Delivers to an HTTP endpoint by the subscription's delivery policy."""

    def __init__(self, topic: Publisher, wire: Wire) -> None:
        super().__init__(topic, wire)
        self.delivery = WebhookDelivery(wire, topic, topic.jitter.uniform)

    def push(self, message: Message, now_s: float) -> None:
        message.size_bytes += self.envelope_bytes
        self._at(now_s + self.latency_s(), self._start, (message, now_s))

    def _start(self, pushed: tuple[Message, float]) -> None:
        message, pushed_s = pushed
        now_s = self.agenda._now
        if now_s > pushed_s:
            spend(message, self.delivering, pushed_s, now_s)
        self.delivery.deliver(message, pushed_s)


class OrderedSubscription(Subscription):
    """Delivers in order by group, as a FIFO topic does: a message that fails holds back its group."""

    def __init__(self, topic: Publisher, wire: Wire) -> None:
        super().__init__(topic, wire)
        behind = topic.cause("group_order", "Behind others of its group", Culprit(wire.target.id))
        self._ordered = OrderedDelivery(wire, self._attempt, self.redelivery.rule, topic.delivered_to, topic.retried, self.give_up, (self.delivering, behind, self.retrying))

    def push(self, message: Message, now_s: float) -> None:
        message.size_bytes += self.envelope_bytes
        self.wire.depart(message.count)
        self._ordered.push(message, self.latency_s())

    def _attempt(self, message: Message, first: bool) -> Refusal | None:
        if self.topic.is_forbidden(self.wire):
            if first:
                self.wire.depart(-message.count)
            return FORBIDDEN
        return self.wire.arrive(message) if first else self.wire.send(message)


FORBIDDEN = Refusal(Outcome.REJECTED, "no_permission", "No permission to reach the subscriber", retryable=False)


class ForbiddenSubscription(Subscription):
    """A subscription whose subscriber may not be reached: each copy fails at its first attempt, and is not tried again."""

    def push(self, message: Message, now_s: float) -> None:
        message.size_bytes += self.envelope_bytes
        self._at(now_s + self.latency_s(), self._refused, (message, now_s))

    def push_cohort(self, message: Message, now_s: float) -> None:
        self.push(message, max(now_s, span_of(message).to_s))

    def _refused(self, pushed: tuple[Message, float]) -> None:
        message, pushed_s = pushed
        now_s = self.agenda._now
        if message.span is not None:
            message.span = Span(message.span.born_to_s, now_s, now_s)
        spend(message, self.delivering, pushed_s, now_s)
        self.give_up(Delivery(message, self.wire, pushed_s, self.delivering, now_s), FORBIDDEN)
