"""Whether a run has a steady state: where backlogs kept growing, how fast, and which limit they would reach when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator.engine.network import Network
from simulator.engine.node import Node
from simulator.measures.steadiness import Growth, lasting_growth
from simulator.units import format_duration, format_rate

if TYPE_CHECKING:
    from simulator.reporting import Recorder

STEADY_ARRIVALS = 0.2
"""Arrivals that differ by no more than this share between the two halves of the time looked at count as steady."""


def growing(network: Network, recorder: Recorder) -> list[dict[str, Any]]:
    """Nodes whose backlog grew to the end of the run (docs/reference/contracts.md, section 5), fastest first."""
    first = next((place for place, time_s in enumerate(recorder.time_s) if time_s >= recorder.warm_up_s), 0)
    found = []
    for node in network.nodes.values():
        time_s, level, arrived = recorder.time_s[first:], recorder.backlogs[node.id][first:], recorder.arrived[node.id][first:]
        growth = lasting_growth(time_s, level, arrived)
        if growth is not None:
            found.append(_told(node, recorder, growth, first + growth.start))
    return sorted(found, key=lambda entry: -entry["growth_per_s"])


def _told(node: Node, recorder: Recorder, growth: Growth, start: int) -> dict[str, Any]:
    span_s = recorder.time_s[-1] - recorder.time_s[start]
    series = recorder.series[node.id]
    sums = [metric.name for metric in node.metrics if metric.type == "sum" and metric.name in series]
    rates = {name: ((series[name][-1] or 0) - (series[name][start] or 0)) / span_s for name in sums}
    entered = recorder.arrived[node.id][start:]
    middle = len(entered) // 2
    early, late = (entered[middle] - entered[0]) / middle, (entered[-1] - entered[middle]) / (len(entered) - 1 - middle)
    unstable = bool(early and late and abs(late - early) <= STEADY_ARRIVALS * max(early, late))
    limits = [{"title": title, "in_s": in_s} for title, in_s in node.limits_ahead(growth.per_s, rates)] if unstable else []
    return {
        "node": node.id, "name": node.name, "growth_per_s": growth.per_s, "level": node.backlog(), "unstable": unstable,
        "limits": sorted(limits, key=lambda limit: limit["in_s"]),
    }


def sentence(entry: Mapping[str, Any]) -> str:
    """What a reader should know of a node without a steady state."""
    text = f"{entry['name']} has no steady state at this load: its backlog grows by {format_rate(entry['growth_per_s'])}"
    if entry["limits"]:
        limit = entry["limits"][0]
        text += f"; if the load goes on, {limit['title']} in {format_duration(limit['in_s'])}"
    return text + ". Its means say how long the run was, not how the system is."
