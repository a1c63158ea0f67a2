"""Amazon EventBridge Scheduler: invokes a target at a time, or again and again, for up to millions of schedules.

One node stands for a number of schedules with the same expression and the same target: a report every morning, or one
reminder for each of ten thousand orders. A schedule fires within its minute, or at any time of a flexible window; an
invocation that fails is retried, then goes to the dead-letter queue or is dropped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import field_validator

from simulator.engine.message import Message, MessageType
from simulator.engine.outcomes import Culprit
from simulator.engine.placement import Placed
from simulator.languages.schedule_expressions import ScheduleError, parse_schedule
from simulator.mechanics.buses.target_delivery import DeadLetterParameters, PermissionParameters, Pusher, RetryPolicy
from simulator.mechanics.pacing import Pacer
from simulator.mechanics.redelivery import Delivery
from simulator.units import format_rate
from simulator.vocabulary import (
    Direction,
    Fault,
    Fidelity,
    Figure,
    Fill,
    Finding,
    Free,
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

GUIDE = "https://docs.aws.amazon.com/scheduler/latest/UserGuide"
API = Source("EventBridge Scheduler API Reference, service model of November 2026", "https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html", "2026-11")
TYPES = Source("EventBridge Scheduler User Guide, Schedule types", f"{GUIDE}/schedule-types.html", "2026-11")
QUOTAS = Source("EventBridge Scheduler User Guide, Quotas", f"{GUIDE}/scheduler-quotas.html", "2026-11")
MEMORY = Source("From memory: a precision of 60 seconds", f"{GUIDE}/schedule-types.html", "2026-11", "M")
METRICS = Source("From memory: EventBridge Scheduler User Guide, Monitoring with CloudWatch", f"{GUIDE}/monitoring-cloudwatch.html", "2026-11", "M")
PRICING = Source("Amazon EventBridge pricing, us-east-1", "https://aws.amazon.com/eventbridge/pricing/", "2026-10", "T")

CLOCK = "%Y-%m-%dT%H:%M:%S"


class ScheduleParameters(ParameterSet):
    """A number of like schedules."""

    schedule_expression: str = parameter(
        "rate(5 minutes)", "rate(5 minutes), cron(0 12 ? * MON-FRI *), or at(2026-01-01T12:00:00) for once.", title="Schedule", section="Schedule",
        aws="ScheduleExpression", source=TYPES, min_length=1, max_length=256)
    clock_at_start: str = parameter(
        "2026-01-01T00:00:00", "What the clock says when the run begins, in the time zone of the schedule.", title="Clock at start", section="Schedule")
    schedules: int = parameter(
        1, "How many schedules like this there are; each invokes the target.", title="Schedules", unit="count", section="Schedule", ge=1, le=10_000_000)
    flexible_window_s: float = parameter(
        0, "Invocations are spread over so long after the time; 0 is off.", title="Flexible window", unit="s", section="Schedule",
        aws="FlexibleTimeWindow", ge=0, le=86400, source=API)
    precision_s: float = parameter(
        60, "Without a window, a schedule fires at any time within so long.", title="Precision", unit="s", section="Schedule", ge=0, le=60,
        source=MEMORY, advanced=True)
    enabled: bool = parameter(True, "Off: nothing fires.", title="Enabled", section="Schedule", aws="State", source=API, changeable=True)
    input_name: str = parameter("scheduled", "What the message is called in traces and reports.", title="Name", section="Input", min_length=1, max_length=100)
    input_bytes: int = parameter(256, "Size of the message the target gets.", title="Size", unit="bytes", section="Input", aws="Target.Input", ge=1, le=262_144, source=API)
    input_body: dict[str, Any] | None = parameter(None, "JSON body, which filters further on look at.", title="Body", section="Input", widget="json")
    failure_probability: float = parameter(
        0.0, "Chance that an attempt at processing it fails, every time.", title="Fails when processed", unit="share", section="Input", ge=0, le=1)

    @field_validator("schedule_expression")
    @classmethod
    def _readable(cls, given: str) -> str:
        parse_schedule(given)
        return given

    @field_validator("clock_at_start")
    @classmethod
    def _is_a_time(cls, given: str) -> str:
        try:
            datetime.strptime(given, CLOCK)
        except ValueError:
            raise ScheduleError(f"'{given}' is not a time such as 2026-01-01T00:00:00") from None
        return given


class InvocationQuota(ParameterSet):
    """What all schedules of the account and Region share."""

    invocations_per_s: float = parameter(
        1000, "Invocations of targets a second; more is throttled, and made later.", title="Invocation quota", unit="per_s", section="EventBridge Scheduler",
        gt=0, le=10_000_000, source=QUOTAS)


class Firing:
    """Schedules that fire at one time, spread over a window."""

    __slots__ = ("end_s", "left")

    def __init__(self, left: int, end_s: float) -> None:
        self.left = left
        self.end_s = end_s


class Scheduler(Pusher):
    """Schedules with a target."""

    kind = "scheduler"
    title = "EventBridge Scheduler"
    short_title = "EventBridge · Scheduler"
    neutral_title = "Schedule"
    group = "Application integration"
    icon = "resource/AmazonEventBridgeScheduler"
    summary = "Invokes a target at set times: every few minutes, every morning, or once for each of millions of reminders."
    documentation_url = f"{GUIDE}/what-is-scheduler.html"
    Parameters = ScheduleParameters
    AccountParameters = InvocationQuota
    ports = (
        Port("out", "Target", Direction.OUT, Verb.SEND,
             frozenset({"sqs:SendMessage", "sns:Publish", "lambda:InvokeAsync", "events:PutEvents", "kinesis:PutRecord", "firehose:PutRecord", "states:StartExecution", "ecs:RunTask"}),
             "What the schedules invoke.", max_wires=1, wire_title="Target", wire_parameters=RetryPolicy),
        Port("dlq", "Failed invocations", Direction.OUT, Verb.SEND, frozenset({"sqs:SendMessage"}),
             "Invocations that the target could not get.", role="failure", max_wires=1, wire_title="Dead-letter queue", wire_parameters=DeadLetterParameters),
    )
    quotas = (
        Quota("schedules", "Schedules", 10_000_000, "count", "account and Region", True, QUOTAS),
        Quota("invocations", "Invocations", 1000, "per_s", "account and Region", True, QUOTAS, "more is throttled, and made later"),
        Quota("create", "CreateSchedule calls", 5000, "per_s", "account and Region", True, QUOTAS, "1,000 in older copies"),
    )
    metrics = (
        Metric("InvocationsDue", "Due", "count", "sum", "Invocations whose time had come. CloudWatch has no such metric.", "due", None, True, "rates"),
        Metric("InvocationAttemptCount", "Attempts", "count", "sum", "Attempts at the target, retries too.", "attempts", METRICS, True, "rates"),
        Metric("InvocationsSucceeded", "Succeeded", "count", "sum", "Invocations the target accepted. CloudWatch has no such metric.", "succeeded", None, True, "rates"),
        Metric("InvocationThrottleCount", "Throttled", "count", "sum", "Invocations delayed over the account's quota.", "throttled", METRICS, True, "trouble"),
        Metric("TargetErrorCount", "Target errors", "count", "sum", "Attempts that the target refused.", "target_errors", METRICS, True, "trouble"),
        Metric("InvocationDroppedCount", "Dropped", "count", "sum", "Invocations given up, with or without a dead-letter queue.", "failed", METRICS, True, "trouble"),
        Metric("InvocationsSentToDeadLetterCount", "To dead-letter queue", "count", "sum", "Of these: moved to the dead-letter queue.", "dead_lettered", METRICS, False, "trouble"),
        Metric("InvocationsFailedToBeSentToDeadLetterCount", "Lost on the way to it", "count", "sum", "Of these: refused by the dead-letter queue.", "dead_letters_failed", METRICS, False, "trouble"),
        Metric("Lateness", "Lateness", "s", "spread", "Time from when an invocation was due (within its window) to its success. CloudWatch has no such metric.", "success_latencies", None, True, "latency"),
        Metric("InvocationsPending", "Pending", "messages", "gauge", "Invocations delayed by the quota or waiting for a retry. CloudWatch has no such metric.", "pending_now", None, True, "backlog"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {"invocation_quota": "Invocation quota of the account reached", "retry": "Retrying the target", "answer": "Waiting for the target to answer", "delivery_latency": "Delivery latency"}
    overlay = Overlay(
        "InvocationsPending", (Figure("InvocationsDue"), Figure("Lateness", "p99 late"), Figure("InvocationDroppedCount", "dropped", quiet=True)),
        picture=Picture("rates", (Fill("InvocationAttemptCount"), Fill("InvocationThrottleCount", "warn"), Fill("TargetErrorCount", "bad"))),
    )
    faults = (Fault("permission_removed", "The permission is removed", "The target may no longer be invoked: invocations are not retried.", PermissionParameters, sort="errors"),)
    prices = (Price("invocations", "Invocations", 1.00e-6, "invocation", PRICING, Free(14e6, PRICING)),)
    fidelity = Fidelity(
        modelled=(
            "Rate, cron (L, W and # too) and one-time expressions; any number of like schedules.",
            "Flexible windows spread invocations evenly; without one a schedule fires within its minute.",
            "The invocation quota, shared by all schedules of the account, delays what exceeds it.",
            "Retry policy (185 times, 24 hours) and dead-letter queue.",
        ),
        approximated=(
            "The precision of 60 s is from memory, and drawn evenly.",
            "A rate schedule fires first when the run begins, as if it were created then.",
            "Pauses between retries double from 1 s to 10 minutes; AWS publishes none.",
        ),
        ignored=(
            "Creating and deleting schedules, and the quota on that: schedules are drawn, not made in a run.",
            "Daylight saving time, start and end dates, schedule groups: a run has no calendar.",
            "Invocations made twice (delivery is at least once): AWS publishes no share.",
        ),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "A reminder for each order",
        "nodes": [
            {"id": "reminders", "kind": "scheduler", "name": "Reminders", "parameters": {"schedule_expression": "rate(1 minute)", "schedules": 600}},
            {"id": "queue", "kind": "sqs", "name": "reminders", "parameters": {}},
            {"id": "senders", "kind": "worker", "name": "Senders", "parameters": {"workers": 20}},
            {"id": "dead", "kind": "sqs", "name": "failed-reminders", "parameters": {"message_retention_period_s": 1209600}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "reminders", "port": "out"}, "to": {"node": "queue", "port": "in"}},
            {"id": "w2", "from": {"node": "queue", "port": "out"}, "to": {"node": "senders", "port": "source"}},
            {"id": "w3", "from": {"node": "reminders", "port": "dlq"}, "to": {"node": "dead", "port": "in"}},
        ],
        "run": {"duration_s": 180},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        quota = network.account.get(self.kind) or InvocationQuota()
        per_s: float = quota.invocations_per_s  # type: ignore[attr-defined]
        self._quota = network.shared("scheduler", lambda: Pacer(self.agenda, per_s, per_s))
        self.due = self.throttled = self.delayed = 0
        values = self.parameters
        self._type = MessageType(values.input_name, values.input_bytes, {}, values.input_body, values.failure_probability)
        self._path = network.root.to(id)
        self._spread = self.stream("window").uniform
        self._quota_cause = self.cause("invocation_quota", "Invocation quota of the account reached", Culprit(id, "flexible_window_s"))

    def start(self) -> None:
        start = datetime.strptime(self.parameters.clock_at_start, CLOCK)
        self._times = ((moment - start).total_seconds() for moment in parse_schedule(self.parameters.schedule_expression)(start))
        self._book()

    def _book(self) -> None:
        due_s = next(self._times, None)
        if due_s is not None:
            self.agenda.at(due_s, self._fire)

    def _fire(self, _: None) -> None:
        if self.parameters.enabled:
            window_s = self.parameters.flexible_window_s or self.parameters.precision_s
            self._next(Firing(self.parameters.schedules, self.agenda._now + window_s))
        self._book()

    def _next(self, firing: Firing) -> None:
        """Book the next of the invocations that are left: the smallest of so many even draws from now to the window's end."""
        now_s = self.agenda._now
        share = 1.0 - (1.0 - self._spread()) ** (1.0 / firing.left)
        self.agenda.at(now_s + share * (firing.end_s - now_s), self._invoke, firing)

    def _invoke(self, firing: Firing) -> None:
        now_s = self.agenda._now
        self.due += 1
        self.created += 1
        message = Message(1, self._type, now_s, self._path, None, 0, self.due)
        wires = self.wires_out["out"]
        if not wires:
            self.finish(message, "no target")
        else:
            self.delayed += 1
            if not self._quota.go(self._within_quota, Delivery(message, wires[0], now_s, self._quota_cause)):
                self.throttled += 1
        firing.left -= 1
        if firing.left:
            self._next(firing)

    def _within_quota(self, delivery: Delivery) -> None:
        self.delayed -= 1
        self.pending += 1
        self.attempt(delivery)

    # -- what it shows ----------------------------------------------------------------------------------------------

    def target_errors(self) -> int:
        """Attempts that the target refused."""
        return self.attempts - self.succeeded

    def pending_now(self) -> int:
        """Invocations not yet at their end."""
        return self.pending + self.delayed

    def holding(self) -> int:
        return self.pending_now()

    def backlog(self) -> float:
        return self.delayed + self.awaiting_retry

    def trouble(self) -> tuple[int, int]:
        return self.retried + self.failed, self.throttled

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        yield self.prices[0], self.due

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        values = placed.parameters
        if not placed.out_of("out"):
            yield Finding("no-target", "warning", f"'{placed.name}' has no target", "Wire it to what it should invoke", node=placed.id)
        elif not placed.out_of("dlq"):
            yield Finding("no-target-dead-letter-queue", "note", f"Invocations of '{placed.name}' that fail for 24 hours are lost", "Wire its port for failed invocations to a queue", node=placed.id)
        start = datetime.strptime(values.clock_at_start, CLOCK)
        times = list(islice(parse_schedule(values.schedule_expression)(start), 2))
        if not times:
            yield Finding("schedule-never-fires", "warning", f"'{placed.name}' names no time after its clock at the start", "Change the schedule or the clock", node=placed.id, parameter="schedule_expression")
        window_s = values.flexible_window_s or values.precision_s
        per_s = placed.account.invocations_per_s
        if values.schedules > per_s * max(window_s, 1):
            yield Finding("schedules-over-quota", "warning",
                          f"'{placed.name}' fires {values.schedules:,} schedules within {window_s:g} s; the account may make {format_rate(per_s)}: the last are late by {math.ceil(values.schedules / per_s - window_s):,} s",
                          "Give them a flexible window", node=placed.id, parameter="flexible_window_s")

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if self.delayed:
            return f"{format_rate(rates['InvocationsDue'])} are due; the account may make {format_rate(self._quota.rate_per_s)}: {self.delayed:,} are late.", Culprit(self.id, "flexible_window_s")
        if rates["TargetErrorCount"] > 0:
            return f"{format_rate(rates['TargetErrorCount'])} attempts fail and are retried.", None
        return None
