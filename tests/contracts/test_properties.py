"""What holds of any run of any diagram: no level below nothing, and an order of drawing that does not matter."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import assume, given, settings

from simulator import catalog
from simulator.run import Simulation, simulate
from tests.contracts.strategies import diagrams
from tests.contracts.test_conservation import patient, runnable

KINDS = sorted(catalog.kinds())


def report_of(graph: dict[str, Any]) -> dict[str, Any]:
    """A report without what the wall clock put into it."""
    report = simulate(graph).to_json()
    del report["wall_s"], report["messages_per_wall_s"]
    return report


def shuffled(graph: dict[str, Any], seed: int) -> dict[str, Any]:
    """The same diagram with its nodes and wires drawn in another order."""
    order = random.Random(seed)
    return {**graph, "nodes": order.sample(graph["nodes"], len(graph["nodes"])), "wires": order.sample(graph["wires"], len(graph["wires"]))}


@given(graph=diagrams())
@settings(max_examples=25, **patient)
def test_no_level_and_no_time_is_below_nothing(graph: dict[str, Any]) -> None:
    assume(runnable(graph))
    simulation = Simulation(graph)
    levels = [(kind, metric["name"]) for kind in KINDS for metric in catalog.describe(kind)["metrics"] if metric["type"] != "spread"]
    for frame in simulation.frames():
        content = frame.to_json()
        for node in graph["nodes"]:
            metrics = content["nodes"][node["id"]]["metrics"]
            for kind, name in levels:
                if kind == node["kind"]:
                    assert metrics[name] is None or metrics[name] >= -1e-9, f"{name} of {kind} at {frame.time_s} s: {metrics[name]}"
    report = simulation.report().to_json()
    for name, node in report["nodes"].items():
        assert all(entry["message_s"] >= -1e-6 for entry in node["waits"]), f"{name}: {node['waits']}"
        assert all(entry["max"] >= 0 and -1e-9 <= entry["at_limit_share"] <= 1 + 1e-9 for entry in node["limits"]), f"{name}: {node['limits']}"
        assert node["cost_usd"] >= 0
    for path in report["paths"]:
        assert path["latency"]["mean"] >= 0
        assert sum(leg["mean_s"] for leg in path["split"]) <= path["latency"]["mean"] * (1 + 1e-6) + 1e-6, f"more time spent than there was: {path}"


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_drawing_does_not_matter(kind: str) -> None:
    """Random streams belong to nodes, so that only ties at one instant can tell orders apart; examples have next to none."""
    example = dict(catalog.service(kind).example)
    drawn, other = report_of(example), report_of(shuffled(example, 7))
    for name, node in drawn["nodes"].items():
        for metric, value in node["metrics"].items():
            if value["type"] == "sum":
                moved = other["nodes"][name]["metrics"][metric]["total"]
                assert moved == pytest.approx(value["total"], rel=0.05, abs=5), f"{name}: {metric}"
