"""The words a service file is written in: Source, Propagation, Parameter, Preset, Quota, Port, Metric, Price, Fault, Fidelity.

All of them are declarations: they hold no state of a run, and everything shown about a service (palette, form,
documentation page, REST schema) is derived from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Literal

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


@dataclass(frozen=True, slots=True)
class Propagation:
    """How long AWS takes until a changed setting acts: ``delay_s`` is the longest time it documents, ``note`` says what that figure is."""

    delay_s: float
    source: Source
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"delay_s": self.delay_s, "note": self.note, "source": self.source.to_json()}


class Verb(StrEnum):
    """What happens on a wire: ``send`` one-way, ``poll`` pull then delete or commit, ``invoke`` request and response."""

    SEND = "send"
    POLL = "poll"
    INVOKE = "invoke"


class Direction(StrEnum):
    """Whether messages flow into or out of the node at this port."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class NotOffered:
    """A setting that is not made here, though saved diagrams may have it here: why, and what to do instead. ``rest`` is the value that asked for nothing."""

    rest: Any
    reason: str
    hint: str


class ParameterSet(BaseModel):
    """Base of everything a user can set: unknown names are refused, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")

    fixed: ClassVar[Mapping[str, Any]] = {}
    """What a mechanism goes by beside the parameters, because the service that uses it does not let one set it."""
    not_offered: ClassVar[Mapping[str, NotOffered]] = {}


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
    widget_by_port: Mapping[str, str] | None = None,
    changeable: bool | Propagation = False,
    capacity: bool = False,
    advanced: bool = False,
    nodes_with_action: str | None = None,
    language: str | None = None,
    **bounds: Any,
) -> Any:
    """Declare one parameter; the keywords become keys of the JSON Schema (docs/reference/contracts.md, section 2).

    ``capacity`` marks how much of something there is: a system with half of each capacity behaves under half the load as
    the whole one does under all of it, but for chance. ``changeable`` may be changed while a run goes on, as AWS lets one without replacing anything:
    at once, or after a `Propagation`. ``language`` names what a text is written in. ``widget_by_port`` is the widget where a wire comes in at one of these ports. ``bounds`` are Pydantic's own (``ge``, ``le``, ``gt``, ``lt``, ``min_length``...). A callable default is a factory.
    """
    extra: dict[str, Any] = {"unit": unit, "section": section, "changeable": bool(changeable), "advanced": advanced}
    if isinstance(changeable, Propagation):
        extra["propagation"] = changeable.to_json()
    if capacity:
        extra["capacity"] = True
    if aws:
        extra["aws_name"] = aws
    if source:
        extra["source"] = source.to_json()
    if widget:
        extra["widget"] = widget
    if widget_by_port:
        extra["widget_by_port"] = dict(widget_by_port)
    if nodes_with_action:
        extra["nodes_with_action"] = nodes_with_action
    if language:
        extra["language"] = language
    if callable(default):
        return Field(default_factory=default, title=title, description=help, json_schema_extra=extra, **bounds)
    return Field(default, title=title, description=help, json_schema_extra=extra, **bounds)


class Values:
    """A parameter set as a plain object: the hot path reads attributes, never a schema.

    A class written in Python, because the interpreter reads its attributes faster than those of `types.SimpleNamespace`.
    """

    def __init__(self, parameters: ParameterSet) -> None:
        for name, value in type(parameters).fixed.items():
            setattr(self, name, value)
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
    cuttable: bool = False
    """For the verb ``poll``: whether the node at this port heeds `Wire.cut`. Other wires can always be cut."""

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
    time-weighted gauge for ``gauge`` (or a method that computes it), a spread for ``spread``. ``name`` is CloudWatch's where CloudWatch has one. ``limit`` names
    the limit of the node that this metric is held against: a line in its chart."""

    name: str
    title: str
    unit: str
    type: Literal["sum", "gauge", "spread"]
    help: str
    attribute: str
    source: Source | None = None
    primary: bool = False
    chart: str = ""
    limit: str = ""


@dataclass(frozen=True, slots=True)
class Free:
    """What an account gets free each month. Prices of one kind that name the same ``pool`` share it; empty: the price's own."""

    quantity: float
    source: Source
    pool: str = ""


@dataclass(frozen=True, slots=True)
class Tier:
    """A lower price for what goes ``above`` this quantity in a month."""

    above: float
    usd: float
    source: Source


@dataclass(frozen=True, slots=True)
class Price:
    """A line of the price list: US dollars for one ``per``; less in the ``tiers`` (ascending), some of it ``free`` each month."""

    name: str
    title: str
    usd: float
    per: str
    source: Source
    free: Free | None = None
    tiers: tuple[Tier, ...] = ()


FaultSort = Literal["stops", "errors", "slow", "loss", "throttle", "poison", "network", "operation"]
FAULT_SORTS: Mapping[FaultSort, str] = {
    "stops": "Out of service", "errors": "Errors", "slow": "Latency", "loss": "Lost capacity", "throttle": "Throttling", "poison": "Poison messages",
    "network": "Network", "operation": "Operations",
}
"""The kinds of fault, in the order of the palette, with their titles."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something a user can break while a run goes on; the node's ``fault_<name>`` method carries it out.

    ``instant``: it happens at one moment, and there is nothing to clear.
    """

    name: str
    title: str
    help: str
    parameters: type[ParameterSet] = NoParameters
    sort: FaultSort = "operation"
    instant: bool = False


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
    """One of the numbers on a node's card: a metric, with a word before it where the number alone says too little.

    ``of`` names a limit of the node, shown behind the number (44/100). A ``quiet`` figure is shown only while it is above zero.
    """

    metric: str
    label: str = ""
    of: str = ""
    quiet: bool = False


Ink = Literal["main", "held", "later", "warn", "bad"]
Shape = Literal["tank", "slots", "capacity", "rates", "bars", "targets", "states"]


@dataclass(frozen=True, slots=True)
class Fill:
    """What fills a part of a picture: a metric (or a figure of the node's parts), and how it is drawn.

    ``ink``: ``main`` solid, ``held`` hatched (in somebody's hands), ``later`` outlined (not yet), ``warn`` and ``bad`` for what went wrong.
    """

    name: str
    ink: Ink = "main"


@dataclass(frozen=True, slots=True)
class Picture:
    """What a node's card draws during a run.

    | shape | drawn |
    |---|---|
    | ``tank`` | the ``fills`` (gauges) side by side in a tank that is full at ``limit``, else at the most there was so far |
    | ``slots`` | the ``fills`` (gauges) as places taken of ``limit``, or of the gauge ``among`` |
    | ``capacity`` | a lane for each pair of ``fills``: used (a sum, a second), and provided (a gauge a second) |
    | ``rates`` | columns in time of the first of the ``fills`` (a sum), with the others as what went wrong of it |
    | ``bars`` | a bar for each of the node's parts: the first of the ``fills`` is its height, of 1 if it is a share |
    | ``targets`` | a bar for each wire that leaves the node: what was delivered and what was refused, a second |
    | ``states`` | a bar for each of the node's parts: how much is inside; marked where the others of the ``fills`` rise |
    """

    shape: Shape
    fills: tuple[Fill, ...] = ()
    limit: str | None = None
    among: str | None = None


@dataclass(frozen=True, slots=True)
class PartFigure:
    """A number that `Node.part_counts` tells of each part. ``merge`` says how several parts become one where there are too many to tell."""

    name: str
    title: str
    unit: str
    type: Literal["sum", "gauge"]
    merge: Literal["sum", "max"] = "sum"


@dataclass(frozen=True, slots=True)
class Overlay:
    """What a node's card shows during a run: a picture and two or three numbers. ``bar`` is the metric that tells most of the node; ``limit`` names
    the limit it is held against; None: its maximum so far."""

    bar: str
    figures: tuple[Figure, ...]
    limit: str | None = None
    picture: Picture | None = None


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
