"""Nothing appears or vanishes, whatever the parameters and however nodes are wired."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from simulator import catalog, findings
from simulator.run import Simulation
from simulator.scenario import Scenario
from tests.contracts.strategies import diagrams, scenarios_like

KINDS = sorted(catalog.kinds())
patient = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large], "derandomize": True}


def balance(graph: dict[str, Any], controls: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Run a scenario and hold its report, and every frame on the way, to the balance of messages."""
    simulation = Simulation(graph)
    for frame in simulation.frames():
        totals = frame.to_json()["totals"]
        assert totals["created"] == totals["finished"] + totals["lost"] + totals["unfinished"], f"at {frame.time_s} s"
        for control in (controls or []) if frame.seq == 5 else []:
            simulation.apply(control)
    report = simulation.report().to_json()
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
@settings(max_examples=40, **patient)
def test_any_parameters(kind: str, drawn: st.DataObject) -> None:
    graph = drawn.draw(scenarios_like(dict(catalog.service(kind).example)))
    assume(runnable(graph))
    balance(graph)


@given(graph=diagrams())
@settings(max_examples=120, **patient)
def test_any_diagram(graph: dict[str, Any]) -> None:
    assume(runnable(graph))
    balance(graph)


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_strikes_and_is_cleared(kind: str) -> None:
    example = dict(catalog.service(kind).example)
    node = next(node["id"] for node in example["nodes"] if node["kind"] == kind)
    for fault in catalog.describe(kind)["faults"]:
        values = {name: entry["default"] for name, entry in fault["parameters"].get("properties", {}).items()}
        balance(example, [{"action": "fault", "node": node, "fault": fault["name"], "value": values}])
        balance(example, [{"action": "fault", "node": node, "fault": fault["name"], "value": values}, {"action": "clear_fault", "node": node, "fault": fault["name"]}])
        untouched = balance(example)
        struck = balance(example, [{"action": "fault", "node": node, "fault": fault["name"], "value": values}])
        assert struck["nodes"] != untouched["nodes"], f"the fault {fault['name']} changes nothing"


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
