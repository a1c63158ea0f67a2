"""Whatever breaks, for however long, at whatever service: nothing appears or vanishes, and a script gives the same run again."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import catalog
from simulator.run import Simulation, simulate
from simulator.vocabulary import FAULT_SORTS
from simulator.wire_faults import WIRE_FAULTS, may_break
from tests.contracts.test_conservation import balance

KINDS = sorted(catalog.kinds())
PARTLY = {"share": 0.5}


def broken(kind: str) -> dict[str, Any]:
    """The example of a service, with a script in which everything that can break does, one after the other, and at last a whole group."""
    graph = dict(catalog.service(kind).example)
    duration_s = min(120.0, graph.get("run", {}).get("duration_s", 600))
    network = Simulation({**graph, "run": {**graph.get("run", {}), "duration_s": duration_s}}).network
    places: list[dict[str, Any]] = [
        {"wire": wire.id, "fault": fault.name, "value": PARTLY if "share" in fault.parameters.model_fields else {}}
        for wire in network.wires.values() for fault in WIRE_FAULTS if may_break(fault, wire.source_port, wire.target_port)]
    places += [{"node": node.id, "fault": fault.name} for node in network.nodes.values() for fault in catalog.faults_of(type(node))]
    script = [
        {"time_s": duration_s * (0.05 + 0.7 * ((number * 0.381966) % 1)), "action": "fault", "for_s": duration_s / 12, **place} for number, place in enumerate(places)]
    script.append({"time_s": duration_s * 0.5, "action": "fault", "group": "zone", "fault": "lost", "for_s": duration_s * 0.2})
    return {
        **graph, "script": script, "run": {**graph.get("run", {}), "duration_s": duration_s},
        "view": {"groups": [{"id": "zone", "title": "us-east-1a", "kind": "zone", "members": list(network.nodes)[:2]}]},
    }


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_lost_whatever_breaks_and_the_script_gives_the_same_run_again(kind: str) -> None:
    graph = broken(kind)
    first, again = balance(graph, whole=True), simulate(graph).to_json()
    assert len(first["controls"]) == len(graph["script"])
    for report in (first, again):
        del report["wall_s"], report["messages_per_wall_s"]
    assert first == again


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_says_what_sort_it_is(kind: str) -> None:
    assert {fault.sort for fault in catalog.faults_of(catalog.service(kind))} <= set(FAULT_SORTS)
    names = [fault.name for fault in catalog.faults_of(catalog.service(kind))]
    assert len(set(names)) == len(names)
    assert all(name in names for name, _ in catalog.when_lost(catalog.service(kind)))
