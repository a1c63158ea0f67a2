"""Makes the Report of a run: figures, causes, paths, costs, theory's checks, and sentences that explain it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator import __version__, fidelity
from simulator.costs import MONTH_S, bill
from simulator.engine.message import Path
from simulator.engine.network import Ended, Network
from simulator.engine.node import Node
from simulator.explanation import arrived, explain
from simulator.frames import REPORT_VERSION, FrameShape
from simulator.measures import Gauge, Spread
from simulator.predictions import predictions
from simulator.steady_state import growing, sentence

if TYPE_CHECKING:
    from simulator.run import Simulation

PATHS_KEPT = 200
MODEL_CONTROLS = ("load", "fault", "clear_fault", "parameter")


class Recorder:
    """Keeps the series of a run, and what the counters were when the warm-up ended."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.time_s: list[float] = []
        self.series: dict[str, dict[str, list[float | None]]] = {
            node.id: {metric.name: [] for metric in node.metrics if metric.primary and metric.type != "spread"} for node in network.nodes.values()
        }
        self.backlogs: dict[str, list[float]] = {node.id: [] for node in network.nodes.values()}
        self.arrived: dict[str, list[int]] = {node.id: [] for node in network.nodes.values()}
        self.states: dict[str, str] = {}
        self.sentences: dict[str, Any] = {}
        self.warm_up_s = 0.0
        self._levels: dict[tuple[str, str], list[float]] = {}
        self._computed = [(node, metric) for node in network.nodes.values() for metric in node.metrics
                          if metric.type == "gauge" and not isinstance(getattr(node, metric.attribute), Gauge)]
        self._sums: dict[tuple[str, str], float] = {}
        self._losses: dict[tuple[str, str], int] = {}

    def record(self, frame: FrameShape) -> None:
        """Append a frame to the series."""
        self.time_s.append(frame["time_s"])
        for node_id, kept in self.series.items():
            metrics = frame["nodes"][node_id]["metrics"]
            for name, values in kept.items():
                values.append(metrics[name])  # type: ignore[arg-type]
            node = self.network.nodes[node_id]
            self.backlogs[node_id].append(node.backlog())
            self.arrived[node_id].append(arrived(node))
            self.states[node_id] = frame["nodes"][node_id]["state"]
            self.sentences[node_id] = frame["nodes"][node_id]["sentence"]
        for node, metric in self._computed:
            value = frame["nodes"][node.id]["metrics"][metric.name]
            if isinstance(value, (int, float)):
                self._note_level((node.id, metric.name), float(value))

    def _note_level(self, place: tuple[str, str], value: float) -> None:
        kept = self._levels.get(place)
        if kept is None:
            self._levels[place] = [1, value, value]
        else:
            kept[0] += 1
            kept[1] += value
            kept[2] = max(kept[2], value)

    def level(self, node: Node, name: str) -> tuple[float, float] | None:
        """Mean and maximum, over the frames since the warm-up, of a level that is computed when it is read."""
        kept = self._levels.get((node.id, name))
        return (kept[1] / kept[0], kept[2]) if kept else None

    def end_warm_up(self, now_s: float) -> None:
        """Counters are reported from here on."""
        self.warm_up_s = now_s
        self._levels.clear()
        for node in self.network.nodes.values():
            for metric in node.metrics:
                if metric.type == "sum":
                    self._sums[node.id, metric.name] = read_number(node, metric.attribute)
            for loss in node.losses.values():
                self._losses[node.id, loss.name] = loss.messages

    def sum_since(self, node: Node, name: str, value: float) -> float:
        """A counter, less what it was when the warm-up ended."""
        return value - self._sums.get((node.id, name), 0)

    def lost_since(self, node: Node, name: str, value: int) -> int:
        """Messages lost for a reason, less what they were when the warm-up ended."""
        return value - self._losses.get((node.id, name), 0)


def read_number(node: Node, attribute: str) -> float:
    """A counter's present value."""
    return read_level(node, attribute) or 0.0


def read_level(node: Node, attribute: str) -> float | None:
    """A metric's present value; None if it has none now."""
    value = getattr(node, attribute)
    number = value.value if isinstance(value, Gauge) else value() if callable(value) else value
    return None if number is None else float(number)


def build_report(simulation: Simulation, recorder: Recorder, wall_s: float) -> dict[str, Any]:
    """The Report of a run (docs/reference/contracts.md, section 5)."""
    network = simulation.network
    now_s = simulation.time_s
    measured_s = now_s - recorder.warm_up_s
    run = simulation.run
    lines = bill(network.nodes.values(), now_s, free_tier=run.free_tier)
    nodes = {node.id: _node(node, lines.get(node.id, []), recorder, now_s, measured_s) for node in network.nodes.values()}
    for node_id, entry in predictions(simulation.placed, nodes, any(control["action"] in MODEL_CONTROLS for control in simulation.controls)).items():
        nodes[node_id]["theory"] = entry
    paths = _paths(network)
    totals = _conservation(network)
    processed = sum(node.entered + node.created for node in network.nodes.values())
    grown = growing(network, recorder)
    warm_up = simulation.warm_up
    return {
        "version": REPORT_VERSION, "engine_version": __version__, "name": simulation.scenario.name, "seed": run.seed,
        "duration_s": run.duration_s, "simulated_s": now_s, "warm_up_s": recorder.warm_up_s,
        "fidelity": fidelity.describe(network, run),
        "stopped": simulation.stopped, "wall_s": wall_s, "messages_per_wall_s": processed / wall_s if wall_s > 0 else None,
        "conservation": totals, "nodes": nodes,
        "wires": {wire.id: {"sent": wire.sent, "delivered": wire.delivered, "refused": wire.refused, "in_transit": wire.in_transit} for wire in network.wires.values()},
        "paths": paths, "cost_usd": sum(node["cost_usd"] for node in nodes.values()), "cost_month_usd": sum(node["cost_month_usd"] for node in nodes.values()),
        "bill": {"month_s": MONTH_S, "free_tier": run.free_tier, "region": "us-east-1"},
        "series": {"time_s": recorder.time_s, "nodes": recorder.series},
        "traces": [_trace(ended, sampled, network) for ended, sampled in network.traces()],
        "steady_state": {"warm_up": warm_up.to_json() if warm_up else None, "growing": grown},
        "explanation": [*explain(network, recorder, nodes, paths, {entry["node"]: entry["growth_per_s"] for entry in grown}), *(sentence(entry) for entry in grown if entry["unstable"])],
        "findings": [finding.to_json() for finding in simulation.findings],
        "controls": simulation.controls,
    }


def _node(node: Node, cost: list[dict[str, Any]], recorder: Recorder, now_s: float, measured_s: float) -> dict[str, Any]:
    return {
        "kind": node.kind, "name": node.name, "state": recorder.states.get(node.id, "idle"), "sentence": recorder.sentences.get(node.id),
        "metrics": {metric.name: _metric(node, metric, recorder, now_s, measured_s) for metric in node.metrics},
        "arrived": arrived(node), "waits": _waits(node),
        "losses": [
            {"cause": loss.name, "title": loss.title, "messages": recorder.lost_since(node, loss.name, loss.messages)} for loss in node.losses.values()
        ],
        "limits": [
            {
                "name": limit.name, "title": limit.title, "limit": limit.limit, "mean": limit.mean(now_s), "max": limit.maximum, "parameter": limit.parameter,
                "at_limit_share": limit.full_s(now_s) / measured_s if measured_s > 0 else 0.0,
            }
            for limit in node.limits.values()
        ],
        "cost": cost, "cost_usd": sum(line["usd"] for line in cost), "cost_month_usd": sum(line["usd_month"] for line in cost),
        "ledger": {
            "entered": node.entered, "created": node.created, "copied": node.copied, "forwarded": node.forwarded, "finished": node.finished,
            "lost": node.lost, "unfinished": node.holding(),
        },
        "littles_law": _littles_law(node, measured_s), "theory": None,
    }


def _metric(node: Node, metric: Any, recorder: Recorder, now_s: float, measured_s: float) -> dict[str, Any]:
    base = {"type": metric.type, "unit": metric.unit, "title": metric.title, "trouble": metric.chart == "trouble"}
    value = getattr(node, metric.attribute)
    if isinstance(value, Spread):
        return {**base, **value.summary()}
    if metric.type == "sum":
        total = recorder.sum_since(node, metric.name, read_number(node, metric.attribute))
        return {**base, "total": total, "per_s": total / measured_s if measured_s > 0 else 0.0}
    if isinstance(value, Gauge):
        return {**base, "mean": value.mean(now_s), "max": value.maximum, "last": value.value}
    last = read_level(node, metric.attribute)
    mean, most = recorder.level(node, metric.name) or (last, last)
    known = [level for level in (most, last) if level is not None]
    return {**base, "mean": mean, "max": max(known, default=None), "last": last}


def _waits(node: Node) -> list[dict[str, Any]]:
    causes = sorted((cause for cause in node.causes.values() if cause.message_s > 0), key=lambda cause: (-cause.message_s, cause.name))
    total_s = sum(cause.message_s for cause in causes)
    return [
        {
            "cause": cause.name, "title": cause.title, "message_s": cause.message_s, "share": cause.message_s / total_s, "scarce": cause.capacity,
            "culprit": cause.culprit.to_json() if cause.culprit else None,
        }
        for cause in causes
    ]


def _littles_law(node: Node, measured_s: float) -> dict[str, float] | None:
    law = node.littles_law(measured_s)
    if law is None:
        return None
    in_system, arrivals_per_s, time_s = law
    predicted = arrivals_per_s * time_s
    return {
        "mean_in_system": in_system, "arrivals_per_s": arrivals_per_s, "mean_time_s": time_s,
        "residual": (in_system - predicted) / in_system if in_system > 0 else 0.0,
    }


def _conservation(network: Network) -> dict[str, int]:
    nodes = network.nodes.values()
    created = sum(node.created + node.copied for node in nodes)
    finished, lost = sum(node.finished for node in nodes), sum(node.lost for node in nodes)
    unfinished = sum(node.holding() for node in nodes)
    return {"created": created, "finished": finished, "lost": lost, "unfinished": unfinished, "residual": created - finished - lost - unfinished}


def _paths(network: Network) -> list[dict[str, Any]]:
    ends = [(path, end) for path in network.root.walk() for end in path.ends.values() if end.messages]
    ends.sort(key=lambda entry: (-entry[1].messages, entry[0].nodes, entry[1].end))
    return [_path(path, end) for path, end in ends[:PATHS_KEPT]]


def _path(path: Path, end: Any) -> dict[str, Any]:
    mean_s = end.latency.summary()["mean"] or 0.0
    split = sorted(end.split.items(), key=lambda entry: (-entry[1], entry[0].node, entry[0].name))
    return {
        "nodes": list(path.nodes), "end": end.end, "messages": end.messages, "latency": end.latency.summary(),
        "split": [
            {
                "node": cause.node, "cause": cause.name, "title": cause.title, "mean_s": total_s / end.messages,
                "share": total_s / end.messages / mean_s if mean_s > 0 else 0.0, "culprit": cause.culprit.to_json() if cause.culprit else None,
            }
            for cause, total_s in split if total_s > 0
        ],
    }


def _trace(ended: Ended, sampled: bool, network: Network) -> dict[str, Any]:
    legs: list[dict[str, Any]] = []
    leg = ended.legs
    while leg is not None:
        leg, cause, from_s, to_s = leg
        legs.append({"node": cause.node, "cause": cause.name, "title": cause.title, "from_s": from_s, "to_s": to_s})
    legs.reverse()
    attempts: dict[str, int] = {}
    for entry in legs:
        node = network.nodes[entry["node"]]
        if entry["cause"] == "processing":
            attempts[node.id] = attempts.get(node.id, 0) + 1
            entry["attempt"] = attempts[node.id]
    return {
        "message": ended.number, "type": ended.type, "path": list(ended.path), "latency_s": ended.latency_s, "end": ended.end,
        "ended_s": ended.when_s, "messages": ended.count, "sampled": sampled, "legs": legs,
    }
