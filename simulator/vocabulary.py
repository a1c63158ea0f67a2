"""The words a service file is written in: Source, Parameter, Preset, Quota, Port, Metric, Price, Fault, Fidelity.

All of them are declarations: they hold no state of a run, and everything shown about a service (palette, form,
documentation page, REST schema) is derived from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Confidence = Literal["R", "T", "D", "M"]

ANY_ACTION = "*"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value was read. ``confidence``: R read in AWS text, T third party, D derived, M from memory."""

    title: str
    url: str
    checked: str
    confidence: Confidence = "R"

    def to_json(self) -> dict[str, str]:
        return {"title": self.title, "url": self.url, "checked": self.checked, "confidence": self.confidence}


class Verb(StrEnum):
    """What happens on a wire: ``send`` one-way, ``poll`` pull then delete or commit, ``invoke`` request and response."""

    SEND = "send"
    POLL = "poll"
    INVOKE = "invoke"


class Direction(StrEnum):
    """Whether messages flow into or out of the node at this port."""

    IN = "in"
    OUT = "out"


class ParameterSet(BaseModel):
    """Base of everything a user can set: unknown names are refused, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")


class NoParameters(ParameterSet):
    """For what has nothing to set."""


def parameter(
    default: Any,
    help: str,  # noqa: A002 - the word Django and argparse use
    *,
    title: str,
    unit: str = "",
    section: str = "General",
    aws: str | None = None,
    source: Source | None = None,
    widget: str | None = None,
    changeable: bool = False,
    capacity: bool = False,
    advanced: bool = False,
    nodes_with_action: str | None = None,
    **bounds: Any,
) -> Any:
    """Declare one parameter; the keywords become keys of the JSON Schema (docs/reference/contracts.md, section 2).

    ``capacity`` marks how much of something there is: a system with half of each capacity behaves under half the load as
    the whole one does under all of it, but for chance. ``bounds`` are Pydantic's own (``ge``, ``le``, ``gt``, ``lt``, ``min_length``...). A callable default is a factory.
    """
    extra: dict[str, Any] = {"unit": unit, "section": section, "changeable": changeable, "advanced": advanced}
    if capacity:
        extra["capacity"] = True
    if aws:
        extra["aws_name"] = aws
    if source:
        extra["source"] = source.to_json()
    if widget:
        extra["widget"] = widget
    if nodes_with_action:
        extra["nodes_with_action"] = nodes_with_action
    if callable(default):
        return Field(default_factory=default, title=title, description=help, json_schema_extra=extra, **bounds)
    return Field(default, title=title, description=help, json_schema_extra=extra, **bounds)


class Values:
    """A parameter set as a plain object: the hot path reads attributes, never a schema.

    A class written in Python, because the interpreter reads its attributes faster than those of `types.SimpleNamespace`.
    """

    def __init__(self, parameters: BaseModel) -> None:
        for name in type(parameters).model_fields:
            setattr(self, name, getattr(parameters, name))

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


@dataclass(frozen=True, slots=True)
class Port:
    """A place where a wire can be attached. ``actions`` are AWS API actions: an ``out`` and an ``in`` port fit when
    they have the verb and an action in common. ``wire_parameters`` belong to every wire at this port."""

    name: str
    title: str
    direction: Direction
    verb: Verb
    actions: frozenset[str]
    help: str
    role: Literal["main", "failure"] = "main"
    max_wires: int | None = None
    wire_title: str | None = None
    wire_parameters: type[ParameterSet] | None = None

    def fits(self, target: Port) -> bool:
        """Whether a wire may go from this ``out`` port to the ``in`` port ``target``."""
        shares = ANY_ACTION in self.actions or ANY_ACTION in target.actions or bool(self.actions & target.actions)
        return self.direction is Direction.OUT and target.direction is Direction.IN and self.verb is target.verb and shares


@dataclass(frozen=True, slots=True)
class Quota:
    """What AWS sets, and the user cannot (or only through a request)."""

    name: str
    title: str
    value: float | None
    unit: str
    scope: str
    adjustable: bool
    source: Source
    note: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure a node shows. ``attribute`` names where the node keeps it: a number for ``sum``, a number or a
    time-weighted gauge for ``gauge`` (or a method that computes it), a spread for ``spread``. ``name`` is CloudWatch's where CloudWatch has one."""

    name: str
    title: str
    unit: str
    type: Literal["sum", "gauge", "spread"]
    help: str
    attribute: str
    source: Source | None = None
    primary: bool = False
    chart: str = ""


@dataclass(frozen=True, slots=True)
class Price:
    """A line of the price list: US dollars for one ``per``."""

    name: str
    title: str
    usd: float
    per: str
    source: Source


@dataclass(frozen=True, slots=True)
class Fault:
    """Something a user can break while a run goes on; the node's ``fault_<name>`` method carries it out."""

    name: str
    title: str
    help: str
    parameters: type[ParameterSet] = NoParameters


@dataclass(frozen=True, slots=True)
class Preset:
    """A service with parameters set for a purpose, which can be placed like a service of its own. ``icon`` empty: the service's."""

    name: str
    title: str
    summary: str
    parameters: Mapping[str, Any]
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the numbers on a node's card: a metric, with a word before it where the number alone says too little."""

    metric: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Overlay:
    """What a node's card shows during a run. ``limit`` names the limit at which the bar is full; None: its maximum so far."""

    bar: str
    figures: tuple[Figure, Figure]
    limit: str | None = None


@dataclass(frozen=True, slots=True)
class Fidelity:
    """What a service models, what only roughly, and what not at all, each as a sentence a user understands."""

    modelled: Sequence[str] = field(default_factory=tuple)
    approximated: Sequence[str] = field(default_factory=tuple)
    ignored: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a scenario that its author can mend: what, where, and the way out."""

    code: str
    severity: Literal["error", "warning", "note"]
    message: str
    hint: str = ""
    node: str | None = None
    wire: str | None = None
    parameter: str | None = None
    related: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code, "severity": self.severity, "node": self.node, "wire": self.wire, "parameter": self.parameter,
            "message": self.message, "hint": self.hint, "related": list(self.related),
        }
