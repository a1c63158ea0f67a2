"""Pushing to targets as EventBridge does: latency, retries with growing pauses, an age limit, a dead-letter queue for each target."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from simulator.engine.message import Message, spend
from simulator.engine.node import Node
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.wire import Wire
from simulator.measures import Spread
from simulator.mechanics.redelivery import Delivery, Redelivery, dead_letter_wire, jittered
from simulator.vocabulary import ParameterSet, Source, Verb, parameter

if TYPE_CHECKING:
    from simulator.engine.network import Network

GUIDE = "https://docs.aws.amazon.com/eventbridge/latest/userguide"
RETRIES = Source("EventBridge User Guide, How EventBridge retries delivering events", f"{GUIDE}/eb-rule-retry-policy.html", "2026-11")
UNPUBLISHED = Source("From memory: AWS says exponential back-off with jitter, and no figures", f"{GUIDE}/eb-rule-retry-policy.html", "2026-11", "M")
DEAD_LETTERS = Source("EventBridge User Guide, Using dead-letter queues to process undelivered events", f"{GUIDE}/eb-rule-dlq.html", "2026-11")
MOST_DOUBLINGS = 40
USED_UP = Refusal(Outcome.FAILED, "retry_attempts", "Retry attempts used up", retryable=False)


class RetryPolicy(ParameterSet):
    """How long a target is tried."""

    maximum_retry_attempts: int = parameter(
        185, "Retries after the first attempt; whichever ends first, they or the maximum age.", title="Retry attempts", unit="times",
        section="Retry policy", aws="RetryPolicy.MaximumRetryAttempts", ge=0, le=185, source=RETRIES, changeable=True)
    maximum_event_age_s: float = parameter(
        86400, "No attempt is made later than this after the event came.", title="Maximum event age", unit="s",
        section="Retry policy", aws="RetryPolicy.MaximumEventAgeInSeconds", ge=60, le=86400, source=RETRIES, changeable=True)
    retry_backoff_s: float = parameter(
        1, "Pause before the first retry; it doubles with each, with a jitter of half of it up and down. AWS publishes no figures.",
        title="First pause", unit="s", section="Retry policy", gt=0, le=3600, source=UNPUBLISHED, advanced=True)
    retry_backoff_max_s: float = parameter(
        600, "Longest pause before a retry. AWS publishes no figures.", title="Longest pause", unit="s", section="Retry policy",
        gt=0, le=86400, source=UNPUBLISHED, advanced=True)

    def pause_s(self, retries: int, draw: Callable[[], float]) -> float:
        """The pause after so many retries, with a jitter made of uniform draws."""
        return jittered(float(min(self.retry_backoff_s * 2 ** min(retries, MOST_DOUBLINGS), self.retry_backoff_max_s)), draw)


class DeadLetterParameters(ParameterSet):
    """Whose dead letters go here."""

    target: str = parameter(
        "", "The target whose undeliverable events go to this queue. Empty: every target without a queue of its own.",
        title="Target", section="Dead letters", aws="DeadLetterConfig.Arn", widget="node", source=DEAD_LETTERS)


class PermissionParameters(ParameterSet):
    """Where the permission is missing."""

    target: str = parameter("", "The target that may no longer be invoked. Empty: all of them.", title="Target", section="Fault", widget="node")


class TargetRetries:
    """EventBridge's rule: pauses that double, as the policy of the wire says, a number of retries, and an age limit."""

    def __init__(self, jitter: Callable[[], float], retries_everything: bool) -> None:
        self._jitter = jitter
        self._retries_everything = retries_everything

    def pause_s(self, delivery: Delivery, refusal: Refusal) -> float | Refusal:
        policy = delivery.wire.parameters
        asked_s = refusal.retry_after_s or 0.0
        if not (refusal.retryable or self._retries_everything) or asked_s < 0:
            return refusal
        if delivery.retries >= policy.maximum_retry_attempts:
            return USED_UP
        return max(RetryPolicy.pause_s(policy, delivery.retries, self._jitter), asked_s)  # type: ignore[arg-type]

    def deadline_s(self, delivery: Delivery) -> float:
        return float(delivery.came_s + delivery.wire.parameters.maximum_event_age_s)


class Pusher(Node):
    """A node that pushes messages to targets. Its wires to them carry a `RetryPolicy`; those at its port ``dlq``, `DeadLetterParameters`."""

    retries_everything: ClassVar[bool] = False
    """Whether what a retry cannot mend is retried all the same."""

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.invocations = self.attempts = self.succeeded = self.retried = self.failed = 0
        self.dead_lettered = self.dead_letters_failed = 0
        self.pending = 0
        self.start_latencies, self.complete_latencies, self.success_latencies = Spread(), Spread(), Spread()
        self.delivering = self.cause("delivery_latency", "Delivery latency", Culprit(id, "delivery_latency"), capacity=False)
        self._forbidden: str | None = None
        self.redelivery = Redelivery(self.agenda, TargetRetries(self.stream("jitter").uniform, self.retries_everything), self.attempt, self.give_up)

    @property
    def awaiting_retry(self) -> int:
        """Messages that wait for their next attempt."""
        return self.redelivery.awaiting

    def push(self, delivery: Delivery, latency_s: float) -> None:
        """Make the first attempt after ``latency_s``. The message is this node's own until then, and until a target has it."""
        self.pending += delivery.message.count
        self.agenda.at(self.agenda._now + latency_s, self.attempt, delivery)

    def attempt(self, delivery: Delivery) -> None:
        """Try the target now."""
        now_s = self.agenda._now
        message, wire = delivery.message, delivery.wire
        count = message.count
        delivery.book(now_s)
        self.attempts += count
        if delivery.retries:
            self.retried += count
        else:
            self.start_latencies.add(now_s - delivery.came_s, count)
        if self._forbidden in ("", wire.target.id):
            self._answered(delivery, message, Refusal(Outcome.REJECTED, "no_permissions", f"No permission to invoke {wire.target.name}", retryable=False))
        elif wire.source_port.verb is Verb.INVOKE:
            message.deadline_s = delivery.came_s + wire.parameters.maximum_event_age_s
            wire.invoke(message, partial(self._answered, delivery), getattr(wire.parameters, "invocation_timeout_s", None))
        else:
            self._answered(delivery, message, wire.send(message))

    def _answered(self, delivery: Delivery, message: Message, refusal: Refusal | None) -> None:
        now_s = self.agenda._now
        count = message.count
        if delivery.retries == 0:
            self.complete_latencies.add(now_s - delivery.came_s, count)
        if refusal is None:
            self.invocations += count
            self.succeeded += count
            self.pending -= count
            self.success_latencies.add(now_s - delivery.came_s, count)
            self.ended(delivery)
            return
        delivery.message = message
        booked_s = max(delivery.since_s, message.legs[3] if message.legs is not None else 0.0)
        if now_s > booked_s:
            spend(message, self.cause("answer", f"Waiting for {delivery.wire.target.name} to answer", Culprit(delivery.wire.target.id)), booked_s, now_s)
        delivery.since_s = now_s
        delivery.waits_for = self.cause("retry", f"Retrying {delivery.wire.target.name}", Culprit(delivery.wire.target.id))
        self.redelivery.failed(delivery, refusal)

    def give_up(self, delivery: Delivery, why: Refusal) -> None:
        """The target cannot have the message: it goes to the dead-letter queue, or is lost."""
        message = delivery.message
        count = message.count
        self.invocations += count
        self.failed += count
        self.pending -= count
        queue = dead_letter_wire(self.wires_out["dlq"], delivery.wire.target.id, "target")
        if queue is not None:
            if queue.send(message) is None:
                self.dead_lettered += count
                self.ended(delivery)
                return
            self.dead_letters_failed += count
        self.lose(message, why.cause, why.title)
        self.ended(delivery)

    def ended(self, delivery: Delivery) -> None:
        """A delivery came to its end, good or bad."""

    def target_wires(self) -> Iterator[Wire]:
        """The wires to targets."""
        for name, wires in self.wires_out.items():
            if name != "dlq":
                yield from wires

    def fault_permission_removed(self, value: PermissionParameters | None) -> None:
        """A target may no longer be invoked, until cleared (None)."""
        self._forbidden = value.target if value is not None else None

    def holding(self) -> int:
        return self.pending

    def backlog(self) -> float:
        return self.awaiting_retry

    def trouble(self) -> tuple[int, int]:
        return self.retried + self.failed, 0
