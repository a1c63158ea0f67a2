"""Traffic: whatever sends messages or requests into the system, at a rate that follows a shape or a recorded trace.

A source makes messages of one or more types. Types carry real attributes and bodies, so that filters downstream are
evaluated, not guessed. Requests wait for an answer: up to a timeout, with retries and a circuit breaker, as the wire says.
A one-way message that a receiver refuses is lost here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from simulator.engine.cohorts import Span
from simulator.engine.key_space import KeySpace
from simulator.engine.message import Message, MessageType
from simulator.engine.node import Node
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.placement import Link, Placed
from simulator.engine.station import Flow, Into
from simulator.engine.wire import Wire
from simulator.measures import Spread
from simulator.mechanics.calling import OWN, Call, Caller, CallPolicy
from simulator.mechanics.loads.arrivals import Arrivals
from simulator.mechanics.loads.closed_load import Users
from simulator.mechanics.loads.event_shapes import SOURCES
from simulator.mechanics.loads.load_shapes import ConstantLoad, Load, UsersLoad
from simulator.mechanics.message_attributes import Attribute
from simulator.units import format_rate
from simulator.vocabulary import (
    ANY_ACTION,
    Direction,
    Fault,
    Fidelity,
    Figure,
    Fill,
    Finding,
    Metric,
    Overlay,
    ParameterSet,
    Picture,
    Port,
    Verb,
    parameter,
)

if TYPE_CHECKING:
    from simulator.engine.network import Network

LARGEST_BYTES = 1_048_576
QUICK_ROUND_S = 0.05
"""What a round of a user takes at least, where it is guessed beforehand how many messages there will be."""
TYPES_BLOCK = 4096
FEW = 4
"""So many messages in one stretch of time are sent one by one instead of as a cohort."""


class UniformKeys(ParameterSet):
    """Keys are equally likely."""

    keys: Literal["uniform"] = "uniform"
    number: int = parameter(1000, "How many different keys there are.", title="Keys", unit="count", section="Keys", ge=1, le=10_000_000)


class ZipfKeys(ParameterSet):
    """A few keys are hot, many are rare: the k-th has weight 1 / k^s."""

    keys: Literal["zipf"] = "zipf"
    number: int = parameter(1000, "How many different keys there are.", title="Keys", unit="count", section="Keys", ge=1, le=10_000_000)
    exponent: float = parameter(1.0, "0 is uniform; 1 is what word counts and web pages show; more is hotter.", title="Exponent", section="Keys", ge=0, le=10)


class SingleKey(ParameterSet):
    """All messages have the same key."""

    keys: Literal["single"] = "single"
    value: int = parameter(0, "The key, as a number: types and sources that give the same one share it.", title="Key", section="Keys", ge=0, le=10_000_000)


Keys = Annotated[SingleKey | UniformKeys | ZipfKeys, Field(discriminator="keys")]


class TypeOfMessage(ParameterSet):
    """One kind of message among those that a source sends."""

    name: str = parameter("message", "What it is called in traces and reports.", title="Name", section="Message", min_length=1, max_length=100)
    share: float = parameter(1.0, "Its weight among the types of this source.", title="Share", section="Message", gt=0, le=1e6)
    size_bytes: int = parameter(1024, "Size of the message.", title="Size", unit="bytes", section="Message", ge=1, le=268_435_456)
    attributes: dict[str, Attribute] = parameter(dict, 'Message attributes, for example {"kind": {"Type": "String", "Value": "order"}}.', title="Attributes", section="Content", widget="json")
    body: dict[str, Any] | list[Any] | str | None = parameter(None, "JSON body, which filters on the body look at. Empty: not JSON.", title="Body", section="Content", widget="json")
    failure_probability: float = parameter(
        0.0, "Chance that an attempt at processing it fails, every time. 1 is a poison message.", title="Fails when processed", unit="share", section="Content", ge=0, le=1)
    key: Keys = parameter(lambda: SingleKey(), "Which partition or group key it has.", title="Key", section="Keys")
    repeated_share: float = parameter(
        0.0, "Share of these messages that is sent a second time, as by a producer that did not get the answer to its first try.",
        title="Sent twice", unit="share", section="Repeats", ge=0, le=1)
    repeated_after_s: float = parameter(1.0, "Time between the two sends.", title="Sent again after", unit="s", section="Repeats", ge=0, le=86400)
    repeats_keep_id: bool = parameter(
        True, "The second send carries the deduplication id of the first. Off: a new one, so that only content-based deduplication recognises it.",
        title="Keeps its deduplication id", section="Repeats")

    @model_validator(mode="after")
    def _readable(self) -> TypeOfMessage:
        if isinstance(self.body, str):
            try:
                json.loads(self.body)
            except json.JSONDecodeError as error:
                raise ValueError(f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
        return self

    def parsed_body(self) -> Any:
        """The body as JSON values; None if it has none."""
        return json.loads(self.body) if isinstance(self.body, str) else self.body


class TrafficParameters(ParameterSet):
    """How much, when, and what."""

    load: Load = parameter(lambda: ConstantLoad(), "How the rate goes over time; or users who wait for answers.", title="Load", section="Load", changeable=True)
    arrivals: Literal["poisson", "even"] = parameter(
        "poisson", "Poisson: at random, as independent users do. Even: at equal distances.", title="Arrivals", section="Load", changeable=True)
    message_types: tuple[TypeOfMessage, ...] = parameter(
        lambda: (TypeOfMessage(),), "What is sent. A message is of each type with a chance in proportion to its share.", title="Message types",
        section="Messages", widget="message_types", min_length=1, max_length=100)


class PoisonParameters(ParameterSet):
    """How many."""

    share: float = parameter(0.01, "Share of the messages that no attempt processes.", title="Share", unit="share", gt=0, le=1)


class Traffic(Node):
    """A source of messages."""

    kind = "traffic"
    title = "Traffic"
    short_title = "Traffic"
    neutral_title = "Traffic"
    group = "Traffic"
    icon = "resource/Users"
    summary = "Sends messages or requests at a rate that follows a shape, or a recorded trace."
    documentation_url = ""
    Parameters = TrafficParameters
    presets = SOURCES
    ports = (
        Port("out", "Messages", Direction.OUT, Verb.SEND, frozenset({ANY_ACTION}), "Messages sent one-way: to queues, topics, asynchronous functions."),
        Port("requests", "Requests", Direction.OUT, Verb.INVOKE, frozenset({ANY_ACTION}), "Requests whose caller waits for the answer.",
             wire_title="Client", wire_parameters=CallPolicy),
    )
    metrics = (
        Metric("MessagesCreated", "Created", "messages", "sum", "Messages and requests made.", "made", None, True, "rates"),
        Metric("MessagesAccepted", "Accepted", "messages", "sum", "Messages that a receiver took, and requests that were answered with success.", "accepted", None, True, "rates"),
        Metric("MessagesRefused", "Refused", "messages", "sum", "Messages that a receiver refused, and requests that failed.", "refused", None, True, "trouble"),
        Metric("MessagesRepeated", "Sent twice", "messages", "sum", "Second sends of messages made before.", "repeats", None, False, "rates"),
        Metric("OfferedLoad", "Offered load", "per_s", "gauge", "The rate that the shape (times the load multiplier) asks for now; of a closed load, that of the users who think now.", "offered_per_s", None, True, "rates"),
        Metric("Users", "Users", "count", "gauge", "Users of a closed load, those who think and those who wait.", "users_present", None, False, "users"),
        Metric("UsersThinking", "Users thinking", "count", "gauge", "Users who have their answer and have not asked again yet.", "users_thinking", None, False, "users"),
        Metric("RequestsOutstanding", "Outstanding", "messages", "gauge", "Requests that wait for an answer, or for their next attempt.", "outstanding", None, False, "backlog"),
        Metric("RequestAttempts", "Attempts", "requests", "sum", "Attempts at requests, the first ones and retries.", "attempts", None, False, "rates"),
        Metric("RequestRetries", "Retries", "requests", "sum", "Retries that were decided on.", "retries", None, False, "trouble"),
        Metric("RequestsTimedOut", "Timed out", "requests", "sum", "Attempts whose answer the client did not wait for any longer.", "timed_out", None, False, "trouble"),
        Metric("RequestsFailedFast", "Failed fast", "requests", "sum", "Attempts that an open circuit breaker kept from being made.", "failed_fast", None, False, "trouble"),
        Metric("WorkedInVain", "Worked in vain", "requests", "sum", "Requests on which the work was done after the client had given up.", "worked_in_vain", None, False, "trouble"),
        Metric("AbandonedInProgress", "Abandoned, in progress", "requests", "gauge", "Attempts that are still worked on although the client has given up.", "abandoned", None, False, "backlog"),
        Metric("ResponseTime", "Response time", "s", "spread", "Time from a request's first attempt to its good answer, retries and pauses included.", "response_times", None, False, "latency"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {
        "network": "On the way", "client_timeout": "No answer in time", "client_backoff": "Pausing before a retry"}
    overlay = Overlay(
        "OfferedLoad", (Figure("MessagesCreated"), Figure("MessagesRefused", "refused", quiet=True)),
        picture=Picture("rates", (Fill("MessagesCreated"), Fill("MessagesRefused", "bad"))),
    )
    faults = (
        Fault("silent", "The source falls silent", "Nothing is sent until cleared.", sort="stops"),
        Fault("poison", "Poison messages", "A share of what is sent fails every attempt at it, wherever it is processed.", PoisonParameters, sort="poison"),
    )
    fidelity = Fidelity(
        modelled=(
            "Poisson or evenly spaced arrivals with a rate that changes over time, drawn exactly.",
            "Closed loads: users who ask, wait for the answer, think, and ask again, so that a saturated system gets no more requests than it answers.",
            "Replay of recorded traces: counts in intervals, or times of arrivals.",
            "Clients of requests: a timeout, retries with no, exponential, full, equal or decorrelated back-off, Retry-After, a circuit breaker for the application or for each user, network latency;"
            " what they gave up on goes on downstream and is counted.",
            "Message types with shares, sizes, attributes, JSON bodies and keys; a share of them can be sent twice, with or without a new deduplication id.",
        ),
        approximated=(
            "Inside an interval of a trace the rate is constant: the trace says no more.",
            "The network's way back is part of the response time, but not of the latency of a path, which ends where the work was done.",
        ),
        ignored=("Clients that send a one-way message again when it was refused: who does so is a client of your own, with a retry policy that no source states.", "Network latency of one-way messages: it shifts all of them alike."),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "A source and a queue",
        "nodes": [
            {"id": "clicks", "kind": "traffic", "name": "Clicks", "parameters": {"load": {"shape": "ramp", "from_per_s": 0, "to_per_s": 50, "over_s": 60}}},
            {"id": "queue", "kind": "sqs", "name": "clicks", "parameters": {}},
            {"id": "counters", "kind": "worker", "name": "Counters", "parameters": {"workers": 40}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "clicks", "port": "out"}, "to": {"node": "queue", "port": "in"}},
            {"id": "w2", "from": {"node": "queue", "port": "out"}, "to": {"node": "counters", "port": "source"}},
        ],
        "run": {"duration_s": 120},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.accepted = self.refused = self.outstanding = self.made = self.repeats = 0
        self.response_times = Spread()
        self._users = Users(self, self.stream("thinking"))
        self.users_present, self.users_thinking = self._users.present, self._users.thinking
        self._silent = False
        self._poison_share = 0.0
        self._poison_draw = self.stream("poison")
        self._poisoned: dict[MessageType, MessageType] = {}
        self._within = self.stream("cohorts")
        self._coming = (0, 0.0, 0.0)
        """What this stretch of time brings: messages, from_s, to_s."""
        self._generation = 0
        self._types = [
            MessageType(
                entry.name, entry.size_bytes, {key: value.model_dump() for key, value in entry.attributes.items()}, entry.parsed_body(), entry.failure_probability,
                _key_draws(entry.key, self.stream(f"keys {entry.name}").generator), _key_space(entry.key))
            for entry in self.parameters.message_types
        ]
        self._repeats = {
            made: (entry.repeated_share, entry.repeated_after_s, made if entry.repeats_keep_id else replace(made, renews_id=True))
            for made, entry in zip(self._types, self.parameters.message_types, strict=True) if entry.repeated_share > 0
        }
        self._repeat_draw = self.stream("repeats")
        shares = np.array([entry.share for entry in self.parameters.message_types])
        self._shares = shares / shares.sum()
        self._one_key = [isinstance(entry.key, SingleKey) for entry in self.parameters.message_types]
        self._path = network.root.to(id)
        self._next_type = self._type_draws()

    def start(self) -> None:
        first = self.wires_out["out"][:1]
        self._wires: list[Wire] = [*self.wires_out["out"][1:], *first]
        self._last_wire = first[0] if first else None
        self._callers = [Caller(wire, self, self.stream(f"calls {wire.id}")) for wire in self.wires_out["requests"]]
        self._begin()

    def _begin(self) -> None:
        """Draw arrivals from now on, or let users come."""
        self._arrivals = Arrivals(ConstantLoad(rate_per_s=0) if self.is_closed else self.parameters.load, self.parameters.arrivals, self.stream(f"arrivals {self._generation}").generator)
        self._restart()

    def _restart(self) -> None:
        """Forget arrivals drawn for later, and draw anew with the present load."""
        self._generation += 1
        if self._coming[0]:
            self._bring()
        factor = 0.0 if self._silent else self.network.load
        load = self.parameters.load
        if isinstance(load, UsersLoad):
            self._users.want(load, round(load.users * factor))
            return
        self._users.leave()
        self._arrivals.change_factor(factor, self.agenda._now)
        if self.takes_cohorts:
            self._gather(self._generation)
        else:
            self._times = chain.from_iterable(_blocks_from(self._arrivals, self.agenda._now))
            self._book(self._generation)

    def _book(self, generation: int) -> None:
        time_s = next(self._times, None)
        if time_s is not None:
            self.agenda.at(time_s, self._arrive, generation)

    def _arrive(self, generation: int) -> None:
        if generation != self._generation:
            return
        self._make(None)
        time_s = next(self._times, None)
        if time_s is not None:
            self.agenda.at(time_s, self._arrive, generation)

    def _make(self, user: int | None) -> None:
        """Make a message, of a user of a closed load or (None) of anybody, and send it everywhere."""
        self.made += 1
        place = self._next_type() if self._next_type is not None else 0
        message_type = self._types[place]
        key = message_type.draw_key() if user is None or not self._one_key[place] else user
        if self._poison_share and self._poison_draw.uniform() < self._poison_share:
            message_type = self._poison_of(message_type)
        message = Message(1, message_type, self.agenda._now, self._path, None, key, self.made)
        if self._callers:
            self._call_all(message, user)
        if self._wires or not self._callers:
            if self._repeats and message_type in self._repeats:
                self._plan_repeat(message)
            self._send_all(message)

    def ask_for(self, user: int) -> int:
        """A user asks: how many answers there will be."""
        self._make(user)
        return len(self._callers)

    def _call_all(self, message: Message, user: int | None) -> None:
        for caller in self._callers:
            self.created += 1
            self.outstanding += 1
            caller.call(message.copy(), OWN, user, user)

    def _plan_repeat(self, message: Message) -> None:
        share, after_s, its_type = self._repeats[message.type]
        if self._wires and self._repeat_draw.uniform() < share:
            repeat = message.copy()
            repeat.type = its_type
            self.agenda.at(self.agenda._now + after_s, self._repeat, repeat)

    def _repeat(self, message: Message) -> None:
        message.born_s = self.agenda._now
        self.repeats += 1
        self._send_all(message)

    # -- cohorts ------------------------------------------------------------------------------------------------------

    def needs_singles(self) -> str | None:
        if self._repeats:
            return "Some of its messages are sent twice."
        if self.is_closed:
            return "Its users wait for answers, one by one."
        if self.wires_out["requests"]:
            return "Its requests wait for answers, one by one."
        singles = [wire.target.name for wire in self.wires_out["out"] if self.network.why_singles(wire.target) is not None]
        return f"It sends to {' and '.join(singles)}, where single messages matter." if singles else None

    def expected_messages(self, duration_s: float) -> float:
        wires = len(self.wires_out["out"]) + len(self.wires_out["requests"])
        load = self.parameters.load
        if isinstance(load, UsersLoad):
            return wires * load.users * duration_s / max(load.think_time.expected_s(), QUICK_ROUND_S)
        return wires * Arrivals(self.parameters.load, self.parameters.arrivals, self.stream("plan").generator).expected(0.0, duration_s)

    def _gather(self, generation: int) -> None:
        """Draw how many messages the stretch of time that begins now brings, by type; few of them come by themselves."""
        if generation != self._generation:
            return
        tick_s = self.network.tick_s
        from_s: float = self.agenda._now
        to_s = (math.floor(from_s / tick_s + 1e-9) + 1) * tick_s
        count = self._arrivals.count(from_s, to_s)
        if count > FEW:
            self._coming = (count, from_s, to_s)
            self.agenda.at(to_s, self._bring_all, generation)
        else:
            uniform = self._within.uniform
            for when in sorted(uniform() for _ in range(count)):
                self.agenda.at(from_s + when * (to_s - from_s), self._bring_one, generation)
        self.agenda.at(to_s, self._gather, generation)

    def _bring_one(self, generation: int) -> None:
        if generation == self._generation:
            self.made += 1
            message_type = self._types[self._next_type() if self._next_type is not None else 0]
            if self._poison_share and self._poison_draw.uniform() < self._poison_share:
                message_type = self._poison_of(message_type)
            self._send_all(Message(1, message_type, self.agenda._now, self._path, None, message_type.draw_key(), self.made))

    def _bring_all(self, generation: int) -> None:
        if generation == self._generation:
            self._bring()

    def _bring(self) -> None:
        """Send what was gathered so far: all of it, or the share of the time that has passed when the load changes."""
        total, from_s, to_s = self._coming
        self._coming = (0, 0.0, 0.0)
        now_s: float = self.agenda._now
        if now_s < to_s:
            total = self._within.binomial(total, (now_s - from_s) / (to_s - from_s))
        if total == 0:
            return
        counts = [total] if len(self._types) == 1 else self._within.generator.multinomial(total, self._shares).tolist()
        drawn = list(zip(self._types, counts, strict=True))
        if self._poison_share:
            poisoned = [self._poison_draw.binomial(count, self._poison_share) for count in counts]
            drawn = [(kind, count - bad) for (kind, count), bad in zip(drawn, poisoned, strict=True)] + [(self._poison_of(kind), bad) for kind, bad in zip(self._types, poisoned, strict=True)]
        for message_type, count in drawn:
            if count:
                message = Message(count, message_type, from_s, self._path, None, 0, self.made + 1)
                message.span = Span(now_s, from_s, now_s)
                self.made += count
                self._send_all(message)

    def _send_all(self, message: Message) -> None:
        count = message.count
        if not self._wires:
            self.created += count
            self.finish(message, "not wired")
        for wire in self._wires:
            sent = message if wire is self._last_wire else message.copy()
            self.created += count
            if message.span is not None:
                self._offer(sent, wire)
                continue
            refusal = wire.send(sent)
            if refusal is None:
                self.accepted += count
            else:
                self._refuse(sent, refusal)

    def _offer(self, message: Message, wire: Wire) -> None:
        count = message.count
        rest, refusal = wire.offer(message)
        if rest is None or refusal is None:
            self.accepted += count
        else:
            self.accepted += count - rest.count
            self._refuse(rest, refusal)

    def call_succeeded(self, call: Call, took_s: float) -> None:
        self.outstanding -= call.message.count
        self.accepted += call.message.count
        self.response_times.add(took_s)
        if call.purpose is not None:
            self.agenda.at(self.agenda._now + call.back_s, self._users.answered, call.purpose)

    def call_failed(self, call: Call, refusal: Refusal) -> None:
        self.outstanding -= call.message.count
        self._refuse(call.message, refusal)
        if call.purpose is not None:
            self._users.answered(call.purpose)

    def _refuse(self, message: Message, refusal: Refusal) -> None:
        self.refused += message.count
        self.lose(message, refusal.cause, refusal.title if refusal.outcome is not Outcome.REJECTED else f"Rejected: {self.network.inside(refusal.title)}")

    def _type_draws(self) -> Callable[[], int] | None:
        if len(self._shares) == 1:
            return None
        edges = np.cumsum(self._shares)
        edges[-1] = 1.0
        return self.stream("types").draws(lambda generator: np.searchsorted(edges, generator.random(TYPES_BLOCK), side="right"))  # type: ignore[return-value]

    # -- what changes -----------------------------------------------------------------------------------------------

    def load_changed(self, factor: float) -> None:
        self._restart()

    def parameter_changed(self, name: str) -> None:
        if name in ("load", "arrivals"):
            self._begin()

    def fault_silent(self, value: ParameterSet | None) -> None:
        """Nothing is sent until cleared (None)."""
        self._silent = value is not None
        self._restart()

    def fault_poison(self, value: PoisonParameters | None) -> None:
        """A share of what is sent cannot be processed, until cleared (None)."""
        self._poison_share = value.share if value is not None else 0.0

    def _poison_of(self, message_type: MessageType) -> MessageType:
        """The type like this one that fails every attempt."""
        made = self._poisoned.get(message_type)
        if made is None:
            made = self._poisoned[message_type] = replace(message_type, failure_probability=1.0)
        return made

    # -- what it shows ----------------------------------------------------------------------------------------------

    def offered_per_s(self) -> float:
        """The rate that is asked for now, in messages a second."""
        return self._users.asks_per_s() if self.is_closed else self._arrivals.rate_per_s(self.agenda._now)

    @property
    def is_closed(self) -> bool:
        """Whether users wait for answers before they ask again."""
        return isinstance(self.parameters.load, UsersLoad)

    def _of_callers(self, name: str) -> int:
        return sum(int(getattr(caller, name)) for caller in self._callers)

    def attempts(self) -> int:
        """Attempts at requests."""
        return self._of_callers("attempts")

    def retries(self) -> int:
        """Retries that were decided on."""
        return self._of_callers("retries")

    def timed_out(self) -> int:
        """Attempts that the client gave up."""
        return self._of_callers("timed_out")

    def failed_fast(self) -> int:
        """Attempts that an open circuit breaker stopped."""
        return self._of_callers("failed_fast")

    def worked_in_vain(self) -> int:
        """Requests on which the work was done too late for the client."""
        return sum(wire.late for wire in self.wires_out["requests"])

    def abandoned(self) -> int:
        """Attempts given up that are still worked on."""
        return sum(message.count for wire in self.wires_out["requests"] for message in wire.abandoned)

    def holding(self) -> int:
        return self.outstanding

    def trouble(self) -> tuple[int, int]:
        return self.refused, 0

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if rates["MessagesRefused"] > 0:
            reason = max(self.losses.values(), key=lambda loss: loss.messages).title
            return f"{format_rate(rates['MessagesRefused'])} of {format_rate(rates['MessagesCreated'])} are refused: {reason}.", None
        return None

    @classmethod
    def flow(cls, placed: Placed, link: Link, into: Into) -> Flow:
        load = placed.parameters.load
        broken = []
        if load.shape == "users":
            broken.append(f"users of {placed.name} wait for answers: what comes depends on how many wait already")
        elif load.shape == "trace":
            broken.append(f"arrivals of {placed.name} are a trace, not Poisson")
        elif load.shape != "constant":
            broken.append(f"arrivals of {placed.name} do not have a constant rate ({load.shape})")
        elif placed.parameters.arrivals != "poisson":
            broken.append(f"arrivals of {placed.name} come at even distances, not at random")
        if link.port == "requests" and link.parameters.attempts > 1:
            broken.append(f"requests of {placed.name} are tried again")
        return Flow(load.rate_per_s if load.shape == "constant" else None, tuple(broken), frozenset({placed.id}))

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        for entry in placed.parameters.message_types:
            if entry.size_bytes > LARGEST_BYTES:
                yield Finding("message-too-large", "warning", f"Messages of type '{entry.name}' are larger than any queue or topic takes (1 MiB)", "Send a reference to an object in a store instead", node=placed.id, parameter="message_types")
        names = [entry.name for entry in placed.parameters.message_types]
        if len(set(names)) < len(names):
            yield Finding("duplicate-type", "error", f"'{placed.name}' has two message types of the same name", "Rename one", node=placed.id, parameter="message_types")


def _blocks_from(arrivals: Arrivals, now_s: float) -> Iterator[list[float]]:
    """The arrival times from ``now_s`` on, block by block."""
    while len(block := arrivals.block()):
        yield np.maximum(block, now_s).tolist()


def _key_space(keys: Any) -> KeySpace:
    """The keys that `_key_draws` draws from, with their chances."""
    if isinstance(keys, SingleKey):
        return KeySpace(first=keys.value)
    return KeySpace(keys.number, 0.0 if isinstance(keys, UniformKeys) else keys.exponent)


def _key_draws(keys: Any, generator: np.random.Generator) -> Callable[[], int]:
    """A function that gives the key (a number from 0) of the next message."""
    if isinstance(keys, SingleKey):
        value = keys.value
        return lambda: value
    if isinstance(keys, UniformKeys):
        number = keys.number

        def block() -> Any:
            return generator.integers(0, number, TYPES_BLOCK)
    else:
        weights = np.arange(1, keys.number + 1, dtype=float) ** -keys.exponent
        edges = np.cumsum(weights / weights.sum())
        edges[-1] = 1.0

        def block() -> Any:
            return np.searchsorted(edges, generator.random(TYPES_BLOCK), side="right")

    def endless() -> Iterator[int]:
        while True:
            yield from block().tolist()

    return endless().__next__
