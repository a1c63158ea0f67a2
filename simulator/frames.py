"""The versioned shapes on the wire: Frame, Report, Control (docs/reference/contracts.md, sections 4 to 6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import NotRequired, TypedDict  # noqa: UP035 - Pydantic needs these before Python 3.12

FRAME_VERSION = 1
REPORT_VERSION = 1

State = Literal["idle", "flowing", "saturated", "throttled", "failing"]


class Summary(TypedDict):
    """A distribution in a few numbers; None where nothing was sampled."""

    count: float
    mean: float | None
    p50: float | None
    p90: float | None
    p95: NotRequired[float | None]
    p99: float | None
    max: float | None


class CulpritShape(TypedDict):
    """What to change: a node, or a wire at it, and a parameter."""

    node: str
    wire: str | None
    parameter: str | None


class LimitUse(TypedDict):
    """How much of a limit is in use now."""

    title: str
    used: float
    limit: float | None
    unit: NotRequired[str]
    """Of both figures, where they do not count things."""


class NodeFrame(TypedDict):
    """A node at one moment."""

    state: State
    sentence: str | None
    culprit: CulpritShape | None
    metrics: dict[str, float | Summary | None]
    limits: dict[str, LimitUse]
    waits: dict[str, float]
    losses: dict[str, int]
    peaks: NotRequired[dict[str, float]]
    parts: NotRequired[dict[str, dict[str, float]]]


class Behind(TypedDict):
    """How far the consumer at a wire is behind in a log."""

    messages: float
    age_s: float


class WireFrame(TypedDict):
    """A wire at one moment; counters since the start."""

    state: State
    sent: int
    delivered: int
    refused: int
    in_transit: int
    behind: NotRequired[Behind]


class Totals(TypedDict):
    """The whole run's ledger."""

    created: int
    finished: int
    lost: int
    unfinished: int


class LogLine(TypedDict):
    """A line of the event log."""

    time_s: float
    level: Literal["info", "warning", "error"]
    node: str | None
    text: str


class FaultInForce(TypedDict):
    """A fault that was injected and not yet cleared; ``until_s`` null: until it is."""

    node: NotRequired[str]
    wire: NotRequired[str]
    group: NotRequired[str]
    fault: str
    value: dict[str, Any]
    since_s: float
    until_s: float | None


class PendingChange(TypedDict):
    """A parameter that was changed and does not act yet."""

    node: NotRequired[str]
    wire: NotRequired[str]
    parameter: str
    value: Any
    at_s: float


class FrameShape(TypedDict):
    """One slice of a run."""

    version: int
    seq: int
    first_seq: NotRequired[int]
    time_s: float
    first_time_s: NotRequired[float]
    nodes: dict[str, NodeFrame]
    wires: dict[str, WireFrame]
    totals: Totals
    load: float
    log: list[LogLine]
    faults: NotRequired[list[FaultInForce]]
    pending: NotRequired[list[PendingChange]]


@dataclass(frozen=True, slots=True)
class Frame:
    """The state of the system at one moment, with counters since the start."""

    content: FrameShape

    @property
    def seq(self) -> int:
        """Number of the frame; counts up by one from 0."""
        return self.content["seq"]

    @property
    def time_s(self) -> float:
        """Simulated time of the frame."""
        return self.content["time_s"]

    def to_json(self) -> FrameShape:
        """The frame as JSON."""
        return self.content


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a run."""

    content: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The report as JSON."""
        return self.content


class ControlError(ValueError):
    """A control that cannot be carried out; the message names what is wrong and the way out."""


class Plain(TypedDict):
    """Pause, resume, one step, stop."""

    action: Literal["pause", "resume", "step", "stop"]


class Speed(TypedDict):
    """Simulated seconds for each wall second; None: as fast as possible."""

    action: Literal["speed"]
    value: Annotated[float, Field(gt=0, le=1e9)] | None


For = Annotated[float, Field(gt=0, le=31_536_000)] | None


class Load(TypedDict):
    """Multiply the load of all sources; with ``for_s``, for so long, and then as it was before."""

    action: Literal["load"]
    value: Annotated[float, Field(ge=0, le=1000)]
    for_s: NotRequired[For]


class InjectFault(TypedDict):
    """Break a node, a wire, or all nodes of a group; for ``for_s`` seconds, or until it is cleared."""

    action: Literal["fault"]
    node: NotRequired[str]
    wire: NotRequired[str]
    group: NotRequired[str]
    fault: str
    value: NotRequired[dict[str, Any]]
    for_s: NotRequired[For]


class ClearFault(TypedDict):
    """Mend it."""

    action: Literal["clear_fault"]
    node: NotRequired[str]
    wire: NotRequired[str]
    group: NotRequired[str]
    fault: str


class ChangeParameter(TypedDict):
    """Set a parameter of a node, or of a wire if ``wire`` is given; it acts ``after_s`` seconds later (without it: after the time AWS documents)."""

    action: Literal["parameter"]
    node: NotRequired[str]
    wire: NotRequired[str]
    parameter: str
    value: Any
    after_s: NotRequired[Annotated[float, Field(ge=0, le=31_536_000)] | None]


Control = Annotated[Plain | Speed | Load | InjectFault | ClearFault | ChangeParameter, Field(discriminator="action")]
PLACES = ("node", "wire", "group")
"""Where a control acts."""
LASTING = ("load", "fault", "clear_fault", "parameter", "stop")
"""Actions that change what happens in the model; the others only pace it."""
_CONTROL: TypeAdapter[Any] = TypeAdapter(Control)


def read_control(given: Any) -> dict[str, Any]:
    """A control from JSON; raise `ControlError` if it is none."""
    try:
        control: dict[str, Any] = _CONTROL.validate_python(given)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(str(part) for part in fault['loc']) or 'control'}: {fault['msg']}" for fault in error.errors())
        raise ControlError(f"Not a control: {faults}") from None
    places = [place for place in PLACES if control.get(place) is not None]
    if control["action"] in ("fault", "clear_fault") and len(places) != 1:
        raise ControlError("Not a control: a fault names one node, wire or group")
    if control["action"] == "parameter" and not places:
        raise ControlError("Not a control: a change names the node or the wire whose parameter it is")
    return control
