"""The nodes and wires of one run, on one agenda."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from simulator.engine.agenda import Agenda
from simulator.engine.errors import SimulationError
from simulator.engine.message import Leg, Message, Path, PathEnd
from simulator.engine.node import Node
from simulator.engine.outcomes import Cause
from simulator.engine.wire import Wire
from simulator.measures import Gauge, Spread
from simulator.units import inside_sentence
from simulator.vocabulary import ParameterSet, Port, Values

Shared = TypeVar("Shared")

Work = tuple[Sequence[Message], float, float]
"""What was worked on at once, when that began, and when it ended (s)."""

SLOWEST_KEPT = 40
SAMPLES_KEPT = 160
LOG_KEPT = 1000
TITLES_KEPT = 1000


class Ended:
    """A message that ended, kept for the list of traces."""

    __slots__ = ("count", "end", "latency_s", "legs", "number", "path", "type", "when_s")

    def __init__(self, message: Message, end: str, now_s: float, latency_s: float | None = None) -> None:
        self.number = message.number
        self.count = message.count
        self.type = message.type.name
        self.path = message.path.nodes
        self.legs: Leg | None = message.legs
        self.latency_s = now_s - message.born_s if latency_s is None else latency_s
        self.end = end
        self.when_s = now_s


class Network:
    """Builds nodes and wires, knows what they share, and keeps the account of messages that ended.

    ``trace_one_in``: one message in so many is kept as a sample trace; as these are bounded, one in twice as many each time there are too
    many, so that they are spread evenly over the run. The slowest are always kept.
    """

    def __init__(self, seed: int, account: Mapping[str, ParameterSet] | None = None, trace_one_in: int = 100) -> None:
        self.agenda = Agenda(self.housekeep)
        self.seed = seed
        self.account = dict(account or {})
        self.trace_one_in = max(1, trace_one_in)
        self.nodes: dict[str, Node] = {}
        self.wires: dict[str, Wire] = {}
        self.root = Path()
        self.load = 1.0
        self.tick_s = 0.0
        """Cohorts gather what comes in so long a stretch of time; 0: every message is simulated by itself."""
        self.measured_from_s = 0.0
        """When statistics began: 0, or the end of the warm-up."""
        self.singles_because: dict[str, str | None] = {}
        self._shared: dict[str, Any] = {}
        self._slowest: list[tuple[float, int, Ended]] = []
        self._samples: list[tuple[int, Ended]] = []
        self._floor_s = -1.0
        self._ended = 0
        self._spreads: list[Spread] = []
        self._gauges: list[Gauge] = []
        self._log: deque[dict[str, Any]] = deque(maxlen=LOG_KEPT)
        self.inside = lru_cache(TITLES_KEPT)(self._inside)
        """A title as it stands inside a sentence; names of nodes stay as they are."""

    # -- building ---------------------------------------------------------------------------------------------------

    def add_node(self, service: type[Node], id: str, name: str, parameters: ParameterSet) -> Node:  # noqa: A002
        """Place a node; raise `SimulationError` if the id is taken."""
        if id in self.nodes:
            raise SimulationError("two nodes have the same id", node=id)
        node = self.nodes[id] = service(self, id, name, parameters)
        return node

    def add_wire(self, id: str, source: str, source_port: str, target: str, target_port: str, parameters: ParameterSet) -> Wire:  # noqa: A002
        """Lay a wire between two ports that exist."""
        start, end = self.nodes[source], self.nodes[target]
        wire = Wire(id, start, _port(start, source_port), end, _port(end, target_port), Values(parameters))
        self.wires[id] = wire
        start.wires_out[source_port].append(wire)
        end.wires_in[target_port].append(wire)
        return wire

    def start(self) -> None:
        """Let every node begin to act."""
        if self.tick_s > 0:
            for node in self.nodes.values():
                node.takes_cohorts = self.why_singles(node) is None
        for node in self.nodes.values():
            node.start()
            measures = [getattr(node, metric.attribute) for metric in node.metrics]
            self._spreads.extend(measure for measure in measures if isinstance(measure, Spread))
            self._gauges.extend(measure for measure in (*measures, *node.limits.values()) if isinstance(measure, Gauge))

    def note_levels(self) -> None:
        """Let levels that cohorts change count toward their maximum."""
        for gauge in self._gauges:
            gauge.note(self.agenda._now)

    def why_singles(self, node: Node) -> str | None:
        """Why single messages must come to ``node``; None if cohorts may."""
        if node.id not in self.singles_because:
            self.singles_because[node.id] = "It stands in a circle."
            self.singles_because[node.id] = node.needs_singles()
        return self.singles_because[node.id]

    def housekeep(self) -> None:
        """Fold buffered samples and drop what is no longer needed, so that memory stays bounded."""
        self.settle()
        for spread in self._spreads:
            spread.fold()
        for path in self.root.walk():
            for end in path.ends.values():
                end.latency.fold()
        for node in self.nodes.values():
            node.housekeep()

    def settle(self) -> None:
        """Let every node account for what ended since the last time; whoever reads ledgers and counters asks for it before."""
        for node in self.nodes.values():
            node.settle()

    def shared(self, name: str, make: Callable[[], Shared]) -> Shared:
        """What nodes of one account share (a concurrency pool, a quota); made at first use."""
        if name not in self._shared:
            self._shared[name] = make()
        found: Shared = self._shared[name]
        return found

    # -- what happened ----------------------------------------------------------------------------------------------

    def ended(self, message: Message, end: str) -> None:
        """A message reached an end of its way: book its latency to its path, and keep it if it was slow or its turn."""
        now_s: float = self.agenda._now
        span = message.span
        if span is not None:
            self.ended_cohort(message, end, ((span.from_s - message.born_s, span.to_s - span.born_to_s, message.count),), span.middle_s)
            return
        path = message.path
        record = path.ends.get(end) or path.end(end)
        count = message.count
        latency_s = now_s - message.born_s
        record.messages += count
        if count == 1:
            record.note(latency_s)
        else:
            record.latency.add(latency_s, count)
        split = record.split
        leg = message.legs
        while leg:
            leg, cause, from_s, to_s = leg
            split[cause] += count * (to_s - from_s)
        self._ended = ended = self._ended + 1
        if latency_s > self._floor_s:
            self._keep_slow(Ended(message, end, now_s))
        if not ended % self.trace_one_in:
            self._keep_sample(Ended(message, end, now_s))

    def ended_works(self, works: Iterable[Work], cause: Cause, end: str) -> int:
        """`spend` and `ended` for the messages of many pieces of work, whose last stretch of time was that work, on ``cause``; how many there were."""
        path: Path | None = None
        record = PathEnd(end)
        split = record.split
        number, total, here, here_s = self._ended, 0, 0, 0.0
        for messages, started_s, ended_s in works:
            for message in messages:
                if message.path is not path:
                    record.messages += here
                    split[cause] += here_s
                    cause.message_s += here_s
                    path, total, here, here_s = message.path, total + here, 0, 0.0
                    record = path.ends.get(end) or path.end(end)
                    split = record.split
                count = message.count
                here += count
                here_s += count * (ended_s - started_s)
                latency_s = ended_s - message.born_s
                record.note(latency_s) if count == 1 else record.latency.add(latency_s, count)
                leg = message.legs
                while leg:
                    leg, its_cause, from_s, to_s = leg
                    split[its_cause] += count * (to_s - from_s)
                number += 1
                if latency_s > self._floor_s or not number % self.trace_one_in:
                    message.legs = (message.legs, cause, started_s, ended_s)
                    self._ended = number
                    if latency_s > self._floor_s:
                        self._keep_slow(Ended(message, end, ended_s))
                    if not number % self.trace_one_in:
                        self._keep_sample(Ended(message, end, ended_s))
        record.messages += here
        split[cause] += here_s
        cause.message_s += here_s
        self._ended = number
        return total + here

    def ended_cohort(self, message: Message, end: str, ramps: Iterable[tuple[float, float, float]], middle_s: float) -> None:
        """`ended` for a cohort: its latencies are ``ramps`` of (first, last, messages), it ended at ``middle_s`` on average."""
        record = message.path.end(end)
        count = message.count
        record.messages += count
        for ramp in ramps:
            record.latency.add_ramp(*ramp)
        leg = message.legs
        while leg is not None:
            leg, cause, from_s, to_s = leg
            record.split[cause] += count * (to_s - from_s)
        self._ended += 1
        span = message.span
        mean_s = middle_s - (message.born_s + (span.born_to_s if span is not None else message.born_s)) / 2
        if mean_s > self._floor_s:
            self._keep_slow(Ended(message, end, middle_s, mean_s))
        if self._ended % self.trace_one_in == 0:
            self._keep_sample(Ended(message, end, middle_s, mean_s))

    def _keep_slow(self, ended: Ended) -> None:
        entry = (ended.latency_s, self._ended, ended)
        if len(self._slowest) < SLOWEST_KEPT:
            heapq.heappush(self._slowest, entry)
        else:
            heapq.heapreplace(self._slowest, entry)
            self._floor_s = self._slowest[0][0]

    def _keep_sample(self, ended: Ended) -> None:
        self._samples.append((self._ended, ended))
        if len(self._samples) > SAMPLES_KEPT:
            self.trace_one_in *= 2
            self._samples = [sample for sample in self._samples if not sample[0] % self.trace_one_in]

    def traces(self) -> list[tuple[Ended, bool]]:
        """The slowest messages, slowest first, then the samples in the order of their ends; each with whether it is a sample."""
        slowest = [entry[2] for entry in sorted(self._slowest, key=lambda entry: (-entry[0], entry[1]))]
        return [*((ended, False) for ended in slowest), *((ended, True) for _, ended in self._samples)]

    def _inside(self, title: str) -> str:
        return inside_sentence(title, (node.name for node in self.nodes.values()))

    def log(self, level: str, node: str | None, text: str) -> None:
        """Write a line into the event log (the latest are kept)."""
        self._log.append({"time_s": self.agenda._now, "level": level, "node": node, "text": text})

    def take_log(self) -> list[dict[str, Any]]:
        """The lines written since the last call."""
        lines = list(self._log)
        self._log.clear()
        return lines

    def restart_statistics(self) -> None:
        """Forget what was measured so far (the end of a warm-up); messages and their ledger stay."""
        self.settle()
        self.measured_from_s = self.agenda._now
        for path in self.root.walk():
            for end in path.ends.values():
                end.restart()
        self._slowest.clear()
        self._samples.clear()
        self._floor_s = -1.0
        for node in self.nodes.values():
            for cause in node.causes.values():
                cause.message_s = 0.0

    def check_conservation(self) -> None:
        """Raise `SimulationError` if a node lost or invented a message, or a wire's two ends disagree."""
        self.settle()
        for node in self.nodes.values():
            residual = node.residual()
            if residual:
                word = "lost" if residual > 0 else "invented"
                raise SimulationError(f"{abs(residual)} messages {word}", node=node.id, time_s=self.agenda.now)
        forwarded = sum(node.forwarded for node in self.nodes.values())
        entered = sum(node.entered for node in self.nodes.values())
        if forwarded != entered:
            raise SimulationError(f"{forwarded} messages forwarded but {entered} received", time_s=self.agenda.now)


def _port(node: Node, name: str) -> Port:
    for port in node.own_ports:
        if port.name == name:
            return port
    raise SimulationError(f"no port '{name}'", node=node.id)
