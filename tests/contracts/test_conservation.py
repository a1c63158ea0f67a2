"""Nothing appears or vanishes, whatever the parameters and however nodes are wired."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from simulator import catalog, findings
from simulator.run import Simulation
from simulator.scenario import Scenario
from simulator.vocabulary import Direction, Verb
from tests.contracts.effort import frames_within_reach
from tests.contracts.example_runs import example_run, kinds
from tests.contracts.strategies import diagrams, scenarios_like

KINDS = sorted(catalog.kinds())
every_kind = pytest.mark.parametrize("kind", kinds())
patient = {"suppress_health_check": [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]}


def balance(graph: dict[str, Any], controls: Mapping[int, dict[str, Any]] | None = None, *, whole: bool = False) -> dict[str, Any]:
    """Run a scenario, with a control at some frames, and hold its report, and every frame on the way, to the balance of messages.

    Unless the run is to be the ``whole`` one, it is left where it has cost enough.
    """
    simulation = Simulation(graph)
    for frame in simulation.frames() if whole else frames_within_reach(simulation):
        balanced_at(frame.to_json())
        if controls and frame.seq in controls:
            simulation.apply(controls[frame.seq])
    return balanced(simulation.report().to_json())


def balanced_at(frame: Mapping[str, Any]) -> None:
    """Hold a frame to the balance of messages."""
    totals = frame["totals"]
    assert totals["created"] == totals["finished"] + totals["lost"] + totals["unfinished"], f"at {frame['time_s']} s"


def balanced(report: dict[str, Any]) -> dict[str, Any]:
    """Hold a report to the balance of messages, over all and at every node and wire."""
    whole = report["conservation"]
    assert whole["residual"] == 0
    assert whole["created"] == whole["finished"] + whole["lost"] + whole["unfinished"]
    for name, node in report["nodes"].items():
        ledger = node["ledger"]
        came = ledger["entered"] + ledger["created"] + ledger["copied"]
        assert came == ledger["forwarded"] + ledger["finished"] + ledger["lost"] + ledger["unfinished"], f"{name}: {ledger}"
        assert min(ledger.values()) >= 0, f"{name}: {ledger}"
        assert sum(loss["messages"] for loss in node["losses"]) == ledger["lost"], f"{name}: a loss without a cause"
    for name, wire in report["wires"].items():
        assert wire["sent"] == wire["delivered"] + wire["refused"] + wire["in_transit"], f"{name}: {wire}"
    return report


def runnable(graph: dict[str, Any]) -> bool:
    return not any(finding.severity == "error" for finding in findings.check(Scenario.from_json(graph)))


@pytest.mark.parametrize("kind", KINDS)
@given(drawn=st.data())
@settings(max_examples=25, **patient)
def test_any_parameters(kind: str, drawn: st.DataObject) -> None:
    graph = drawn.draw(scenarios_like(dict(catalog.service(kind).example)))
    assume(runnable(graph))
    balance(graph)


@given(graph=diagrams())
@settings(max_examples=80, **patient)
def test_any_diagram(graph: dict[str, Any]) -> None:
    assume(runnable(graph))
    balance(graph)


@every_kind
def test_every_fault_strikes_and_is_cleared(kind: str) -> None:
    example = dict(catalog.service(kind).example)
    node = next(node["id"] for node in example["nodes"] if node["kind"] == kind)
    untouched = example_run(kind).report
    short = {**example, "run": {**example.get("run", {}), "duration_s": 20, "frame_interval_s": 1}}
    for fault in catalog.describe(kind)["faults"]:
        values = {name: entry["default"] for name, entry in fault["parameters"].get("properties", {}).items()}
        strike = {"action": "fault", "node": node, "fault": fault["name"], "value": values}
        struck = balance(example, {5: strike}, whole=True)
        if hasattr(catalog.service(kind), f"fault_{fault['name']}") or is_called(node, example):
            assert struck["nodes"] != untouched["nodes"], f"the fault {fault['name']} changes nothing"
        cleared = balance(short, {5: strike, 10: {"action": "clear_fault", "node": node, "fault": fault["name"]}}, whole=True)
        assert [control["action"] for control in cleared["controls"]] == ["fault", "clear_fault"]


def is_called(node: str, graph: dict[str, Any]) -> bool:
    """Whether something sends to this node or calls it, so that the faults of its callers have somebody to strike."""
    ports = {port.name: port for port in catalog.service(next(one["kind"] for one in graph["nodes"] if one["id"] == node)).ports if port.direction is Direction.IN}
    return any(ports[wire["to"]["port"]].verb is not Verb.POLL for wire in graph["wires"] if wire["to"]["node"] == node)


@pytest.mark.parametrize("kind", KINDS)
def test_every_legal_wire_carries_messages_or_says_why_not(kind: str) -> None:
    """The example of the kind with one more node: each that a wire may lead to, from each port."""
    for out in (port for port in catalog.service(kind).ports if port.direction is Direction.OUT):
        for target in KINDS:
            for into in (port for port in catalog.service(target).ports if port.direction is Direction.IN and out.fits(port)):
                graph = with_target(kind, out.name, target, into.name)
                if runnable(graph):
                    balance(graph)


def with_target(kind: str, out: str, target: str, into: str) -> dict[str, Any]:
    example: dict[str, Any] = copy.deepcopy(dict(catalog.service(kind).example))
    node = next(node["id"] for node in example["nodes"] if node["kind"] == kind)
    most = next(port.max_wires for port in catalog.service(kind).ports if port.name == out)
    mine = [wire for wire in example["wires"] if wire["from"] == {"node": node, "port": out}]
    if most is not None and len(mine) >= most:
        example["wires"] = [wire for wire in example["wires"] if wire is not mine[-1]]
    example["nodes"].append({"id": "added", "kind": target, "parameters": {}})
    example["wires"].append({"id": "to-added", "from": {"node": node, "port": out}, "to": {"node": "added", "port": into}, "parameters": {}})
    return {**example, "run": {"duration_s": 20, "seed": 3}}


def test_the_strategies_reach_wires_and_messages() -> None:
    """Guards the tests above against drawing only empty diagrams."""
    moved = []

    @given(graph=diagrams())
    @settings(max_examples=60, database=None, **patient)
    def collect(graph: dict[str, Any]) -> None:
        assume(runnable(graph))
        moved.append(sum(wire["delivered"] for wire in balance(graph)["wires"].values()))

    collect()
    assert sum(count > 0 for count in moved) > 15
