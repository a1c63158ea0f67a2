"""What a user does to a run that goes on: faults, changed parameters and load, each at its simulated time.

Controls come live, between two frames, or from a script, exactly at their times. What ends by itself (a fault *for* 60 s, a
change that AWS takes a minute to spread) is booked here too, so that the same script has the same effect whatever the frames are.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from simulator import catalog
from simulator.engine.network import Network
from simulator.engine.node import Node
from simulator.engine.outcomes import Outcome, Refusal
from simulator.engine.streams import Stream
from simulator.engine.wire import Interference, Wire
from simulator.frames import PLACES, ControlError, FaultInForce, PendingChange
from simulator.scenario import Group
from simulator.units import format_duration, format_quantity
from simulator.vocabulary import Fault, Verb
from simulator.wire_faults import CUT, INBOUND_FAULTS, WIRE_FAULTS, group_faults, may_break

ANSWER_S = 0.01
"""A service that refuses answers after so long, where a caller waits for it."""


class Controls:
    """Carries out controls on a network, keeps what is in force, and knows what is to happen next."""

    def __init__(self, network: Network, groups: Mapping[str, Group]) -> None:
        self.network = network
        self.groups = groups
        self._faults: dict[tuple[str, str, str], FaultInForce] = {}
        self._pending: list[PendingChange] = []
        self._due: list[tuple[float, int, str, Any]] = []
        self._booked = 0
        self._load_until: int | None = None
        self._interferences: dict[str, dict[str, Interference]] = {}
        self._delays: dict[str, dict[str, float]] = {}
        self._cuts: dict[str, set[str]] = {}

    # -- what is to happen ------------------------------------------------------------------------------------------

    def next_s(self) -> float | None:
        """When the next thing is due that no one has to ask for; None if there is none."""
        return self._due[0][0] if self._due else None

    def carry_out_due(self, now_s: float) -> None:
        """Do what is due by now."""
        while self._due and self._due[0][0] <= now_s:
            _, number, what, content = heapq.heappop(self._due)
            if what == "fault":
                if self._faults.get(content[0]) is content[1]:
                    self._clear(*content[0])
            elif what == "load":
                if self._load_until == number:
                    self._load_until = None
                    self._set_load(content)
            elif content in self._pending:
                self._pending.remove(content)
                self._set_parameter(content)

    def _book(self, time_s: float, what: str, content: Any) -> int:
        self._booked += 1
        heapq.heappush(self._due, (time_s, self._booked, what, content))
        return self._booked

    def in_force(self) -> list[FaultInForce]:
        """The faults injected and not yet cleared, in the order of their beginning."""
        return list(self._faults.values())

    def pending(self) -> list[PendingChange]:
        """Changes on their way."""
        return list(self._pending)

    # -- carrying out -----------------------------------------------------------------------------------------------

    def apply(self, control: Mapping[str, Any], now_s: float) -> None:
        """Carry out a control (as `simulator.frames.read_control` gives it) now; raise `ControlError` if it cannot be."""
        action = control["action"]
        if action == "load":
            before = self.network.load
            self._set_load(control["value"])
            self._load_until = self._book(now_s + control["for_s"], "load", before) if control.get("for_s") else None
        elif action == "fault":
            self._inject(control, now_s)
        elif action == "clear_fault":
            place = _place_of(control)
            if (*place, control["fault"]) not in self._faults:
                self._find(place, control["fault"])
            self._clear(*place, control["fault"])
        elif action == "parameter":
            self._change(control, now_s)

    def _set_load(self, factor: float) -> None:
        self.network.load = factor
        for node in self.network.nodes.values():
            node.load_changed(factor)
        self.network.log("info", None, f"The load is now {factor:g} times what the sources say.")

    # -- faults -----------------------------------------------------------------------------------------------------

    def _inject(self, control: Mapping[str, Any], now_s: float) -> None:
        place = _place_of(control)
        fault, name = self._find(place, control["fault"])
        try:
            value = fault.parameters.model_validate(control.get("value") or {})
        except ValidationError as error:
            raise ControlError(f"Fault '{fault.title}' of '{name}': {error.errors()[0]['msg']}") from None
        self._set(place, fault, value)
        for_s = control.get("for_s")
        self._log(place, "warning", f"{fault.title}{f', for {format_duration(for_s)}' if for_s and not fault.instant else ''}.", name)
        if fault.instant:
            return
        held: FaultInForce = {
            place[0]: place[1], "fault": fault.name, "value": value.model_dump(mode="json"), "since_s": now_s, "until_s": now_s + for_s if for_s else None}  # type: ignore[misc]
        key = (*place, fault.name)
        self._faults[key] = held
        if for_s:
            self._book(now_s + for_s, "fault", (key, held))

    def _clear(self, place: str, owner: str, name: str) -> None:
        fault, owner_name = self._find((place, owner), name)
        self._faults.pop((place, owner, name), None)
        self._set((place, owner), fault, None)
        self._log((place, owner), "info", f"{fault.title}: cleared.", owner_name)

    def _log(self, place: tuple[str, str], level: str, text: str, name: str) -> None:
        if place[0] == "node":
            self.network.nodes[place[1]].log(level, text)
        else:
            self.network.log(level, None, f"{name}: {text[:1].lower()}{text[1:]}")

    def _find(self, place: tuple[str, str], name: str) -> tuple[Fault, str]:
        """The fault of this name at this place, and the place's name for people."""
        sort, owner = place
        if sort == "group":
            group = self.groups.get(owner)
            if group is None:
                raise ControlError(f"There is no group '{owner}'; there are: {', '.join(self.groups) or 'none'}")
            if not group_faults(group.kind):
                raise ControlError(f"The box '{group.title}' stands for nothing that fails as a whole; make it an Availability Zone, a VPC, a Region or an account, or break what is in it")
            return _named(group_faults(group.kind), name, group.title), group.title
        if sort == "wire":
            wire = self._wire(owner)
            title = f"Wire from {wire.source.name} to {wire.target.name}"
            return _named([fault for fault in WIRE_FAULTS if may_break(fault, wire.source_port, wire.target_port)], name, title), title
        node = self._node(owner)
        return _named(catalog.faults_of(type(node)), name, node.name), node.name

    def _set(self, place: tuple[str, str], fault: Fault, value: Any) -> None:
        """Let a fault begin (``value``) or end (None)."""
        sort, owner = place
        if sort == "group":
            self._lose_group(self.groups[owner], value)
        elif sort == "wire":
            self._disturb(self.network.wires[owner], fault.name, fault.name, value)
        else:
            node = self.network.nodes[owner]
            if fault in INBOUND_FAULTS:
                for wires in node.wires_in.values():
                    for wire in wires:
                        if wire.target_port.verb is not Verb.POLL and wire.source_port.role != "failure":
                            self._disturb(wire, f"{fault.name} of {node.id}", fault.name, value)
            else:
                getattr(node, f"fault_{fault.name}")(value)

    def _lose_group(self, group: Group, value: Any) -> None:
        """Everything in a group stops working, and nothing gets in or out."""
        members = [self.network.nodes[node] for node in group.members if node in self.network.nodes]
        for node in members:
            for name, content in catalog.when_lost(type(node)):
                getattr(node, f"fault_{name}")(content if value is not None else None)
                key = ("node", node.id, name)
                if value is None and key in self._faults:
                    fault, _ = self._find(("node", node.id), name)
                    getattr(node, f"fault_{name}")(fault.parameters.model_validate(self._faults[key]["value"]))
        inside = {node.id for node in members}
        for wire in self.network.wires.values():
            if (wire.source.id in inside or wire.target.id in inside) and may_break(CUT, wire.source_port, wire.target_port):
                self._disturb(wire, f"lost {group.id}", "cut", CUT.parameters() if value is not None else None)

    def _disturb(self, wire: Wire, key: str, name: str, value: Any) -> None:
        """Let a fault act on a wire, or no longer; ``key`` tells apart what acts there at once."""
        if name == "cut" and wire.source_port.verb is Verb.POLL:
            held = self._cuts.setdefault(wire.id, set())
            held.add(key) if value is not None else held.discard(key)
            if wire.cut != bool(held):
                wire.cut = bool(held)
                wire.source.wire_cut(wire)
                wire.target.wire_cut(wire)
        elif name == "delayed":
            delays = self._delays.setdefault(wire.id, {})
            if value is None:
                delays.pop(key, None)
            else:
                delays[key] = value.delay_s
            wire.delayed_s = sum(delays.values())
        else:
            active = self._interferences.setdefault(wire.id, {})
            if value is None:
                active.pop(key, None)
            else:
                active[key] = _interference(wire, key, name, value, Stream(self.network.seed, wire.id, f"fault {key}"))
            wire.interferences = tuple(active.values())

    # -- parameters -------------------------------------------------------------------------------------------------

    def _change(self, control: Mapping[str, Any], now_s: float) -> None:
        name, value = control["parameter"], control["value"]
        owner: Node | Wire = self._wire(control["wire"]) if control.get("wire") else self._node(control["node"])
        place = "wire" if isinstance(owner, Wire) else "node"
        model = catalog.wire_parameters(owner.source_port, owner.target_port) if isinstance(owner, Wire) else owner.Parameters
        title = f"wire '{owner.id}'" if isinstance(owner, Wire) else f"'{owner.name}'"
        read = changed_value(model, owner.parameters, name, value, title)
        declared: Any = model.model_fields[name].json_schema_extra or {}
        after_s = control.get("after_s")
        if after_s is None:
            after_s = declared.get("propagation", {}).get("delay_s", 0.0)
        self._pending = [held for held in self._pending if (held.get(place), held["parameter"]) != (owner.id, name)]
        pending: PendingChange = {place: owner.id, "parameter": name, "value": value, "at_s": now_s + after_s}  # type: ignore[misc]
        if after_s > 0:
            self._pending.append(pending)
            self._book(now_s + after_s, "parameter", pending)
            text = f"{model.model_fields[name].title} is set to {_text(read, declared.get('unit', ''))}; it acts in {format_duration(after_s)}."
            (owner.target if isinstance(owner, Wire) else owner).log("info", text)
        else:
            self._set_parameter(pending)

    def _set_parameter(self, change: PendingChange) -> None:
        name, value = change["parameter"], change["value"]
        if "wire" in change:
            wire = self.network.wires[change["wire"]]
            model = catalog.wire_parameters(wire.source_port, wire.target_port)
            setattr(wire.parameters, name, changed_value(model, wire.parameters, name, value, f"wire '{wire.id}'"))
            wire.source.wire_changed(wire)
            wire.target.wire_changed(wire)
            wire.target.log("info", f"{name} of the wire from {wire.source.name} is now {_text(value)}.")
            return
        node = self.network.nodes[change["node"]]
        setattr(node.parameters, name, changed_value(node.Parameters, node.parameters, name, value, f"'{node.name}'"))
        node.parameter_changed(name)
        node.log("info", f"{name} is now {_text(value)}.")

    # -- who is meant -----------------------------------------------------------------------------------------------

    def _node(self, node_id: str) -> Node:
        node = self.network.nodes.get(node_id)
        if node is None:
            raise ControlError(f"There is no node '{node_id}'; there are: {', '.join(self.network.nodes)}")
        return node

    def _wire(self, wire_id: str) -> Wire:
        wire = self.network.wires.get(wire_id)
        if wire is None:
            raise ControlError(f"There is no wire '{wire_id}'")
        return wire


def changed_value(model: Any, current: Any, name: str, value: Any, owner: str) -> Any:
    """The validated new value of one parameter; raise `ControlError` if it may not be changed or not to this."""
    declared = model.model_fields.get(name)
    if declared is None:
        raise ControlError(f"{owner} has no parameter '{name}'")
    if not (declared.json_schema_extra or {}).get("changeable"):
        raise ControlError(f"{declared.title} of {owner} cannot be changed while a run goes on; change it in the diagram")
    values = {field: getattr(current, field) for field in model.model_fields} | {name: value}
    try:
        return getattr(model.model_validate(values), name)
    except ValidationError as error:
        fault = error.errors()[0]
        raise ControlError(f"{declared.title} of {owner}: {fault['msg']}") from None


def from_script(script: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The controls of a script in the order of their times, those of one time as they are written."""
    for _, control in sorted(enumerate(script), key=lambda entry: (entry[1]["time_s"], entry[0])):
        yield dict(control)


def _place_of(control: Mapping[str, Any]) -> tuple[str, str]:
    return next((place, control[place]) for place in PLACES if control.get(place) is not None)


def _named(faults: Sequence[Fault], name: str, owner: str) -> Fault:
    found = next((fault for fault in faults if fault.name == name), None)
    if found is None:
        raise ControlError(f"'{owner}' has no fault '{name}'; it has: {', '.join(fault.name for fault in faults) or 'none'}")
    return found


def _interference(wire: Wire, key: str, name: str, value: Any, stream: Stream) -> Interference:
    target = wire.target.name
    if name == "cut":
        return Interference(1.0, Refusal(Outcome.FAILED, "partition", f"{target} cannot be reached"), stream, value.noticed_after_s)
    if name == "throttled":
        return Interference(value.share, Refusal(Outcome.THROTTLED, "fault_throttled", f"{target} throttles", status=429), stream, ANSWER_S)
    return Interference(value.share, Refusal(Outcome.FAILED, "fault_errors", f"{target} answers with an error", status=500), stream, ANSWER_S)


def _text(value: Any, unit: str = "") -> str:
    if unit and isinstance(value, (int, float)) and not isinstance(value, bool):
        return format_quantity(value, unit)
    return str(value.model_dump(mode="json") if hasattr(value, "model_dump") else value)
