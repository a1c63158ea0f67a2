"""Scenarios in few words: nodes by id, wires as 'a.out -> b.in'."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from simulator.run import Simulation, simulate

INSTANT = {"type": "constant", "value_s": 0}


def constant(value_s: float) -> dict[str, Any]:
    """A duration that is always the same."""
    return {"type": "constant", "value_s": value_s}


def rate(per_s: float) -> dict[str, Any]:
    """A load that never changes."""
    return {"shape": "constant", "rate_per_s": per_s}


def at_times(*times_s: float) -> dict[str, Any]:
    """Messages at these times and no others."""
    return {"load": {"shape": "trace", "trace": {"kind": "times", "times_s": list(times_s)}}}


def drawing(nodes: Mapping[str, tuple[str, Mapping[str, Any]]], wires: Mapping[str, Mapping[str, Any]], *, account: Mapping[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    """A scenario. ``nodes`` is ``{id: (kind, parameters)}``; ``wires`` is ``{"a.out -> b.in": parameters}``."""
    laid = []
    for place, (way, parameters) in enumerate(wires.items()):
        (source, source_port), (target, target_port) = (end.strip().split(".") for end in way.split("->"))
        laid.append({"id": f"w{place}", "from": {"node": source, "port": source_port}, "to": {"node": target, "port": target_port}, "parameters": dict(parameters)})
    return {
        "version": 1, "nodes": [{"id": key, "kind": kind, "parameters": dict(parameters)} for key, (kind, parameters) in nodes.items()],
        "wires": laid, "account": dict(account or {}), "run": run,
    }


def outcome(scenario: Mapping[str, Any], *controls: Mapping[str, Any]) -> Outcome:
    """Run the scenario to its end."""
    return Outcome(simulate(scenario, controls).to_json())


class Delivery(NamedTuple):
    """What a node was handed at one moment, and whether it took it."""

    at_s: float
    type: str
    count: int
    size_bytes: int
    key: int
    taken: bool


def deliveries(scenario: Mapping[str, Any], node: str, *controls: Mapping[str, Any]) -> list[Delivery]:
    """Run the scenario, and write down at ``node`` itself everything that wires hand to it."""
    simulation = Simulation(scenario, controls)
    receiver = simulation.network.nodes[node]
    seen: list[Delivery] = []
    accept = receiver.accept

    def noting(message: Any, wire: Any) -> Any:
        count, size_bytes = message.count, message.size_bytes
        refusal = accept(message, wire)
        seen.append(Delivery(receiver.agenda.now, message.type.name, count, size_bytes, message.key, refusal is None))
        return refusal

    receiver.accept = noting  # type: ignore[method-assign]
    for _ in simulation.frames():
        pass
    simulation.report()
    return seen


def by_type(seen: list[Delivery]) -> Counter[str]:
    """How many messages of each type were taken."""
    counts: Counter[str] = Counter()
    for delivery in seen:
        counts[delivery.type] += delivery.count * delivery.taken
    return +counts


class Outcome:
    """A report, and short ways to its figures."""

    def __init__(self, report: dict[str, Any]) -> None:
        self.report = report

    def metric(self, node: str, name: str) -> dict[str, Any]:
        """All that was measured of one metric."""
        return self.report["nodes"][node]["metrics"][name]

    def total(self, node: str, name: str) -> float:
        """A counter at the end."""
        return self.metric(node, name)["total"]

    def last(self, node: str, name: str) -> float:
        """A level at the end."""
        return self.metric(node, name)["last"]

    def lost(self, node: str) -> dict[str, int]:
        """Messages lost at a node, by cause."""
        return {entry["cause"]: entry["messages"] for entry in self.report["nodes"][node]["losses"]}

    def waits(self, node: str) -> dict[str, float]:
        """Message-seconds waited at a node, by cause."""
        return {entry["cause"]: entry["message_s"] for entry in self.report["nodes"][node]["waits"]}

    def quantity(self, node: str, line: str) -> float:
        """What a line of the bill counts."""
        return next(entry["quantity"] for entry in self.report["nodes"][node]["cost"] if entry["line"] == line)

    def path(self, *nodes: str) -> dict[str, Any]:
        """What ended at the end of this way."""
        return next(path for path in self.report["paths"] if path["nodes"] == list(nodes))

    def series(self, node: str, name: str) -> dict[float, float]:
        """A metric's values by time."""
        return dict(zip(self.report["series"]["time_s"], self.report["series"]["nodes"][node][name], strict=True))
