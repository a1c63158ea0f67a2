"""How a client calls: it waits for an answer, up to a timeout, pauses, tries again, and stops asking what keeps failing."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, Protocol

from simulator.engine.message import Message, spend
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.streams import Stream
from simulator.engine.wire import Wire
from simulator.mechanics.distributions import Constant, Distribution
from simulator.vocabulary import ParameterSet, Source, parameter

STUDY = Source(
    "AWS Architecture Blog, Exponential Backoff And Jitter: its simulator", "https://github.com/aws-samples/aws-arch-backoff-simulator", "2026-11")

Backoff = Literal["none", "exponential", "full", "equal", "decorrelated"]
MOST_DOUBLINGS = 60


class CallPolicy(ParameterSet):
    """How a client calls on this wire."""

    timeout_s: float | None = parameter(
        None, "How long the client waits for the answer to one attempt. What it asked for goes on without it. Empty: it waits for ever.", title="Timeout", unit="s",
        section="Waiting", gt=0, le=86400, changeable=True)
    attempts: int = parameter(
        1, "Attempts at one request, the first included. Only what a retry can mend is tried again: throttles, server errors, timeouts.", title="Attempts", unit="times",
        section="Retries", ge=1, le=1000, changeable=True)
    backoff: Backoff = parameter(
        "full", "The pause before retry n, with v = min(longest, first x 2^n): none; exponential: v; full jitter: anything up to v; equal jitter: half of v and anything up to the"
        " other half; decorrelated jitter: anything from the first pause to three times the last one.", title="Back-off", section="Retries", source=STUDY, changeable=True)
    backoff_base_s: float = parameter(
        0.05, "What the pauses grow from.", title="First pause", unit="s", section="Retries", gt=0, le=3600, source=STUDY, changeable=True)
    backoff_cap_s: float = parameter(
        20, "No pause is longer.", title="Longest pause", unit="s", section="Retries", gt=0, le=86400, source=STUDY, changeable=True)
    heeds_retry_after: bool = parameter(
        False, "A pause is at least as long as the answer's Retry-After header asks for.", title="Heeds Retry-After", section="Retries", changeable=True)
    breaker_failures: int | None = parameter(
        None, "Circuit breaker: after so many failed attempts in a row nothing is sent for a while, and requests fail at once. Empty: none.", title="Failures that open it",
        unit="times", section="Circuit breaker", ge=1, le=1_000_000)
    breaker_open_s: float = parameter(
        30, "How long it stays open. Then one request goes through on trial: its success closes the breaker, its failure opens it again.", title="Stays open for", unit="s",
        section="Circuit breaker", gt=0, le=86400)
    breaker_per: Literal["application", "user"] = parameter(
        "application", "Application: all who call on this wire share one circuit breaker, as the requests of one program do. User: each has one of their own, as on their devices; who the"
        " user is, the key of a message says, or the number of a user of a closed load.", title="One breaker for each", section="Circuit breaker")
    network_latency: Distribution = parameter(
        lambda: Constant(value_s=0), "Time a request takes to get there, and its answer to come back, each drawn by itself.", title="Network latency, one way", unit="s",
        section="Network", widget="distribution", advanced=True)


def pause_s(policy: CallPolicy, failures: int, last_s: float, draw: float) -> float:
    """The pause after so many failures (1 is the first), given the last pause and a uniform draw."""
    base_s, cap_s = policy.backoff_base_s, policy.backoff_cap_s
    full_s = min(cap_s, base_s * 2.0 ** min(failures, MOST_DOUBLINGS))
    if policy.backoff == "none":
        return 0.0
    if policy.backoff == "exponential":
        return float(full_s)
    if policy.backoff == "equal":
        return float(full_s / 2 + draw * full_s / 2)
    if policy.backoff == "full":
        return float(draw * full_s)
    return float(min(cap_s, base_s + draw * (3 * last_s - base_s)))


class CircuitBreaker:
    """Closed: calls go. Open, for ``open_s`` after ``failures`` in a row: none go. Half-open: one goes on trial."""

    __slots__ = ("_failed", "_failures", "_open_s", "_trial", "_until_s")

    def __init__(self, failures: int | None, open_s: float) -> None:
        self._failures = failures
        self._open_s = open_s
        self._failed = 0
        self._until_s: float | None = None
        self._trial = False

    @property
    def is_closed(self) -> bool:
        """Whether calls go as they come."""
        return self._until_s is None

    def lets_through(self, now_s: float) -> bool:
        """Whether a call may go now."""
        if self._until_s is None:
            return True
        if self._trial or now_s < self._until_s:
            return False
        self._trial = True
        return True

    def succeeded(self) -> None:
        """A call was answered well: the trial, or one that went out before the breaker opened, which says nothing of now."""
        if self._until_s is None or self._trial:
            self._failed = 0
            self._until_s = None
            self._trial = False

    def failed(self, now_s: float) -> None:
        """A call failed in a way that says that the other side is not well."""
        self._failed += 1
        if self._trial or (self._until_s is None and self._failures is not None and self._failed >= self._failures):
            self._trial = False
            self._until_s = now_s + self._open_s


class Breakers:
    """The circuit breakers of a wire: one for the application, or one for each user. Users whose calls go well need none."""

    def __init__(self, policy: CallPolicy) -> None:
        self._failures = policy.breaker_failures
        self._open_s = policy.breaker_open_s
        self._by_user = policy.breaker_per == "user"
        self._breakers: dict[int, CircuitBreaker] = {}

    def lets_through(self, user: int, now_s: float) -> bool:
        """Whether a call of this user may go now."""
        breaker = self._breakers.get(user if self._by_user else 0)
        return breaker is None or breaker.lets_through(now_s)

    def succeeded(self, user: int) -> None:
        """A call of this user was answered well."""
        key = user if self._by_user else 0
        breaker = self._breakers.get(key)
        if breaker is not None:
            breaker.succeeded()
            if breaker.is_closed:
                del self._breakers[key]

    def failed(self, user: int, now_s: float) -> None:
        """A call of this user failed in a way that says that the other side is not well."""
        if self._failures is None:
            return
        key = user if self._by_user else 0
        breaker = self._breakers.get(key)
        if breaker is None:
            breaker = self._breakers[key] = CircuitBreaker(self._failures, self._open_s)
        breaker.failed(now_s)


class Errand:
    """What calls are made for: once it is ``over``, or its ``deadline_s`` has passed, no more attempts are made. ``behalf`` is the request it serves."""

    __slots__ = ("behalf", "deadline_s", "over")

    def __init__(self, deadline_s: float = math.inf, behalf: tuple[Wire, Message] | None = None) -> None:
        self.deadline_s = deadline_s
        self.behalf = behalf
        self.over = False


OWN = Errand()
"""Of clients that call for themselves, and whom nothing stops."""


class Call:
    """One request over all its attempts. ``message`` is the caller's until a target has it; ``purpose`` is the owner's, to know the call by."""

    __slots__ = ("back_s", "began_s", "errand", "failures", "last_pause_s", "message", "purpose", "sent_s", "since_s", "user")

    def __init__(self, message: Message, now_s: float, base_s: float, errand: Errand, purpose: Any, user: int) -> None:
        self.message = message
        self.user = user
        self.errand = errand
        self.purpose = purpose
        self.began_s = self.since_s = self.sent_s = now_s
        self.failures = 0
        self.last_pause_s = base_s
        self.back_s = 0.0


class Owner(Protocol):
    """What is told how calls go."""

    def call_succeeded(self, call: Call, took_s: float) -> None:
        """The target did the work and has the message; the answer came ``took_s`` after the first attempt began."""

    def call_failed(self, call: Call, refusal: Refusal) -> None:
        """No more attempts will be made; the message is still the caller's."""


class Caller:
    """Makes the calls on one wire by its `CallPolicy`."""

    def __init__(self, wire: Wire, owner: Owner, stream: Stream) -> None:
        self.wire = wire
        self.agenda = wire.source.agenda
        self.policy: CallPolicy = wire.parameters  # type: ignore[assignment]
        self.breakers = Breakers(self.policy)
        self.attempts = self.retries = self.timed_out = self.failed_fast = 0
        self._owner = owner
        self._uniform = stream.uniform
        way = self.policy.network_latency
        self._way_s: Callable[[], float] | None = None if way.quantile_s(0.999) == 0 else way.sampler(stream)
        source, target = wire.source, wire.target
        self.travels = source.cause("network", f"On the way to {target.name}", Culprit(source.id, "network_latency", wire.id), capacity=False)
        self._unanswered = source.cause("client_timeout", f"{target.name} did not answer in time", Culprit(target.id))
        self._pauses = source.cause("client_backoff", f"Pausing before a retry at {target.name}", Culprit(source.id, "backoff", wire.id))

    def call(self, message: Message, errand: Errand = OWN, purpose: Any = None, user: int | None = None) -> None:
        """Make the first attempt now, for a user: by default whom the message's key says."""
        self._try(Call(message, self.agenda._now, self.policy.backoff_base_s, errand, purpose, message.key if user is None else user))

    def _try(self, call: Call) -> None:
        now_s = self.agenda._now
        if call.errand.over:
            return
        if now_s > call.since_s:
            spend(call.message, self._pauses, call.since_s, now_s)
        call.since_s = call.sent_s = now_s
        if not self.breakers.lets_through(call.user, now_s):
            self.failed_fast += 1
            self._owner.call_failed(call, Refusal(Outcome.REJECTED, "circuit_open", f"The circuit breaker to {self.wire.target.name} is open"))
            return
        self.attempts += 1
        if self._way_s is None:
            self._arrive(call)
        else:
            there_s, call.back_s = self._way_s(), self._way_s()
            self.agenda.at(now_s + there_s, self._arrive, call)

    def _arrive(self, call: Call) -> None:
        now_s = self.agenda._now
        if now_s > call.since_s:
            spend(call.message, self.travels, call.since_s, now_s)
            call.since_s = now_s
        timeout_s = self.policy.timeout_s
        left_s = None if timeout_s is None else max(0.0, timeout_s - (now_s - call.sent_s) - call.back_s)
        errand = call.errand
        if errand.deadline_s < math.inf:
            over_s = max(0.0, errand.deadline_s - now_s)
            left_s = over_s if left_s is None else min(left_s, over_s)
        self.wire.invoke(call.message, partial(self._answered, call), left_s, errand.behalf)

    def _answered(self, call: Call, message: Message, refusal: Refusal | None) -> None:
        now_s = self.agenda._now
        back_s = call.back_s
        call.message = message
        if refusal is None:
            self.breakers.succeeded(call.user)
            self._owner.call_succeeded(call, now_s + back_s - call.began_s)
            return
        if refusal.outcome is Outcome.TIMED_OUT and refusal.cause == "timeout":
            self.timed_out += 1
            if not call.errand.over:
                spend(message, self._unanswered, call.since_s, now_s)
        call.since_s = now_s
        if back_s > 0:
            self.agenda.at(now_s + back_s, self._failed, (call, refusal))
        else:
            self._failed((call, refusal))

    def _failed(self, answer: tuple[Call, Refusal]) -> None:
        call, refusal = answer
        now_s = self.agenda._now
        if now_s > call.since_s:
            spend(call.message, self.travels, call.since_s, now_s)
            call.since_s = now_s
        call.failures += 1
        if refusal.retryable:
            self.breakers.failed(call.user, now_s)
        else:
            self.breakers.succeeded(call.user)
        if not refusal.retryable or call.failures >= self.policy.attempts:
            self._owner.call_failed(call, refusal)
            return
        call.last_pause_s = pause_s(self.policy, call.failures, call.last_pause_s, self._uniform())
        asked_s = (refusal.retry_after_s or 0.0) if self.policy.heeds_retry_after else 0.0
        self.retries += 1
        self.agenda.at(now_s + max(call.last_pause_s, asked_s), self._try, call)
