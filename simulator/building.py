"""A network of nodes and wires, made of a scenario whose values are validated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator import catalog
from simulator.engine.network import Network

if TYPE_CHECKING:
    from simulator.findings import Prepared

DEFAULT_TRACE_ONE_IN = 1
"""The sample thins itself when there are too many."""


def build_network(prepared: Prepared) -> Network:
    """Every node and wire of the scenario, not started."""
    scenario = prepared.scenario
    network = Network(scenario.run.seed, prepared.account, scenario.run.trace_one_in or DEFAULT_TRACE_ONE_IN)
    for node in scenario.nodes:
        network.add_node(catalog.service(node.kind), node.id, node.name or node.id, prepared.nodes[node.id])
    for wire in scenario.wires:
        network.add_wire(wire.id, wire.source.node, wire.source.port, wire.target.node, wire.target.port, prepared.wires[wire.id])
    return network
