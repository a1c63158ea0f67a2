"""What is wrong with a scenario, as data, all at once; and the scenario made ready to run if nothing is."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from simulator import catalog, fidelity
from simulator.building import build_network
from simulator.engine.placement import Link, Placed
from simulator.figures import FigureError, figure_named
from simulator.scenario import NodeSpec, Scenario, ScenarioError, WireSpec
from simulator.script_findings import check_script
from simulator.units import format_quantity
from simulator.vocabulary import ANY_ACTION, Direction, Finding, ParameterSet, Port, Verb

MAX_FRAMES = 20_000
BOUND_WORDS = {"greater_than": "more than", "less_than": "less than", "greater_than_equal": "at least", "less_than_equal": "at most"}
VERB_WORDS = {Verb.SEND: "sends one-way", Verb.POLL: "is pulled from", Verb.INVOKE: "asks and waits for an answer"}


class InvalidScenario(ScenarioError):
    """A scenario with findings that keep it from running."""


@dataclass(slots=True)
class Prepared:
    """A scenario whose every name is known and every value is validated."""

    scenario: Scenario
    nodes: dict[str, ParameterSet] = field(default_factory=dict)
    wires: dict[str, ParameterSet] = field(default_factory=dict)
    account: dict[str, ParameterSet] = field(default_factory=dict)


def check(scenario: Scenario) -> list[Finding]:
    """Everything wrong with ``scenario``, errors first."""
    return _examine(scenario)[1]


def prepare(scenario: Scenario) -> tuple[Prepared, list[Finding]]:
    """The scenario ready to run, and its warnings and notes; raise `InvalidScenario` if there are errors."""
    prepared, findings = _examine(scenario)
    if _has_errors(findings):
        raise InvalidScenario([finding for finding in findings if finding.severity == "error"])
    return prepared, findings


def _has_errors(findings: Iterable[Finding]) -> bool:
    return any(finding.severity == "error" for finding in findings)


def _examine(scenario: Scenario) -> tuple[Prepared, list[Finding]]:
    prepared = Prepared(scenario)
    findings = [*_check_nodes(scenario, prepared), *_check_account(scenario, prepared), *_check_wires(scenario, prepared)]
    findings.extend(_check_run(scenario))
    findings.extend(check_script(scenario))
    if not _has_errors(findings):
        findings.extend(_check_whole(scenario, prepared))
    if not _has_errors(findings) and (effort := fidelity.long_computing(build_network(prepared), scenario.run)) is not None:
        findings.append(effort)
    order = {"error": 0, "warning": 1, "note": 2}
    return prepared, sorted(findings, key=lambda finding: order[finding.severity])


# -- parts ----------------------------------------------------------------------------------------------------------


def _check_nodes(scenario: Scenario, prepared: Prepared) -> Iterator[Finding]:
    seen: set[str] = set()
    for node in scenario.nodes:
        if node.id in seen:
            yield Finding("duplicate-id", "error", f"Two nodes have the id '{node.id}'", "Give one of them another id", node=node.id)
        seen.add(node.id)
        if node.kind not in catalog.kinds():
            close = _close(node.kind, catalog.kinds())
            yield Finding("unknown-kind", "error", f"Node '{node.id}' is of the unknown kind '{node.kind}'", close or f"Known kinds: {', '.join(sorted(catalog.kinds()))}", node=node.id)
            continue
        made, faults = _validate(catalog.service(node.kind).Parameters, node.parameters, f"'{node.name or node.id}'", node=node.id)
        yield from faults
        if made is not None:
            prepared.nodes[node.id] = made


def _check_account(scenario: Scenario, prepared: Prepared) -> Iterator[Finding]:
    for kind, service in catalog.kinds().items():
        if service.AccountParameters is None:
            continue
        made, faults = _validate(service.AccountParameters, scenario.account.get(kind, {}), f"the account's {service.title} settings")
        yield from faults
        if made is not None:
            prepared.account[kind] = made
    for kind in scenario.account:
        if kind not in catalog.kinds() or catalog.service(kind).AccountParameters is None:
            yield Finding("unknown-account-setting", "error", f"The account has no settings for '{kind}'", "Remove them", parameter=kind)


def _check_wires(scenario: Scenario, prepared: Prepared) -> Iterator[Finding]:
    nodes = {node.id: node for node in scenario.nodes}
    seen: set[str] = set()
    used: dict[tuple[str, str], int] = {}
    for wire in scenario.wires:
        if wire.id in seen:
            yield Finding("duplicate-id", "error", f"Two wires have the id '{wire.id}'", "Give one of them another id", wire=wire.id)
        seen.add(wire.id)
        ends = [(wire.source, Direction.OUT), (wire.target, Direction.IN)]
        ports = []
        for end, direction in ends:
            found = _port_of(end.node, end.port, direction, nodes, wire, prepared)
            if isinstance(found, Finding):
                yield found
            elif found is not None:
                ports.append(found)
        if len(ports) < 2:
            continue
        reason = illegal(ports[0], ports[1])
        if reason:
            yield Finding("illegal-wire", "error", f"Wire '{wire.id}' from '{_name(nodes[wire.source.node])}' to '{_name(nodes[wire.target.node])}': {reason}",
                          bridge(ports[0], ports[1]), wire=wire.id, node=wire.source.node, related=(wire.target.node,))
            continue
        for end, declared in zip((wire.source, wire.target), ports, strict=True):
            used[end.node, end.port] = used.get((end.node, end.port), 0) + 1
            if declared.max_wires is not None and used[end.node, end.port] == declared.max_wires + 1:
                yield Finding("too-many-wires", "error", f"'{_name(nodes[end.node])}' takes at most {declared.max_wires} wire at its port '{declared.title}'", "Remove a wire", node=end.node, wire=wire.id)
        model = catalog.wire_parameters(ports[0], ports[1])
        made, faults = _validate(model, wire.parameters, f"wire '{wire.id}' to '{_name(nodes[wire.target.node])}'", wire=wire.id)
        yield from faults
        if made is not None:
            prepared.wires[wire.id] = made


def _port_of(node_id: str, port_name: str, direction: Direction, nodes: dict[str, NodeSpec], wire: WireSpec, prepared: Prepared) -> Port | Finding | None:
    node = nodes.get(node_id)
    if node is None:
        return Finding("missing-node", "error", f"Wire '{wire.id}' is attached to the node '{node_id}', which does not exist", "Remove the wire or add the node", wire=wire.id)
    if node.kind not in catalog.kinds():
        return None
    service = catalog.service(node.kind)
    parameters = prepared.nodes.get(node_id)
    every = service.ports if parameters is None else service.ports_for(parameters)
    ports = [port for port in every if port.direction is direction]
    found = next((port for port in ports if port.name == port_name), None)
    if found is None:
        if parameters is None and service.ports_follow:
            return None  # its ports follow from parameters that are faulty, which is a finding already
        names = ", ".join(f"'{port.name}'" for port in ports) or "none"
        return Finding("missing-port", "error", f"Wire '{wire.id}' is attached to the port '{port_name}' of '{_name(node)}', which does not exist",
                       f"Ports for wires that go {'out of' if direction is Direction.OUT else 'into'} it: {names}", wire=wire.id, node=node_id)
    return found


def illegal(source: Port, target: Port) -> str | None:
    """Why a wire may not go from ``source`` to ``target``; None if it may."""
    if source.fits(target):
        return None
    if source.verb is not target.verb:
        return f"'{source.title}' {VERB_WORDS[source.verb]}, but '{target.title}' {_expects(target.verb)}"
    return f"'{source.title}' cannot call what '{target.title}' offers ({', '.join(sorted(target.actions))})"


def _expects(verb: Verb) -> str:
    return {Verb.SEND: "takes one-way messages", Verb.POLL: "pulls for itself", Verb.INVOKE: "takes requests and answers them"}[verb]


def bridge(source: Port, target: Port) -> str:
    """What could be put between two ports that do not fit."""
    between = []
    for service in catalog.kinds().values():
        enters = any(source.fits(port) for port in service.ports if port.role == "main" and ANY_ACTION not in port.actions)
        leaves = any(port.fits(target) for port in service.ports if port.role == "main")
        if enters and leaves:
            between.append(service.title)
    return f"Put one of these between them: {', '.join(sorted(between))}" if between else "These two cannot be joined"


def _check_run(scenario: Scenario) -> Iterator[Finding]:
    run = scenario.run
    if run.fixed_warm_up_s >= run.duration_s:
        yield Finding("run-setting", "error", "The warm-up is as long as the run, so nothing is measured", "Shorten the warm-up or lengthen the run", parameter="warm_up_s")
    if run.duration_s / run.interval_s() > MAX_FRAMES:
        yield Finding("run-setting", "error", f"The run would have more than {MAX_FRAMES:,} frames", "Use a longer frame interval", parameter="frame_interval_s")
    if run.precision is not None and run.max_replications < run.fewest_replications:
        yield Finding("run-setting", "error", f"At most {run.max_replications} replications, but {run.replications} are asked for", "Raise the limit or ask for fewer", parameter="max_replications")
    for text in run.precision_of:
        try:
            figure_named(text, scenario)
        except FigureError as error:
            yield Finding("run-setting", "error", str(error), error.hint, parameter="precision_of")
    if not scenario.nodes:
        yield Finding("empty", "error", "There is nothing to run: the diagram has no nodes", "Add a source of traffic and a queue, topic or function")


# -- the whole ------------------------------------------------------------------------------------------------------


def placements(scenario: Scenario, prepared: Prepared) -> dict[str, Placed]:
    """Every node with its validated parameters and its neighbours."""
    placed = {
        node.id: Placed(node.id, _name(node), node.kind, prepared.nodes[node.id], prepared.account.get(node.kind)) for node in scenario.nodes
    }
    for wire in scenario.wires:
        values = prepared.wires[wire.id]
        start, end = placed[wire.source.node], placed[wire.target.node]
        start.outgoing.append(Link(wire.id, wire.source.port, values, wire.target.port, end))
        end.incoming.append(Link(wire.id, wire.target.port, values, wire.source.port, start))
    return placed


def _check_whole(scenario: Scenario, prepared: Prepared) -> Iterator[Finding]:
    placed = placements(scenario, prepared)
    yield from _check_cycles(placed)
    has_source = any(not any(port.direction is Direction.IN for port in catalog.service(node.kind).ports) for node in scenario.nodes)
    if not has_source:
        yield Finding("no-traffic", "warning", "Nothing sends messages, so nothing will happen", "Add a source of traffic and wire it")
    for node in placed.values():
        takes = any(port.direction is Direction.IN for port in catalog.service(node.kind).ports)
        if takes and not node.incoming:
            yield Finding("unreached", "warning", f"Nothing is wired into '{node.name}'", "Wire something into it, or remove it", node=node.id)
        if not takes and not node.outgoing:
            yield Finding("unused-traffic", "warning", f"'{node.name}' is not wired to anything", "Wire it to a queue, topic or function", node=node.id)
        yield from catalog.service(node.kind).check(node)
    for kind in dict.fromkeys(node.kind for node in placed.values()):
        yield from catalog.service(kind).check_together(prepared.account.get(kind), [node for node in placed.values() if node.kind == kind])


def _check_cycles(placed: dict[str, Placed]) -> Iterator[Finding]:
    """A cycle in which no node takes any time would make time stand still."""
    instant = {node.id: node for node in placed.values() if catalog.service(node.kind).passes_at_once(node.parameters)}
    done: set[str] = set()
    for start in instant:
        cycle = _cycle_from(start, instant, done)
        if cycle:
            names = " → ".join(f"'{instant[node].name}'" for node in cycle)
            yield Finding("cycle-without-delay", "error", f"Messages would go round without any time passing: {names}",
                          "Give one of these a duration or a latency above 0, or remove a wire", node=cycle[0], related=tuple(cycle[1:]))
            return


def _cycle_from(start: str, instant: dict[str, Placed], done: set[str]) -> list[str]:
    path: list[str] = []
    stack: list[tuple[str, Iterable[Link]]] = [(start, iter(instant[start].outgoing))]
    path.append(start)
    while stack:
        node, links = stack[-1]
        for link in links:
            follower = link.other.id
            if follower in path:
                return path[path.index(follower):]
            if follower in instant and follower not in done:
                path.append(follower)
                stack.append((follower, iter(instant[follower].outgoing)))
                break
        else:
            done.add(node)
            stack.pop()
            path.pop()
    return []


# -- values ---------------------------------------------------------------------------------------------------------


def _validate(model: type[BaseModel], values: dict[str, Any], owner: str, *, node: str | None = None, wire: str | None = None) -> tuple[Any, list[Finding]]:
    not_offered = model.not_offered if issubclass(model, ParameterSet) else {}
    given = {name: value for name, value in values.items() if name not in not_offered or value != not_offered[name].rest}
    try:
        return model.model_validate(given), []
    except ValidationError as error:
        return None, [finding for fault in error.errors() for finding in _value_findings(fault, model, owner, node, wire)]


def _value_findings(fault: Any, model: type[BaseModel], owner: str, node: str | None, wire: str | None) -> list[Finding]:
    """A fault as a finding, or as several where the value is a text with several faults of its own."""
    problems = getattr(fault.get("ctx", {}).get("error"), "problems", ())
    if not problems:
        return [_value_finding(fault, model, owner, node, wire)]
    name = str(fault["loc"][0])
    title = model.model_fields[name].title or name
    return [Finding("invalid-parameter", "error", f"{_capital(owner)}: {title}: {problem}", "Change it at that place", node=node, wire=wire, parameter=name) for problem in problems]


def _value_finding(fault: Any, model: type[BaseModel], owner: str, node: str | None, wire: str | None) -> Finding:
    place = [str(part) for part in fault["loc"]]
    name = place[0] if place else ""
    path = ".".join(place)
    if fault["type"] == "extra_forbidden" and len(place) == 1:
        if issubclass(model, ParameterSet) and (known := model.not_offered.get(name)):
            return Finding("not-offered", "error", f"{_capital(owner)} cannot have '{name}': {known.reason}", known.hint, node=node, wire=wire, parameter=name)
        hint = _close(name, model.model_fields) or (f"It has: {', '.join(sorted(model.model_fields))}" if model.model_fields else "It has no parameters")
        return Finding("unknown-parameter", "error", f"{_capital(owner)} has no parameter '{name}'", hint, node=node, wire=wire, parameter=name)
    declared = model.model_fields.get(name)
    title = declared.title if declared is not None and declared.title else name
    if fault["type"] in BOUND_WORDS and len(place) == 1 and declared is not None:
        message = f"{_capital(owner)}: {title} ({path}) must be {_bound(fault, declared)}"
        return Finding("parameter-out-of-bounds", "error", message, declared.description or "", node=node, wire=wire, parameter=name)
    code = "parameter-out-of-bounds" if fault["type"] in BOUND_WORDS else "invalid-parameter"
    given = f", but is {fault['input']!r}" if isinstance(fault["input"], (int, float, str, bool)) and len(str(fault["input"])) < 60 else ""
    reason = fault["msg"].removeprefix("Value error, ")
    message = f"{_capital(owner)}: {title} ({path}): {reason[:1].lower() + reason[1:]}{given}"
    hint = (declared.description or "") if declared is not None else ""
    return Finding(code, "error", message, hint, node=node, wire=wire, parameter=name)


def _bound(fault: Any, declared: Any) -> str:
    """What a value must be, and what it is, in the unit of its parameter."""
    limit, given = next(iter(fault["ctx"].values())), fault["input"]
    unit = (declared.json_schema_extra or {}).get("unit", "")
    if not isinstance(given, (int, float)) or isinstance(given, bool):
        return f"{BOUND_WORDS[fault['type']]} {limit:g}, but is {given!r}"
    words = [format_quantity(value, unit) if value >= 0 else f"{value:g}" for value in (limit, given)]
    if words[0] == words[1]:
        words = [f"{value!r} {unit}".strip() for value in (limit, given)]
    return f"{BOUND_WORDS[fault['type']]} {words[0]}, but is {words[1]}"


def _close(name: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(name, list(known), n=1)
    return f"Did you mean '{found[0]}'?" if found else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _name(node: NodeSpec) -> str:
    return node.name or node.id
