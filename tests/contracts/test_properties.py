"""What holds of any run of any diagram: no level below nothing, and an order of drawing that does not matter."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simulator import catalog
from simulator.run import Simulation, simulate
from tests.contracts.effort import frames_within_reach
from tests.contracts.example_runs import example_run, kinds
from tests.contracts.strategies import diagrams
from tests.contracts.test_conservation import patient, runnable

KINDS = sorted(catalog.kinds())


def report_of_drawn(graph: dict[str, Any]) -> dict[str, Any]:
    """A report without what the wall clock put into it, of a drawn diagram, which is passed over if it costs too much."""
    simulation = Simulation(graph)
    for _ in frames_within_reach(simulation):
        pass
    assume(simulation.time_s == simulation.run.duration_s)
    report = simulation.report().to_json()
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
    for frame in frames_within_reach(simulation):
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


@given(graph=diagrams())
@settings(max_examples=15, **patient)
def test_the_same_seed_gives_the_same_report(graph: dict[str, Any]) -> None:
    assume(runnable(graph))
    assert report_of_drawn(graph) == report_of_drawn(graph)


@given(graph=diagrams())
@settings(max_examples=15, **patient)
def test_cohorts_of_one_are_the_exact_path(graph: dict[str, Any]) -> None:
    assume(runnable(graph))
    reports = {fidelity: report_of_drawn({**graph, "run": {**graph["run"], "fidelity": fidelity}}) for fidelity in ("exact", 1)}
    for report in reports.values():
        del report["fidelity"]["asked"]
    assert reports["exact"] == reports[1]


@given(graph=diagrams(), order=st.integers(0, 1000))
@settings(max_examples=25, **patient)
def test_the_order_of_drawing_any_diagram_does_not_matter_beyond_noise(graph: dict[str, Any], order: int) -> None:
    """Where several things happen at one instant, their order may differ: then other random numbers meet other messages, as with another seed."""
    assume(runnable(graph))
    drawn, other = report_of_drawn(graph), report_of_drawn(shuffled(graph, order))
    for name, wire in drawn["wires"].items():
        one, two = wire["delivered"], other["wires"][name]["delivered"]
        assert abs(one - two) <= 10 + 6 * math.sqrt(one + two), f"{name}: {one} and {two} messages"


@pytest.mark.parametrize("kind", kinds())
def test_the_order_of_drawing_does_not_matter(kind: str) -> None:
    """Random streams belong to nodes, so that only ties at one instant can tell orders apart; examples have next to none."""
    example = dict(catalog.service(kind).example)
    drawn, other = example_run(kind).report, simulate(shuffled(example, 7)).to_json()
    for name, node in drawn["nodes"].items():
        for metric, value in node["metrics"].items():
            if value["type"] == "sum":
                moved = other["nodes"][name]["metrics"][metric]["total"]
                assert moved == pytest.approx(value["total"], rel=0.05, abs=5), f"{name}: {metric}"
