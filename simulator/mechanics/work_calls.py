"""Calls that work makes while it lasts: a function, a worker or a task asks tables, APIs and other functions, and stays occupied until they answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, Protocol

from simulator.engine.agenda import Agenda
from simulator.engine.message import Leg, Message, spend
from simulator.engine.outcomes import Cause, Culprit, Refusal
from simulator.engine.placement import Link, Placed
from simulator.engine.streams import Stream
from simulator.engine.wire import Wire
from simulator.measures import Spread
from simulator.mechanics.calling import Call, Caller, CallPolicy, Errand
from simulator.mechanics.message_attributes import Attribute
from simulator.mechanics.publishing import Publication, leads_back
from simulator.vocabulary import ANY_ACTION, Direction, Finding, Metric, ParameterSet, Port, Values, Verb, parameter

OURS = "CloudWatch has no such metric."


class CallPlan(ParameterSet):
    """What the work calls on this wire, and how often."""

    calls: int = parameter(1, "Calls for each message (or batch).", title="Calls", unit="count", section="Calls", ge=1, le=1000, changeable=True)
    share: float = parameter(1.0, "Share of the messages (or batches) for which these calls are made.", title="Share", unit="share", section="Calls", ge=0, le=1, changeable=True)
    per: Literal["message", "batch"] = parameter(
        "message", "For each message or request, or once for all that are worked on together.", title="Made for each", section="Calls", changeable=True)
    at_once: bool = parameter(False, "The calls of this wire are made at once. Otherwise each waits for the answer to the one before.", title="At once", section="Calls", changeable=True)
    step: int | None = parameter(
        None, "Wires of the same step are called at once, and steps follow one another. Empty: a step of its own, after those with a number.", title="Step", unit="count",
        section="Calls", ge=1, le=1000)
    on_failure: Literal["fails", "goes_on"] = parameter(
        "fails", "When no attempt at a call succeeds: the work ends there and fails, or it goes on without.", title="If a call fails", section="Calls", changeable=True)
    message_type: str = parameter(
        "", "Name of what is asked; of an API or a table the request line, as GET /orders/7. Empty: what is worked on is passed on.", title="Request", section="Content", max_length=100)
    size_bytes: int | None = parameter(None, "Size of a request. Empty: as large as what is worked on.", title="Size", unit="bytes", section="Content", ge=1, le=268_435_456)
    body: dict[str, Any] | None = parameter(None, "JSON body of a request. Only with a request's name.", title="Body", section="Content", widget="json")
    attributes: dict[str, Attribute] = parameter(dict, "Headers of a request, as message attributes. Only with a request's name.", title="Attributes", section="Content", widget="json")


class WorkCallParameters(CallPolicy, CallPlan):
    """What the work calls on this wire, how often, and how: the plan, then the client's policy."""


CALLS_PORT = Port(
    "calls", "Calls", Direction.OUT, Verb.INVOKE, frozenset({ANY_ACTION}), "What is asked while a message is worked on: the work waits for the answers, and lasts longer by them.",
    wire_title="Calls", wire_parameters=WorkCallParameters)
CALL_METRICS = (
    Metric("CallsMade", "Calls", "count", "sum", f"Attempts at calls that the work waited for. {OURS}", "calls_made", None, False, "calls"),
    Metric("CallRetries", "Call retries", "count", "sum", f"Calls that were tried again. {OURS}", "calls_retried", None, False, "calls"),
    Metric("CallsTimedOut", "Calls timed out", "count", "sum", f"Attempts at calls that were given up, and went on without anyone waiting. {OURS}", "calls_timed_out", None, False, "calls"),
    Metric("CallsFailed", "Calls failed", "count", "sum", f"Calls that no attempt of theirs brought to success. {OURS}", "calls_failed", None, False, "trouble"),
    Metric("CallTime", "Time of a call", "s", "spread", f"Time that the work waited for a call, from its first attempt to its last answer. {OURS}", "call_times", None, False, "calls"),
)
CALL_WAITS = {"calls": "Waiting for answers to its calls", "network": "On the way", "client_timeout": "No answer in time", "client_backoff": "Pausing before a retry"}


class CallingNode(Protocol):
    """The node whose work it is."""

    id: str
    name: str
    agenda: Agenda
    call_times: Spread
    copied: int
    wires_out: dict[str, list[Wire]]

    def cause(self, name: str, title: str, culprit: Culprit | None = None, *, capacity: bool = True) -> Cause:
        """A reason for waiting."""

    def stream(self, purpose: str) -> Stream:
        """A random stream of the node's own."""

    def lineage_of(self, message: Message, wire: Wire) -> Any:
        """What goes along with what is sent here for the message."""


CallsDone = Callable[[Sequence[Message], bool], None]
"""Called with (messages of which a call failed, whether the time was up first) when the calls are over."""


class CallingWork(Errand):
    """A piece of work that waits for its calls: the messages it is for, and the step it has come to."""

    __slots__ = ("base", "batch", "booked_s", "done", "failed", "open_lines", "step", "stops_at_failure", "waits_for")

    def __init__(self, batch: Sequence[Message], done: CallsDone, now_s: float, deadline_s: float, behalf: tuple[Wire, Message] | None, stops_at_failure: bool) -> None:
        super().__init__(deadline_s, behalf)
        self.stops_at_failure = stops_at_failure
        self.batch = batch
        self.done = done
        self.booked_s = now_s
        self.step = 0
        self.open_lines = 0
        self.failed: list[Message] = []
        self.base: Leg | None = None
        self.waits_for: Cause | None = None

    @property
    def is_single(self) -> bool:
        """Whether it is for one message, whose time is then booked to what the called ones were busy with."""
        return len(self.batch) == 1 and self.batch[0].count == 1


class WorkCalls:
    """The calls of all work at one node. Steps come one after the other, the wires of a step at once."""

    def __init__(self, node: CallingNode) -> None:
        self.node = node
        self.agenda = node.agenda
        self.failed = 0
        self.lines = [CallLine(self, wire) for wire in node.wires_out["calls"]]
        numbered = sorted({line.settings.step for line in self.lines if line.settings.step is not None})
        self._steps = [[line for line in self.lines if line.settings.step == step] for step in numbered]
        self._steps.extend([line] for line in self.lines if line.settings.step is None)

    def begin(self, batch: Sequence[Message], done: CallsDone, deadline_s: float = math.inf, behalf: tuple[Wire, Message] | None = None, *, stops_at_failure: bool = False) -> None:
        """Make the calls that ``batch`` needs; ``done`` comes when they are over, at ``deadline_s`` at the latest. ``behalf`` is the request the work is for.

        One that fails ends all of them if it ``stops_at_failure``; otherwise the calls of other messages go on.
        """
        work = CallingWork(batch, done, self.agenda._now, deadline_s, behalf, stops_at_failure)
        if deadline_s < math.inf:
            self.agenda.at(max(deadline_s, self.agenda._now), self._expire, work)
        self._begin_step(work)

    def _begin_step(self, work: CallingWork) -> None:
        while work.step < len(self._steps):
            due = [(line, errands) for line in self._steps[work.step] if (errands := line.due(work))]
            work.step += 1
            if due:
                work.open_lines = len(due)
                work.base = work.batch[0].legs
                work.waits_for = due[0][0].waiting
                for line, errands in due:
                    if not work.over:
                        line.make(work, errands)
                return
        self._end(work)

    def line_ended(self, work: CallingWork, line: CallLine, legs: Leg | None) -> None:
        """All calls of a wire were answered; ``legs`` is what the last of them took."""
        work.open_lines -= 1
        if work.open_lines == 0:
            self._book(work, line.waiting, legs)
            self._begin_step(work)

    def call_failed(self, work: CallingWork, line: CallLine, message: Message | None, legs: Leg | None) -> None:
        """A call failed that the work needs, for one message or (None) for all of them."""
        for one in work.batch if message is None else (message,):
            if one not in work.failed:
                work.failed.append(one)
        if work.stops_at_failure or len(work.failed) == len(work.batch):
            self._book(work, line.waiting, legs)
            self._end(work)

    def _expire(self, work: CallingWork) -> None:
        if not work.over:
            work.over = True
            self._book(work, work.waits_for, None)
            work.done(work.failed, True)

    def _end(self, work: CallingWork) -> None:
        if not work.over:
            work.over = True
            work.done(work.failed, False)

    def _book(self, work: CallingWork, waiting: Cause | None, legs: Leg | None) -> None:
        """Book the time of a step: of a single message to what the called node was busy with, of others to waiting for it."""
        now_s = self.agenda._now
        if work.is_single and legs is not None:
            message = work.batch[0]
            message.legs = legs
            work.booked_s = max(work.booked_s, min(now_s, legs[3]))
        if waiting is not None and now_s > work.booked_s:
            for message in work.batch:
                spend(message, waiting, work.booked_s, now_s)
        work.booked_s = now_s


class CallLine:
    """The calls on one wire."""

    def __init__(self, calls: WorkCalls, wire: Wire) -> None:
        node = calls.node
        self.calls = calls
        self.wire = wire
        self.settings: Values = wire.parameters
        self.caller = Caller(wire, self, node.stream(f"calls {wire.id}"))
        self.waiting = node.cause("calls", f"Waiting for {wire.target.name}", Culprit(wire.target.id), capacity=False)
        self._publication = Publication(wire.parameters)
        self._chance = node.stream(f"called for {wire.id}")

    def due(self, work: CallingWork) -> list[Message | None]:
        """For which messages calls are to be made (None: for the batch), once for each call."""
        settings = self.settings
        if settings.per == "batch":
            return [None] * (settings.calls * self._chance.binomial(1, settings.share))
        return [message for message in work.batch if message not in work.failed for _ in range(settings.calls * self._chance.binomial(message.count, settings.share))]

    def make(self, work: CallingWork, errands: list[Message | None]) -> None:
        """Make these calls, at once or one after the other."""
        round_ = _Round(work, errands)
        for _ in range(len(errands) if self.settings.at_once else 1):
            if not work.over:
                self._ask(round_, work.base)

    def _ask(self, round_: _Round, legs: Leg | None) -> None:
        message = round_.take()
        original = round_.work.batch[0] if message is None else message
        node = self.calls.node
        request = self._publication.result_of(original, 1)
        request.lineage = node.lineage_of(original, self.wire)
        request.path = request.path.to(node.id)
        if round_.work.is_single:
            request.legs = legs
        self.caller.call(request, round_.work, (round_, message))

    # -- how they go ----------------------------------------------------------------------------------------------------

    def call_succeeded(self, call: Call, took_s: float) -> None:
        self.calls.node.copied += 1
        now_s = self.calls.agenda._now
        self.calls.node.call_times.add(took_s)
        if call.back_s > 0:
            spend(call.message, self.caller.travels, now_s, now_s + call.back_s)
        # By the agenda: through many calls that are answered at once, or a long chain of functions, calls would pile up.
        self.calls.agenda.at(now_s + call.back_s, self._answered, call)

    def call_failed(self, call: Call, refusal: Refusal) -> None:
        now_s = self.calls.agenda._now
        self.calls.failed += 1
        self.calls.node.call_times.add(now_s - call.began_s)
        self.calls.agenda.at(now_s, self._refused, call)

    def _answered(self, call: Call) -> None:
        self._go_on(call)

    def _refused(self, call: Call) -> None:
        round_, message = call.purpose
        if round_.work.over:
            return
        if self.settings.on_failure == "fails":
            self.calls.call_failed(round_.work, self, message, call.message.legs)
            round_.drop(message)
        self._go_on(call)

    def _go_on(self, call: Call) -> None:
        """Make the next call, or tell that all were answered."""
        round_, _ = call.purpose
        if round_.work.over:
            return
        round_.open -= 1
        if round_.errands:
            self._ask(round_, call.message.legs)
        elif round_.open == 0:
            self.calls.line_ended(round_.work, self, call.message.legs)


class _Round:
    """The calls of one wire in one step of a piece of work."""

    __slots__ = ("errands", "open", "work")

    def __init__(self, work: CallingWork, errands: list[Message | None]) -> None:
        self.work = work
        self.errands = errands[::-1]
        self.open = 0

    def take(self) -> Message | None:
        """The message (None: the batch) for which the next call is made."""
        self.open += 1
        return self.errands.pop()

    def drop(self, message: Message | None) -> None:
        """No more calls are made for a message that failed."""
        self.errands = [errand for errand in self.errands if errand is not message]


def check_calls(placed: Placed, timeout_s: float | None = None) -> Iterator[Finding]:
    """What is wrong with the calls that work at a node makes, which may last ``timeout_s``."""
    for link in placed.out_of("calls"):
        settings, other = link.parameters, link.other
        if not settings.message_type and (settings.body is not None or settings.attributes):
            yield Finding("called-without-type", "error", f"What '{placed.name}' asks '{other.name}' has a body or attributes, but no name", "Name the request", node=placed.id, wire=link.id, parameter="message_type")
        if leads_back(placed, link):
            yield _circle(placed, link)
        if timeout_s is not None and (settings.timeout_s is None or settings.timeout_s >= timeout_s):
            yield Finding("call-outlasts-function", "note", f"If '{other.name}' does not answer, '{placed.name}' is killed at its own timeout: it cannot try again, or answer with an error of its own",
                          "Give the calls a timeout below the function's", node=placed.id, wire=link.id, parameter="timeout_s", related=(other.id,))


def _circle(placed: Placed, link: Link) -> Finding:
    settings, other = link.parameters, link.other
    related = (other.id,) if other is not placed else ()
    if settings.calls * settings.share > 1:
        return Finding("multiplying-calls", "error", f"The calls of '{placed.name}' to '{other.name}' come back to it, {settings.calls} for each: they would multiply without end", "Make one call for each, or call something else",
                       node=placed.id, wire=link.id, parameter="calls", related=related)
    return Finding("calls-in-circle", "warning", f"'{placed.name}' calls '{other.name}', which leads back to '{placed.name}': each waits for the next, until concurrency, slots or timeouts are used up",
                   "Break the circle, for example by a queue", node=placed.id, wire=link.id, related=related)
