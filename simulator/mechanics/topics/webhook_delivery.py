"""Delivery of messages to an HTTP endpoint by a policy: the pace, the timeout, the retries in four phases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Literal, Protocol

from simulator.engine.message import Message, spend
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.wire import Wire
from simulator.mechanics.pacing import Pacer
from simulator.mechanics.redelivery import Delivery, PhasedRetries, Redelivery
from simulator.mechanics.retry import BackoffFunction, RetrySchedule
from simulator.vocabulary import ParameterSet, Source, parameter

POLICY = Source(
    "SNS Developer Guide, Creating an HTTP/S delivery policy", "https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html#creating-delivery-policy", "2026-11")
PICTURE = Source(
    "SNS Developer Guide shows the functions in a picture, without formulas", "https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html", "2026-11", "M")
LONGEST_RETRY_S = 3600.0


class DeliveryPolicy(ParameterSet):
    """The delivery policy of an HTTP/S subscription."""

    num_retries: int = parameter(
        3, "Retries in all.", title="Retries", unit="times", section="Delivery policy", aws="numRetries", ge=0, le=100, source=POLICY, changeable=True)
    min_delay_target_s: float = parameter(
        20, "Pause before the first retry of the back-off.", title="Shortest pause", unit="s", section="Delivery policy", aws="minDelayTarget", ge=1, le=3600, source=POLICY,
        changeable=True)
    max_delay_target_s: float = parameter(
        20, "Pause before the last retry of the back-off.", title="Longest pause", unit="s", section="Delivery policy", aws="maxDelayTarget", ge=1, le=3600, source=POLICY,
        changeable=True)
    num_no_delay_retries: int = parameter(
        0, "Of the retries: made at once.", title="Immediate retries", unit="times", section="Delivery policy", aws="numNoDelayRetries", ge=0, le=100, source=POLICY, advanced=True)
    num_min_delay_retries: int = parameter(
        0, "Of the retries: made with the shortest pause, before the back-off.", title="Retries before the back-off", unit="times", section="Delivery policy",
        aws="numMinDelayRetries", ge=0, le=100, source=POLICY, advanced=True)
    num_max_delay_retries: int = parameter(
        0, "Of the retries: made with the longest pause, after the back-off.", title="Retries after the back-off", unit="times", section="Delivery policy",
        aws="numMaxDelayRetries", ge=0, le=100, source=POLICY, advanced=True)
    backoff_function: BackoffFunction = parameter(
        "linear", "How pauses grow from the shortest to the longest: in equal steps, in steps that grow evenly, by an equal factor, in steps that double."
        " AWS shows the curves, not their formulas.", title="Back-off function", section="Delivery policy", aws="backoffFunction", source=PICTURE, advanced=True)
    max_receives_per_s: float | None = parameter(
        None, "Deliveries a second on average, retries too; the others wait inside SNS, which has no metric for them. Empty: no limit.", title="Receives a second", unit="per_s",
        section="Delivery policy", aws="throttlePolicy.maxReceivesPerSecond", ge=1, le=1_000_000, source=POLICY, changeable=True)
    retried_answers: Literal["current", "until_2022"] = parameter(
        "current", "Which answers are tried again, beside 5xx and timeouts. current: 429, as AWS's page says since 2024. until_2022: not even that, for the page of 2022 excepts all up to 4xx.",
        title="Answers tried again", section="Delivery policy", source=POLICY, advanced=True, changeable=True)
    request_timeout_s: float = parameter(
        15, "An attempt that is not answered by then has failed. AWS fixes it at 15 s.", title="Request timeout", unit="s", section="Delivery policy", gt=0, le=60, source=POLICY,
        advanced=True)


def schedule_of(policy: DeliveryPolicy) -> RetrySchedule:
    """The retries that ``policy`` asks for."""
    named = policy.num_no_delay_retries + policy.num_min_delay_retries + policy.num_max_delay_retries
    return RetrySchedule(
        policy.num_no_delay_retries, policy.num_min_delay_retries, policy.min_delay_target_s, max(0, policy.num_retries - named), policy.min_delay_target_s,
        policy.max_delay_target_s, policy.num_max_delay_retries, policy.max_delay_target_s, policy.backoff_function)


def policy_problems(policy: DeliveryPolicy) -> list[tuple[str, str]]:
    """Why SNS would not take this policy: (parameter, sentence)."""
    problems = []
    named = policy.num_no_delay_retries + policy.num_min_delay_retries + policy.num_max_delay_retries
    if named > policy.num_retries:
        problems.append(("num_retries", f"its phases have {named} retries, but it allows {policy.num_retries} in all"))
    if policy.max_delay_target_s < policy.min_delay_target_s:
        problems.append(("max_delay_target_s", f"its longest pause ({policy.max_delay_target_s:g} s) is below its shortest ({policy.min_delay_target_s:g} s)"))
    total_s = schedule_of(policy).total_s()
    if total_s > LONGEST_RETRY_S:
        problems.append(("num_retries", f"its retries take {total_s:,.0f} s; SNS allows {LONGEST_RETRY_S:,.0f} s"))
    return problems


class Owner(Protocol):
    """What is told how deliveries go."""

    def delivered_to(self, message: Message, pushed_s: float) -> None:
        """The endpoint has the message, which came in at ``pushed_s``."""

    def attempt_failed(self, message: Message) -> None:
        """One attempt failed."""

    def retried(self, message: Message) -> None:
        """One more attempt will be made."""

    def give_up(self, delivery: Delivery, why: Refusal) -> None:
        """No more attempts will be made."""


class WebhookDelivery:
    """Delivers to the endpoint at ``wire``. The messages are the source's until the endpoint has worked on them."""

    def __init__(self, wire: Wire, owner: Owner, jitter: Callable[[], float]) -> None:
        self.wire = wire
        self.owner = owner
        self.agenda = wire.source.agenda
        schedule = schedule_of(wire.parameters)  # type: ignore[arg-type]
        self.redelivery = Redelivery(self.agenda, PhasedRetries(lambda _: schedule, jitter), self._pace, owner.give_up)
        limit_per_s = wire.parameters.max_receives_per_s
        self._pacer = None if limit_per_s is None else Pacer(self.agenda, limit_per_s, 1.0)
        source, target = wire.source, wire.target
        self._paced = source.cause("receives_per_s", f"Held to the receives a second of {target.name}", Culprit(source.id, "max_receives_per_s", wire.id))
        self._unanswered = source.cause("request_timeout", f"{target.name} did not answer in time", Culprit(target.id))
        self._retrying = source.cause("delivery_retry", f"Retrying delivery to {target.name}", Culprit(target.id))

    def held_back(self) -> int:
        """Messages that the limit of receives a second holds back now."""
        return 0 if self._pacer is None else len(self._pacer)

    def deliver(self, message: Message, pushed_s: float) -> None:
        """Make the first attempt now, or when the limit of receives a second lets it."""
        while message.count > 1:
            self._pace(self._delivery_of(message.split(1), pushed_s))
        self._pace(self._delivery_of(message, pushed_s))

    def _delivery_of(self, message: Message, pushed_s: float) -> Delivery:
        return Delivery(message, self.wire, pushed_s, self._paced, self.agenda._now)

    def _pace(self, delivery: Delivery) -> None:
        delivery.waits_for = self._paced
        if self._pacer is None:
            self._send(delivery)
        else:
            self._pacer.go(self._send, delivery)

    def _send(self, delivery: Delivery) -> None:
        now_s = self.agenda._now
        delivery.book(now_s)
        delivery.since_s = now_s
        self.wire.invoke(delivery.message, partial(self._replied, delivery), self.wire.parameters.request_timeout_s)

    def _replied(self, delivery: Delivery, message: Message, refusal: Refusal | None) -> None:
        if refusal is None:
            self.owner.delivered_to(message, delivery.came_s)
            return
        now_s = self.agenda._now
        delivery.message = message
        if refusal.outcome is Outcome.TIMED_OUT:
            spend(message, self._unanswered, delivery.since_s, now_s)
        delivery.since_s, delivery.waits_for = now_s, self._retrying
        self.owner.attempt_failed(message)
        if refusal.status == 429 and self.wire.parameters.retried_answers == "until_2022":
            refusal = replace(refusal, retryable=False)
        if self.redelivery.failed(delivery, refusal):
            self.owner.retried(message)
