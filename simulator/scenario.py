"""The frozen input of a run: nodes, wires, load, duration, warm-up, seed. Upgrades what older versions saved."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from simulator import catalog
from simulator.frames import LASTING, ControlError, read_control
from simulator.vocabulary import Finding, ParameterSet, parameter

VERSION = 1
MOST_SCRIPT_LINES = 1000
UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""Functions that turn a saved scenario of version n into one of version n + 1."""


class ScenarioError(ValueError):
    """A scenario that cannot be read at all; ``findings`` say why, all at once."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        super().__init__("; ".join(finding.message for finding in findings))


class Frozen(BaseModel):
    """Base of the scenario's shapes."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class NodeSpec(Frozen):
    """A placed service. ``parameters`` holds what differs from the defaults."""

    id: str = Field(min_length=1, max_length=100)
    kind: str = Field(min_length=1, max_length=100)
    name: str = Field(default="", max_length=200)
    version: int = 1
    parameters: dict[str, Any] = Field(default_factory=dict)


class End(Frozen):
    """One end of a wire."""

    node: str
    port: str


class WireSpec(Frozen):
    """A wire, drawn the way messages flow."""

    id: str = Field(min_length=1, max_length=100)
    source: End = Field(alias="from")
    target: End = Field(alias="to")
    parameters: dict[str, Any] = Field(default_factory=dict)


FEWEST_FOR_PRECISION = 10
"""Fewer replications can look precise by chance, and then stop too early."""


class RunSettings(ParameterSet):
    """How long, how exact, and with which random numbers."""

    duration_s: float = parameter(600, "How much time is simulated.", title="Duration", unit="s", section="Run", gt=0, le=31_536_000)
    warm_up_s: Annotated[float, Field(ge=0, le=31_536_000)] | Literal["auto"] = parameter(
        0.0, "Statistics begin after this time, so that an empty start does not distort them. Auto: found by MSER-5 in a pilot run.", title="Warm-up", unit="s", section="Run")
    seed: int = parameter(1, "The same seed gives the same run.", title="Seed", section="Run", ge=0, le=2**63 - 1)
    fidelity: Literal["auto", "exact"] | Annotated[int, Field(ge=1, le=1_000_000_000)] = parameter(
        "auto", "Exact simulates every message by itself. Auto does so while the token budget allows, then lets one token stand for many messages. A number"
        " asks for tokens of about so many messages; 1 is exact.", title="Fidelity", section="Run")
    token_budget: int = parameter(
        2_000_000, "Auto is exact while no more than about so many messages visit nodes; more are simulated as cohorts.",
        title="Token budget", unit="messages", section="Run", ge=1000, le=1_000_000_000, advanced=True)
    free_tier: bool = parameter(
        False, "The bill takes off what AWS gives an account free each month.", title="Free tier", section="Cost")
    frame_interval_s: float | None = parameter(
        None, "Simulated time between two pictures of the run. Empty: about 600 in a run.", title="Frame interval", unit="s", section="Run", gt=0, advanced=True)
    most_parts: int = parameter(
        64, "Of a node with more parts than this (shards, partitions, states), neighbouring parts are told of together.", title="Parts told of one by one",
        unit="count", section="Run", ge=1, le=10_000, advanced=True)
    trace_one_in: int | None = parameter(
        None, "At most one message in so many is kept as a sample trace, and no more than 160, spread evenly over the run; the slowest are always kept. Empty: 1.", title="Trace one in", unit="messages",
        section="Run", ge=1, advanced=True)
    replications: int = parameter(
        1, "Independent runs, each with random numbers of its own. From two on, the report gives every figure with its confidence interval.",
        title="Replications", section="Replications", ge=1, le=10_000)
    confidence: float = parameter(
        0.95, "How often such an interval covers the true mean.", title="Confidence", unit="share", section="Replications", gt=0.5, lt=1)
    precision: float | None = parameter(
        None, "Go on until half the interval is no more than this share of the mean. Empty: stop at the number of replications.", title="Precision",
        unit="share", section="Replications", gt=0, le=1)
    max_replications: int = parameter(
        100, "Stop here, even if the precision is not reached.", title="At most", section="Replications", ge=2, le=10_000)
    precision_of: tuple[str, ...] = parameter(
        (), 'Figures that must reach the precision, as node.metric or node.metric.p99. Empty: the mean latency of each path.', title="Precision of",
        section="Replications", widget="json", max_length=50, advanced=True)

    @property
    def replicated(self) -> bool:
        """Whether more than one run is asked for."""
        return self.replications > 1 or self.precision is not None

    @property
    def fixed_warm_up_s(self) -> float:
        """The warm-up if it is a time; 0 if it is to be found."""
        return 0.0 if self.warm_up_s == "auto" else self.warm_up_s

    @property
    def fewest_replications(self) -> int:
        """Replications before their precision is looked at."""
        if self.precision is None:
            return self.replications
        return max(self.replications, 2) if self.replications > 1 else min(FEWEST_FOR_PRECISION, self.max_replications)

    def interval_s(self) -> float:
        """Simulated seconds between frames."""
        if self.frame_interval_s is not None:
            return min(self.frame_interval_s, self.duration_s)
        wanted = max(self.duration_s / 600, 0.1)
        nice = next((step for step in _NICE_STEPS_S if step >= wanted * 0.999), None)
        return min(nice if nice is not None else wanted, self.duration_s)


_NICE_STEPS_S = (0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 14400, 43200, 86400)


class ScriptLine(Frozen):
    """A control with the simulated time at which it takes effect (docs/reference/contracts.md, section 6)."""

    model_config = ConfigDict(frozen=True, extra="allow")

    time_s: float = Field(ge=0, le=31_536_000)
    action: str

    @model_validator(mode="after")
    def _readable(self) -> ScriptLine:
        try:
            read = read_control(self.control())
        except ControlError as error:
            raise ValueError(str(error).removeprefix("Not a control: ")) from None
        if read["action"] not in LASTING:
            raise ValueError(f"'{read['action']}' only paces a run and has no place in a script")
        return self

    def control(self) -> dict[str, Any]:
        """The control without its time."""
        return self.model_dump(mode="json", exclude={"time_s"})


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes that a diagram shows in one box."""

    id: str
    title: str
    kind: str
    members: tuple[str, ...]


class Scenario(Frozen):
    """Everything a run depends on. ``view`` belongs to the editor; of it, only the groups mean anything, where the script names one."""

    version: Literal[1] = 1
    name: str = Field(default="", max_length=200)
    description: str = Field(default="", max_length=20_000)
    nodes: tuple[NodeSpec, ...] = ()
    wires: tuple[WireSpec, ...] = ()
    account: dict[str, dict[str, Any]] = Field(default_factory=dict)
    run: RunSettings = Field(default_factory=RunSettings)
    script: tuple[ScriptLine, ...] = Field(default=(), max_length=MOST_SCRIPT_LINES)
    view: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def from_json(cls, saved: Any) -> Scenario:
        """Read a scenario from parsed JSON, upgrading older versions; raise `ScenarioError` with every fault of its form."""
        if not isinstance(saved, dict):
            raise ScenarioError([Finding("malformed-scenario", "error", "A scenario is a JSON object with 'nodes' and 'wires'", "See docs/reference/contracts.md")])
        try:
            return cls.model_validate(_upgraded(saved))
        except ValidationError as error:
            raise ScenarioError([_form_finding(fault, saved) for fault in error.errors()]) from None

    @classmethod
    def from_text(cls, text: str | bytes) -> Scenario:
        """Read a scenario from JSON text; raise `ScenarioError` where it is none."""
        try:
            return cls.from_json(json.loads(text))
        except json.JSONDecodeError as error:
            message = f"Not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
            raise ScenarioError([Finding("malformed-json", "error", message, "Check the text at that place")]) from None
        except UnicodeDecodeError:
            raise ScenarioError([Finding("malformed-json", "error", "Not text in UTF-8", "Save the file as UTF-8 JSON")]) from None

    def to_json(self) -> dict[str, Any]:
        """The scenario as JSON, as it was given."""
        shown = self.model_dump(mode="json", by_alias=True)
        if not self.script:
            del shown["script"]
        return shown

    def script_json(self) -> list[dict[str, Any]]:
        """The script as plain controls with their times."""
        return [line.model_dump(mode="json") for line in self.script]

    def groups(self) -> dict[str, Group]:
        """The groups of the diagram by id, with the members that there are."""
        known = {node.id for node in self.nodes}
        listed = self.view.get("groups")
        found = {}
        for group in listed if isinstance(listed, list) else []:
            if isinstance(group, dict) and isinstance(group.get("id"), str) and isinstance(group.get("members"), list):
                members = tuple(member for member in group["members"] if isinstance(member, str) and member in known)
                found[group["id"]] = Group(group["id"], str(group.get("title") or group["id"]), str(group.get("kind") or "group"), members)
        return found


def _upgraded(saved: dict[str, Any]) -> dict[str, Any]:
    version = saved.get("version", VERSION)
    if not isinstance(version, int) or version > VERSION or version < 1:
        raise ScenarioError([Finding("unknown-version", "error", f"The scenario has version {version!r}; this program reads versions 1 to {VERSION}", "Update the program")])
    while version < VERSION:
        saved = UPGRADES[version](saved)
        version = saved["version"]
    nodes = saved.get("nodes")
    if isinstance(nodes, list):
        saved = {**saved, "nodes": [_upgraded_node(node) for node in nodes]}
    return saved


def _upgraded_node(node: Any) -> Any:
    if not isinstance(node, dict) or node.get("kind") not in catalog.kinds():
        return node
    service = catalog.service(node["kind"])
    version = node.get("version", 1)
    parameters = node.get("parameters") or {}
    while isinstance(version, int) and version in service.upgrades:
        parameters = service.upgrades[version](dict(parameters))
        version += 1
    return {**node, "version": version, "parameters": parameters}


def _form_finding(fault: Any, saved: dict[str, Any]) -> Finding:
    """A Pydantic fault as a finding that names the node or wire it is in."""
    place = fault["loc"]
    node = wire = None
    if len(place) > 1 and place[0] in ("nodes", "wires") and isinstance(place[1], int):
        entries = saved.get(place[0])
        entry = entries[place[1]] if isinstance(entries, list) and place[1] < len(entries) else None
        named = entry.get("id") if isinstance(entry, dict) and isinstance(entry.get("id"), str) else None
        node, wire = (named, None) if place[0] == "nodes" else (None, named)
    path = ".".join(str(part) for part in place) or "scenario"
    if place[:1] == ("script",) and len(place) > 1:
        line = saved["script"][place[1]] if isinstance(place[1], int) else None
        when = f" at {line['time_s']:g} s" if isinstance(line, dict) and isinstance(line.get("time_s"), (int, float)) else ""
        return Finding("script-line", "error", f"Line {int(place[1]) + 1} of the script{when}: {fault['msg'].removeprefix('Value error, ')}", "Correct or remove the line in the script")
    if place[:1] == ("run",) and len(place) > 1:
        return Finding("run-setting", "error", f"Run setting '{place[1]}': {fault['msg']}", "Give a value within its bounds", parameter=str(place[1]))
    return Finding("malformed-scenario", "error", f"'{path}': {fault['msg']}", "See docs/reference/contracts.md for the shape of a scenario", node=node, wire=wire)
