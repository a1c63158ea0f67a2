"""How close cohorts come to single messages: one scenario, both ways, at a rate at which single messages can be simulated.

Load and capacities are scaled down together (parameters declared with ``capacity``), so that the system is as busy as the
full one. Cohorts keep the tick that the full scenario has. What chance alone makes of two exact runs is shown beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from simulator import catalog, fidelity, findings
from simulator.building import build_network
from simulator.replication import replication_seed
from simulator.run import Simulation
from simulator.scenario import Scenario

USUAL_MESSAGES = 1_000_000
DRAINED_SHARE = 0.05
"""A backlog counts as drained when it is below this share of its peak."""

FEWEST_SAMPLES = 100
LEAST_PEAK = 100.0
"""Figures of fewer samples, and backlogs with lower peaks, say more of chance than of the method; they are left out."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of one node: exact and in cohorts (means over the runs), and how far the exact runs are from
    their mean (None for one run)."""

    node: str
    figure: str
    unit: str
    exact: float
    cohorts: float
    chance: float | None

    @property
    def error(self) -> float | None:
        """Relative error of the cohorts; None where the exact figure is zero."""
        return (self.cohorts - self.exact) / self.exact if self.exact else None

    def to_json(self) -> dict[str, Any]:
        return {"node": self.node, "figure": self.figure, "unit": self.unit, "exact": self.exact, "cohorts": self.cohorts, "error": self.error, "chance": self.chance}


@dataclass(slots=True)
class Validation:
    """The comparison of one scenario: iterate `advance`, then read `rows`."""

    scenario: Scenario
    messages: int = USUAL_MESSAGES
    runs: int = 2
    scale: float = 1.0
    tick_s: float = 0.0
    exact: list[dict[str, Any]] | None = None
    cohorts: list[dict[str, Any]] | None = None

    def advance(self) -> Iterator[tuple[int, int]]:
        """Carry the runs out, exact ones and cohorts in turn; (done, of) after each.

        Where no message went in a cohort, both ways are the same, and one pair of runs tells it.
        """
        prepared, _ = findings.prepare(self.scenario)
        network = build_network(prepared)
        self.tick_s = fidelity.choose_tick_s(network, self.scenario.run, always=True)
        visits = fidelity.expected_visits(network, self.scenario.run)
        self.scale = min(1.0, self.messages / visits) if visits > 0 else 1.0
        saved = scaled(self.scenario, prepared, self.scale)
        self.exact, self.cohorts = [], []
        for number in range(1, self.runs + 1):
            for kept, mode in ((self.exact, "exact"), (self.cohorts, "auto")):
                kept.append(self._run(saved, mode, replication_seed(self.scenario.run.seed, number)))
                yield len(self.exact) + len(self.cohorts), 2 * self.runs
            if self.cohorts[-1]["fidelity"]["largest_cohort"] <= 1:
                self.runs = number
                return

    def _run(self, saved: Mapping[str, Any], mode: str, seed: int) -> dict[str, Any]:
        run = {**saved["run"], "fidelity": mode, "seed": seed}
        controls = [{"time_s": 0.0, "action": "load", "value": self.scale}] if self.scale < 1 else []
        simulation = Simulation({**saved, "run": run}, controls, tick_s=0.0 if mode == "exact" else self.tick_s)
        for _ in simulation.frames():
            pass
        return simulation.report().to_json()

    def rows(self) -> list[Row]:
        """Every figure that both have."""
        exact, cohorts = [_figures(report) for report in self.exact or ()], [_figures(report) for report in self.cohorts or ()]
        rows = []
        for key in exact[0]:
            if all(key in figures for figures in (*exact, *cohorts)):
                values = [figures[key] for figures in exact]
                mean = sum(values) / len(values)
                chance = max(abs(value - mean) for value in values) / abs(mean) if mean and len(values) > 1 else None
                rows.append(Row(*key, mean, sum(figures[key] for figures in cohorts) / len(cohorts), chance))
        return rows

    def to_json(self) -> dict[str, Any]:
        """The comparison as data."""
        return {"scale": self.scale, "tick_s": self.tick_s, "runs": self.runs, "fidelity": (self.cohorts or [{}])[0].get("fidelity"), "rows": [row.to_json() for row in self.rows()]}


def scaled(scenario: Scenario, prepared: findings.Prepared, scale: float) -> dict[str, Any]:
    """The scenario as JSON with every capacity ``scale`` times as large (but never below what is allowed)."""
    saved = scenario.to_json()
    for node in saved["nodes"]:
        node["parameters"] = node.get("parameters", {}) | _scaled_values(prepared.nodes[node["id"]], scale)
    for wire in saved["wires"]:
        wire["parameters"] = wire.get("parameters", {}) | _scaled_values(prepared.wires[wire["id"]], scale)
    account = {kind: _scaled_values(values, scale) for kind, values in prepared.account.items()}
    saved["account"] = {kind: saved.get("account", {}).get(kind, {}) | values for kind, values in account.items() if values or kind in saved.get("account", {})}
    return saved


def _scaled_values(values: BaseModel, scale: float) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field in type(values).model_fields.items():
        value = getattr(values, name)
        extra = field.json_schema_extra
        if value is None or not isinstance(extra, dict) or not extra.get("capacity"):
            continue
        least = max((bound for constraint in field.metadata if (bound := getattr(constraint, "ge", None)) is not None), default=0)
        smaller = value * scale
        found[name] = max(least, math.ceil(smaller - 1e-9)) if isinstance(value, int) else max(least, smaller)
    return found


def _figures(report: Mapping[str, Any]) -> dict[tuple[str, str, str], float]:
    figures: dict[tuple[str, str, str], float] = {}
    for node_id, node in report["nodes"].items():
        ledger = node["ledger"]
        figures[node_id, "throughput", "per_s"] = (ledger["forwarded"] + ledger["finished"]) / report["simulated_s"]
        for metric in catalog.service(node["kind"]).metrics:
            seen = node["metrics"][metric.name]
            if metric.type == "spread" and metric.primary and seen["count"] >= FEWEST_SAMPLES:
                for name in ("mean", "p50", "p95", "p99"):
                    figures[node_id, f"{metric.title} {name}", metric.unit] = seen[name]
            elif metric.chart == "backlog" and metric.primary and metric.type == "gauge":
                series = report["series"]["nodes"][node_id][metric.name]
                figures.update(_backlog(node_id, metric.title, report["series"]["time_s"], series))
    for path in report["paths"]:
        if path["messages"] >= FEWEST_SAMPLES:
            for name in ("mean", "p50", "p95", "p99"):
                figures[" → ".join(path["nodes"]) + f", {path['end']}", f"latency {name}", "s"] = path["latency"][name]
    return figures


def _backlog(node_id: str, title: str, times_s: Iterable[float], series: list[float | None]) -> Iterator[tuple[tuple[str, str, str], float]]:
    levels = [level or 0.0 for level in series]
    peak = max(levels, default=0.0)
    if peak >= LEAST_PEAK:
        yield (node_id, f"{title}, peak", "messages"), peak
        yield (node_id, f"{title}, last above {DRAINED_SHARE:.0%} of it at", "s"), max(time_s for time_s, level in zip(times_s, levels, strict=True) if level > DRAINED_SHARE * peak)
