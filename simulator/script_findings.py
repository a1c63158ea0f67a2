"""What is wrong with a scenario's script: lines that name what is not there, or what cannot be broken or changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from simulator import catalog
from simulator.scenario import NodeSpec, Scenario, WireSpec
from simulator.units import format_duration
from simulator.vocabulary import Fault, Finding
from simulator.wire_faults import WIRE_FAULTS, group_faults, may_break


def check_script(scenario: Scenario) -> Iterator[Finding]:
    """What is wrong with each line."""
    nodes = {node.id: node for node in scenario.nodes if node.kind in catalog.kinds()}
    wires = {wire.id: wire for wire in scenario.wires}
    for number, line in enumerate(scenario.script, 1):
        control = line.control()
        where = f"Line {number} of the script ({format_duration(line.time_s)})"
        if line.time_s >= scenario.run.duration_s:
            yield Finding("script-too-late", "warning", f"{where} comes after the end of the run", "Let it come earlier, or run for longer")
        if line.action in ("fault", "clear_fault"):
            yield from _check_fault(where, control, scenario, nodes, wires)
        elif line.action == "parameter":
            yield from _check_parameter(where, control, nodes, wires)


def _missing(where: str, what: str, name: str) -> Finding:
    return Finding("script-line", "error", f"{where}: there is no {what} '{name}'", "Correct or remove the line in the script")


def _check_fault(where: str, control: dict[str, Any], scenario: Scenario, nodes: Mapping[str, NodeSpec], wires: Mapping[str, WireSpec]) -> Iterator[Finding]:
    faults: Sequence[Fault]
    node: str | None = None
    wire: str | None = None
    if control.get("node") is not None:
        node = control["node"]
        if node not in nodes:
            yield _missing(where, "node", control["node"])
            return
        faults, owner = catalog.faults_of(catalog.service(nodes[control["node"]].kind)), nodes[control["node"]].name or control["node"]
    elif control.get("wire") is not None:
        wire = control["wire"]
        found = wires.get(control["wire"])
        if found is None or found.source.node not in nodes or found.target.node not in nodes:
            yield _missing(where, "wire", control["wire"])
            return
        source, target = nodes[found.source.node], nodes[found.target.node]
        ports = catalog.port(source.kind, found.source.port, source.parameters), catalog.port(target.kind, found.target.port, target.parameters)
        faults = [] if ports[0] is None or ports[1] is None else [fault for fault in WIRE_FAULTS if may_break(fault, ports[0], ports[1])]
        owner = f"the wire from {source.name or source.id} to {target.name or target.id}"
    else:
        group = scenario.groups().get(control["group"])
        if group is None:
            yield _missing(where, "group", control["group"])
            return
        if not group_faults(group.kind):
            yield Finding("script-line", "error", f"{where}: the box '{group.title}' stands for nothing that fails as a whole", "Make it an Availability Zone, a VPC, a Region or an account, or break what is in it")
            return
        faults, owner = group_faults(group.kind), group.title
    fault = next((one for one in faults if one.name == control["fault"]), None)
    if fault is None:
        known = ", ".join(one.name for one in faults)
        yield Finding("script-line", "error", f"{where}: {owner} has no fault '{control['fault']}'", f"It has: {known}" if known else "Remove the line: nothing can break there", node=node, wire=wire)
        return
    try:
        fault.parameters.model_validate(control.get("value") or {})
    except ValidationError as error:
        first = error.errors()[0]
        yield Finding("script-line", "error", f"{where}, {fault.title}: {'.'.join(map(str, first['loc']))}: {first['msg']}", "Give a value within its bounds", node=node, wire=wire)


def _check_parameter(
    where: str, control: dict[str, Any], nodes: Mapping[str, NodeSpec], wires: Mapping[str, WireSpec],
) -> Iterator[Finding]:
    name = control["parameter"]
    if control.get("wire") is not None:
        wire = wires.get(control["wire"])
        if wire is None or wire.source.node not in nodes or wire.target.node not in nodes:
            yield _missing(where, "wire", control["wire"])
            return
        source, target = nodes[wire.source.node], nodes[wire.target.node]
        ports = catalog.port(source.kind, wire.source.port, source.parameters), catalog.port(target.kind, wire.target.port, target.parameters)
        if ports[0] is None or ports[1] is None:
            return
        model: Any = catalog.wire_parameters(ports[0], ports[1])
        values, owner = dict(wire.parameters), f"wire '{wire.id}'"
    else:
        node = nodes.get(control["node"])
        if node is None:
            yield _missing(where, "node", control["node"])
            return
        model = catalog.service(node.kind).Parameters
        values, owner = dict(node.parameters), f"'{node.name or node.id}'"
    node_id, wire_id = (None, control["wire"]) if control.get("wire") is not None else (control["node"], None)
    declared = model.model_fields.get(name)
    if declared is None or not (declared.json_schema_extra or {}).get("changeable"):
        message = f"{where}: {owner} has no parameter '{name}'" if declared is None else f"{where}: {declared.title} of {owner} cannot be changed while a run goes on"
        yield Finding("script-line", "error", message, "Correct or remove the line in the script", node=node_id, wire=wire_id, parameter=name)
        return
    try:
        model.model_validate(values | {name: control["value"]})
    except ValidationError as error:
        fault = next((one for one in error.errors() if one["loc"][:1] == (name,)), None)
        if fault is not None:
            yield Finding("script-line", "error", f"{where}, {declared.title} of {owner}: {fault['msg']}", "Give a value within its bounds", node=node_id, wire=wire_id, parameter=name)

