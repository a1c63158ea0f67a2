"""Looks at a node between slices: its metrics, limits, waits, losses, its state, and the sentence that says what limits it."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from simulator.engine.limits import Limit
from simulator.engine.node import Node
from simulator.engine.wire import Wire
from simulator.frames import LimitUse, NodeFrame, State
from simulator.measures import Gauge, Spread
from simulator.vocabulary import PartFigure

AT_LIMIT_SHARE = 0.5
"""A node is saturated if it was at a limit for at least this share of a slice, or if messages wait in it."""

SETTLED_FRAMES = 3
"""A state is told in the event log once it has lasted so many frames: a node near a limit changes at every frame."""

RATE_FRAMES = 5
"""Rates in sentences are taken over so many slices, as the canvas takes those beside them."""

CHANGES_TOLD = 50
"""Changes of state of one node that the event log tells, at most."""

RANK: dict[State, int] = {"idle": 0, "flowing": 1, "saturated": 2, "throttled": 3, "failing": 4}


class NodeObserver:
    """Reads one node at the end of each slice, and remembers what it needs for rates."""

    def __init__(self, node: Node, most_parts: int) -> None:
        self.node = node
        self.most_parts = most_parts
        self._time_s = 0.0
        self._past: deque[tuple[float, dict[str, float]]] = deque(maxlen=RATE_FRAMES)
        self._trouble = (0, 0)
        self._moved = 0
        self._full_s: dict[str, float] = {}
        self._told: State = "idle"
        self._seen: tuple[State, int] = ("idle", 0)
        self._changes = 0

    def observe(self, now_s: float) -> NodeFrame:
        """The node's part of a frame at ``now_s``."""
        node = self.node
        elapsed_s = now_s - self._time_s
        metrics, rates = self._read(now_s)
        state = self._state(elapsed_s, now_s)
        said = node.sentence(rates) if elapsed_s > 0 else None
        self._tell(state, said[0] if said else None)
        self._time_s = now_s
        frame: NodeFrame = {
            "state": state,
            "sentence": said[0] if said else None,
            "culprit": said[1].to_json() if said and said[1] else None,  # type: ignore[typeddict-item]
            "metrics": metrics,
            "limits": {limit.name: _use(limit) for limit in node.limits.values()},
            "waits": _waits(node),
            "losses": {loss.name: loss.messages for loss in node.losses.values()},
        }
        parts = node.part_counts()
        if parts is not None:
            frame["parts"] = fewer_parts(parts, node.part_figures, self.most_parts)
        return frame

    def _tell(self, state: State, sentence: str | None) -> None:
        self._seen = (state, self._seen[1] + 1 if state == self._seen[0] else 1)
        if state == self._told or self._seen[1] < SETTLED_FRAMES or self._changes >= CHANGES_TOLD:
            return
        worse = RANK[state] > RANK["flowing"]
        if worse or RANK[self._told] > RANK["flowing"]:
            self._changes += 1
            text = f"{state.capitalize()}. {sentence or ''}" if worse else f"No longer {self._told}."
            self.node.log("warning" if worse else "info", text.strip())
        self._told = state

    def _read(self, now_s: float) -> tuple[dict[str, Any], dict[str, float]]:
        metrics: dict[str, Any] = {}
        numbers: dict[str, float] = {}
        for metric in self.node.metrics:
            value = getattr(self.node, metric.attribute)
            if isinstance(value, Spread):
                metrics[metric.name] = value.slice_summary()
                continue
            number = value.value if isinstance(value, Gauge) else value() if callable(value) else value
            metrics[metric.name] = number
            if number is not None:
                numbers[metric.name] = number
        since_s, before = self._past[0] if self._past else (now_s, {})
        over_s = self.node.rates_over_s = now_s - since_s
        self._past.append((now_s, numbers))
        return metrics, {name: (number - before.get(name, 0)) / over_s if over_s > 0 else 0.0 for name, number in numbers.items()}

    def _state(self, elapsed_s: float, now_s: float) -> State:
        node = self.node
        failures, throttles = node.trouble()
        failing, throttled = failures > self._trouble[0], throttles > self._trouble[1]
        self._trouble = (failures, throttles)
        moved = node.entered + node.created + node.copied + node.forwarded + node.finished + _activity(node)
        moving, self._moved = moved != self._moved, moved
        full = False
        for limit in node.limits.values():
            full_s = limit.full_s(now_s)
            full = full or (elapsed_s > 0 and full_s - self._full_s.get(limit.name, 0.0) >= AT_LIMIT_SHARE * elapsed_s)
            self._full_s[limit.name] = full_s
        if failing:
            return "failing"
        if throttled:
            return "throttled"
        if full or node.backlog() >= 1:
            return "saturated"
        return "flowing" if moving else "idle"


def fewer_parts(parts: Mapping[str, Mapping[str, float]], figures: Sequence[PartFigure], most: int) -> dict[str, dict[str, float]]:
    """At most ``most`` parts: where there are more, neighbours are told of together, each figure as its ``merge`` says, under the first and last of their names."""
    if len(parts) <= most:
        return {name: dict(counts) for name, counts in parts.items()}
    names = list(parts)
    edges = [len(names) * place // most for place in range(most + 1)]
    told: dict[str, dict[str, float]] = {}
    for first, end in itertools.pairwise(edges):
        run = names[first:end]
        members = [parts[name] for name in run]
        name = run[0] if len(run) == 1 else f"{run[0]} … {run[-1]}"
        told[name] = {figure.name: (sum if figure.merge == "sum" else max)([part.get(figure.name, 0) for part in members]) for figure in figures}
    return told


def _activity(node: Node) -> int:
    """What a node does without owning a message: requests answered, batches worked on."""
    return sum(wire.sent for wires in node.wires_in.values() for wire in wires)


def _use(limit: Limit) -> LimitUse:
    """How much of a limit is used; what most count need not be said."""
    use: LimitUse = {"title": limit.title, "used": limit.value, "limit": limit.limit}
    if limit.unit != "count":
        use["unit"] = limit.unit
    return use


def _waits(node: Node) -> dict[str, float]:
    waits: dict[str, float] = {}
    for cause in node.causes.values():
        if cause.message_s:
            waits[cause.name] = waits.get(cause.name, 0.0) + cause.message_s
    return waits


def wire_state(wire: Wire, sent: int, refused: int, nodes: Mapping[str, NodeFrame]) -> State:
    """The state of a wire in a slice in which so much was sent and refused."""
    target, source = nodes[wire.target.id]["state"], nodes[wire.source.id]["state"]
    if refused:
        return "throttled" if target == "throttled" else "failing"
    if wire.source_port.verb == "poll":
        if target == "throttled":
            return "throttled"
        if source == "saturated":
            return "saturated"
    return "flowing" if sent else "idle"
